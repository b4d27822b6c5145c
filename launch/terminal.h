// Whether a person reads along.
#pragma once
#include <filesystem>
#include <optional>

namespace ballast {

// The terminal where what this process writes to the descriptor (1: stdout, 2: stderr) ends up; none: a file or a pipe.
// A rank's output goes through mpirun, its parent, so there the parent's terminal counts: a rank's own stdout is a
// pseudo-terminal whatever lies behind it.
std::optional<std::filesystem::path> terminal_behind(int descriptor);

// Columns of the terminal; 80 where it does not say.
std::size_t columns_of(const std::filesystem::path& terminal);

}  // namespace ballast
