// `ballast train`: one training run from a configuration file.
#pragma once
#include "launch/commands/verb.h"

namespace CLI {
class App;
}

namespace ballast {

// Runs on every rank of the job. Both arguments outlive the parsing of the command line.
void add_train(CLI::App& app, Invocation& invocation);

}  // namespace ballast
