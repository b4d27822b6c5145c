#include "orchestrator/samples.h"

namespace ballast {

void Samples::take_in(const Command& command, const Event& event) {
  const auto* generate = std::get_if<Generate>(&command.body);
  if (!generate) return;
  for (std::size_t row = 0; row < event.responses.size(); ++row) {
    waiting_.push_back({.key = generate->key,
                        .row = row,
                        .sample = {.iteration = generate->iteration,
                                   .row_id = generate->row_ids[row],
                                   .prompt = generate->prompts[row],
                                   .response = event.responses[row],
                                   .cost = std::nullopt}});
  }
}

void Samples::write(std::uint64_t batch, const Metrics& metrics, bool constrained) {
  for (auto& [key, row, sample] : waiting_) {
    if (key.batch != batch) continue;
    sample.reward = metrics.rows(key, "reward").at(row);
    if (constrained) sample.cost = metrics.rows(key, "cost").at(row);
    write_(sample);
  }
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.key.batch == batch; });
}

}  // namespace ballast
