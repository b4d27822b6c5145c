// samples.jsonl: a few rollouts for people to read.
#pragma once
#include <filesystem>
#include <fstream>

#include "orchestrator/samples.h"

namespace ballast {

class SampleLog {
 public:
  // Appends to RUN/samples.jsonl. Throws std::runtime_error when it cannot be written.
  explicit SampleLog(const std::filesystem::path& run_folder);

  // One line: iteration (from 0), row, prompt_ids, response_ids, reward, and cost where there is one.
  void write(const Sample& sample);

 private:
  std::ofstream file_;
};

}  // namespace ballast
