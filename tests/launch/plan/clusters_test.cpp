#include "launch/plan/clusters.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "launch/config_file.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(FindCluster, ReadsNodesDevicesAndName) {
  const auto cluster = find_cluster("16x8xH100");
  EXPECT_EQ(cluster.nodes, 16);
  EXPECT_EQ(cluster.devices, 8);
  EXPECT_EQ(cluster.device, "h100");
  EXPECT_EQ(cluster.ranks(), 128);
}

TEST(FindCluster, OneCountIsTheDevicesOfOneNodeAndNoneIsEight) {
  EXPECT_EQ(find_cluster("4xA100-80G").ranks(), 4);
  EXPECT_EQ(find_cluster("4xA100-80G").nodes, 1);
  EXPECT_EQ(find_cluster("h200").ranks(), 8);
}

TEST(FindCluster, KnowsWhatItsDevicesCanDo) {
  EXPECT_EQ(find_cluster("h100").bfloat16_flops, 989e12);
  EXPECT_EQ(find_cluster("h200").memory, 141e9);
  EXPECT_EQ(find_cluster("a100-80g").memory_bandwidth, 2.039e12);
  EXPECT_FALSE(find_cluster("cpu").gpu);
}

TEST(FindCluster, RefusesWhatIsNoCluster) {
  for (const std::string name : {"", "b100", "16x8x", "0x8xh100", "-1xh100", "1x2x3xh100", "8h100", "16x8xh100x",
                                 "x8xh100", "99999999999999999999xh100", "2000000xh100", "8.5xh100"}) {
    EXPECT_THAT([&] { find_cluster(name); },
                ThrowsMessage<UserError>(AllOf(HasSubstr("--cluster: found '" + name + "'"), HasSubstr("16x8xH100"))));
  }
}

class ClusterFile : public ::testing::Test {
 protected:
  ~ClusterFile() override { std::filesystem::remove(file_); }

  std::string with(const std::string& text) {
    std::ofstream(file_) << text;
    return file_.string();
  }

  const std::filesystem::path file_ = std::filesystem::temp_directory_path() / "ballast_clusters_test.yaml";
};

TEST_F(ClusterFile, SaysWhatDiffersFromOneNodeOfEightH100) {
  const auto cluster = find_cluster(with("nodes: 2\nbetween: {bandwidth: 25e9}\n"));
  EXPECT_EQ(cluster.nodes, 2);
  EXPECT_EQ(cluster.between.bandwidth, 25e9);
  EXPECT_EQ(cluster.devices, 8);
}

TEST_F(ClusterFile, IsTheSameAfterWritingAndReading) {
  auto cluster = find_cluster("3x4xcpu");
  cluster.within.latency_s = 1.25e-6;
  const auto read = find_cluster(with(write_config(cluster)));
  EXPECT_EQ(write_config(read), write_config(cluster));
}

TEST_F(ClusterFile, IsRefusedByFieldWithWhatIsAllowed) {
  const auto message_of = [&](const std::string& text) {
    try {
      find_cluster(with(text));
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("nothing is refused");
  };
  EXPECT_THAT(message_of("memory: -1"), AllOf(HasSubstr("memory"), HasSubstr("found -1"), HasSubstr("above 0")));
  EXPECT_THAT(message_of("product_share: 2"), AllOf(HasSubstr("product_share"), HasSubstr("at most 1")));
  EXPECT_THAT(message_of("within: fast"), HasSubstr("within"));
  EXPECT_THAT(message_of("flops: 1e12"), AllOf(HasSubstr("flops"), HasSubstr("unknown key")));
  EXPECT_THAT(message_of("nodes: [1"), HasSubstr("ballast_clusters_test.yaml"));
}

TEST(FindCluster, NamesAFileThatIsNotThere) {
  EXPECT_THAT([] { find_cluster("nowhere.yaml"); }, ThrowsMessage<ConfigError>(HasSubstr("nowhere.yaml")));
}

}  // namespace
}  // namespace ballast
