#include "workers/model/token_log_probs.h"

#include <torch/autograd.h>
#include <algorithm>

#include "workers/model/logit_rows.h"
#include "workers/model/products.h"

namespace ballast {
namespace {

// Enough rows that products are fast, few enough that their logits stay near a CPU (at most 64 MiB of float32) or leave
// a GPU's memory alone (256 MiB of bfloat16).
struct SliceSize {
  std::int64_t most_rows = 0;
  std::int64_t logits_in_memory = 0;
};
constexpr SliceSize cpu_slice{512, std::int64_t{1} << 24};
constexpr SliceSize gpu_slice{4096, std::int64_t{1} << 27};

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A multiple of 16 rows: float32 products of fewer rows have other bits.
std::int64_t rows_at_once(const TokenHead& head) {
  const auto& [most_rows, logits_in_memory] = head.weight_VE.is_cuda() ? gpu_slice : cpu_slice;
  const std::int64_t V = head.vocabulary.longest_block(head.weight_VE);
  return std::clamp<std::int64_t>(logits_in_memory / V / 16 * 16, 16, most_rows);
}

// Rows of a batch whose logits exist at one time, one such slice after the other.
class LogitSlices {
 public:
  LogitSlices(const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE, std::int64_t step)
      : hidden_ME_(hidden_ME), weight_VE_(weight_VE), step_(step) {
    memory_ = torch::empty({std::min(step_, hidden_ME.size(0)), weight_VE.size(0)}, hidden_ME.options());
  }

  // body(begin, rows, logits [rows, V]), which may overwrite the logits.
  template <typename Body>
  void for_each(const Body& body) const {
    const std::int64_t M = hidden_ME_.size(0);
    for (std::int64_t begin = 0; begin < M; begin += step_) {
      const std::int64_t rows = std::min(step_, M - begin);
      torch::Tensor logits = memory_.narrow(0, 0, rows);
      product_into(logits, hidden_ME_.narrow(0, begin, rows), weight_VE_.t());
      body(begin, rows, logits);
    }
  }

 private:
  torch::Tensor hidden_ME_, weight_VE_;
  std::int64_t step_;
  torch::Tensor memory_;
};

// What a gradient of logits means for hidden states and weight; the weight's sum is float32 or better.
class HeadGradient {
 public:
  HeadGradient(const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE)
      : hidden_(hidden_ME),
        weight_(weight_VE),
        of_hidden_(torch::empty_like(hidden_ME)),
        of_weight_(torch::zeros(weight_VE.sizes(), weight_VE.options().dtype(
                                                       at::promote_types(weight_VE.scalar_type(), torch::kFloat32)))) {}

  void add(std::int64_t begin, const torch::Tensor& logit_gradient_mV) {
    const std::int64_t rows = logit_gradient_mV.size(0);
    torch::Tensor part = of_hidden_.narrow(0, begin, rows);
    product_into(part, logit_gradient_mV, weight_);
    add_product(of_weight_, logit_gradient_mV.t(), hidden_.narrow(0, begin, rows));
  }

  const torch::Tensor& of_hidden() const { return of_hidden_; }
  torch::Tensor of_weight() const { return of_weight_.to(weight_.scalar_type()); }

 private:
  torch::Tensor hidden_, weight_, of_hidden_, of_weight_;
};

struct TokenLogProbs : torch::autograd::Function<TokenLogProbs> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE,
                               const torch::Tensor& ids_M, const VocabularyShard& vocabulary) {
    std::vector<torch::Tensor> log_probs, normalisers;
    const std::int64_t step = rows_at_once({weight_VE, vocabulary});
    const LogitSlices slices(hidden_ME, weight_VE, step);
    slices.for_each([&](std::int64_t begin, std::int64_t rows, const torch::Tensor& logits) {
      const RowLogProbs found = vocabulary.log_probs(logits, ids_M.narrow(0, begin, rows));
      log_probs.push_back(found.log_probs_M);
      normalisers.push_back(found.normalisers_M);
    });
    context->save_for_backward({hidden_ME, weight_VE, vocabulary.local_ids(ids_M), torch::cat(normalisers)});
    context->saved_data["step"] = step;
    return torch::cat(log_probs);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &hidden_ME = saved[0], &weight_VE = saved[1], &ids_M = saved[2], &normalisers_M = saved[3];
    const torch::Tensor gradients_M = gradients[0].contiguous();
    HeadGradient gradient(hidden_ME, weight_VE);
    const LogitSlices slices(hidden_ME, weight_VE, context->saved_data["step"].toInt());
    slices.for_each([&](std::int64_t begin, std::int64_t rows, const torch::Tensor& logits) {
      const auto part = [&](const torch::Tensor& x_M) { return x_M.narrow(0, begin, rows); };
      gradient.add(begin, logit_gradient(logits, {.ids_M = part(ids_M),
                                                  .normalisers_M = part(normalisers_M),
                                                  .gradients_M = part(gradients_M)}));
    });
    return {gradient.of_hidden(), gradient.of_weight(), torch::Tensor(), torch::Tensor()};
  }
};

