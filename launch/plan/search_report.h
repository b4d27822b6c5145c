// What a search found, for people.
#pragma once
#include <string>

#include "launch/plan/search.h"

namespace ballast {

// How many placements were looked at and how many were too large, the best three with time, idle share, memory and what
// bounds them, and the first as YAML to paste.
std::string describe(const SearchResult& result);

}  // namespace ballast
