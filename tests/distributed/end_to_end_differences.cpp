// The tolerances are those of expected.json: metrics float32 rel 1e-3, final weights abs 1e-4; logits and values
// likewise.
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <fstream>

#include "tests/distributed/end_to_end_case.h"
#include "workers/model/causal_lm.h"
#include "workers/model/safetensors.h"
#include "workers/model/score_model.h"

namespace ballast::golden {
namespace {

constexpr double metric_rel = 1e-3;
constexpr double metric_abs = 1e-5;
constexpr double weight_abs = 1e-4;

std::vector<nlohmann::json> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

// The step whose line has our value. The reference logs learning rates after the scheduler's step, so its rate of a
// step is ours of the next one; with PTX it logs the actor's before that step, as we do.
std::size_t our_step(const EndToEndCase& end_to_end, const std::string& name, std::size_t step) {
  const bool logged_before = name == "train/actor_lr" && end_to_end.with_ptx;
  return name.ends_with("_lr") && !logged_before ? step + 1 : step;
}

void compare_metrics(const EndToEndCase& end_to_end, const std::filesystem::path& run_folder,
                     std::vector<std::string>& found) {
  const auto steps = read_lines(run_folder / "metrics.jsonl");
  const auto& expected = end_to_end.expected.at("per_step_metrics");
  if (steps.size() != expected.size()) {
    found.push_back(fmt::format("metrics.jsonl has {} steps, expected {}", steps.size(), expected.size()));
    return;
  }
  for (std::size_t step = 0; step < expected.size(); ++step) {
    for (const auto& [name, value] : expected[step].items()) {
      const auto at = our_step(end_to_end, name, step);
      if (name == "micro_batch" || at == steps.size()) continue;
      const auto ours = steps[at].find(name);
      if (ours == steps[at].end()) {
        found.push_back(fmt::format("step {}: {} is not logged", step, name));
      } else if (std::abs(ours->get<double>() - value.get<double>()) >
                 metric_abs + metric_rel * std::abs(value.get<double>())) {
        found.push_back(
            fmt::format("step {}: {} is {}, expected {}", step, name, ours->get<double>(), value.get<double>()));
      }
    }
  }
  const auto& norms = end_to_end.expected.at("grad_norms_before_clip_per_optimizer_step");
  for (const auto& [role, values] : norms.items()) {
    for (std::size_t step = 0; step < values.size(); ++step) {
      const double ours = steps[step].at(fmt::format("train/{}_grad_norm", role));
      if (std::abs(ours - values[step].get<double>()) > metric_rel * values[step].get<double>()) {
        found.push_back(fmt::format("step {}: gradient norm of {} is {}, expected {}", step, role, ours,
                                    values[step].get<double>()));
      }
    }
  }
}

void compare_tensor(const std::string& name, const torch::Tensor& ours, const torch::Tensor& expected,
                    std::vector<std::string>& found) {
  if (ours.sizes() != expected.sizes()) {
    found.push_back(fmt::format("{}: the shapes differ", name));
    return;
  }
  const auto largest = (ours.to(torch::kDouble) - expected.to(torch::kDouble)).abs().max().item<double>();
  if (!(largest <= weight_abs)) found.push_back(fmt::format("{}: differs by {}", name, largest));
}

// Positions count from 0 after the left padding; only unmasked cells are compared.
void compare_outputs(const SafetensorsReader& expected, const std::filesystem::path& run_folder, int k,
                     std::vector<std::string>& found) {
  const auto mask_BL = expected.tensor(fmt::format("rollout{}.attention_mask", k)).to(torch::kBool);
  const auto packed = PackedTokens::from_padded(expected.tensor(fmt::format("rollout{}.input_ids", k)), mask_BL);
  const auto flat = [&](const std::string& name) {
    auto tensor = expected.tensor(fmt::format("final{}.{}", k, name));
    return tensor.flatten(0, 1).index_select(0, mask_BL.flatten().nonzero().squeeze(1));
  };
  const auto actor = CausalLM::from_source({.path = run_folder / "actor"}, Use::Infer);
  compare_tensor(fmt::format("final{}.actor_logits", k), actor->logits(actor->hidden(packed)), flat("actor_logits"),
                 found);
  for (const std::string critic : {"reward", "cost"}) {
    const auto name = critic + "_values";
    if (!expected.contains(fmt::format("final{}.{}", k, name))) continue;
    const auto model =
        ScoreModel::from_source({.path = run_folder / (critic + "_critic")}, ScoreType::Critic, Use::Infer);
    compare_tensor(fmt::format("final{}.{}", k, name), model->scores(packed), flat(name), found);
  }
}

}  // namespace

std::vector<std::string> differences(const EndToEndCase& end_to_end, const std::filesystem::path& run_folder) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> found;
  compare_metrics(end_to_end, run_folder, found);
  const SafetensorsReader expected(end_to_end.folder / "expected.safetensors");
  const SafetensorsReader actor(run_folder / "actor" / "model.safetensors");
  const std::string prefix = "final.actor.";
  for (const auto& name : expected.names()) {
    if (name.starts_with(prefix)) {
      compare_tensor(name, actor.tensor(name.substr(prefix.size())), expected.tensor(name), found);
    }
  }
  for (int k = 0; expected.contains(fmt::format("final{}.actor_logits", k)); ++k) {
    compare_outputs(expected, run_folder, k, found);
  }
  return found;
}

}  // namespace ballast::golden
