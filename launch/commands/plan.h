// `ballast plan`: what a job will do on a cluster that need not be there.
#pragma once
#include "launch/commands/verb.h"

namespace CLI {
class App;
}

namespace ballast {

// Both arguments outlive the parsing of the command line.
void add_plan(CLI::App& app, Invocation& invocation);

}  // namespace ballast
