#include "tests/golden/data_runners.h"

#include <stdexcept>

#include "tests/workers/data/toy_tokenizer.h"
#include "workers/data/padding.h"
#include "workers/data/preference.h"
#include "workers/data/prompt_format.h"
#include "workers/data/prompt_only.h"
#include "workers/data/supervised.h"

namespace ballast::golden {
namespace {

using nlohmann::json;

const ToyTokenizer& tokenizer() {
  static const ToyTokenizer toy;
  return toy;
}

std::size_t max_length(const GoldenCase& golden_case) {
  constexpr std::size_t reference_default = 512;
  return golden_case.params.value("max_length", reference_default);
}

std::vector<std::string> to_turns(const json& input) {
  return input.is_string() ? std::vector<std::string>{input} : input.get<std::vector<std::string>>();
}

std::string to_prompt(const json& input) {
  return format_prompt(to_turns(input), tokenizer().special_tokens().eos_text);
}

torch::Tensor to_ids(const TokenIds& ids) { return torch::tensor(ids, torch::kInt64); }

torch::Tensor to_ids(const PaddedRows& rows) { return to_ids(rows.values).reshape({rows.B, rows.L}); }

torch::Tensor mask_of(const PaddedRows& rows, PadSide side) {
  const auto index_L = torch::arange(rows.L);
  const auto lengths_B1 = to_ids(rows.lengths).unsqueeze(1);
  return side == PadSide::Right ? index_L < lengths_B1 : index_L >= rows.L - lengths_B1;
}

/// Ids and mask of both halves, padded together.
void put_halves(const std::vector<TokenPair>& pairs, const std::string& preferred, const std::string& other,
                Outputs& outputs) {
  std::vector<TokenIds> rows;
  for (const auto& pair : pairs) {
    rows.push_back(pair.preferred);
  }
  for (const auto& pair : pairs) {
    rows.push_back(pair.other);
  }
  const auto padded = pad_rows(rows, tokenizer().special_tokens().pad.value(), PadSide::Right);
  const auto ids = to_ids(padded).chunk(2);
  const auto masks = mask_of(padded, PadSide::Right).chunk(2);
  outputs["batch/" + preferred + "_input_ids"] = ids[0];
  outputs["batch/" + preferred + "_attention_mask"] = masks[0];
  outputs["batch/" + other + "_input_ids"] = ids[1];
  outputs["batch/" + other + "_attention_mask"] = masks[1];
}

AnnotatedPair to_annotated_pair(const json& sample) {
  return {.prompt = to_prompt(sample.at("input")),
          .answer = sample.at("answer"),
          .other_answer = sample.at("other_answer"),
          .better = sample.value("better", false),
          .safer = sample.value("safer", false),
          .is_safe = sample.value("is_safe", false),
          .is_other_safe = sample.value("is_other_safe", false)};
}

/// A row that we skip is one where the reference raises.
template <typename Result>
auto unless_skipped(const Result& result) {
  if (const auto* skip = std::get_if<Skip>(&result)) {
    throw std::invalid_argument(skip->reason);
  }
  return std::get<0>(result);
}

SupervisedSample to_supervised_sample(const json& sample, std::size_t length) {
  if (sample.contains("input") == sample.contains("dialogue")) {
    throw std::invalid_argument("a sample has either an input or a dialogue");
  }
  if (sample.contains("input")) {
    return supervised_sample(sample.at("input").get<std::string>(), sample.at("answer").get<std::string>(), tokenizer(),
                             length);
  }
  return supervised_dialogue(to_turns(sample.at("dialogue")), tokenizer(), length);
}

Outputs better_worse_batch(const json& samples, std::size_t length) {
  std::vector<TokenPair> pairs;
  for (const auto& sample : samples) {
    pairs.push_back(unless_skipped(better_worse_pair(to_annotated_pair(sample), tokenizer(), length)));
  }
  Outputs outputs;
  put_halves(pairs, "better", "worse", outputs);
  return outputs;
}

Outputs safer_unsafer_batch(const json& samples, std::size_t length) {
  std::vector<TokenPair> pairs;
  TokenIds safer_signs;
  TokenIds unsafer_signs;
  for (const auto& sample : samples) {
    const auto pair = unless_skipped(safer_unsafer_pair(to_annotated_pair(sample), tokenizer(), length));
    pairs.push_back(pair.tokens);
    safer_signs.push_back(pair.safer_sign);
    unsafer_signs.push_back(pair.unsafer_sign);
  }
  Outputs outputs{{"batch/safer_safety_sign", to_ids(safer_signs)},
                  {"batch/unsafer_safety_sign", to_ids(unsafer_signs)}};
  put_halves(pairs, "safer", "unsafer", outputs);
  return outputs;
}

}  // namespace

// Cases of rows that must be refused hold one sample and do not name the data set: only the annotation tells it.
Outputs run_preference_data(const GoldenCase& golden_case) {
  const auto& inputs = golden_case.inputs;
  const auto samples = inputs.contains("samples") ? inputs.at("samples") : json::array({inputs});
  const std::string implied = samples.at(0).contains("better") ? "preference" : "safety";
  const auto length = max_length(golden_case);
  return golden_case.params.value("dataset", implied) == "preference" ? better_worse_batch(samples, length)
                                                                      : safer_unsafer_batch(samples, length);
}

Outputs run_prompt_format(const GoldenCase& golden_case) {
  const auto eos_text = golden_case.inputs.value("eos_token", tokenizer().special_tokens().eos_text);
  return {{"text", format_prompt(to_turns(golden_case.inputs.at("input")), eos_text)}};
}

Outputs run_prompt_only_data(const GoldenCase& golden_case) {
  std::vector<TokenIds> rows;
  for (const auto& sample : golden_case.inputs.at("samples")) {
    rows.push_back(prompt_tokens(to_prompt(sample.at("input")), tokenizer(), max_length(golden_case)).ids);
  }
  const auto padded = pad_rows(rows, tokenizer().special_tokens().pad.value(), PadSide::Left);
  return {{"batch/input_ids", to_ids(padded)}, {"batch/attention_mask", mask_of(padded, PadSide::Left)}};
}

Outputs run_supervised_data(const GoldenCase& golden_case) {
  Outputs outputs;
  std::vector<TokenIds> ids;
  std::vector<TokenIds> labels;
  for (const auto& item : golden_case.inputs.at("samples")) {
    const auto sample = to_supervised_sample(item, max_length(golden_case));
    const auto path = "samples/" + std::to_string(ids.size());
    outputs[path + "/input_ids"] = to_ids(sample.ids);
    outputs[path + "/labels"] = to_ids(sample.labels);
    ids.push_back(sample.ids);
    labels.push_back(sample.labels);
  }
  const auto padded = pad_rows(ids, tokenizer().special_tokens().pad.value(), PadSide::Right);
  outputs["batch/input_ids"] = to_ids(padded);
  outputs["batch/labels"] = to_ids(pad_rows(labels, not_learned, PadSide::Right));
  outputs["batch/attention_mask"] = mask_of(padded, PadSide::Right);
  return outputs;
}

}  // namespace ballast::golden
