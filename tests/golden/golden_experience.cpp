// Experience and lambda against the metrics that the reference implementation logged in the end-to-end folders.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "algorithms/experience.h"
#include "algorithms/lagrange.h"
#include "algorithms/masked.h"
#include "algorithms/rewards/reward_function.h"
#include "tests/golden/golden_case.h"

namespace ballast::golden {
namespace {

using nlohmann::json;
using Tensors = std::map<std::string, torch::Tensor>;

constexpr double metric_tolerance = 1e-3;  // as the files state it: relative, float32 attention differs between kernels

Tensors read_safetensors(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof(header_size));
  static const std::map<std::string, torch::ScalarType> dtypes{
      {"F32", torch::kFloat32}, {"I64", torch::kInt64}, {"BOOL", torch::kBool}};
  Tensors tensors;
  const auto header = json::parse(bytes.substr(sizeof(header_size), header_size));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      continue;
    }
    auto tensor = torch::empty(entry.at("shape").get<std::vector<std::int64_t>>(), dtypes.at(entry.at("dtype")));
    const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
    std::memcpy(tensor.data_ptr(), bytes.data() + sizeof(header_size) + header_size + begin, tensor.nbytes());
    tensors.emplace(name, tensor);
  }
  return tensors;
}

struct EndToEndRun {
  json expected;
  Tensors tensors;

  bool has_cost() const { return expected.at("algo") == "ppo_lag"; }

  ScoredRollout rollout(int micro_batch) const {
    const auto tensor = [&](const std::string& key) {
      return tensors.at(fmt::format("rollout{}.{}", micro_batch, key));
    };
    const auto start = expected.at("prompt_width").get<std::int64_t>() - 1;
    auto mask_BT = tensor("attention_mask").slice(1, 1).clone();
    mask_BT.slice(1, 0, start).fill_(false);
    ScoredRollout rollout{.log_probs_BT = tensor("log_probs"),
                          .ref_log_probs_BT = tensor("ref_log_probs"),
                          .mask_BT = mask_BT,
                          .reward = {.scores_BT = at_last_response_token(tensor("reward"), mask_BT),
                                     .values_BT = tensor("reward_values")},
                          .cost = std::nullopt};
    if (has_cost()) {
      rollout.cost = {.scores_BT = at_last_response_token(tensor("cost"), mask_BT), .values_BT = tensor("cost_values")};
    }
    return rollout;
  }

  PpoConfig config() const {
    const auto& hyper = expected.at("hyper");
    return {.kl = {.kl_coeff = hyper.at("kl_coeff"), .clip_range_score = hyper.at("clip_range_score")},
            .gae = {},
            .clip = {}};
  }
};

std::vector<std::pair<std::string, EndToEndRun>> end_to_end_runs() {
  std::vector<std::pair<std::string, EndToEndRun>> runs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(golden_root())) {
    if (entry.is_directory() && exists(entry.path() / "actor")) {
      std::ifstream stream(entry.path() / "expected.json");
      runs.emplace_back(entry.path().string(),
                        EndToEndRun{json::parse(stream), read_safetensors(entry.path() / "expected.safetensors")});
    }
  }
  return runs;
}

void expect_metric(const json& metrics, const std::string& name, double actual) {
  const auto expected = metrics.at("train/" + name).get<double>();
  EXPECT_NEAR(actual, expected, metric_tolerance * std::abs(expected) + 1e-6) << name;
}

TEST(GoldenExperience, FiguresOfEveryRowAverageToTheMetrics) {
  const auto runs = end_to_end_runs();
  if (runs.empty()) {
    GTEST_SKIP() << "no end-to-end folder under " << golden_root();
  }
  for (const auto& [folder, run] : runs) {
    SCOPED_TRACE(folder);
    for (const auto& metrics : run.expected.at("per_step_metrics")) {
      const auto experience = make_experience(run.rollout(metrics.at("micro_batch")), run.config());
      for (const auto& [name, figure_B] : experience.figures) {
        if (name != "generated_length") {
          expect_metric(metrics, name, figure_B.mean().item<double>());
        }
      }
      const auto& lengths_B = experience.figures.at("generated_length");
      expect_metric(metrics, "mean_generated_length", lengths_B.mean().item<double>());
      expect_metric(metrics, "max_generated_length", lengths_B.max().item<double>());
    }
  }
}

// In the first step the policy is the one of the rollout (ratio 1) and no critic has moved.
TEST(GoldenExperience, TheFirstStepHasTheLossAndTheValuesOfTheRollout) {
  for (const auto& [folder, run] : end_to_end_runs()) {
    SCOPED_TRACE(folder);
    const auto& metrics = run.expected.at("per_step_metrics").at(0);
    const auto rollout = run.rollout(metrics.at("micro_batch"));
    const auto experience = make_experience(rollout, run.config());
    auto advantages_BT = experience.reward.advantages_BT;
    if (run.has_cost()) {
      advantages_BT =
          combined_advantages(advantages_BT, experience.cost->advantages_BT, metrics.at("train/lambda").get<double>());
      expect_metric(metrics, "cost_value", masked_mean(rollout.cost->values_BT, rollout.mask_BT).item<double>());
    }
    expect_metric(metrics, "reward_value", masked_mean(rollout.reward.values_BT, rollout.mask_BT).item<double>());
    expect_metric(metrics, "actor_loss", -masked_mean(advantages_BT, rollout.mask_BT).item<double>());
  }
}

TEST(GoldenExperience, LambdaFollowsTheCostsOfAllRollouts) {
  for (const auto& [folder, run] : end_to_end_runs()) {
    SCOPED_TRACE(folder);
    if (!run.has_cost()) {
      continue;
    }
    const auto& hyper = run.expected.at("hyper");
    CostWindow window(hyper.at("window").get<std::int64_t>());
    for (int k = 0; run.tensors.contains(fmt::format("rollout{}.cost", k)); ++k) {
      const auto cost_B = run.tensors.at(fmt::format("rollout{}.cost", k)).to(torch::kFloat64).contiguous();
      window.append(std::span<const double>(cost_B.const_data_ptr<double>(), static_cast<std::size_t>(cost_B.numel())));
    }
    LagrangeMultiplier lambda({.init = hyper.at("lambda_init"),
                               .max = hyper.at("lambda_max").get<double>(),
                               .learning_rate = hyper.at("lambda_lr"),
                               .cost_limit = run.expected.at("threshold"),
                               .delay_steps = hyper.at("lambda_delay")});
    for (const auto& metrics : run.expected.at("per_step_metrics")) {
      lambda.update(window.mean());
      expect_metric(metrics, "episode_cost", window.mean());
      expect_metric(metrics, "lambda", lambda.value());
    }
  }
}

}  // namespace
}  // namespace ballast::golden
