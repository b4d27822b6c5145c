#include "launch/bench/model_works.h"

#include <torch/types.h>

#include <numeric>

#include "orchestrator/prompts.h"
#include "workers/batch_store.h"
#include "workers/generation/generator.h"
#include "workers/scorer.h"
#include "workers/text_learner.h"

namespace ballast {
namespace {

constexpr std::uint64_t prompt_seed = 1;

std::vector<TokenIds> random_rows(const WorkOptions& options, std::int64_t length, std::int64_t vocab) {
  return draw_prompts({.min_length = length, .max_length = length, .vocab = vocab}, options.batch, prompt_seed);
}

std::vector<std::int64_t> row_ids(const WorkOptions& options) {
  std::vector<std::int64_t> ids(options.batch);
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

// Whole rows, as a rollout has them.
RowsOfTokens whole_rows(const WorkOptions& options, bool with_logits) {
  const std::int64_t predictions = options.batch * (options.max_length() - 1);
  return {.rows = options.batch, .last = options.max_length(), .logits = with_logits ? predictions : 0};
}

Generator make_generator(const CausalLM& model, const WorkOptions& options, std::int64_t new_tokens) {
  constexpr auto multiple = GenerationConfig::rows_multiple;
  return Generator(
      model,
      {.sampling = {.temperature = options.temperature, .min_new_tokens = new_tokens, .max_new_tokens = new_tokens},
       .end_tokens = {},
       .slots = (options.batch + multiple - 1) / multiple * multiple,
       .seed = static_cast<std::int64_t>(prompt_seed)});
}

MeasuredWork prefill_work(const WorkOptions& options, const ModelConfig& model, const MachineRates& rates) {
  MeasuredWork work{.name = "prefill", .timing = {}, .tokens = options.batch * options.prompt};
  work.cost = forward_cost(model, options.model.dtype,
                           {.rows = options.batch, .last = options.prompt, .logits = options.batch});
  work.limit_seconds = rates.seconds_for(work.cost);
  return work;
}

// Each step reads the weights and all keys and values anew.
MeasuredWork decode_work(const WorkOptions& options, const ModelConfig& model, const MachineRates& rates) {
  MeasuredWork work{.name = "decode", .timing = {}, .tokens = options.batch * (options.response - 1)};
  for (std::int64_t position = options.prompt; position < options.max_length() - 1; ++position) {
    const auto step =
        forward_cost(model, options.model.dtype,
                     {.rows = options.batch, .first = position, .last = position + 1, .logits = options.batch});
    work.cost = work.cost + step;
    work.limit_seconds += rates.seconds_for(step);
  }
  return work;
}

}  // namespace

std::vector<MeasuredWork> measure_generation(const WorkOptions& options, const MachineRates& rates) {
  const auto model = CausalLM::from_source(model_source(options.model, options.max_length()), Use::Infer, rates.device);
  const Generate command{.max_length = options.max_length(),
                         .row_ids = row_ids(options),
                         .prompts = random_rows(options, options.prompt, model->config().vocab)};
  auto prefill = prefill_work(options, model->config(), rates);
  auto decode = decode_work(options, model->config(), rates);
  auto first_token = make_generator(*model, options, 1);
  prefill.timing = measure(options.repeats, [&] { first_token.continue_prompts(command); });
  auto all_tokens = make_generator(*model, options, options.response);
  const auto whole = measure(options.repeats, [&] { all_tokens.continue_prompts(command); });
  for (const double seconds : whole.seconds) decode.timing.seconds.push_back(seconds - prefill.timing.median());
  const MeasuredWork generate{.name = "generate",
                              .timing = whole,
                              .tokens = options.batch * options.response,
                              .cost = prefill.cost + decode.cost,
                              .limit_seconds = prefill.limit_seconds + decode.limit_seconds};
  return options.response > 1 ? std::vector{prefill, decode, generate} : std::vector{generate};
}

std::vector<MeasuredWork> measure_scoring(const WorkOptions& options, const MachineRates& rates) {
  WorkerSettings settings;
  settings.actor.model = model_source(options.model, options.max_length());
  settings.reward.model = settings.actor.model;
  const auto model = model_config(settings.actor.model);
  BatchStore store(rates.device);
  const BatchKey key;
  const auto rows = random_rows(options, options.max_length(), model.vocab);
  const auto tokens_BL = torch::empty({options.batch, options.max_length()}, torch::kInt64);
  for (std::int64_t row = 0; row < options.batch; ++row) tokens_BL[row].copy_(torch::tensor(rows[row], torch::kInt64));
  store.put(key, Field::Tokens, tokens_BL);
  store.put(key, Field::PromptLengths, torch::full({options.batch}, options.prompt, torch::kInt64));
  store.put(key, Field::Lengths, torch::full({options.batch}, options.max_length(), torch::kInt64));

  std::vector<MeasuredWork> works;
  for (const Role role : {Role::Reference, Role::Reward}) {
    const auto scorer = make_scorer(role, settings, rates.device);
    const Score command{.role = role, .key = key, .row_ids = row_ids(options)};
    const bool speaks = role == Role::Reference;
    MeasuredWork work{.name = speaks ? "log-probs" : "scores",
                      .timing = measure(options.repeats,
                                        [&] {
                                          scorer->score(command, store);
                                          finish(rates.device);
                                        }),
                      .tokens = options.batch * options.max_length(),
                      .cost = forward_cost(model, options.model.dtype, whole_rows(options, speaks))};
    work.limit_seconds = rates.seconds_for(work.cost);
    works.push_back(std::move(work));
  }
  return works;
}

std::vector<MeasuredWork> measure_training(const WorkOptions& options, const MachineRates& rates) {
  SupervisedSettings settings{.model = model_source(options.model, options.max_length())};
  const auto model = model_config(settings.model);
  TextLearner learner(settings, options.repeats + 1,
                      {.lanes = 1, .place = rates.device});  // one micro-batch: there are no sums to order
  LearnText command{.micro_batches = {{}}};
  for (const auto& tokens : random_rows(options, options.max_length(), model.vocab)) {
    command.micro_batches.front().push_back({tokens, std::vector<bool>(tokens.size(), true)});
  }
  command.targets = target_tokens(command.micro_batches.front());
  MeasuredWork work{.name = "train",
                    .timing = measure(options.repeats,
                                      [&] {
                                        learner.learn(command);
                                        finish(rates.device);
                                      }),
                    .tokens = options.batch * options.max_length(),
                    .cost = train_step_cost(model, options.model.dtype, whole_rows(options, true))};
  work.limit_seconds = rates.seconds_for(work.cost);
  return {work};
}

}  // namespace ballast
