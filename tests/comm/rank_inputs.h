// Inputs of ranks, what comes out of them serially, and waits, for tests of transports.
#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "tests/comm/numbers.h"

namespace ballast {

using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr std::array all_dtypes{DType::float32, DType::bfloat16, DType::int64};
constexpr std::array<std::int64_t, 6> sizes_around_the_seams{0, 1, 999, 1000, 1001, 2500};

// Element i of a rank's input: small, of either sign, different on every rank.
inline int input_value(int rank, std::int64_t i) { return static_cast<int>((i * 7 + rank * 5) % 31) - 15; }

inline Numbers rank_input(DType dtype, std::int64_t count, int rank) {
  return {dtype, count, [=](std::int64_t i) { return input_value(rank, i); }};
}

// The element-wise reduction of all ranks' inputs, serially.
inline std::vector<int> reduced_inputs(int ranks, std::int64_t count, ReduceOp op) {
  std::vector<int> result(count);
  for (std::int64_t i = 0; i < count; ++i) {
    result[i] = input_value(0, i);
    for (int rank = 1; rank < ranks; ++rank) {
      const int value = input_value(rank, i);
      result[i] = op == ReduceOp::sum ? result[i] + value : std::max(result[i], value);
    }
  }
  return result;
}

inline std::vector<int> slice(const std::vector<int>& values, std::int64_t begin, std::int64_t count) {
  return {values.begin() + begin, values.begin() + begin + count};
}

inline std::vector<int> all_ranks(int size) {
  std::vector<int> ranks(size);
  for (int i = 0; i < size; ++i) ranks[i] = i;
  return ranks;
}

// The message of the CommunicationError that the wait ends with; empty when it ends well.
inline std::string error_of(Work work, std::chrono::milliseconds timeout) {
  try {
    work.wait(timeout);
    return "";
  } catch (const CommunicationError& error) {
    return error.what();
  }
}

inline void for_each_dtype_and_size(const std::function<void(DType, std::int64_t)>& check) {
  for (const DType dtype : all_dtypes) {
    for (const std::int64_t count : sizes_around_the_seams) check(dtype, count);
  }
}

}  // namespace ballast
