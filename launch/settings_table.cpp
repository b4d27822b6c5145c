#include "launch/settings_table.h"

#include <algorithm>
#include <array>

namespace ballast {
namespace {

using Cells = std::array<std::string, 4>;

// A bar in a cell would end the cell.
std::string escape(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '|') {
      escaped += '\\';
    }
    escaped += character;
  }
  return escaped;
}

std::array<std::size_t, 4> column_widths(const std::vector<Cells>& table) {
  std::array<std::size_t, 4> widths{};
  for (const Cells& cells : table) {
    for (std::size_t column = 0; column < cells.size(); ++column) {
      widths[column] = std::max(widths[column], cells[column].size());
    }
  }
  return widths;
}

}  // namespace

std::string to_markdown(const std::vector<SettingsRow>& rows) {
  std::vector<Cells> table{{"key", "default", "allowed", "meaning"}, {"---", "---", "---", "---"}};
  for (const SettingsRow& row : rows) {
    table.push_back({escape(row.key), escape(row.initial), escape(row.allowed), escape(row.help)});
  }
  const auto widths = column_widths(table);
  std::string text;
  for (const Cells& cells : table) {
    text += fmt::format("| {:<{}} | {:<{}} | {:<{}} | {} |\n", cells[0], widths[0], cells[1], widths[1], cells[2],
                        widths[2], cells[3]);
  }
  return text;
}

}  // namespace ballast
