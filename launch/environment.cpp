#include "launch/environment.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace ballast {
namespace {

std::optional<int> given_rank() {
  for (const char* name : {"PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"}) {
    const char* text = std::getenv(name);
    if (text == nullptr) continue;
    const std::string_view digits(text);
    int rank = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), rank);
    if (error == std::errc() && end == digits.end()) return rank;
  }
  return std::nullopt;
}

}  // namespace

int launcher_rank() { return given_rank().value_or(0); }

void prefer_passive_waiting() { setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0); }

bool has_launcher() { return given_rank().has_value(); }

void let_ranks_share_a_gpu() { setenv("NCCL_MULTI_RANK_GPU_ENABLE", "1", /*overwrite=*/0); }

}  // namespace ballast
