#include "workers/data/json_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "workers/data/text_file.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using nlohmann::json;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blanks = " \t\r\n";
constexpr auto not_an_object = "found {}; allowed: a JSON object";

bool is_blank(std::string_view line) { return line.find_first_not_of(blanks) == std::string_view::npos; }

bool is_array(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  return first != std::string_view::npos && text[first] == '[';
}

/// Keeps the value if it is an object.
void take(json value, std::int64_t line, std::vector<JsonRow>& rows, SkippedRows& skipped) {
  if (value.is_object()) {
    rows.push_back({.value = std::move(value), .line = line});
  } else {
    const char* found = value.is_discarded() ? "text that is not JSON" : value.type_name();
    skipped.skip(line, fmt::format(not_an_object, found));
  }
}

std::vector<JsonRow> rows_of_lines(std::string_view text, SkippedRows& skipped) {
  std::vector<JsonRow> rows;
  std::int64_t number = 0;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    if (!is_blank(line)) {
      take(json::parse(line, nullptr, false), number + 1, rows, skipped);
    }
    begin = end + 1;
  }
  return rows;
}

/// The line in which each element of a well-formed JSON array starts.
std::vector<std::int64_t> lines_of_elements(std::string_view array) {
  std::vector<std::int64_t> lines;
  std::int64_t line = 1;
  int depth = 0;
  bool in_string = false;
  bool element_is_due = false;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const char c = array[i];
    line += c == '\n';
    if (in_string) {
      i += c == '\\';
      in_string = c != '"';
      continue;
    }
    if (element_is_due && blanks.find(c) == std::string_view::npos && c != ']') {
      lines.push_back(line);
      element_is_due = false;
    }
    in_string = c == '"';
    depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    element_is_due |= depth == 1 && (c == ',' || (c == '[' && lines.empty()));
  }
  return lines;
}

std::vector<JsonRow> rows_of_array(std::string_view text, SkippedRows& skipped) {
  json array;
  try {
    array = json::parse(text);
  } catch (const json::exception& error) {
    throw UserError(fmt::format("{}: found an array that is not JSON ({})", skipped.file.string(), error.what()));
  }
  const auto lines = lines_of_elements(text);
  std::vector<JsonRow> rows;
  for (std::size_t i = 0; i < array.size(); ++i) {
    take(std::move(array[i]), lines.at(i), rows, skipped);
  }
  return rows;
}

}  // namespace

std::vector<JsonRow> read_json_rows(SkippedRows& skipped) {
  const std::string bytes = read_text_file(skipped.file);
  std::string_view text = bytes;
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
  }
  auto rows = is_array(text) ? rows_of_array(text, skipped) : rows_of_lines(text, skipped);
  if (rows.empty()) {
    throw UserError(fmt::format("{}: found no row; allowed: JSON objects, one a line or all in one array{}",
                                skipped.file.string(),
                                skipped.count() == 0 ? "" : " (" + skipped.sentence(skipped.count()) + ")"));
  }
  return rows;
}

std::vector<JsonRow> read_json_rows(const std::filesystem::path& file) {
  SkippedRows none{.file = file, .strict = true, .by_reason = {}};
  return read_json_rows(none);
}

}  // namespace ballast
