#include "workers/generation/gpu_llama_pass.h"

#include <fmt/format.h>

#include <cmath>

#include "workers/generation/sharded_layers.h"
#include "workers/model/kernel_stream.h"
#include "workers/model/rotary.h"

namespace ballast {
GpuLlamaPass::GpuLlamaPass(const CausalLM& model, const gpu::Kernels& kernels)
    : kernels_(kernels),
      vocabulary_{.shards = model.shards(), .vocab = model.config().vocab},
      epsilon_(model.config().norm_epsilon),
      head_dim_(model.config().head_dim),
      embedding_VE_(model.parameters().at("model.embed_tokens.weight").detach()),
      final_norm_E_(model.parameters().at("model.norm.weight").detach()) {
  frequencies_F_ = rotary_frequencies(model.config()).to(embedding_VE_.device());
  for (std::int64_t i = 0; i < model.config().layers; ++i) layers_.push_back(layer_at(model, i));
}

GpuLlamaPass::Layer GpuLlamaPass::layer_at(const CausalLM& model, std::int64_t index) {
  const ModelConfig& config = model.config();
  const Parameters& parameters = model.parameters();
  const auto name = [&](const char* part) { return fmt::format("model.layers.{}.{}", index, part); };
  return {.site = {.layer = index,
                   .scale = 1.0 / std::sqrt(static_cast<double>(config.head_dim)),
                   .window = config.window.at(index)},
          .attention_norm_E = parameters.at(name("input_layernorm.weight")).detach(),
          .qkv = joined_at(parameters, {name("self_attn.q_proj"), name("self_attn.k_proj"), name("self_attn.v_proj")}),
          .o = summand_at(model, name("self_attn.o_proj")),
          .mlp_norm_E = parameters.at(name("post_attention_layernorm.weight")).detach(),
          .gate_up = joined_at(parameters, {name("mlp.gate_proj"), name("mlp.up_proj")}),
          .down = summand_at(model, name("mlp.down_proj"))};
}

at::Tensor GpuLlamaPass::hidden(const SlotRows& rows, const AttendRows& attend) const {
  const at::Tensor stream_NE = sum_over_shards(vocabulary_.embed(embedding_VE_, rows.tokens_N), vocabulary_.shards);
  at::Tensor delta_NE;  // what the last layer adds to the stream
  for (const Layer& layer : layers_) {
    const at::Tensor qkv = layer.qkv(add_norm(stream_NE, delta_NE, layer.attention_norm_E));
    const at::Tensor out_NHD = attend(layer.site, qkv.view({qkv.size(0), -1, head_dim_}), frequencies_F_);
    const at::Tensor normed_NE = add_norm(stream_NE, summed(layer.o, out_NHD.flatten(1)), layer.mlp_norm_E);
    delta_NE = summed(layer.down, gated_product(layer.gate_up(normed_NE)));
  }
  return add_norm(stream_NE, delta_NE, final_norm_E_);
}

at::Tensor GpuLlamaPass::summed(const Linear& layer, const at::Tensor& x_NI) const {
  return sum_over_shards(layer(x_NI), vocabulary_.shards);
}

at::Tensor GpuLlamaPass::add_norm(const at::Tensor& stream_NE, const at::Tensor& delta_NE,
                                  const at::Tensor& weight_E) const {
  const at::Tensor out_NE = at::empty_like(stream_NE);
  kernels_.add_norm({.stream_NE = stream_NE.mutable_data_ptr(),
                     .delta_NE = delta_NE.defined() ? delta_NE.const_data_ptr() : nullptr,
                     .weight_E = weight_E.const_data_ptr(),
                     .out_NE = out_NE.mutable_data_ptr(),
                     .dtype = compute_dtype_of(stream_NE),
                     .rows = stream_NE.size(0),
                     .width = stream_NE.size(1),
                     .epsilon = static_cast<float>(epsilon_)},
                    kernel_stream(stream_NE.device()));
  return out_NE;
}

at::Tensor GpuLlamaPass::gated_product(const at::Tensor& gate_up_N2I) const {
  const std::int64_t width = gate_up_N2I.size(1) / 2;
  const at::Tensor out_NI = at::empty({gate_up_N2I.size(0), width}, gate_up_N2I.options());
  kernels_.gated_product({.gate_up = gate_up_N2I.const_data_ptr(),
                          .out = out_NI.mutable_data_ptr(),
                          .dtype = compute_dtype_of(gate_up_N2I),
                          .rows = gate_up_N2I.size(0),
                          .width = width},
                         kernel_stream(gate_up_N2I.device()));
  return out_NI;
}

}  // namespace ballast
