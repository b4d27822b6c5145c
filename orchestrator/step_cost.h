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

// Why bytes move: from role to role; gradient sums; values that a replica's part of the optimizer has made (ZeRO-1);
// inside a model that several ranks hold, in training and scoring, and in generation.
enum class SentFor : std::uint8_t { Transfer, Gradients, Parameters, TensorParallel, Generation };
inline constexpr std::array<std::pair<SentFor, std::string_view>, 5> sent_for_names{{
    {SentFor::Transfer, "transfer"},
    {SentFor::Gradients, "gradients"},
    {SentFor::Parameters, "parameters"},
    {SentFor::TensorParallel, "tensor_parallel"},
    {SentFor::Generation, "generation"},
}};

class SentBytes {
 public:
  LinkBytes& of(SentFor what) { return bytes_[static_cast<std::size_t>(what)]; }
  const LinkBytes& of(SentFor what) const { return bytes_[static_cast<std::size_t>(what)]; }
  LinkBytes sum() const {
    LinkBytes all;
    for (const auto& bytes : bytes_) all += bytes;
    return all;
  }
  SentBytes& operator+=(const SentBytes& other) {
    for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] += other.bytes_[i];
    return *this;
  }
  SentBytes operator*(double factor) const {
    SentBytes result;
    for (std::size_t i = 0; i < bytes_.size(); ++i) result.bytes_[i] = bytes_[i] * factor;
    return result;
  }

 private:
  std::array<LinkBytes, sent_for_names.size()> bytes_;
};

// A rank first works for itself, then meets its peers, and when all of them are there they talk for a while.
struct StepCost {
  double work_s = 0.0;      // needs the rank's device
  double exchange_s = 0.0;  // does not
  SentBytes bytes;          // that this rank sends

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
