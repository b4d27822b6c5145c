#include "orchestrator/model_time.h"

#include <algorithm>
#include <cmath>

namespace ballast {
namespace {

constexpr double kernels_of_decode_layer = 9.0;
constexpr double exchanges_of_layer = 2.0;  // one behind attention, one behind the MLP

// Tokens that a row's tokens attend to, themselves included: 1 + 2 + ... + n.
double keys_met(double tokens) { return tokens * (tokens + 1.0) / 2.0; }

}  // namespace

ModelTime::ModelTime(const ModelShape& shape, Spread shards, const Cluster& cluster)
    : shape_(shape), shards_(shards), cluster_(cluster) {}

double ModelTime::product_seconds(double flops) const {
  const double peak = shape_.half ? cluster_.bfloat16_flops : cluster_.float32_flops;
  return flops / (peak * cluster_.product_share);
}

double ModelTime::memory_seconds(double bytes) const {
  return bytes / (cluster_.memory_bandwidth * cluster_.memory_share);
}

StepCost ModelTime::between_shards(const Exchange& exchange, double times) const {
  StepCost cost{.exchange_s = exchange.seconds * times};
  cost.bytes.of(SentFor::TensorParallel) = exchange.bytes * times;
  return cost;
}

StepCost ModelTime::forward(const Rows& rows) const {
  const double layers = shape_.layers;
  const double tokens = rows.rows * rows.tokens;
  const double flops = 2.0 * tokens * layers * shape_.layer_weights +
                       2.0 * rows.rows * rows.logits * shape_.head_weights +
                       4.0 * layers * shape_.query_width * rows.rows * keys_met(rows.tokens);
  StepCost cost{.work_s = product_seconds(flops / shards()) + layers * kernels_of_layer * cluster_.kernel_s};
  const double state_bytes = tokens * shape_.hidden * shape_.element();
  cost += between_shards(all_reduce(state_bytes, shards_, cluster_), exchanges_of_layer * layers);
  return cost;
}

StepCost ModelTime::backward(const Rows& rows) const { return forward(rows) * (shape_.checkpointing ? 3.0 : 2.0); }

StepCost ModelTime::generate(const Decoding& decoding) const {
  const auto& [rows, prompt, response, slots] = decoding;
  StepCost cost = forward({.rows = rows, .tokens = prompt, .logits = prompt > 0.0 ? 1.0 : 0.0});
  const double weights = shape_.layers * shape_.layer_weights + shape_.head_weights;
  const double context = prompt + response / 2.0;  // of a sequence, on average over its steps
  const double growing = std::min(rows, slots);
  const double cached = growing * context * shape_.layers * 2.0 * shape_.key_width * shape_.cache_element;
  const double attention = 4.0 * growing * context * shape_.layers * shape_.query_width;
  const double step = std::max(memory_seconds((weights * shape_.element() + cached) / shards()),
                               product_seconds((2.0 * slots * weights + attention) / shards())) +
                      shape_.layers * kernels_of_decode_layer * cluster_.kernel_s;
  const double steps = std::ceil(rows / slots) * response;
  cost.work_s += steps * step;
  cost += between_shards(all_reduce(slots * shape_.hidden * shape_.element(), shards_, cluster_),
                         exchanges_of_layer * shape_.layers * steps);
  return cost;
}

StepCost ModelTime::update(double parts) const {
  constexpr double read_and_written = 7.0 * 4.0;
  constexpr double cast = 4.0 + 2.0;
  const double bytes = read_and_written + (shape_.half ? cast : 0.0);
  return {.work_s = memory_seconds(bytes * shape_.parameters / shards() / parts)};
}

}  // namespace ballast
