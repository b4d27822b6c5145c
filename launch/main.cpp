#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "launch/commands/train.h"
#include "launch/environment.h"
#include "launch/version.h"

namespace {

constexpr auto train_examples = R"(
Examples:
  ballast train -c configs/smoke/ppo_lag.yaml
  mpirun -n 6 ballast train -c configs/smoke/ppo_lag.yaml
  mpirun -n 6 ballast train -c configs/smoke/ppo_lag.yaml iterations=10 lambda.cost_limit=-1
  ballast train -c configs/smoke/ppo_lag.yaml --dry-run)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"ballast: Safe RLHF on MPI ranks", "ballast"};
  app.set_version_flag("--version", fmt::format("ballast {} ({})", ballast::version, ballast::commit));
  app.require_subcommand(1);

  ballast::TrainOptions options{.command_line = {argv, argv + argc}};
  auto* train = app.add_subcommand("train", "Run one training job from a configuration file");
  train->add_option("-c,--config", options.config, "YAML configuration")->required();
  train->add_option("overrides", options.overrides, "key.path=value, on top of the file");
  train->add_flag("--dry-run", options.dry_run, "print configuration and placement, write nothing");
  train->footer(train_examples);

  try {
    app.parse(argc, argv);
    return ballast::train(options);
  } catch (const CLI::ParseError& error) {
    if (ballast::launcher_rank() != 0) return error.get_exit_code() == 0 ? EXIT_SUCCESS : 2;  // rank 0 speaks for all
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "ballast: {}\n", error.what());
    std::_Exit(EXIT_FAILURE);
  }
}
