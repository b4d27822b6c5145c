#include "launch/commands/score.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <system_error>

#include "algorithms/rewards/registry.h"
#include "launch/commands/enum_option.h"
#include "launch/config_file.h"
#include "launch/pair_accuracy.h"
#include "launch/progress.h"
#include "launch/row_scorer.h"
#include "launch/score_items.h"
#include "workers/data/row_fields.h"
#include "workers/data/tokenizer_folder.h"
#include "workers/device.h"
#include "workers/model/atomic_file.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr auto score_examples = R"(
Rows are JSON objects, one a line or one array, plain or gzipped. The output repeats each row and adds to it, so that
several passes can follow one another.

Examples:
  reward of prompts with responses
    ballast score --model runs/rm/reward --data answers.jsonl --out scored.jsonl --score-name reward
  and the cost beside it
    ballast score --model runs/cm/cost --data scored.jsonl --out scored.jsonl --score-name cost
  log-probs and perplexity of what `ballast generate` wrote, whose responses are called text
    ballast score --logprobs --model runs/sft/actor --data generated.jsonl --out out.jsonl --format plain --key-response text
  accuracy on annotated pairs
    ballast score --pairs --model runs/cm/cost --data test.jsonl.gz --out out.jsonl
  a rule instead of a model
    ballast score --rule launch/quickstart/harmful.yaml --data answers.jsonl --out out.jsonl --format plain)";

struct ScoreOptions {
  std::filesystem::path model, rule, data, out;
  bool log_probs = false;
  ItemOptions items;
  bool strict = false;
  std::string score_name;
  ComputeDType dtype = ComputeDType::float32;
  DeviceChoice device = DeviceChoice::Auto;
  std::int64_t batch = 16;
  int threads = 1;
};

// Whatever scores, and how it wants its rows.
struct Judge {
  std::unique_ptr<RowScorer> scorer;
  std::function<std::vector<ScoreItem>(const nlohmann::json&)> items;
  bool is_cost = false;
};

std::string name_of(const ScoreOptions& options) { return options.score_name.empty() ? "score" : options.score_name; }

Judge judge_by_rule(const ScoreOptions& options) {
  auto rule = make_rule(read_config<RuleConfig>(options.rule));
  if (!rule) throw UserError(fmt::format("{}: found no rule; allowed: word_rule", options.rule.string()));
  return {.scorer = score_by_rule(std::move(rule), name_of(options)),
          .items = [&options](const nlohmann::json& row) { return items_for_rule(row, options.items); }};
}

std::unique_ptr<RowScorer> scorer_by_model(const ScoreOptions& options) {
  const auto device = choose_device(options.device);
  if (!options.log_probs) {
    return score_by_model(ScoreModel::from_folder(options.model, Use::Infer, options.dtype, device), name_of(options));
  }
  const auto prefix = options.score_name.empty() ? "" : options.score_name + "_";
  const ModelSource source{.path = options.model, .dtype = options.dtype};
  return log_probs_by_model(CausalLM::from_source(source, Use::Infer, device), prefix);
}

Judge judge_by_model(const ScoreOptions& options) {
  const auto config = read_model_config(options.model);
  const std::shared_ptr<const Tokenizer> tokenizer =
      has_tokenizer(options.model) ? load_tokenizer(options.model) : nullptr;
  const TokenModel model{.tokenizer = tokenizer.get(),
                         .folder = options.model,
                         .vocab = config.vocab,
                         .max_positions = config.max_positions};
  return {.scorer = scorer_by_model(options),
          .items = [&options, tokenizer,
                    model](const nlohmann::json& row) { return items_for_model(row, options.items, model); },
          .is_cost = config.score && config.score->type == ScoreType::Cost};
}

// The usable rows and their sequences, in order.
struct Scoring {
  std::vector<JsonRow> rows;
  std::vector<ScoreItem> items;
};

Scoring read_work(const ScoreOptions& options, const Judge& judge) {
  SkippedRows skipped{.file = options.data, .strict = options.strict, .by_reason = {}};
  auto all = read_json_rows(skipped);
  const auto count = static_cast<std::int64_t>(all.size()) + skipped.count();
  Scoring work;
  for (auto& row : all) {
    try {
      for (auto& item : judge.items(row.value)) {
        item.row = work.rows.size();
        work.items.push_back(std::move(item));
      }
      work.rows.push_back(std::move(row));
    } catch (const UnusableRow& reason) {
      skipped.skip(row.line, reason.what());
    }
  }
  const auto sentence = skipped.sentence(count);
  if (work.rows.empty()) throw UserError(sentence);
  if (!sentence.empty()) fmt::print(stderr, "{}\n", sentence);
  return work;
}

