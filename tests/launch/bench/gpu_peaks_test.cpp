#include "launch/bench/gpu_peaks.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(GpuPeaks, TellVariantsOfAModelApart) {
  EXPECT_EQ(gpu_peak("NVIDIA H100 80GB HBM3")->bytes_per_second, 3.35e12);
  EXPECT_EQ(gpu_peak("NVIDIA H100 PCIe")->bytes_per_second, 2.0e12);
  EXPECT_EQ(gpu_peak("NVIDIA GH200 480GB")->bytes_per_second, 4.0e12);
  EXPECT_EQ(gpu_peak("NVIDIA L40S")->flops_per_second, 362e12);
}

TEST(GpuPeaks, KnowNothingOfOtherGpus) {
  EXPECT_FALSE(gpu_peak("NVIDIA GeForce GTX 1080"));
  EXPECT_FALSE(gpu_peak(""));
}

}  // namespace
}  // namespace ballast
