#include "launch/prompt_rows.h"

#include <fmt/format.h>

#include <string>

#include "workers/data/json_rows.h"
#include "workers/data/prompt_format.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::size_t shown = 60;  // characters of a value in a message

class RowReader {
 public:
  RowReader(const std::filesystem::path& file, const JsonRow& row, const PromptLimits& limits)
      : file_(file), row_(row), limits_(limits) {}

  TokenIds prompt() const {
    const bool by_id = row_.value.contains("input_ids");
    if (!by_id && !row_.value.contains("prompt"))
      throw UserError(fmt::format("{}:{}: found neither 'prompt' nor 'input_ids'; allowed: a row with one of them",
                                  file_.string(), row_.line));
    const auto* field = by_id ? "input_ids" : "prompt";
    auto ids = by_id ? given_ids() : encoded_prompt();
    const auto length = static_cast<std::int64_t>(ids.size());
    if (length == 0 || length > limits_.max_length)
      refuse(field, fmt::format("{} tokens", length),
             fmt::format("1 to {}, the model's positions", limits_.max_length));
    return ids;
  }

 private:
  [[noreturn]] void refuse(const std::string& field, const std::string& found, const std::string& allowed) const {
    throw UserError(
        fmt::format("{}:{}: field '{}': found {}; allowed: {}", file_.string(), row_.line, field, found, allowed));
  }
  [[noreturn]] void refuse_value(const std::string& field, const std::string& allowed) const {
    auto found = row_.value.at(field).dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
    if (found.size() > shown) found = found.substr(0, shown) + " ...";
    refuse(field, found, allowed);
  }

  TokenIds given_ids() const {
    const auto allowed = fmt::format("a list of ids from 0 to {}", limits_.vocab - 1);
    const auto& value = row_.value.at("input_ids");
    if (!value.is_array()) refuse_value("input_ids", allowed);
    TokenIds ids;
    for (const auto& id : value) {
      if (!id.is_number_integer() || id < 0 || id >= limits_.vocab) refuse("input_ids", id.dump(), allowed);
      ids.push_back(id.get<std::int64_t>());
    }
    return ids;
  }

  TokenIds encoded_prompt() const {
    if (!limits_.tokenizer) refuse("prompt", "text", "'input_ids' only: the model's folder has no tokenizer");
    const auto& value = row_.value.at("prompt");
    if (limits_.format == PromptFormat::Plain) {
      if (!value.is_string()) refuse_value("prompt", "a text");
      return limits_.tokenizer->encode(value.get<std::string>());
    }
    const auto turns = conversation(value);
    return limits_.tokenizer->encode(format_prompt(turns, limits_.tokenizer->special_tokens().eos_text));
  }

  std::vector<std::string> conversation(const nlohmann::json& value) const {
    constexpr const char* allowed = "a text, or a list of texts that ends with a user turn";
    std::vector<std::string> turns;
    for (const auto& turn : value.is_array() ? value : nlohmann::json::array({value})) {
      if (!turn.is_string()) refuse_value("prompt", allowed);
      turns.push_back(turn.get<std::string>());
    }
    if (!ends_with_user_turn(turns)) refuse_value("prompt", allowed);
    return turns;
  }

  const std::filesystem::path& file_;
  const JsonRow& row_;
  const PromptLimits& limits_;
};

}  // namespace

std::vector<PromptOfRow> read_prompt_rows(const std::filesystem::path& file, const PromptLimits& limits) {
  std::vector<PromptOfRow> rows;
  for (auto& row : read_json_rows(file)) {
    auto prompt = RowReader(file, row, limits).prompt();
    rows.push_back({.row = std::move(row.value), .prompt = std::move(prompt)});
  }
  return rows;
}

}  // namespace ballast
