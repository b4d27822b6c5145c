// What the CUDA kernels share: elements as float32, wide loads, reductions, launching.
#pragma once
#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "workers/gpu_kernels/stream.h"
#include "workers/model/compute_dtype.h"

namespace ballast::gpu::device {

inline constexpr int warp_size = 32;
inline constexpr unsigned all_lanes = 0xffffffffU;

__device__ inline float as_float(float x) { return x; }
__device__ inline float as_float(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T>
__device__ inline T rounded(float x);
template <>
__device__ inline float rounded<float>(float x) {
  return x;
}
template <>
__device__ inline __nv_bfloat16 rounded<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

// W adjacent elements that are read and written at once.
template <typename T, int W>
struct alignas(sizeof(T) * W) Pack {
  T elements[W];
};

// Elements in 16 bytes.
template <typename T>
inline constexpr int pack_size = 16 / static_cast<int>(sizeof(T));

template <int W, typename T>
__device__ inline Pack<T, W> load(const T* from) {
  return *reinterpret_cast<const Pack<T, W>*>(from);
}

template <int W, typename T>
__device__ inline void store(T* to, const Pack<T, W>& pack) {
  *reinterpret_cast<Pack<T, W>*>(to) = pack;
}

// Whether rows of `width` elements of `size` bytes, beginning at these addresses, consist of whole 16 bytes.
inline bool in_whole_packs(std::int64_t width, std::size_t size, std::initializer_list<const void*> addresses) {
  if (width * static_cast<std::int64_t>(size) % 16 != 0) return false;
  for (const void* address : addresses)
    if (reinterpret_cast<std::uintptr_t>(address) % 16 != 0) return false;
  return true;
}

// In every lane, in a fixed tree.
template <typename T, typename Combine>
__device__ inline T warp_reduce(T x, Combine combine) {
  for (int distance = warp_size / 2; distance > 0; distance /= 2)
    x = combine(x, __shfl_xor_sync(all_lanes, x, distance));
  return x;
}

// The same over all threads of the block, a multiple of 32; all of them call it and get the result.
template <typename T, typename Combine>
__device__ inline T block_reduce(T x, T neutral, Combine combine) {
  __shared__ T of_warps[warp_size];
  const unsigned lane = threadIdx.x % warp_size;
  x = warp_reduce(x, combine);
  __syncthreads();  // of_warps may still be read from the call before
  if (lane == 0) of_warps[threadIdx.x / warp_size] = x;
  __syncthreads();
  return warp_reduce(lane < blockDim.x / warp_size ? of_warps[lane] : neutral, combine);
}

struct Sum {
  template <typename T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

struct Highest {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

struct Launch {
  dim3 grid;
  std::int64_t threads = 0;
  Stream stream;
};

inline dim3 grid_of(std::int64_t x, std::int64_t y = 1, std::int64_t z = 1) {
  return dim3(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z));
}

template <typename Arguments>
void launch(const Launch& where, void (*kernel)(Arguments), const Arguments& arguments) {
  if (where.grid.x == 0 || where.grid.y == 0 || where.grid.z == 0) return;
  cudaLaunchConfig_t config{};
  config.gridDim = where.grid;
  config.blockDim = grid_of(where.threads);
  config.stream = static_cast<cudaStream_t>(where.stream.handle);
  const cudaError_t error = cudaLaunchKernelEx(&config, kernel, arguments);
  if (error != cudaSuccess)
    throw std::runtime_error(std::string("a CUDA kernel could not be launched: ") + cudaGetErrorString(error));
}

// Calls body with a value of the dtype's type.
template <typename Body>
void with_element(ComputeDType dtype, Body body) {
  if (dtype == ComputeDType::float32)
    body(float{});
  else
    body(__nv_bfloat16{});
}

}  // namespace ballast::gpu::device
