// Each kernel of workers/gpu_kernels on the shapes of a Llama of 1.1B in bfloat16, 64 sequences of 1,024 tokens: the
// memory that it must read and write, the shortest and the median time of several repeats, and the share of the
// device's memory bandwidth that the shortest amounts to. All of them are bound by memory.
#include <cuda_runtime.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "workers/gpu_kernels/kernels.h"

namespace ballast::gpu {
namespace {

constexpr std::int64_t batch = 64, length = 1024, hidden = 2048, intermediate = 5632, vocab = 32000;
constexpr std::int64_t heads = 32, kv_heads = 4, head_dim = 64, head_rows = 4096;
constexpr int repeats = 20;
constexpr std::int64_t cold = 512 << 20;  // bytes; far more than any cache holds

void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

// Zeros on the device. The process is short: nothing is given back.
template <typename T = void>
T* zeros(std::int64_t bytes) {
  void* memory = nullptr;
  check(cudaMalloc(&memory, static_cast<std::size_t>(bytes)));
  check(cudaMemset(memory, 0, static_cast<std::size_t>(bytes)));
  return static_cast<T*>(memory);
}

template <typename T>
T* on_device(const std::vector<T>& values) {
  T* memory = zeros<T>(static_cast<std::int64_t>(values.size() * sizeof(T)));
  check(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return memory;
}

using Launch = std::function<void()>;

struct Case {
  std::string name;
  std::int64_t bytes = 0;        // read and written by one launch
  std::function<Launch()> make;  // a launch on arrays of its own
};

// Microseconds of one launch, in ascending order. Launches take turns on several sets of arrays, so that none finds its
// own in a cache.
std::vector<float> times_of(const Case& with) {
  std::vector<Launch> launches;
  for (std::int64_t bytes = 0; bytes < cold; bytes += with.bytes) launches.push_back(with.make());
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin));
  check(cudaEventCreate(&end));
  std::vector<float> times;
  for (int repeat = -2; repeat < repeats; ++repeat) {  // two to warm up
    check(cudaEventRecord(begin));
    for (const auto& launch : launches) launch();
    check(cudaEventRecord(end));
    check(cudaEventSynchronize(end));
    float milliseconds = 0.0F;
    check(cudaEventElapsedTime(&milliseconds, begin, end));
    if (repeat >= 0) times.push_back(milliseconds * 1e3F / static_cast<float>(launches.size()));
  }
  std::ranges::sort(times);
  return times;
}

constexpr ComputeDType bf16 = ComputeDType::bfloat16;

CacheLayer some_cache() {
  const std::int64_t bytes = batch * kv_heads * length * head_dim * 2;
  return {.keys = zeros(bytes),
          .values = zeros(bytes),
          .dtype = bf16,
          .positions = length,
          .kv_heads = kv_heads,
          .head_dim = head_dim};
}

CacheRows last_positions() {
  std::vector<std::int64_t> slots;
  for (std::int64_t slot = 0; slot < batch; ++slot) slots.push_back(slot);
  return {
      .slots = on_device(slots), .positions = on_device(std::vector<std::int64_t>(batch, length - 1)), .count = batch};
}

Launch attention(const Kernels& kernels) {
  DecodeAttention a{.q = zeros(batch * heads * head_dim * 2),
                    .q_stride = heads * head_dim,
                    .cache = some_cache(),
                    .rows = last_positions(),
                    .heads = heads,
                    .scale = 0.125F,
                    .out = zeros(batch * heads * head_dim * 2)};
  a.scratch = zeros<float>(4 * decode_attention_scratch(batch, heads, a.cache));
  return [=] { kernels.decode_attention(a, {}); };
}

Launch norm(const Kernels& kernels) {
  const auto rows = [] { return zeros(batch * hidden * 2); };
  const AddNorm n{.stream_NE = rows(),
                  .delta_NE = rows(),
                  .weight_E = zeros(hidden * 2),
                  .out_NE = rows(),
                  .dtype = bf16,
                  .rows = batch,
                  .width = hidden,
                  .epsilon = 1e-5F};
  return [=] { kernels.add_norm(n, {}); };
}

Launch rotation(const Kernels& kernels) {
  const RotateIntoCache r{.qkv = zeros(batch * (heads + 2 * kv_heads) * head_dim * 2),
                          .frequencies = zeros<float>(head_dim * 2),
                          .cache = some_cache(),
                          .rows = last_positions(),
                          .heads = heads};
  return [=] { kernels.rotate_into_cache(r, {}); };
}

Launch product(const Kernels& kernels) {
  const GatedProduct p{.gate_up = zeros(batch * intermediate * 4),
                       .out = zeros(batch * intermediate * 2),
                       .dtype = bf16,
                       .rows = batch,
                       .width = intermediate};
  return [=] { kernels.gated_product(p, {}); };
}

LogitRows some_logits() {
  return {.logits_MV = zeros(head_rows * vocab * 2),
          .dtype = bf16,
          .rows = head_rows,
          .vocab = vocab,
          .ids_M = zeros<std::int64_t>(head_rows * 8)};
}

Launch gather(const Kernels& kernels) {
  const GatherLogProbs g{.logits = some_logits(),
                         .log_probs_M = zeros<float>(head_rows * 4),
                         .normalisers_M = zeros<float>(head_rows * 4)};
  return [=] { kernels.gather_log_probs(g, {}); };
}

Launch gradients(const Kernels& kernels) {
  const LogitGradients g{.logits = some_logits(),
                         .normalisers_M = zeros<float>(head_rows * 4),
                         .gradients_M = zeros<float>(head_rows * 4)};
  return [=] { kernels.logit_gradients(g, {}); };
}

Launch sampling(const Kernels& kernels) {
  const SampleTokens s{.logits_SV = zeros(batch * vocab * 2),
                       .dtype = bf16,
                       .rows = batch,
                       .vocab = vocab,
                       .may_end_S = on_device(std::vector<std::int64_t>(batch, 1)),
                       .draws_S = on_device(std::vector<double>(batch, 0.5)),
                       .tokens_S = zeros<std::int64_t>(batch * 8),
                       .log_probs_S = zeros<float>(batch * 4),
                       .sampling_log_probs_S = zeros<float>(batch * 4)};
  return [=] { kernels.sample_tokens(s, {}); };
}

std::vector<Case> cases(const Kernels& k) {
  const std::int64_t token = batch * head_dim * 2;  // bytes of one head in all rows
  return {{"decode_attention", 2 * kv_heads * token * length + 2 * heads * token, [&] { return attention(k); }},
          {"add_norm", 4 * batch * hidden * 2, [&] { return norm(k); }},
          {"rotate_into_cache", 2 * (heads + kv_heads) * token + 3 * kv_heads * token, [&] { return rotation(k); }},
          {"gated_product", 3 * batch * intermediate * 2, [&] { return product(k); }},
          {"gather_log_probs", head_rows * vocab * 2, [&] { return gather(k); }},
          {"logit_gradients", 2 * head_rows * vocab * 2, [&] { return gradients(k); }},
          {"sample_tokens", batch * vocab * 2, [&] { return sampling(k); }}};
}

// Bytes in a second, by the clock and the width of the memory's bus.
double peak_bandwidth() {
  int kilohertz = 0, bits = 0;
  check(cudaDeviceGetAttribute(&kilohertz, cudaDevAttrMemoryClockRate, 0));
  check(cudaDeviceGetAttribute(&bits, cudaDevAttrGlobalMemoryBusWidth, 0));
  return 2.0 * kilohertz * 1e3 * bits / 8;
}

void report(const Kernels& kernels) {
  const double peak = peak_bandwidth();
  fmt::print("{:<20}{:>10}{:>12}{:>12}{:>10}{:>8}   (peak {:.0f} GB/s)\n", "kernel", "MB", "min us", "median us",
             "GB/s", "share", peak / 1e9);
  for (const auto& with : cases(kernels)) {
    const auto times = times_of(with);
    const double rate = static_cast<double>(with.bytes) / (times.front() * 1e-6);
    fmt::print("{:<20}{:>10.2f}{:>12.2f}{:>12.2f}{:>10.0f}{:>7.0f}%\n", with.name,
               static_cast<double>(with.bytes) / 1e6, times.front(), times[times.size() / 2], rate / 1e9,
               100.0 * rate / peak);
  }
}

}  // namespace
}  // namespace ballast::gpu

int main() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    fmt::print("skipped: no CUDA device\n");
    return 77;
  }
  ballast::gpu::report(*ballast::gpu::cuda_kernels());
}
