#include "tests/golden/golden_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace ballast::golden {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

GoldenFile file_with_tolerances() {
  return {.kind = "k", .tolerances = {{"f64", {1e-10, 1e-12}}, {"f32", {1e-5, 1e-6}}}, .cases = {}};
}

GoldenCase case_with_outputs(const json& outputs) {
  return {.file = "gae.json", .name = "basic", .params = {}, .inputs = {}, .outputs = outputs};
}

TEST(GoldenCase, ReadsNonFiniteNumbersFromStrings) {
  const auto tensor = to_tensor({{"shape", {3}}, {"dtype", "f64"}, {"data", {"NaN", "-Infinity", "Infinity"}}});
  EXPECT_FALSE(first_mismatch(torch::tensor({nan, -infinity, infinity}, torch::kFloat64), tensor, {}));
}

TEST(GoldenCase, RefusesMalformedTensors) {
  EXPECT_THROW(to_tensor({{"shape", {2}}, {"dtype", "f64"}, {"data", {1.0}}}), std::invalid_argument);
  EXPECT_THROW(to_tensor({{"shape", {1}}, {"dtype", "f16"}, {"data", {1.0}}}), std::invalid_argument);
  EXPECT_THROW(to_tensor({{"shape", {1}}, {"dtype", "f64"}, {"data", {"many"}}}), std::invalid_argument);
  EXPECT_THROW(to_tensor({{"shape", {1}}, {"data", {1.0}}}), std::invalid_argument);
}

TEST(GoldenCase, AMismatchShowsIndexNumbersAndTolerance) {
  const auto mismatch = first_mismatch(torch::tensor({1.0, 2.0}), torch::tensor({1.0, 2.5}), {1e-5, 1e-6});
  ASSERT_TRUE(mismatch);
  EXPECT_THAT(*mismatch, HasSubstr("index 1 of 2"));
  EXPECT_THAT(*mismatch, HasSubstr("expected 2, got 2.5"));
  EXPECT_THAT(*mismatch, HasSubstr("rel 1e-05"));
}

TEST(GoldenCase, NanAgreesOnlyWithNan) {
  const auto expected = torch::tensor({nan});
  EXPECT_FALSE(first_mismatch(expected, torch::tensor({nan}), {1.0, 1.0}));
  EXPECT_TRUE(first_mismatch(expected, torch::tensor({0.0}), {1.0, 1.0}));
  EXPECT_TRUE(first_mismatch(torch::tensor({0.0}), expected, {1.0, 1.0}));
}

TEST(GoldenCase, ShapesMustAgree) { EXPECT_TRUE(first_mismatch(torch::zeros({2, 1}), torch::zeros({2}), {1.0, 1.0})); }

TEST(GoldenCase, TheCoarserDtypeDecidesTheTolerance) {
  const auto file = file_with_tolerances();
  const auto golden_case = case_with_outputs({{"cost", 1.0}});
  const auto almost = 1.0 + 1e-6;
  EXPECT_THAT(mismatches(file, golden_case, {{"cost", torch::tensor(almost, torch::kFloat32)}}), ElementsAre());
  EXPECT_THAT(mismatches(file, golden_case, {{"cost", torch::tensor(almost, torch::kFloat64)}}),
              ElementsAre(HasSubstr("gae.json: case 'basic', cost")));
}

TEST(GoldenCase, AnOutputThatIsNotComputedIsAMismatch) {
  const auto golden_case = case_with_outputs({{"steps", {{{"lambda", 1.0}}, {{"lambda", 2.0}}}}});
  EXPECT_THAT(
      mismatches(file_with_tolerances(), golden_case, {{"steps/0/lambda", torch::tensor(1.0, torch::kFloat64)}}),
      ElementsAre(HasSubstr("steps/1/lambda: the runner computes no such output")));
}

TEST(GoldenCase, TextsMustBeEqual) {
  const auto golden_case = case_with_outputs({{"text", "USER: Hi"}});
  EXPECT_THAT(mismatches(file_with_tolerances(), golden_case, {{"text", "USER: Ho"}}),
              ElementsAre(HasSubstr("USER: Ho")));
}

TEST(GoldenCase, ABrokenFileIsNamed) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "broken.json";
  const auto read = [&](const std::string& text) -> std::string {
    std::ofstream(path) << text;
    try {
      read_golden_file(path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(read("{"), HasSubstr("broken.json"));
  EXPECT_THAT(read("{}"), HasSubstr("broken.json"));
  EXPECT_THAT(read(R"({"conventions": {"tolerance": "loose"}, "cases": []})"), HasSubstr("no tolerances"));
}

}  // namespace
}  // namespace ballast::golden
