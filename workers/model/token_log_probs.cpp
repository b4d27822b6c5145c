#include "workers/model/token_log_probs.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr std::int64_t logits_in_memory = std::int64_t{1} << 23;  // elements; 32 MiB of float32

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A multiple of 16 rows: float32 products of fewer rows have other bits.
std::int64_t rows_at_once(std::int64_t V) { return std::max<std::int64_t>(logits_in_memory / V / 16, 1) * 16; }

// float32 for half precision, else as it is.
torch::Tensor slice_of_logits(const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE) {
  const torch::Tensor logits = at::linear(hidden_ME, weight_VE);
  return logits.to(at::promote_types(logits.scalar_type(), torch::kFloat32));
}

// sum_VE += a_MV^T b_ME, for half precision rounded once and then added in float32.
void add_product(torch::Tensor& sum_VE, const torch::Tensor& a_MV, const torch::Tensor& b_ME) {
  if (sum_VE.scalar_type() == a_MV.scalar_type())
    sum_VE.addmm_(a_MV.t(), b_ME);
  else
    sum_VE.add_(at::mm(a_MV.t(), b_ME));
}

struct TokenLogProbs : torch::autograd::Function<TokenLogProbs> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE,
                               const torch::Tensor& ids_M) {
    const std::int64_t M = hidden_ME.size(0);
    const std::int64_t step = rows_at_once(weight_VE.size(0));
    std::vector<torch::Tensor> log_probs, normalisers;
    for (std::int64_t begin = 0; begin < M; begin += step) {
      const std::int64_t rows = std::min(step, M - begin);
      const torch::Tensor logits = slice_of_logits(hidden_ME.narrow(0, begin, rows), weight_VE);
      normalisers.push_back(logits.logsumexp(1));
      log_probs.push_back(logits.gather(1, ids_M.narrow(0, begin, rows).unsqueeze(1)).squeeze(1) - normalisers.back());
    }
    context->save_for_backward({hidden_ME, weight_VE, ids_M, torch::cat(normalisers)});
    return torch::cat(log_probs);
  }

  // d log p(id) / d logits = onehot(id) - softmax(logits).
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &hidden_ME = saved[0], &weight_VE = saved[1], &ids_M = saved[2], &normaliser_M = saved[3];
    torch::Tensor hidden_gradient_ME = torch::empty_like(hidden_ME);
    torch::Tensor weight_gradient_VE = torch::zeros(weight_VE.sizes(), normaliser_M.options());
    const std::int64_t M = hidden_ME.size(0);
    const std::int64_t step = rows_at_once(weight_VE.size(0));
    for (std::int64_t begin = 0; begin < M; begin += step) {
      const std::int64_t rows = std::min(step, M - begin);
      const torch::Tensor hidden = hidden_ME.narrow(0, begin, rows);
      const torch::Tensor gradient = gradients[0].narrow(0, begin, rows).unsqueeze(1);
      torch::Tensor logits_gradient =
          (slice_of_logits(hidden, weight_VE) - normaliser_M.narrow(0, begin, rows).unsqueeze(1))
              .exp_()
              .mul_(-gradient);
      logits_gradient.scatter_add_(1, ids_M.narrow(0, begin, rows).unsqueeze(1), gradient);
      logits_gradient = logits_gradient.to(hidden.scalar_type());
      hidden_gradient_ME.narrow(0, begin, rows).copy_(at::mm(logits_gradient, weight_VE));
      add_product(weight_gradient_VE, logits_gradient, hidden);
    }
    return {hidden_gradient_ME, weight_gradient_VE.to(weight_VE.scalar_type()), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor token_log_probs(const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE,
                              const torch::Tensor& ids_M) {
  // An empty batch has a gradient too: zero, not none.
  if (ids_M.size(0) == 0) return hidden_ME.sum(1).to(at::promote_types(hidden_ME.scalar_type(), torch::kFloat32));
  return TokenLogProbs::apply(hidden_ME, weight_VE, ids_M);
}

}  // namespace ballast
