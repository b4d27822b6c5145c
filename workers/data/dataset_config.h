// Which files a data set is read from, and how their rows are to be understood.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast {

/// How a prompt and its response become one text. Conversation: that of the Safe RLHF models (prompt_format.h). Plain:
/// both as they stand, the response right after the prompt.
enum class TextFormat : std::uint8_t { Conversation, Plain };

inline constexpr std::array<std::pair<TextFormat, std::string_view>, 2> text_format_names{{
    {TextFormat::Conversation, "conversation"},
    {TextFormat::Plain, "plain"},
}};
constexpr const auto& enum_names(TextFormat) { return text_format_names; }

/// The names of a row's fields. Defaults are those of PKU-SafeRLHF (pairs), Alpaca (instructions) and our own output.
struct RowKeys {
  std::string prompt = "prompt";
  std::string response = "response";
  std::string instruction = "instruction";
  std::string input = "input";
  std::string output = "output";
  std::string text = "text";
  std::array<std::string, 2> responses{"response_0", "response_1"};
  std::array<std::string, 2> is_safe{"is_response_0_safe", "is_response_1_safe"};
  std::string better = "better_response_id";
  std::string safer = "safer_response_id";
  std::string chosen = "chosen";
  std::string rejected = "rejected";

  template <typename Fields>
  void describe(Fields& field) {
    field("prompt", prompt, "text, or a list of turns that ends with the user's");
    field("response", response, "text");
    field("instruction", instruction, "stands for the prompt where there is none, with a space and input if given");
    field("input", input, "goes with instruction");
    field("output", output, "goes with instruction, stands for the response");
    field("text", text, "a text that is learned as a whole, where there is neither prompt nor instruction");
    field("response_0", responses[0], "of a pair");
    field("response_1", responses[1], "of a pair");
    field("is_response_0_safe", is_safe[0], "truth value");
    field("is_response_1_safe", is_safe[1], "truth value");
    field("better_response_id", better, "0 or 1: the more helpful one");
    field("safer_response_id", safer, "0 or 1: the less harmful one");
    field("chosen", chosen, "of a pair without ids: the better response");
    field("rejected", rejected, "of a pair without ids: the worse response");
  }
};

/// Exactly one of `path` and `paths` is given.
struct DatasetConfig {
  std::optional<std::filesystem::path> path;
  std::vector<std::filesystem::path> paths;
  TextFormat format = TextFormat::Conversation;
  RowKeys keys;
  bool strict = false;
  std::optional<std::int64_t> max_rows;

  bool given() const { return path.has_value() || !paths.empty(); }
  std::vector<std::filesystem::path> files() const { return path ? std::vector{*path} : paths; }

  template <typename Fields>
  void describe(Fields& field) {
    field("path", path, "file of JSON rows, one a line or one array, plain or gzipped");
    field("paths", paths, "several such files, one after the other");
    field("format", format, "conversation (of the Safe RLHF models) or plain (texts as they stand)");
    field("keys", keys, "the names of the rows' fields");
    field("strict", strict, "a row that cannot be used ends the run; else it is skipped and reported");
    field("max_rows", max_rows, "the first rows only").at_least(1);
  }
};

}  // namespace ballast
