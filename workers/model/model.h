// What a language model and a score model have in common: a shape, parameters and a backbone that computes with them.
#pragma once
#include <memory>
#include <vector>

#include "workers/model/backbone.h"
#include "workers/model/model_config.h"
#include "workers/model/model_source.h"
#include "workers/model/parameters.h"

namespace ballast {

class Model {
 public:
  // Of the whole model.
  const ModelConfig& config() const { return config_; }
  // The ranks that hold it together, each its shard of `parameters`; all of them make the same calls.
  const Shards& shards() const { return parameters_.shards(); }
  const Backbone& backbone() const { return *backbone_; }
  Parameters& parameters() { return parameters_; }
  const Parameters& parameters() const { return parameters_; }
  // Where it computes: what it is given must lie there.
  c10::Device device() const { return parameters_.device(); }

 protected:
  // `parameters`: the backbone's and the head's.
  Model(ModelConfig config, Parameters parameters);
  ~Model() = default;
  // What the source asks of how it computes.
  void prepare(const ModelSource& source, Use use);

  ModelConfig config_;
  Parameters parameters_;
  std::unique_ptr<Backbone> backbone_;
};

}  // namespace ballast
