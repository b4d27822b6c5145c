// `ballast score`: scores or log-probs of the rows of a file.
#pragma once
#include "launch/commands/verb.h"

namespace CLI {
class App;
}

namespace ballast {

// Both arguments outlive the parsing of the command line.
void add_score(CLI::App& app, Invocation& invocation);

}  // namespace ballast
