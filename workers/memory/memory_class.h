// What a rank's memory is for: the classes by which it is planned and counted. No torch.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ballast {

enum class MemoryClass : std::uint8_t {
  Parameters,   // values, what layers compute with, the copy that decoding reads
  Gradients,    // the flat gradient, lanes, buckets
  Optimizer,    // moments, masters
  Activations,  // whatever a command computes
  KvCache,      // of generation
  Buffers,      // the batch store
};

inline constexpr std::array<std::pair<MemoryClass, std::string_view>, 6> memory_class_names{{
    {MemoryClass::Parameters, "parameters"},
    {MemoryClass::Gradients, "gradients"},
    {MemoryClass::Optimizer, "optimizer"},
    {MemoryClass::Activations, "activations"},
    {MemoryClass::KvCache, "kv_cache"},
    {MemoryClass::Buffers, "buffers"},
}};
constexpr const auto& enum_names(MemoryClass) { return memory_class_names; }

// Bytes of each class.
class MemoryBytes {
 public:
  std::int64_t& operator[](MemoryClass of) { return bytes_[static_cast<std::size_t>(of)]; }
  std::int64_t operator[](MemoryClass of) const { return bytes_[static_cast<std::size_t>(of)]; }
  std::int64_t total() const;
  MemoryBytes& operator+=(const MemoryBytes& other);
  bool operator==(const MemoryBytes&) const = default;

 private:
  std::array<std::int64_t, memory_class_names.size()> bytes_{};
};

}  // namespace ballast
