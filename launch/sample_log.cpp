#include "launch/sample_log.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ballast {

SampleLog::SampleLog(const std::filesystem::path& run_folder, const Tokenizer* tokenizer)
    : file_(run_folder / "samples.jsonl", std::ios::app), tokenizer_(tokenizer) {
  if (!file_) throw std::runtime_error("cannot write '" + (run_folder / "samples.jsonl").string() + "'");
}

void SampleLog::write(const Sample& sample) {
  nlohmann::ordered_json line{{"iteration", sample.iteration}, {"row", sample.row_id}};
  if (tokenizer_) {
    auto whole = sample.prompt;
    whole.insert(whole.end(), sample.response.begin(), sample.response.end());
    const auto prompt = tokenizer_->decode(sample.prompt);
    const auto text = tokenizer_->decode(whole);
    line["prompt"] = prompt;
    line["response"] = text.starts_with(prompt) ? text.substr(prompt.size()) : tokenizer_->decode(sample.response);
  }
  line["prompt_ids"] = sample.prompt;
  line["response_ids"] = sample.response;
  line["reward"] = sample.reward;
  if (sample.cost) line["cost"] = *sample.cost;
  file_ << line.dump() << '\n' << std::flush;
}

}  // namespace ballast
