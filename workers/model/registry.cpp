#include "workers/model/registry.h"

#include <algorithm>
#include <stdexcept>

#include "workers/model/gpt2.h"
#include "workers/model/llama.h"

namespace ballast {
namespace {

using enum Head;

// LlamaModelForScore is what the released Safe RLHF checkpoints call LlamaForScore.
constexpr std::array table{
    Architecture{"LlamaForCausalLM", Family::Llama, LanguageModel, llama_parameters, make_llama},
    Architecture{"LlamaForScore", Family::Llama, Score, llama_parameters, make_llama},
    Architecture{"LlamaModelForScore", Family::Llama, Score, llama_parameters, make_llama},
    Architecture{"LlamaForSequenceClassification", Family::Llama, SequenceClassification, llama_parameters, make_llama},
    Architecture{"MistralForCausalLM", Family::Mistral, LanguageModel, llama_parameters, make_llama},
    Architecture{"MistralForScore", Family::Mistral, Score, llama_parameters, make_llama},
    Architecture{"MistralForSequenceClassification", Family::Mistral, SequenceClassification, llama_parameters,
                 make_llama},
    Architecture{"Qwen2ForCausalLM", Family::Qwen2, LanguageModel, llama_parameters, make_llama},
    Architecture{"Qwen2ForScore", Family::Qwen2, Score, llama_parameters, make_llama},
    Architecture{"Qwen2ForSequenceClassification", Family::Qwen2, SequenceClassification, llama_parameters, make_llama},
    Architecture{"GPT2LMHeadModel", Family::Gpt2, LanguageModel, gpt2_parameters, make_gpt2},
    Architecture{"GPT2ForScore", Family::Gpt2, Score, gpt2_parameters, make_gpt2},
    Architecture{"GPT2ForSequenceClassification", Family::Gpt2, SequenceClassification, gpt2_parameters, make_gpt2},
};

}  // namespace

std::span<const Architecture> architectures() { return table; }

const Architecture& architecture_of(Family family, Head head) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const Architecture& architecture) {
    return architecture.family == family && architecture.head == head;
  });
  if (row == table.end()) throw std::logic_error("a family lacks an architecture for one of the heads");
  return *row;
}

}  // namespace ballast
