#include "tests/distributed/end_to_end_case.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <fstream>
#include <set>

#include "workers/model/safetensors.h"

namespace ballast::golden {
namespace {

nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("cannot read {}", path.string()));
  return nlohmann::json::parse(file);
}

TokenIds to_ids(const torch::Tensor& tokens) {
  const auto contiguous = tokens.to(torch::kLong).contiguous();
  const auto* begin = contiguous.const_data_ptr<std::int64_t>();
  return {begin, begin + contiguous.numel()};
}

// Rows of the reference are padded on both sides; ours hold exactly the tokens that its mask counts.
std::vector<PromptRow> rows_of(const SafetensorsReader& tensors, const std::string& name, std::int64_t first_id) {
  const auto ids_BL = tensors.tensor(name + ".input_ids");
  const auto mask_BL = tensors.tensor(name + ".attention_mask").to(torch::kBool);
  const auto prompt_width = tensors.tensor(name + ".prompt").size(1);
  std::vector<PromptRow> rows;
  for (std::int64_t row = 0; row < ids_BL.size(0); ++row) {
    const auto kept = [&](std::int64_t begin, std::int64_t end) {
      const auto part = ids_BL[row].slice(0, begin, end);
      return to_ids(part.masked_select(mask_BL[row].slice(0, begin, end)));
    };
    rows.push_back({first_id + row, kept(0, prompt_width), kept(prompt_width, ids_BL.size(1))});
  }
  return rows;
}

std::vector<LabelledRow> ptx_rows(const SafetensorsReader& tensors, const std::string& name) {
  const auto ids_BL = tensors.tensor(name + ".input_ids");
  const auto labels_BL = tensors.tensor(name + ".labels");
  const auto mask_BL = tensors.tensor(name + ".attention_mask").to(torch::kBool);
  std::vector<LabelledRow> rows;
  for (std::int64_t row = 0; row < ids_BL.size(0); ++row) {
    const auto labels = to_ids(labels_BL[row].masked_select(mask_BL[row]));
    LabelledRow labelled{.tokens = to_ids(ids_BL[row].masked_select(mask_BL[row])), .labelled = {}};
    for (const auto label : labels) labelled.labelled.push_back(label != -100);
    rows.push_back(std::move(labelled));
  }
  return rows;
}

PromptBatch read_rollouts(const SafetensorsReader& tensors) {
  PromptBatch batch;
  std::int64_t next_id = 0;
  for (int k = 0; tensors.contains(fmt::format("rollout{}.input_ids", k)); ++k) {
    const auto name = fmt::format("rollout{}", k);
    batch.max_length = std::max(batch.max_length, tensors.tensor(name + ".input_ids").size(1));
    batch.micro_batches.push_back(rows_of(tensors, name, next_id));
    next_id += static_cast<std::int64_t>(batch.micro_batches.back().size());
    if (tensors.contains(fmt::format("ptx{}.input_ids", k))) {
      batch.ptx.push_back(ptx_rows(tensors, fmt::format("ptx{}", k)));
    }
  }
  return batch;
}

LrSchedule schedule_of(const std::string& name) {
  for (const auto& [value, known] : enum_names(LrSchedule{})) {
    if (name == known) return value;
  }
  throw std::runtime_error(fmt::format("unknown schedule '{}'", name));
}

void set_loop(EndToEndCase& end_to_end) {
  const auto& expected = end_to_end.expected;
  const auto& hyper = expected.at("hyper");
  const auto rows = static_cast<std::int64_t>(end_to_end.rollouts.micro_batches.front().size());
  const auto micro_batches = static_cast<std::int64_t>(end_to_end.rollouts.micro_batches.size());
  const auto steps = static_cast<std::int64_t>(expected.at("per_step_metrics").size());
  end_to_end.loop = {.iterations = 1,
                     .batch = {.rollout = micro_batches * rows,
                               .mini_batch = rows,
                               .micro_batch = rows,
                               .max_length = end_to_end.rollouts.max_length,
                               .passes = steps / micro_batches},
                     .lambda = {.init = hyper.at("lambda_init"),
                                .max = std::nullopt,
                                .learning_rate = hyper.at("lambda_lr"),
                                .cost_limit = expected.at("threshold"),
                                .delay_steps = hyper.at("lambda_delay"),
                                .window = hyper.at("window")}};
  if (!hyper.at("lambda_max").is_null() && hyper.at("lambda_max") != 0.0) {
    end_to_end.loop.lambda.max = hyper.at("lambda_max");
  }
}

OptimizerConfig optimizer(const nlohmann::json& expected, double learning_rate, double weight_decay,
                          const std::string& schedule) {
  OptimizerConfig config;
  config.learning_rate = learning_rate;
  config.weight_decay = weight_decay;
  config.schedule = schedule_of(expected.at(schedule));
  config.warmup_ratio = expected.at("lr_warmup_ratio");
  return config;
}

void set_workers(EndToEndCase& end_to_end) {
  const auto& expected = end_to_end.expected;
  const auto& hyper = expected.at("hyper");
  auto& workers = end_to_end.workers;
  const bool normalize = expected.at("normalize_reward_and_cost");
  workers.actor.model.path = end_to_end.folder / "actor";
  workers.actor.optimizer = optimizer(expected, hyper.at("actor_lr"), hyper.at("actor_wd"), "actor_scheduler");
  workers.reference.model.path = end_to_end.folder / "ref";
  workers.reward.model.path = end_to_end.folder / "reward";
  workers.cost.model.path = end_to_end.folder / "cost";
  workers.reward.normalize = workers.cost.normalize = normalize;
  workers.reward_critic.optimizer = optimizer(expected, hyper.at("critic_lr"), 0.0, "critic_scheduler");
  workers.cost_critic.optimizer = workers.reward_critic.optimizer;
  workers.ppo.kl.kl_coeff = hyper.at("kl_coeff");
  workers.ppo.kl.clip_range_score = hyper.at("clip_range_score");
  workers.ppo.clip.clip_range_ratio = hyper.at("clip_range_ratio");
  workers.ppo.clip.clip_range_value = hyper.at("clip_range_value");
  workers.ppo.ptx_coeff = hyper.at("ptx_coeff");
}

class GivenRollouts : public PromptStream {
 public:
  explicit GivenRollouts(PromptBatch batch) : batch_(std::move(batch)) {}
  PromptBatch next() override { return batch_; }

 private:
  PromptBatch batch_;
};

}  // namespace

EndToEndCase read_end_to_end_case(const std::filesystem::path& folder) {
  EndToEndCase end_to_end{.folder = folder, .expected = read_json(folder / "expected.json")};
  end_to_end.constrained = end_to_end.expected.at("algo") == "ppo_lag";
  end_to_end.rollouts = read_rollouts(SafetensorsReader(folder / "expected.safetensors"));
  end_to_end.with_ptx = !end_to_end.rollouts.ptx.empty();
  const int accumulation = end_to_end.expected.at("gradient_accumulation_of_actor");
  if (accumulation != (end_to_end.with_ptx ? 2 : 1)) {
    throw std::runtime_error(fmt::format("{}: gradient accumulation {} is not covered", folder.string(), accumulation));
  }
  set_loop(end_to_end);
  set_workers(end_to_end);
  return end_to_end;
}

std::unique_ptr<PromptStream> given_rollouts(const EndToEndCase& end_to_end) {
  return std::make_unique<GivenRollouts>(end_to_end.rollouts);
}

}  // namespace ballast::golden
