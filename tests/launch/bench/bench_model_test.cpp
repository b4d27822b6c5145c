#include "launch/bench/bench_model.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(BenchModel, KnowsTheNamedShapes) {
  const auto shape = parse_shape("M");
  EXPECT_EQ(shape.hidden, 512);
  EXPECT_EQ(shape.layers, 8);
  EXPECT_EQ(shape.heads, 8);
  EXPECT_EQ(shape.kv_heads, 4);
  EXPECT_EQ(shape.intermediate, 1408);
  EXPECT_EQ(shape.vocab, 32000);
}

TEST(BenchModel, ReadsAShapeAndGivesEveryHeadItsKeys) {
  const auto shape = parse_shape("vocab=50,hidden=64,layers=2,heads=4,intermediate=96");
  EXPECT_EQ(shape.vocab, 50);
  EXPECT_EQ(shape.kv_heads, 4);
}

TEST(BenchModel, NamesWhatIsWrongWithAShape) {
  const auto said = [](const char* text) {
    return ThrowsMessage<UserError>(AllOf(HasSubstr("--shape"), HasSubstr(text)));
  };
  EXPECT_THAT([] { parse_shape("L"); }, said("found 'L'"));
  EXPECT_THAT([] { parse_shape("hiden=64"); }, said("hiden=64"));
  EXPECT_THAT([] { parse_shape("hidden=64x"); }, said("hidden=64x"));
  EXPECT_THAT([] { parse_shape("hidden=-64"); }, said("hidden=-64"));
  EXPECT_THAT([] { parse_shape("hidden=99999999999999999999"); }, said("hidden=9"));
  EXPECT_THAT([] { parse_shape("hidden=64"); }, said("found 'hidden=64'"));
  EXPECT_THAT([] { parse_shape(""); }, said("found ''"));
}

TEST(BenchModel, RefusesHeadsThatDoNotDivideTheHiddenSize) {
  EXPECT_THROW(model_source({.shape = "hidden=65,layers=2,heads=4,intermediate=96,vocab=50"}, 16), UserError);
}

}  // namespace
}  // namespace ballast
