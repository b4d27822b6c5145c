#include "orchestrator/supervised_role.h"

#include <utility>

namespace ballast {

SupervisedRole::SupervisedRole(Role role, Layout layout, CommandStream& stream)
    : role_(role), layout_(std::move(layout)), stream_(stream) {
  stream_.add_listener([this](const Command& command, int, const Event& event) { take_in(command, event); });
}

void SupervisedRole::load(std::int64_t training_steps) {
  order(layout_.ranks(), LoadLearner{role_, training_steps});
  stream_.wait_all();
}

void SupervisedRole::learn(const Examples& examples, std::int64_t step, const std::vector<RowIndices>& micro_batches) {
  step_ = step;
  order(layout_.ranks(), examples.learn(step, micro_batches));
}

StepMetrics SupervisedRole::figures_of(std::int64_t step) {
  stream_.wait_until([&] { return steps_[step].ranks == layout_.ranks().size(); });
  const auto record = std::move(steps_.extract(step).mapped());
  StepMetrics figures = record.scalars;
  for (const auto& [micro_batch, losses] : record.losses) {
    for (const auto& [name, share] : losses) figures[name] += share;
  }
  return figures;
}

StepMetrics SupervisedRole::evaluate(const Examples& examples, const std::vector<RowIndices>& micro_batches) {
  evaluated_.clear();
  for (std::size_t m = 0; m < micro_batches.size(); ++m) {
    const int replica = static_cast<int>(m) % layout_.replicas();
    order(layout_.replica(replica), examples.evaluate(micro_batches[m]));
  }
  stream_.wait_all();
  return examples.summary(evaluated_);
}

void SupervisedRole::save(const std::string& folder) {
  order(layout_.ranks(), Save{role_, folder});
  stream_.wait_all();
}

void SupervisedRole::order(std::vector<int> ranks, CommandBody body) {
  schedule_.record({.iteration = step_, .ranks = std::move(ranks), .body = std::move(body)});
  stream_.append(schedule_.take());
}

void SupervisedRole::take_in(const Command& command, const Event& event) {
  for (const auto& [kind, bytes] : event.moved) moved_[kind] += bytes;
  if (const auto* text = std::get_if<LearnText>(&command.body)) take_in_step(text->step, event);
  if (const auto* pairs = std::get_if<LearnPairs>(&command.body)) take_in_step(pairs->step, event);
  for (const auto& [name, values] : event.rows.values) {
    auto& by_row = evaluated_[name];
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto row = static_cast<std::size_t>(event.rows.ids[i]);
      if (by_row.size() <= row) by_row.resize(row + 1);
      by_row[row] = values[i];
    }
  }
}

void SupervisedRole::take_in_step(std::int64_t step, const Event& event) {
  auto& record = steps_[step];
  ++record.ranks;
  record.scalars.insert(event.scalars.begin(), event.scalars.end());
  for (const auto& [name, values] : event.micro_batches.values) {
    for (std::size_t i = 0; i < values.size(); ++i) record.losses[event.micro_batches.ids[i]][name] = values[i];
  }
}

}  // namespace ballast
