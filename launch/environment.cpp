#include "launch/environment.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "launch/settings_violations.h"

namespace ballast {
namespace {

std::optional<std::string_view> variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(text);
}

}  // namespace

std::optional<int> omp_num_threads() {
  const auto text = variable("OMP_NUM_THREADS");
  if (!text) {
    return std::nullopt;
  }
  int threads = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), threads);
  if (error != std::errc() || end != text->data() + text->size() || threads < 1) {
    Violations violations;
    const Where environment{.source = "environment"};
    violations.add({environment, "OMP_NUM_THREADS", "'" + std::string(*text) + "'", "a whole number of at least 1"});
    violations.throw_if_any();
  }
  return threads;
}

bool output_is_terminal() { return isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb"; }

}  // namespace ballast
