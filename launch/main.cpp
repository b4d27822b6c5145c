#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "launch/commands/bench.h"
#include "launch/commands/generate.h"
#include "launch/commands/plan.h"
#include "launch/commands/score.h"
#include "launch/commands/train.h"
#include "launch/environment.h"
#include "launch/version.h"
#include "workers/cpu_kernels/heap.h"
#include "workers/user_error.h"

int main(int argc, char** argv) {
  ballast::keep_freed_memory();
  CLI::App app{"ballast: Safe RLHF on MPI ranks", "ballast"};
  app.set_version_flag("--version", fmt::format("ballast {} ({})", ballast::version, ballast::commit));
  app.require_subcommand(1);
  ballast::Invocation invocation{.command_line = {argv, argv + argc}};
  ballast::add_bench(app, invocation);
  ballast::add_generate(app, invocation);
  ballast::add_plan(app, invocation);
  ballast::add_train(app, invocation);
  ballast::add_score(app, invocation);

  try {
    app.parse(argc, argv);
    return invocation.exit_code;
  } catch (const CLI::ParseError& error) {
    if (ballast::launcher_rank() != 0) return error.get_exit_code() == 0 ? EXIT_SUCCESS : 2;  // rank 0 speaks for all
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  } catch (const ballast::UserError& error) {
    fmt::print(stderr, "ballast: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "ballast: {}\n", error.what());
    std::_Exit(EXIT_FAILURE);
  }
}
