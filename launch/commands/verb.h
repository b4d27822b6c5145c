// What every verb of the program shares. Each verb has one file here, with a function that adds it to the command line.
#pragma once
#include <string>
#include <vector>

namespace ballast {

// One call of the program. The chosen verb leaves its exit code here: 0, 1 (internal failure) or 2 (the input is at
// fault).
struct Invocation {
  std::vector<std::string> command_line;  // for the record
  int exit_code = 0;
};

}  // namespace ballast
