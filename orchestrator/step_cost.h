// What a command costs a rank: time and bytes.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ballast {

// Bytes that ranks send.
struct LinkBytes {
  double within = 0.0;   // to ranks of the same node
  double between = 0.0;  // to ranks of other nodes

  double sum() const { return within + between; }
  LinkBytes& operator+=(const LinkBytes& other) {
    within += other.within;
    between += other.between;
    return *this;
  }
  LinkBytes operator*(double factor) const { return {within * factor, between * factor}; }
};

// Why bytes move: between roles; gradient sums; values that a replica's part of the optimizer has made (ZeRO-1); inside
// a model that several ranks hold.
enum class Traffic : std::uint8_t { Rollout, Gradients, Parameters, TensorParallel };
inline constexpr std::array<std::pair<Traffic, std::string_view>, 4> traffic_names{{
    {Traffic::Rollout, "rollout"},
    {Traffic::Gradients, "gradients"},
    {Traffic::Parameters, "parameters"},
    {Traffic::TensorParallel, "tensor_parallel"},
}};

class MovedBytes {
 public:
  LinkBytes& of(Traffic traffic) { return bytes_[static_cast<std::size_t>(traffic)]; }
  const LinkBytes& of(Traffic traffic) const { return bytes_[static_cast<std::size_t>(traffic)]; }
  LinkBytes sum() const {
    LinkBytes all;
    for (const auto& bytes : bytes_) all += bytes;
    return all;
  }
  MovedBytes& operator+=(const MovedBytes& other) {
    for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] += other.bytes_[i];
    return *this;
  }
  MovedBytes operator*(double factor) const {
    MovedBytes result;
    for (std::size_t i = 0; i < bytes_.size(); ++i) result.bytes_[i] = bytes_[i] * factor;
    return result;
  }

 private:
  std::array<LinkBytes, traffic_names.size()> bytes_;
};

// A rank first works for itself, then meets its peers, and when all of them are there they talk for a while.
struct StepCost {
  double work_s = 0.0;      // needs the rank's device
  double exchange_s = 0.0;  // does not
  MovedBytes bytes;         // that this rank sends

  double seconds() const { return work_s + exchange_s; }
  StepCost& operator+=(const StepCost& other) {
    work_s += other.work_s;
    exchange_s += other.exchange_s;
    bytes += other.bytes;
    return *this;
  }
  StepCost operator*(double factor) const { return {work_s * factor, exchange_s * factor, bytes * factor}; }
};

}  // namespace ballast
