// Which kind of device a job computes on. No torch.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast {

// Auto: CUDA where this build and every rank's machine have it.
enum class DeviceChoice : std::uint8_t { Auto, Cpu, Cuda };

inline constexpr std::array<std::pair<DeviceChoice, std::string_view>, 3> device_choice_names{{
    {DeviceChoice::Auto, "auto"},
    {DeviceChoice::Cpu, "cpu"},
    {DeviceChoice::Cuda, "cuda"},
}};
constexpr const auto& enum_names(DeviceChoice) { return device_choice_names; }

// Whether the job's ranks compute with CUDA: all of them or none. `obstacles` has for each rank why it cannot, empty
// where it can; `hosts` their machines. Throws UserError when CUDA was asked for and some rank cannot.
bool use_cuda(DeviceChoice choice, const std::vector<std::string>& obstacles, const std::vector<std::string>& hosts);

// Position of the rank among those on its machine.
int local_rank(int rank, const std::vector<std::string>& hosts);

}  // namespace ballast
