#include "workers/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace ballast {
namespace {

constexpr std::array<std::pair<Field, std::string_view>, 14> field_names{{
    {Field::Tokens, "tokens"},
    {Field::PromptLengths, "prompt_lengths"},
    {Field::Lengths, "lengths"},
    {Field::LogProbs, "log_probs"},
    {Field::SamplingLogProbs, "sampling_log_probs"},
    {Field::RefLogProbs, "ref_log_probs"},
    {Field::Reward, "reward"},
    {Field::Cost, "cost"},
    {Field::RewardValues, "reward_values"},
    {Field::CostValues, "cost_values"},
    {Field::RewardAdvantages, "reward_advantages"},
    {Field::CostAdvantages, "cost_advantages"},
    {Field::RewardReturns, "reward_returns"},
    {Field::CostReturns, "cost_returns"},
}};

// The order is that of CommandBody.
constexpr std::array<std::string_view, std::variant_size_v<CommandBody>> body_names{
    "Load",        "Generate",  "Transfer",   "Score",        "BuildExperience", "Regroup", "Learn",
    "LoadLearner", "LearnText", "LearnPairs", "EvaluateText", "EvaluatePairs",   "Save",    "Free"};

template <typename Body>
std::string body_details(const Body& body) {
  if constexpr (requires { body.role; }) return fmt::format(" {}", to_string(body.role));
  return "";
}

template <std::size_t index = 0>
CommandBody body_from_json(std::string_view name, const nlohmann::json& json) {
  if constexpr (index == std::variant_size_v<CommandBody>) {
    throw std::invalid_argument(fmt::format("unknown command '{}'", name));
  } else {
    if (name == body_names[index]) return json.get<std::variant_alternative_t<index, CommandBody>>();
    return body_from_json<index + 1>(name, json);
  }
}

}  // namespace

std::string_view to_string(Field field) { return field_names.at(static_cast<std::size_t>(field)).second; }

std::int64_t target_tokens(const std::vector<LabelledRow>& rows) {
  std::int64_t count = 0;
  for (const auto& row : rows) {
    if (!row.labelled.empty()) count += std::count(row.labelled.begin() + 1, row.labelled.end(), true);
  }
  return count;
}

std::optional<Role> role_of(const Command& command) {
  return std::visit(
      []<typename Body>(const Body& body) -> std::optional<Role> {
        if constexpr (requires { body.role; }) return body.role;
        if constexpr (std::is_same_v<Body, Generate> || std::is_same_v<Body, BuildExperience>) return Role::Actor;
        return std::nullopt;
      },
      command.body);
}

std::string_view name_of(const Command& command) { return body_names[command.body.index()]; }

std::string describe(const Command& command) {
  const auto details = std::visit([](const auto& body) { return body_details(body); }, command.body);
  std::string where = fmt::format("iteration {}", command.iteration);
  if (command.micro_batch != Command::whole_batch) where += fmt::format(", micro-batch {}", command.micro_batch);
  return fmt::format("{}{} #{} ({})", name_of(command), details, command.number, where);
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Enumerations travel as numbers: both ends are the same program.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BatchKey, batch, micro_batch)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Load, role, training_steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Generate, key, iteration, max_length, row_ids, prompts, responses, report_responses,
                                   keep_forward)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Leg, field, from, to)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Transfer, key, rows, max_length, legs)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Score, role, key, row_ids, keep_forward)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BuildExperience, key, row_ids)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RowPlace, micro_batch, row)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Regroup, role, from, into, max_length, fields, micro_batches, ranks, shards)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LabelledRow, tokens, labelled)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Learn, role, step, batch, micro_batches, rows, lambda, ptx)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PairRow, preferred, other, preferred_sign, other_sign)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LoadLearner, role, training_steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LearnText, role, step, targets, micro_batches)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LearnPairs, role, step, pairs, micro_batches)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EvaluateText, role, row_ids, rows)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EvaluatePairs, role, row_ids, rows)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Save, role, folder)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Free, batch)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SavedFile, name, bytes, sha256)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Figures, ids, values)

void to_json(nlohmann::json& json, const Command& command) {
  json = {{"number", command.number},
          {"iteration", command.iteration},
          {"micro_batch", command.micro_batch},
          {"ranks", command.ranks},
          {"name", name_of(command)}};
  std::visit([&](const auto& body) { json["body"] = body; }, command.body);
}

void from_json(const nlohmann::json& json, Command& command) {
  json.at("number").get_to(command.number);
  json.at("iteration").get_to(command.iteration);
  json.at("micro_batch").get_to(command.micro_batch);
  json.at("ranks").get_to(command.ranks);
  command.body = body_from_json(json.at("name").get<std::string>(), json.at("body"));
}

void to_json(nlohmann::json& json, const Event& event) {
  json = {{"command", event.command},
          {"kind", event.kind},
          {"seconds", event.seconds},
          {"clock", event.clock},
          {"store_bytes", event.store_bytes},
          {"moved", event.moved},
          {"rows", event.rows},
          {"micro_batches", event.micro_batches},
          {"scalars", event.scalars},
          {"responses", event.responses},
          {"files", event.files},
          {"error", event.error},
          {"user_error", event.user_error}};
}

void from_json(const nlohmann::json& json, Event& event) {
  json.at("command").get_to(event.command);
  json.at("kind").get_to(event.kind);
  json.at("seconds").get_to(event.seconds);
  json.at("clock").get_to(event.clock);
  json.at("store_bytes").get_to(event.store_bytes);
  json.at("moved").get_to(event.moved);
  json.at("rows").get_to(event.rows);
  json.at("micro_batches").get_to(event.micro_batches);
  json.at("scalars").get_to(event.scalars);
  json.at("responses").get_to(event.responses);
  json.at("files").get_to(event.files);
  json.at("error").get_to(event.error);
  json.at("user_error").get_to(event.user_error);
}

}  // namespace ballast
