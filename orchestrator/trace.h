// trace.json: what each rank did when, for Perfetto (ui.perfetto.dev) or chrome://tracing.
#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "orchestrator/command_stream.h"
#include "orchestrator/timeline.h"

namespace ballast {

struct TraceConfig {
  std::int64_t iterations = 10;

  template <typename Fields>
  void describe(Fields& field) {
    field("iterations", iterations,
          "first iterations of the run that trace.json shows, about 100 bytes a command; 0: none")
        .at_least(0);
  }
};

// Chrome's trace event format, as an array: a track for each rank that plays a role, named by its roles, with commands,
// waits and idle time, and one for the orchestrator with the iterations. Written after each iteration; the closing
// bracket, which readers do without, comes at the end, so that the file can be loaded whatever ended the run. Times are
// microseconds from the first part on.
class Trace {
 public:
  // Throws std::runtime_error when the file cannot be written.
  Trace(const std::filesystem::path& path, TraceConfig config, const Cast& cast);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // `what` names the part on the orchestrator's track: 'iteration', 'evaluation'.
  void write(std::int64_t iteration, const std::string& what, const TimelinePart& part);

 private:
  void write_names(const Cast& cast);
  void write_event(const nlohmann::json& event);

  TraceConfig config_;
  std::ofstream file_;
  std::optional<double> begin_;  // of the first part
  bool empty_ = true;
};

}  // namespace ballast
