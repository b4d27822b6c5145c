// What a model computes in. No torch.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ballast {

// bfloat16: layers and the head's product. Softmax, the norms' statistics, log-probs, scores, gradient sums and
// optimizer stay float32.
enum class ComputeDType : std::uint8_t { float32, bfloat16 };

// The names are config.json's `torch_dtype`.
inline constexpr std::array<std::pair<ComputeDType, std::string_view>, 2> compute_dtype_names{{
    {ComputeDType::float32, "float32"},
    {ComputeDType::bfloat16, "bfloat16"},
}};
constexpr const auto& enum_names(ComputeDType) { return compute_dtype_names; }

}  // namespace ballast
