#include "workers/generation/decoder.h"

#include "workers/generation/cpu_decoder.h"

namespace ballast {

std::unique_ptr<Decoder> make_decoder(const CausalLM& model, const DecoderSettings& settings) {
  return std::make_unique<CpuDecoder>(model, settings);
}

}  // namespace ballast
