#include "workers/model/safetensors.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>

#include "tests/workers/model/tiny_models.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + data;
}

auto parse(const std::string& bytes) {
  return parse_safetensors_header(std::as_bytes(std::span(bytes)), "some.safetensors");
}

void expect_refused(const std::string& header, const std::string& data, const std::string& what) {
  EXPECT_THAT([&] { parse(file_of(header, data)); },
              ThrowsMessage<SafetensorsError>(AllOf(HasSubstr("some.safetensors"), HasSubstr(what))))
      << header;
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::map<std::string, torch::Tensor> one_of_each_dtype() {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto dtype : {torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kInt64,
                           torch::kInt32, torch::kInt16, torch::kInt8, torch::kUInt8, torch::kBool})
    tensors[torch::toString(dtype)] = torch::arange(3).view({3, 1}).to(dtype);
  tensors["scalar"] = torch::tensor(2.5);
  tensors["empty"] = torch::zeros({0, 4});
  return tensors;
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const TemporaryFolder folder;
  const auto tensors = one_of_each_dtype();
  write_safetensors(folder.path() / "model.safetensors", tensors);
  const SafetensorsReader reader(folder.path());
  ASSERT_EQ(reader.names().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(reader.tensor(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(torch::equal(reader.tensor(name), tensor)) << name;
  }
  EXPECT_FALSE(exists(folder.path() / "model.safetensors.partial"));
}

TEST(Safetensors, KeepsTheFileMappedForATensorThatOutlivesTheReader) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "a.safetensors", {{"x", torch::arange(1000)}});
  const torch::Tensor tensor = SafetensorsReader(folder.path() / "a.safetensors").tensor("x");
  std::filesystem::remove(folder.path() / "a.safetensors");
  EXPECT_TRUE(torch::equal(tensor, torch::arange(1000)));
}

TEST(Safetensors, ReadsValuesThatAreNotAligned) {
  const TemporaryFolder folder;
  const float value = 1.5F;
  write_text(folder.path() / "a.safetensors", file_of(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                                                      std::string(reinterpret_cast<const char*>(&value), 4)));
  EXPECT_EQ(SafetensorsReader(folder.path() / "a.safetensors").tensor("x").item<float>(), 1.5F);
}

TEST(Safetensors, RefusesEveryTruncationAndEveryExtension) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  write_safetensors(path, one_of_each_dtype());
  const std::string bytes = read_text(path);
  ASSERT_NO_THROW(parse(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(parse(bytes.substr(0, size)), SafetensorsError) << size << " of " << bytes.size() << " bytes";
  EXPECT_THROW(parse(bytes + '\0'), SafetensorsError);
}

TEST(Safetensors, SurvivesEveryFlippedByteOfTheHeader) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  write_safetensors(path, {{"x", torch::arange(4)}, {"y", torch::zeros({2, 3})}});
  const std::string bytes = read_text(path);
  for (std::size_t i = 0; i < bytes.size() - 56; ++i) {
    for (const unsigned char flip : {0x01, 0x10, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      try {
        for (const auto& [name, stored] : parse(damaged)) EXPECT_LE(stored.end, damaged.size());
      } catch (const SafetensorsError&) {
      }
    }
  }
}

TEST(Safetensors, NamesWhatIsWrongWithAHeader) {
  const std::string four(4, '\0');
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  expect_refused("not json", "", "not a JSON object");
  expect_refused("[]", "", "not a JSON object");
  expect_refused(entry("F32", "[1]", "[0,8]"), four + four, "'x'");
  expect_refused(entry("F32", "[2]", "[0,8]"), four, "truncated");
  expect_refused(entry("F32", "[1]", "[4,0]"), four, "offsets");
  expect_refused(entry("F32", "[-1]", "[0,4]"), four, "natural number");
  expect_refused(entry("F32", "[1.5]", "[0,4]"), four, "natural number");
  expect_refused(entry("F32", "[4611686018427387904,4611686018427387904]", "[0,4]"), four, "more elements");
  expect_refused(entry("F8_E4M3", "[4]", "[0,4]"), four, "F8_E4M3");
  expect_refused(entry("F32", "[1]", "[0]"), four, "two data_offsets");
  expect_refused(entry("F32", "[1]", "[4,8]"), four + four, "gap or an overlap");
  expect_refused(R"({"x":7})", "", "'x'");
  expect_refused(
      R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
      std::string(2, '\0'), "overlap");
  expect_refused(
      R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
      std::string(2, '\0'), "twice");
  EXPECT_THROW(parse(std::string(8, '\xff') + "{}"), SafetensorsError);  // a header of 2^64 - 1 bytes
}

TEST(Safetensors, ReadsShardsAndNamesAMissingOne) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "one.safetensors", {{"a", torch::tensor(1.0)}});
  write_safetensors(folder.path() / "two.safetensors", {{"b", torch::tensor(2.0)}});
  const auto index = folder.path() / "model.safetensors.index.json";
  write_text(index, R"({"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");
  const SafetensorsReader reader(folder.path());
  EXPECT_THAT(reader.names(), ElementsAre("a", "b"));
  EXPECT_EQ(reader.tensor("b").item<float>(), 2.0F);
  EXPECT_EQ(reader.file_of("a").filename(), "one.safetensors");

  write_text(index, R"({"weight_map":{"a":"one.safetensors","b":"three.safetensors"}})");
  EXPECT_THAT([&] { SafetensorsReader reader2(folder.path()); },
              ThrowsMessage<SafetensorsError>(HasSubstr("three.safetensors")));
  write_text(index, R"({"weight_map":{"a":"two.safetensors","b":"two.safetensors"}})");
  EXPECT_THAT([&] { SafetensorsReader reader2(folder.path()); },
              ThrowsMessage<SafetensorsError>(HasSubstr("'a': not found in")));
  write_text(index, R"({"weight_map":{"a":"../one.safetensors"}})");
  EXPECT_THROW(SafetensorsReader(folder.path()), SafetensorsError);
  write_text(index, "{");
  EXPECT_THROW(SafetensorsReader(folder.path()), SafetensorsError);
}

TEST(Safetensors, RefusesATensorThatTwoShardsHave) {
  const TemporaryFolder folder;
  for (const char* name : {"one.safetensors", "two.safetensors"})
    write_safetensors(folder.path() / name, {{"a", torch::tensor(1.0)}, {name, torch::tensor(1.0)}});
  write_text(folder.path() / "model.safetensors.index.json",
             R"({"weight_map":{"a":"one.safetensors","two.safetensors":"two.safetensors"}})");
  EXPECT_THAT([&] { SafetensorsReader reader(folder.path()); },
              ThrowsMessage<SafetensorsError>(HasSubstr("'a': found in")));
}

TEST(Safetensors, NamesAFileThatIsNotThere) {
  EXPECT_THAT([] { SafetensorsReader reader("no/such/folder"); },
              ThrowsMessage<SafetensorsError>(HasSubstr("no/such/folder")));
}

}  // namespace
}  // namespace ballast
