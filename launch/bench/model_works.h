// The measurements of one process: generation, scoring and training of one model.
#pragma once
#include <cstdint>
#include <vector>

#include "launch/bench/bench_model.h"
#include "launch/bench/bench_report.h"
#include "workers/device_choice.h"

namespace ballast {

struct WorkOptions {
  ModelChoice model;
  std::int64_t batch = 16;
  std::int64_t prompt = 64;     // tokens
  std::int64_t response = 128;  // tokens: every row has as many, whatever the model draws
  std::int64_t repeats = 5;
  double temperature = 1.0;
  DeviceChoice device = DeviceChoice::Auto;
  std::int64_t threads = 1;  // of a process

  std::int64_t max_length() const { return prompt + response; }
};

// On the device of the rates. All throw UserError where the model cannot be had. Weights are in place before the clock
// starts.
// 'prefill' (with the first token), 'decode' (all other tokens), 'generate' (both).
std::vector<MeasuredWork> measure_generation(const WorkOptions& options, const MachineRates& rates);
// 'log-probs' of a reference, 'scores' of a reward model.
std::vector<MeasuredWork> measure_scoring(const WorkOptions& options, const MachineRates& rates);
// 'train': one optimizer step on the batch: forward, backward, AdamW.
std::vector<MeasuredWork> measure_training(const WorkOptions& options, const MachineRates& rates);

}  // namespace ballast
