// `ballast bench`: how fast this machine and this program are.
#pragma once
#include "launch/commands/verb.h"

namespace CLI {
class App;
}

namespace ballast {

// Sub-verbs generate, score and train measure one process; comm and iteration the ranks that a launcher, or --ranks,
// has started. Both arguments outlive the parsing of the command line.
void add_bench(CLI::App& app, Invocation& invocation);

}  // namespace ballast
