// Learning rates over the steps of a run, as transformers' get_scheduler has them. No torch.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ballast {

enum class LrSchedule : std::uint8_t { Constant, ConstantWithWarmup, Linear, Cosine };

inline constexpr std::array<std::pair<LrSchedule, std::string_view>, 4> lr_schedule_names{{
    {LrSchedule::Constant, "constant"},
    {LrSchedule::ConstantWithWarmup, "constant_with_warmup"},
    {LrSchedule::Linear, "linear"},
    {LrSchedule::Cosine, "cosine"},
}};
constexpr const auto& enum_names(LrSchedule) { return lr_schedule_names; }

struct ScheduleShape {
  LrSchedule schedule = LrSchedule::Constant;
  std::int64_t warmup_steps = 0;  // Constant ignores them
  std::int64_t total_steps = 1;
};

// What the learning rate is multiplied by at `step` (from 0): in [0, 1]; a rising line while warming up.
double learning_rate_factor(const ScheduleShape& shape, std::int64_t step);

}  // namespace ballast
