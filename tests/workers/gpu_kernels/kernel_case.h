// A kernel and its plain C++ form on the same arrays.
#pragma once
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>
#include <vector>

#include "tests/workers/gpu_kernels/kernel_target.h"

namespace ballast {

inline at::ScalarType scalar_type(ComputeDType dtype) {
  return dtype == ComputeDType::float32 ? at::kFloat : at::kBFloat16;
}

// Calls the kernel on arrays of its device and returns the arrays afterwards.
using OnArrays = std::function<void(const gpu::Kernels&, const std::vector<at::Tensor>&)>;
using Arrays = std::vector<at::Tensor>;

inline Arrays after(const gpu::Kernels& kernels, c10::Device device, const Arrays& arrays, const OnArrays& call) {
  Arrays on_device;
  for (const auto& array : arrays) on_device.push_back(array.to(device, array.scalar_type(), false, /*copy=*/true));
  call(kernels, on_device);
  for (auto& array : on_device) array = array.cpu();
  return on_device;
}

class KernelCase : public testing::Test {
 protected:
  void SetUp() override {
    if (target_.kernels == nullptr) GTEST_SKIP() << "no CUDA device";
    at::manual_seed(5);
  }

  // `tolerance` is relative to 1 + |x|.
  void expect_same(const Arrays& arrays, const OnArrays& call, double tolerance) const {
    const auto found = after(*target_.kernels, target_.device, arrays, call);
    const auto expected = after(gpu::reference_kernels(), c10::kCPU, arrays, call);
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      const auto x = found[i].to(at::kDouble), y = expected[i].to(at::kDouble);
      EXPECT_TRUE(at::allclose(x, y, tolerance, tolerance, /*equal_nan=*/true))
          << "array " << i << " differs by " << (x - y).abs().max().item<double>();
    }
  }

  KernelTarget target_ = kernel_target();
};

// What a bfloat16 may be off by where float32 is off by its last bits.
inline double tolerance_of(ComputeDType dtype) { return dtype == ComputeDType::float32 ? 1e-5 : 8e-3; }

inline constexpr ComputeDType both_dtypes[]{ComputeDType::float32, ComputeDType::bfloat16};

}  // namespace ballast
