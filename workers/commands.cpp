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

constexpr std::array<std::pair<Field, std::string_view>, 15> field_names{{
    {Field::Tokens, "tokens"},
    {Field::PromptLengths, "prompt_lengths"},
    {Field::Lengths, "lengths"},
    {Field::LogProbs, "log_probs"},
    {Field::SamplingLogProbs, "sampling_log_probs"},
    {Field::ProximalLogProbs, "proximal_log_probs"},
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

// What an event has nothing of does not travel: most are short, and every rank sends two for each command.
template <typename Value>
void put(nlohmann::json& json, const char* key, const Value& value) {
  if (value != Value{}) json[key] = value;
}
template <typename Value>
void take(const nlohmann::json& json, const char* key, Value& value) {
  if (const auto found = json.find(key); found != json.end()) found->get_to(value);
}

// Ranks travel as runs [first, last]: a command on thousands of ranks goes to each of them.
nlohmann::json runs_of(const std::vector<int>& ranks) {
  std::vector<std::array<int, 2>> runs;
  for (const int rank : ranks) {
    if (!runs.empty() && runs.back()[1] + 1 == rank)
      runs.back()[1] = rank;
    else
      runs.push_back({rank, rank});
  }
  return runs;
}

std::vector<int> ranks_of(const nlohmann::json& runs) {
  std::vector<int> ranks;
  for (const auto& [first, last] : runs.get<std::vector<std::array<int, 2>>>()) {
    for (int rank = first; rank <= last; ++rank) ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace

std::string_view to_string(Field field) { return field_names.at(static_cast<std::size_t>(field)).second; }

std::int64_t bytes_of_row(Field field, std::int64_t max_length) {
  constexpr std::int64_t int64_bytes = 8;
  constexpr std::int64_t float_bytes = 4;
  if (field == Field::Tokens) return int64_bytes * max_length;
  if (field == Field::PromptLengths || field == Field::Lengths) return int64_bytes;
  return float_bytes * (max_length - 1);
}

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
          {"ranks", runs_of(command.ranks)},
          {"name", name_of(command)}};
  std::visit([&](const auto& body) { json["body"] = body; }, command.body);
}

void from_json(const nlohmann::json& json, Command& command) {
  json.at("number").get_to(command.number);
  json.at("iteration").get_to(command.iteration);
  json.at("micro_batch").get_to(command.micro_batch);
  command.ranks = ranks_of(json.at("ranks"));
  command.body = body_from_json(json.at("name").get<std::string>(), json.at("body"));
}

void to_json(nlohmann::json& json, const Event& event) {
  json = {{"command", event.command}, {"kind", event.kind}};
  put(json, "seconds", event.seconds);
  put(json, "clock", event.clock);
  put(json, "store_bytes", event.store_bytes);
  put(json, "moved", event.moved);
  put(json, "peak_bytes", event.peak_bytes);
  put(json, "rows", event.rows);
  put(json, "micro_batches", event.micro_batches);
  put(json, "scalars", event.scalars);
  put(json, "responses", event.responses);
  put(json, "files", event.files);
  put(json, "error", event.error);
  put(json, "user_error", event.user_error);
}

void from_json(const nlohmann::json& json, Event& event) {
  json.at("command").get_to(event.command);
  json.at("kind").get_to(event.kind);
  take(json, "seconds", event.seconds);
  take(json, "clock", event.clock);
  take(json, "store_bytes", event.store_bytes);
  take(json, "moved", event.moved);
  take(json, "peak_bytes", event.peak_bytes);
  take(json, "rows", event.rows);
  take(json, "micro_batches", event.micro_batches);
  take(json, "scalars", event.scalars);
  take(json, "responses", event.responses);
  take(json, "files", event.files);
  take(json, "error", event.error);
  take(json, "user_error", event.user_error);
}

}  // namespace ballast
