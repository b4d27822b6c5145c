// Where a model's weights come from: a Hugging Face folder, or random numbers for a given shape. No torch.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

#include "workers/model/compute_dtype.h"
#include "workers/model/model_config.h"

namespace ballast {

// The shape of a model that is started from random numbers: smoke tests, pretraining.
struct RandomModelConfig {
  Family family = Family::Llama;
  std::int64_t vocab = 128;
  std::int64_t hidden = 64;
  std::int64_t intermediate = 128;
  std::int64_t layers = 2;
  std::int64_t heads = 4;
  std::int64_t kv_heads = 2;
  std::int64_t max_length = 64;
  bool tied_embeddings = false;
  double initializer_range = 0.02;
  bool scale_residual_projections = false;
  std::int64_t bos = 1;
  std::int64_t eos = 2;
  std::int64_t pad = 0;

  template <typename Fields>
  void describe(Fields& field) {
    field("family", family, "architecture: llama, mistral, qwen2 or gpt2");
    field("vocab", vocab, "number of token ids").at_least(1);
    field("hidden", hidden, "size of the residual stream; a multiple of heads").at_least(1);
    field("intermediate", intermediate, "size of the MLP between its projections").at_least(1);
    field("layers", layers, "number of blocks").at_least(1);
    field("heads", heads, "attention heads; a multiple of kv_heads").at_least(1);
    field("kv_heads", kv_heads, "heads of keys and values; gpt2 ignores it").at_least(1);
    field("max_length", max_length, "positions that the model is meant for, tokens").at_least(1);
    field("tied_embeddings", tied_embeddings, "the output head shares the embedding's weight; gpt2 always does");
    field("initializer_range", initializer_range, "standard deviation of the initial weights").above(0.0);
    field("scale_residual_projections", scale_residual_projections,
          "projections into the residual stream start smaller by sqrt(2 layers); gpt2 always does");
    field("bos", bos, "id of the token that begins a text").at_least(0);
    field("eos", eos, "id of the token that ends a text").at_least(0);
    field("pad", pad, "id that fills up padded batches").at_least(0);
  }
};

// Exactly one of `path` and `random` is given.
struct ModelSource {
  std::optional<std::filesystem::path> path;
  std::optional<RandomModelConfig> random;
  std::optional<std::filesystem::path> tokenizer;
  std::int64_t seed = 1;
  ComputeDType dtype = ComputeDType::float32;
  bool activation_checkpointing = false;

  bool given() const { return path || random; }
  // Whose tokenizer files go with the model: the one that is given, else the model's own folder; nothing for a random
  // model without one.
  std::optional<std::filesystem::path> tokenizer_folder() const { return tokenizer ? tokenizer : path; }

  template <typename Fields>
  void describe(Fields& field) {
    field("path", path, "Hugging Face folder with config.json and safetensors");
    field("random", random, "shape of a model with random weights, instead of a path");
    field("tokenizer", tokenizer, "folder with the tokenizer's files; left out: the model's folder");
    field("seed", seed, "seed of everything in the model that no file gives").at_least(0);
    field("activation_checkpointing", activation_checkpointing,
          "a model that learns keeps one state per layer and computes the rest again: less memory, a third more work");
    field("dtype", dtype, "what the model computes in; bfloat16 halves a frozen model's memory");
  }
};

// Shape of the source's model, as a causal language model where it is random. Throws ModelError.
ModelConfig model_config(const ModelSource& source);

}  // namespace ballast
