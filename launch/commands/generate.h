// `ballast generate`: continues the prompts of a file.
#pragma once
#include "launch/commands/verb.h"

namespace CLI {
class App;
}

namespace ballast {

// One process, no MPI. Both arguments outlive the parsing of the command line.
void add_generate(CLI::App& app, Invocation& invocation);

}  // namespace ballast
