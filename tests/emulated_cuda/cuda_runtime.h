// As much of CUDA as our kernels use, on the CPU: the very source of a kernel, compiled as C++, runs thread by thread,
// so that its indexing, its barriers and its exchanges between lanes are tested where there is no GPU. It says nothing
// about speed, memory ordering or rounding of the device.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// Of the thread that runs.
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

using cudaStream_t = struct CudaStream*;
using cudaError_t = int;
inline constexpr cudaError_t cudaSuccess = 0;
inline const char* cudaGetErrorString(cudaError_t) { return "an emulated launch failed"; }

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  cudaStream_t stream = nullptr;
};

namespace emulated_cuda {

// Runs the kernel in every thread of every block, one block after the other. Throws std::runtime_error when threads
// wait for others that never come.
void run(const dim3& grid, const dim3& block, const std::function<void()>& kernel);

void block_barrier();

// Hands up to 64 bytes to the other lanes of the running thread's warp; returns when all of them have done so.
void give(const void* bytes, std::size_t size);
// What a lane gave, until this thread gives again.
const void* given_by(unsigned lane);

inline unsigned lane() { return threadIdx.x % 32; }

// Every lane of the warp gives x and takes what lane `from` gave.
template <typename T>
T exchanged(const T& x, unsigned from) {
  give(&x, sizeof x);
  T taken;
  std::memcpy(&taken, given_by(from), sizeof taken);
  return taken;
}

}  // namespace emulated_cuda

template <typename Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Arguments),
                               const Arguments& arguments) {
  emulated_cuda::run(config->gridDim, config->blockDim, [&] { kernel(arguments); });
  return cudaSuccess;
}

inline void __syncthreads() { emulated_cuda::block_barrier(); }

template <typename T>
T __shfl_xor_sync(unsigned, T x, int distance) {
  return emulated_cuda::exchanged(x, emulated_cuda::lane() ^ static_cast<unsigned>(distance));
}

template <typename T>
T __shfl_up_sync(unsigned, T x, unsigned distance) {
  const unsigned lane = emulated_cuda::lane();
  return emulated_cuda::exchanged(x, lane < distance ? lane : lane - distance);
}

template <typename T>
T __shfl_sync(unsigned, T x, int from) {
  return emulated_cuda::exchanged(x, static_cast<unsigned>(from) % 32);
}

inline unsigned __ballot_sync(unsigned, bool predicate) {
  emulated_cuda::give(&predicate, sizeof predicate);
  unsigned bits = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (*static_cast<const bool*>(emulated_cuda::given_by(lane))) bits |= 1U << lane;
  return bits;
}

inline int __ffs(unsigned x) { return __builtin_ffs(static_cast<int>(x)); }
inline int __clz(unsigned x) { return x == 0 ? 32 : __builtin_clz(x); }

// Byte i of the result is byte (selector >> 4 i) & 7 of y:x.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(y) << 32U | x;
  unsigned result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned from = selector >> (4 * i) & 7U;
    result |= static_cast<unsigned>(bytes >> (8 * from) & 0xffU) << (8 * i);
  }
  return result;
}
