// A row's prompt and response as texts, by format and keys.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "workers/data/dataset_config.h"
#include "workers/data/row_fields.h"

namespace ballast {

/// A row that is one text: `text`, and neither a prompt nor an instruction.
bool is_text(const RowFields& row, const RowKeys& keys);

/// Prompt of a row: the turns of `prompt`, else the instruction with its input as one turn. Throws UnusableRow.
std::vector<std::string> prompt_turns(const RowFields& row, const RowKeys& keys);

/// The turns as one text that a response follows directly. Conversation: every earlier assistant turn ends with
/// `eos_text`; plain: there is one turn. Throws UnusableRow if the turns do not fit the format.
std::string prompt_text(const std::vector<std::string>& turns, TextFormat format, std::string_view eos_text);

/// Response of a row: `response`, else the instruction's output. Throws UnusableRow.
std::string response_text(const RowFields& row, const RowKeys& keys);

}  // namespace ballast
