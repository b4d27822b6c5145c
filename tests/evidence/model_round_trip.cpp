// model_round_trip IN OUT DTYPE: reads the language model in folder IN, writes its logits for IN/tokens.safetensors
// (`tokens`, int64 [B, L], no padding) to OUT/logits.safetensors (`logits`, float32 [B, L, V]), and saves it into OUT.
// The model infers, so that OUT has the dtype it computes in.
#include <fmt/format.h>

#include "workers/model/causal_lm.h"
#include "workers/model/safetensors.h"

namespace ballast {
namespace {

void round_trip(const std::filesystem::path& in, const std::filesystem::path& out, ComputeDType dtype) {
  const torch::NoGradGuard no_grad;
  const auto model = CausalLM::from_source({.path = in, .dtype = dtype}, Use::Infer);
  const torch::Tensor tokens_BL = SafetensorsReader(in / "tokens.safetensors").tensor("tokens");
  const auto packed = PackedTokens::from_padded(tokens_BL, torch::ones_like(tokens_BL));
  const torch::Tensor logits_NV = model->logits(model->hidden(packed));
  model->save(out);
  write_safetensors(out / "logits.safetensors",
                    {{"logits", logits_NV.view({tokens_BL.size(0), tokens_BL.size(1), logits_NV.size(1)})}});
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: model_round_trip IN OUT float32|bfloat16\n");
    return 2;
  }
  try {
    const bool half = argv[3] == std::string("bfloat16");
    ballast::round_trip(argv[1], argv[2], half ? ballast::ComputeDType::bfloat16 : ballast::ComputeDType::float32);
  } catch (const ballast::UserError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
  return 0;
}