// Scores every item; returns the seconds that it took.
double score_all(const ScoreOptions& options, const Judge& judge, Scoring& work) {
  const torch::NoGradGuard no_grad;
  Progress progress("scoring", static_cast<std::int64_t>(work.items.size()));
  const std::span<const ScoreItem> items(work.items);
  const auto at_once = static_cast<std::size_t>(options.batch);
  for (std::size_t begin = 0; begin < items.size(); begin += at_once) {
    const auto batch = items.subspan(begin, std::min(at_once, items.size() - begin));
    judge.scorer->score(batch, work.rows);
    progress.advance(static_cast<std::int64_t>(batch.size()));
  }
  return progress.seconds();
}

void write_rows(const std::vector<JsonRow>& rows, AtomicFile& file) {
  for (const auto& row : rows) file.write(row.value.dump() + "\n");
  file.commit();
}

void print_summary(const ScoreOptions& options, const Judge& judge, const Scoring& work, double seconds) {
  std::size_t tokens = 0;
  for (const auto& item : work.items) tokens += item.tokens.size();
  fmt::print("{}\n", judge.scorer->summary());
  if (options.items.pairs && !options.log_probs) {
    for (const auto& sentence : pair_accuracies(work.rows, name_of(options), options.items.keys, judge.is_cost)) {
      fmt::print("{}\n", sentence);
    }
  }
  const auto speed = tokens == 0 ? "" : fmt::format(", {:.0f} tokens/s", static_cast<double>(tokens) / seconds);
  fmt::print("{} rows in {:.1f} s{}: {}\n", work.rows.size(), seconds, speed, options.out.string());
}

void score(const ScoreOptions& options) {
  at::set_num_threads(options.threads);
  const auto judge = options.rule.empty() ? judge_by_model(options) : judge_by_rule(options);
  auto work = read_work(options, judge);
  try {
    AtomicFile file(options.out);
    const double seconds = score_all(options, judge, work);
    write_rows(work.rows, file);
    print_summary(options, judge, work, seconds);
  } catch (const std::system_error& error) {
    throw UserError(error.what());
  }
}

void add_options(CLI::App& verb, ScoreOptions& options) {
  auto* by = verb.add_option_group("by", "what scores");
  by->add_option("--model", options.model,
                 "Hugging Face folder of a score model; with --logprobs, of a language model");
  auto* rule = by->add_option("--rule", options.rule, "YAML file of a rule");
  by->require_option(1);
  verb.add_option("--data", options.data, "file of rows: prompt and response, text, or input_ids (and output_ids)")
      ->required();
  verb.add_option("--out", options.out, "JSONL file, written whole or not at all")->required();
  verb.add_flag("--logprobs", options.log_probs, "add log_probs, log_prob, tokens and perplexity instead of a score")
      ->excludes(rule);
  verb.add_flag("--pairs", options.items.pairs, "score response_0 and response_1 of each row; print accuracies");
  verb.add_option("--score-name", options.score_name, "name of the field that is added; with --logprobs, its prefix");
  add_enum_option(verb, "--format", options.items.format, "conversation (of the Safe RLHF models) or plain");
  verb.add_option("--key-prompt", options.items.keys.prompt, "name of the prompt's field")->capture_default_str();
  verb.add_option("--key-response", options.items.keys.response, "name of the response's field")->capture_default_str();
  verb.add_flag("--strict", options.strict, "a row that cannot be used is an error; else it is left out and reported");
  verb.add_option("--batch", options.batch, "sequences at once")->check(CLI::PositiveNumber)->capture_default_str();
  add_enum_option(verb, "--dtype", options.dtype, "what a model computes in: float32 or bfloat16");
  add_enum_option(verb, "--device", options.device, "auto (CUDA where there is one), cpu or cuda");
  verb.add_option("--threads", options.threads, "CPU threads")->check(CLI::PositiveNumber)->capture_default_str();
}

}  // namespace

void add_score(CLI::App& app, Invocation& invocation) {
  auto* verb = app.add_subcommand("score", "Score the rows of a file by a model or a rule");
  auto options = std::make_shared<ScoreOptions>();
  add_options(*verb, *options);
  verb->footer(score_examples);
  verb->callback([options, &invocation] {
    score(*options);
    invocation.exit_code = 0;
  });
}

}  // namespace ballast
