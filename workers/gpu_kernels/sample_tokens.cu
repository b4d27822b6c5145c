#include <limits>
#include <stdexcept>

#include "workers/gpu_kernels/device.cuh"
#include "workers/gpu_kernels/sample_tokens.h"

namespace ballast::gpu {
namespace {

using namespace device;

constexpr unsigned threads = 1024;
constexpr int warps = threads / warp_size;
constexpr int half_warp = warp_size / 2;
constexpr float impossible = -std::numeric_limits<float>::infinity();

// A row's logits, and the scores that are sampled: bans and temperature applied.
template <typename T>
struct Row {
  const SampleTokens& sample;
  const T* logits_V;
  bool may_end;

  __device__ Row(const SampleTokens& of, std::int64_t row)
      : sample(of), logits_V(static_cast<const T*>(of.logits_SV) + row * of.vocab), may_end(of.may_end_S[row] != 0) {}

  __device__ bool greedy() const { return sample.temperature == 0.0F; }
  // Whether the model's own distribution is the one that is sampled.
  __device__ bool plain() const { return may_end && sample.temperature == 1.0F; }

  __device__ float logit(std::int64_t id) const { return as_float(logits_V[id]); }

  __device__ float score(std::int64_t id, float logit) const {
    if (!may_end) {
      for (std::int64_t i = 0; i < sample.end_token_count; ++i)
        if (sample.end_tokens[i] == id) return impossible;
    }
    return greedy() ? logit : logit / sample.temperature;
  }
};

// The highest logit; the highest score and its lowest id.
struct Peak {
  float logit;
  float score;
  long long id;
};

__device__ inline Peak shuffled(const Peak& peak, int distance) {
  return {__shfl_xor_sync(all_lanes, peak.logit, distance), __shfl_xor_sync(all_lanes, peak.score, distance),
          __shfl_xor_sync(all_lanes, peak.id, distance)};
}

__device__ inline Peak higher(const Peak& a, const Peak& b) {
  const bool second = b.score > a.score || (b.score == a.score && b.id < a.id);
  return {fmaxf(a.logit, b.logit), second ? b.score : a.score, second ? b.id : a.id};
}

__device__ inline Peak highest_in_warp(Peak peak) {
  for (int distance = warp_size / 2; distance > 0; distance /= 2) peak = higher(peak, shuffled(peak, distance));
  return peak;
}

template <typename T>
__device__ Peak peak_of(const Row<T>& row) {
  __shared__ Peak of_warps[warps];
  Peak peak{impossible, impossible, row.sample.vocab - 1};
  for (std::int64_t id = threadIdx.x; id < row.sample.vocab; id += threads) {
    const float logit = row.logit(id);
    peak = higher(peak, {logit, row.score(id, logit), id});
  }
  peak = highest_in_warp(peak);
  if (threadIdx.x % warp_size == 0) of_warps[threadIdx.x / warp_size] = peak;
  __syncthreads();
  return highest_in_warp(of_warps[threadIdx.x % warp_size]);
}

// Sums of exp(score - highest score) over blocks of ids go to `of_blocks`, sixteen lanes to a block, in the order of
// the CPU's Softmax. Returns the sum of exp(logit - highest logit) over all ids.
template <typename T>
__device__ double weigh(const Row<T>& row, const Peak& peak, float* of_blocks) {
  const int half = threadIdx.x % warp_size / half_warp;
  const int lane = threadIdx.x % half_warp;
  const std::int64_t vocab = row.sample.vocab;
  double model_total = 0.0;
  for (std::int64_t first = threadIdx.x / warp_size * 2; first * sample_block < vocab; first += 2 * warps) {
    const std::int64_t block = first + half;
    float model = 0.0F;
    float sampled = 0.0F;
    for (int i = 0; i < sample_block; i += half_warp) {
      const std::int64_t id = block * sample_block + i + lane;
      if (id >= vocab) continue;
      const float logit = row.logit(id);
      model += expf(logit - peak.logit);
      if (!row.plain() && !row.greedy()) sampled += expf(row.score(id, logit) - peak.score);
    }
    for (int distance = half_warp / 2; distance > 0; distance /= 2) {
      model += __shfl_xor_sync(all_lanes, model, distance);
      sampled += __shfl_xor_sync(all_lanes, sampled, distance);
    }
    if (lane != 0) continue;
    model_total += model;
    if (block * sample_block < vocab) of_blocks[block] = row.plain() ? model : sampled;
  }
  return block_reduce(model_total, 0.0, Sum{});
}

struct Draw {
  std::int64_t token;
  double total;  // of the weights
};

// One lane's part of the blocks, [first, end), the weight before it, and the weight at which the draw lies.
struct Share {
  std::int64_t first;
  std::int64_t end;
  double before;
  double target;
};

// The token of the share at which the sum of weights passes the target; where rounding leaves it below, the last one of
// any weight.
template <typename T>
__device__ std::int64_t walk(const Row<T>& row, const Peak& peak, const float* of_blocks, const Share& share) {
  std::int64_t block = share.first;
  double before = share.before;
  double before_block = before;
  for (std::int64_t b = share.first; b < share.end && before <= share.target; ++b) {
    if (of_blocks[b] > 0.0F) {
      block = b;
      before_block = before;
    }
    before += of_blocks[b];
  }
  const std::int64_t begin = block * sample_block;
  const std::int64_t end = begin + sample_block < row.sample.vocab ? begin + sample_block : row.sample.vocab;
  std::int64_t token = begin;
  before = before_block;
  for (std::int64_t id = begin; id < end && before <= share.target; ++id) {
    const float weight = expf(row.score(id, row.logit(id)) - peak.score);
    if (weight > 0.0F) token = id;
    before += weight;
  }
  return token;
}

// By one warp: each lane sums its share of the blocks, and the one in whose share the target lies walks through it.
template <typename T>
__device__ Draw draw_token(const Row<T>& row, const Peak& peak, const float* of_blocks, double draw) {
  const int lane = threadIdx.x;
  const std::int64_t blocks = (row.sample.vocab + sample_block - 1) / sample_block;
  const std::int64_t each = (blocks + warp_size - 1) / warp_size;
  const std::int64_t first = lane * each < blocks ? lane * each : blocks;
  const std::int64_t end = first + each < blocks ? first + each : blocks;
  double own = 0.0;
  for (std::int64_t block = first; block < end; ++block) own += of_blocks[block];
  double up_to = own;
  for (int distance = 1; distance < warp_size; distance *= 2) {
    const double lower = __shfl_up_sync(all_lanes, up_to, distance);
    if (lane >= distance) up_to += lower;
  }
  double before = __shfl_up_sync(all_lanes, up_to, 1);
  if (lane == 0) before = 0.0;
  const double total = __shfl_sync(all_lanes, up_to, warp_size - 1);
  const double target = draw * total;
  const unsigned passing = __ballot_sync(all_lanes, up_to > target && own > 0.0);
  const unsigned possible = __ballot_sync(all_lanes, own > 0.0);
  const int chosen = passing != 0 ? __ffs(passing) - 1 : possible != 0 ? 31 - __clz(possible) : 0;
  long long token = 0;
  if (lane == chosen) token = walk(row, peak, of_blocks, {first, end, before, target});
  return {__shfl_sync(all_lanes, token, chosen), total};
}

// A block for each row.
template <typename T>
__global__ void __launch_bounds__(threads) sample_tokens_kernel(SampleTokens sample) {
  __shared__ float of_blocks[sample_tokens_vocab / sample_block];
  const std::int64_t index = blockIdx.x;
  const Row<T> row(sample, index);
  const Peak peak = peak_of(row);
  const double model_total = weigh(row, peak, of_blocks);  // ends with a barrier after of_blocks is written
  if (threadIdx.x >= warp_size) return;
  Draw drawn{peak.id, 1.0};
  if (!row.greedy()) drawn = draw_token(row, peak, of_blocks, sample.draws_S[index]);
  if (threadIdx.x != 0) return;
  const float logit = row.logit(drawn.token);
  const auto log_prob = static_cast<float>(static_cast<double>(logit) - peak.logit - log(model_total));
  float sampling_log_prob = 0.0F;
  if (row.plain())
    sampling_log_prob = log_prob;
  else if (!row.greedy())
    sampling_log_prob =
        static_cast<float>(static_cast<double>(row.score(drawn.token, logit)) - peak.score - log(drawn.total));
  sample.tokens_S[index] = drawn.token;
  sample.log_probs_S[index] = log_prob;
  sample.sampling_log_probs_S[index] = sampling_log_prob;
}

}  // namespace

void sample_tokens(const SampleTokens& sample, Stream stream) {
  if (sample.vocab > sample_tokens_vocab) throw std::invalid_argument("a vocabulary larger than sample_tokens takes");
  with_element(sample.dtype, [&](auto element) {
    launch({.grid = grid_of(sample.rows), .threads = threads, .stream = stream},
           sample_tokens_kernel<decltype(element)>, sample);
  });
}

}  // namespace ballast::gpu
