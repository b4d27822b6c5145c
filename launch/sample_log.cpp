#include "launch/sample_log.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "workers/data/continuation_text.h"

namespace ballast {

SampleLog::SampleLog(const std::filesystem::path& run_folder, const Tokenizer* tokenizer)
    : file_(run_folder / "samples.jsonl", std::ios::app), tokenizer_(tokenizer) {
  if (!file_) throw std::runtime_error("cannot write '" + (run_folder / "samples.jsonl").string() + "'");
}

void SampleLog::write(const Sample& sample) {
  nlohmann::ordered_json line{{"iteration", sample.iteration}, {"row", sample.row_id}};
  if (tokenizer_) {
    line["prompt"] = tokenizer_->decode(sample.prompt);
    line["response"] = text_after(*tokenizer_, sample.prompt, sample.response);
  }
  line["prompt_ids"] = sample.prompt;
  line["response_ids"] = sample.response;
  line["reward"] = sample.reward;
  if (sample.cost) line["cost"] = *sample.cost;
  file_ << line.dump() << '\n' << std::flush;
}

}  // namespace ballast