// A slice's part of the loss and what that says about its log-probabilities.
struct SliceLoss {
  torch::Tensor loss;
  torch::Tensor gradients_m;
};

SliceLoss differentiate(const LossOfRows& loss_of_rows, const torch::Tensor& log_probs_m, std::int64_t begin) {
  const torch::AutoGradMode with_gradient(true);
  const torch::Tensor leaf_m = log_probs_m.detach().requires_grad_(true);
  const torch::Tensor loss = loss_of_rows(leaf_m, begin);
  return {loss.detach(), torch::autograd::grad({loss}, {leaf_m})[0].contiguous()};
}

struct Wanted {
  torch::Tensor ids_M;
  VocabularyShard vocabulary;
  LossOfRows loss_of_rows;
};

struct TokenLosses : torch::autograd::Function<TokenLosses> {
  static variable_list forward(AutogradContext* context, const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE,
                               const Wanted& wanted) {
    HeadGradient gradient(hidden_ME, weight_VE);
    std::vector<torch::Tensor> losses, log_probs;
    const LogitSlices slices(hidden_ME, weight_VE, rows_at_once({weight_VE, wanted.vocabulary}));
    slices.for_each([&](std::int64_t begin, std::int64_t rows, const torch::Tensor& logits) {
      const torch::Tensor ids = wanted.ids_M.narrow(0, begin, rows);
      const RowLogProbs found = wanted.vocabulary.log_probs(logits, ids);
      const SliceLoss slice = differentiate(wanted.loss_of_rows, found.log_probs_M, begin);
      gradient.add(begin, logit_gradient(logits, {.ids_M = wanted.vocabulary.local_ids(ids),
                                                  .normalisers_M = found.normalisers_M,
                                                  .gradients_M = slice.gradients_m}));
      losses.push_back(slice.loss);
      log_probs.push_back(found.log_probs_M);
    });
    const torch::Tensor log_probs_M = torch::cat(log_probs);
    context->save_for_backward({gradient.of_hidden(), gradient.of_weight()});
    context->mark_non_differentiable({log_probs_M});
    return {torch::stack(losses).sum(), log_probs_M};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto scaled = [&](const torch::Tensor& gradient) {
      return gradient * gradients[0].to(gradient.scalar_type());
    };
    const bool as_it_is = gradients[0].item<double>() == 1.0;
    return {as_it_is ? saved[0] : scaled(saved[0]), as_it_is ? saved[1] : scaled(saved[1]), torch::Tensor()};
  }
};

// Of an empty batch; it has a gradient too: zero, not none.
torch::Tensor nothing(const torch::Tensor& hidden_ME) {
  return hidden_ME.sum(1).to(at::promote_types(hidden_ME.scalar_type(), torch::kFloat32));
}

}  // namespace

torch::Tensor token_log_probs(const torch::Tensor& hidden_ME, const TokenHead& head, const torch::Tensor& ids_M) {
  if (ids_M.size(0) == 0) return nothing(hidden_ME);
  return TokenLogProbs::apply(hidden_ME, head.weight_VE, ids_M, head.vocabulary);
}

TokenLoss token_loss(const torch::Tensor& hidden_ME, const TokenHead& head, const torch::Tensor& ids_M,
                     const LossOfRows& loss_of_rows) {
  if (ids_M.size(0) == 0) return {nothing(hidden_ME).sum(), nothing(hidden_ME).detach()};
  if (torch::GradMode::is_enabled() && hidden_ME.requires_grad()) {
    const Wanted wanted{.ids_M = ids_M, .vocabulary = head.vocabulary, .loss_of_rows = loss_of_rows};
    const auto outputs = TokenLosses::apply(hidden_ME, head.weight_VE, wanted);
    return {outputs[0], outputs[1]};
  }
  const torch::Tensor log_probs_M = token_log_probs(hidden_ME, head, ids_M);
  return {loss_of_rows(log_probs_M, 0), log_probs_M.detach()};
}

}  // namespace ballast
