#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>

#include "workers/generation/step_graph.h"

namespace ballast {
namespace {

class CudaStepGraph final : public StepGraph {
 public:
  explicit CudaStepGraph(c10::Device device) : device_(device) {}

  void run(const std::function<void()>& step) override {
    if (!recorded_) record(step);
    graph_.replay();
  }

 private:
  // On a stream of its own, as a recording must be. The first call makes what may not be made while recording: cuBLAS's
  // handle and workspace. Other threads of the process may use CUDA meanwhile.
  void record(const std::function<void()>& step) {
    c10::cuda::getCurrentCUDAStream(device_.index()).synchronize();
    const auto aside = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device_.index());
    const c10::cuda::CUDAStreamGuard guard(aside);
    step();
    aside.synchronize();
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    step();
    graph_.capture_end();
    recorded_ = true;
  }

  c10::Device device_;
  at::cuda::CUDAGraph graph_;
  bool recorded_ = false;
};

}  // namespace

std::unique_ptr<StepGraph> make_step_graph(c10::Device device) {
  if (device.is_cuda()) return std::make_unique<CudaStepGraph>(device);
  return make_unrecorded_step();
}

}  // namespace ballast
