// A typed buffer of small integers, exact in every dtype, for tests of transports.
#pragma once
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "comm/communicator.h"
#include "comm/reduction.h"

namespace ballast {

class Numbers {
 public:
  Numbers(
      DType dtype, std::int64_t count, const std::function<int(std::int64_t)>& value = [](std::int64_t) { return -99; })
      : dtype_(dtype), count_(count), bytes_(count * size_of(dtype)) {
    for (std::int64_t i = 0; i < count; ++i) set(i, value(i));
  }

  Buffer buffer() { return {bytes_.data(), count_, dtype_}; }
  // `count` elements from `begin` on.
  Buffer part(std::int64_t begin, std::int64_t count) {
    return {bytes_.data() + begin * static_cast<std::int64_t>(size_of(dtype_)), count, dtype_};
  }

  std::vector<int> values() const {
    std::vector<int> values(count_);
    for (std::int64_t i = 0; i < count_; ++i) values[i] = get(i);
    return values;
  }

 private:
  template <typename T>
  T read(std::int64_t i) const {
    T value;
    std::memcpy(&value, &bytes_[i * sizeof(T)], sizeof(T));
    return value;
  }
  template <typename T>
  void write(std::int64_t i, T value) {
    std::memcpy(&bytes_[i * sizeof(T)], &value, sizeof(T));
  }

  int get(std::int64_t i) const {
    if (dtype_ == DType::float32) return static_cast<int>(read<float>(i));
    if (dtype_ == DType::int64) return static_cast<int>(read<std::int64_t>(i));
    return static_cast<int>(bfloat16_to_float(read<std::uint16_t>(i)));
  }
  void set(std::int64_t i, int value) {
    if (dtype_ == DType::float32) return write(i, static_cast<float>(value));
    if (dtype_ == DType::int64) return write(i, std::int64_t{value});
    write(i, float_to_bfloat16(static_cast<float>(value)));
  }

  DType dtype_;
  std::int64_t count_;
  std::vector<std::byte> bytes_;
};

}  // namespace ballast
