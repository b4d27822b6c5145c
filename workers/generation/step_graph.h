// Launching a decode step's hundreds of kernels costs more time than they take: it is recorded once and then launched
// as one piece of work.
#pragma once
#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace ballast {

// The same work on the same memory, again and again.
class StepGraph {
 public:
  virtual ~StepGraph() = default;

  // Has done the step when it returns, or put it in line on the device. The step does the same whenever it is called,
  // and may be called more than once the first time.
  virtual void run(const std::function<void()>& step) = 0;
};

// A CUDA graph on a CUDA device; elsewhere the step is called each time.
std::unique_ptr<StepGraph> make_step_graph(c10::Device device);

// The step is called each time.
std::unique_ptr<StepGraph> make_unrecorded_step();

}  // namespace ballast
