#include "launch/prompt_source.h"

#include <fmt/format.h>

#include "launch/config_checks.h"
#include "workers/data/dataset.h"
#include "workers/data/tokenizer_folder.h"
#include "workers/user_error.h"
#include "workers/vocabulary.h"

namespace ballast {
namespace {

const Tokenizer& required(const Tokenizer* tokenizer) {
  if (!tokenizer) throw UserError("actor.model: found no tokenizer in its folder; data needs one");
  return *tokenizer;
}

template <typename Row>
std::vector<Row> rows_after_remarks(Dataset<Row> dataset) {
  for (const auto& remark : dataset.remarks) fmt::print(stderr, "ballast: {}\n", remark);
  return std::move(dataset.rows);
}

}  // namespace

void check_prompts(const std::string& field, const PromptsConfig& config, std::int64_t max_length,
                   std::vector<std::string>& violations) {
  if (config.random.has_value() == config.data.has_value()) {
    violations.push_back(fmt::format("{}: found {}; give data or random", field, config.data ? "both" : "none"));
  }
  if (config.data) {
    if (!config.data->given()) violations.push_back(fmt::format("{}.data: found no path; give path or paths", field));
    check_dataset(field + ".data", *config.data, violations);
  }
  if (!config.random) return;
  const auto& [shortest, longest, vocab] = *config.random;
  check_lengths(field + ".random", shortest, longest, violations);
  if (longest >= max_length) {
    violations.push_back(
        fmt::format("{}.random.max_length: found {}; it must leave room for a response within "
                    "batch.max_length ({})",
                    field, longest, max_length));
  }
}

std::unique_ptr<Tokenizer> tokenizer_of(const ModelSource& model) {
  return has_tokenizer(model) ? load_tokenizer(*model.tokenizer_folder()) : nullptr;
}

std::vector<TokenIds> read_prompt_rows(const DatasetConfig& config, const RowReading& reading) {
  return rows_after_remarks(
      read_prompts(config, required(reading.tokenizer), static_cast<std::size_t>(reading.max_length)));
}

std::vector<LabelledRow> read_ptx_rows(const DatasetConfig& config, const RowReading& reading) {
  return rows_after_remarks(
      read_supervised(config, required(reading.tokenizer), static_cast<std::size_t>(reading.max_length)));
}

}  // namespace ballast
