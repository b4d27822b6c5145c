#include "launch/environment.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace ballast {

int launcher_rank() {
  for (const char* name : {"PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"}) {
    const char* text = std::getenv(name);
    if (text == nullptr) continue;
    const std::string_view digits(text);
    int rank = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), rank);
    if (error == std::errc() && end == digits.end()) return rank;
  }
  return 0;
}

}  // namespace ballast
