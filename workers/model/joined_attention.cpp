#include "workers/model/joined_attention.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include "workers/cpu_kernels/attention.h"
#include "workers/model/cpu_kernel.h"

namespace ballast {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct JoinedHeads {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  double scale = 1.0;
  std::int64_t window = 0;
  std::vector<std::int64_t> cu_lengths;

  std::vector<cpu::AttentionPart> parts() const {
    std::vector<cpu::AttentionPart> all;
    for (std::size_t b = 0; b + 1 < cu_lengths.size(); ++b)
      for (std::int64_t head = 0; head < kv_heads; ++head)
        all.push_back({.begin = cu_lengths[b], .length = cu_lengths[b + 1] - cu_lengths[b], .kv_head = head});
    return all;
  }

  template <typename Element>
  cpu::PackedAttention<Element> over(const torch::Tensor& joined_NHD) const {
    return {.tokens = joined_NHD.size(0),
            .heads = heads,
            .kv_heads = kv_heads,
            .head_dim = joined_NHD.size(2),
            .scale = static_cast<float>(scale),
            .window = window,
            .qkv_NHD = data_of<Element>(joined_NHD)};
  }
};

// Threads share the parts, each of which is computed for itself.
template <typename Body>
void for_each_part(const JoinedHeads& shape, const Body& body) {
  const auto parts = shape.parts();
  at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    cpu::AttentionKernel kernel;
    for (std::int64_t part = begin; part < end; ++part) body(kernel, parts[part]);
  });
}

struct JoinedAttention : torch::autograd::Function<JoinedAttention> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& joined_NHD, const JoinedHeads& shape) {
    const torch::Tensor joined = joined_NHD.contiguous();
    const torch::Tensor out_NHD = torch::empty({joined.size(0), shape.heads, joined.size(2)}, joined.options());
    const torch::Tensor normalisers_HN = torch::empty({shape.heads, joined.size(0)}, torch::kFloat32);
    by_element(joined, [&]<typename Element>(Element) {
      auto attention = shape.over<Element>(joined);
      attention.out_NHD = data_of<Element>(out_NHD);
      attention.normalisers_HN = data_of<float>(normalisers_HN);
      for_each_part(shape, [&](auto& kernel, const auto& part) { kernel.forward(attention, part); });
    });
    context->save_for_backward({joined, out_NHD, normalisers_HN});
    context->saved_data["scale"] = shape.scale;
    context->saved_data["window"] = shape.window;
    context->saved_data["kv_heads"] = shape.kv_heads;
    context->saved_data["cu_lengths"] = shape.cu_lengths;
    return out_NHD;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &joined = saved[0], &out_NHD = saved[1], &normalisers_HN = saved[2];
    const JoinedHeads shape{.heads = out_NHD.size(1),
                            .kv_heads = context->saved_data["kv_heads"].toInt(),
                            .scale = context->saved_data["scale"].toDouble(),
                            .window = context->saved_data["window"].toInt(),
                            .cu_lengths = context->saved_data["cu_lengths"].toIntVector()};
    const torch::Tensor gradient_NHD = gradients[0].contiguous();
    const torch::Tensor joined_gradient = torch::empty_like(joined);
    by_element(joined, [&]<typename Element>(Element) {
      auto attention = shape.over<Element>(joined);
      attention.out_NHD = data_of<Element>(out_NHD);
      attention.normalisers_HN = data_of<float>(normalisers_HN);
      attention.out_gradient_NHD = data_of<Element>(gradient_NHD);
      attention.qkv_gradient_NHD = data_of<Element>(joined_gradient);
      for_each_part(shape, [&](auto& kernel, const auto& part) { kernel.backward(attention, part); });
    });
    return {joined_gradient, torch::Tensor()};
  }
};

}  // namespace

torch::Tensor attend_joined(const AttentionSite& site, const AttentionInput& input,
                            const std::vector<std::int64_t>& cu_lengths) {
  return JoinedAttention::apply(input.joined_NHD, JoinedHeads{.heads = input.q_NHD.size(1),
                                                              .kv_heads = input.k_NKD.size(1),
                                                              .scale = site.scale,
                                                              .window = site.window.value_or(0),
                                                              .cu_lengths = cu_lengths});
}

}  // namespace ballast
