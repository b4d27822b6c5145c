// The forward pass that scoring and learning share.
#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>

#include "workers/commands.h"

namespace ballast {

// A rollout is scored and then learnt, and the first step learns it with the parameters that scored it: that forward
// pass would be the same to the bit. It is kept for one micro-batch, the first of each batch, with its activations; an
// iteration that is one micro-batch so makes none twice.
class KeptForward {
 public:
  using Forward = std::function<at::Tensor()>;

  // What `forward` gives, without gradients.
  at::Tensor score(const BatchKey& key, const Forward& forward);
  // What `forward` gives, with gradients; the kept one, if it was of this micro-batch.
  at::Tensor learn(const BatchKey& key, const Forward& forward);
  // Before the parameters change.
  void drop() { kept_.reset(); }

 private:
  struct Kept {
    BatchKey key;
    at::Tensor output;
  };
  std::optional<Kept> kept_;
};

}  // namespace ballast
