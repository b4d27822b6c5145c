#include "workers/saved_files.h"

#include <gmock/gmock.h>

#include <unistd.h>

#include <fstream>
#include <system_error>

namespace ballast {
namespace {

class SavedFiles : public ::testing::Test {
 protected:
  SavedFiles() {
    std::filesystem::create_directories(folder_ / "inner");
    std::ofstream(folder_ / "b.txt") << "abc";
    std::ofstream(folder_ / "a.txt");
    std::ofstream(folder_ / "inner" / "c.txt") << "not ours";
  }
  ~SavedFiles() override { std::filesystem::remove_all(folder_.parent_path()); }

  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("saved_files_" + std::to_string(getpid())) / "actor";
};

// The digests are those of FIPS 180-2's examples (and of `sha256sum`).
TEST_F(SavedFiles, AreListedByNameWithSizeAndChecksum) {
  const auto files = sync_saved_files(folder_);
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(files[0].name, "actor/a.txt");
  EXPECT_EQ(files[0].bytes, 0);
  EXPECT_EQ(files[0].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(files[1].name, "actor/b.txt");
  EXPECT_EQ(files[1].bytes, 3);
  EXPECT_EQ(files[1].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(SavedFiles, AreRefusedWhereThereIsNoFolder) {
  EXPECT_THROW(sync_saved_files(folder_ / "nowhere"), std::system_error);
  EXPECT_THROW(sha256_of(folder_ / "nowhere"), std::system_error);
}

}  // namespace
}  // namespace ballast
