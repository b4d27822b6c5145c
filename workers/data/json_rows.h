// Files of JSON rows: one object a line (JSONL), or one array of objects; plain or gzipped, as their content says.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "workers/data/skipped_rows.h"

namespace ballast {

/// One object, and the line of the (unpacked) file in which it starts, from 1.
struct JsonRow {
  nlohmann::json value;
  std::int64_t line = 0;
};

/// All rows; blank lines count for nothing. Rows that are no JSON object are noted in `skipped` (of this file). Throws
/// UserError if there is no usable row, and as read_text_file; an array that is no JSON is an error as a whole.
std::vector<JsonRow> read_json_rows(SkippedRows& skipped);

/// The same where every row must be an object: throws UserError that names the first line that is none.
std::vector<JsonRow> read_json_rows(const std::filesystem::path& file);

}  // namespace ballast
