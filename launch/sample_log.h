// samples.jsonl: a few rollouts for people to read.
#pragma once
#include <filesystem>
#include <fstream>

#include "orchestrator/samples.h"
#include "workers/data/tokenizer.h"

namespace ballast {

class SampleLog {
 public:
  // Appends to RUN/samples.jsonl, with texts if there is a tokenizer, which outlives the log; nullptr: none. Throws
  // std::runtime_error when the file cannot be written.
  SampleLog(const std::filesystem::path& run_folder, const Tokenizer* tokenizer);

  // One line. The response's text is what it adds to the prompt's.
  void write(const Sample& sample);

 private:
  std::ofstream file_;
  const Tokenizer* tokenizer_;
};

}  // namespace ballast
