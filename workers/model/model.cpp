#include "workers/model/model.h"

#include "workers/model/registry.h"

namespace ballast {

Model::Model(ModelConfig config, Parameters parameters, const Shards& shards)
    : config_(std::move(config)),
      parameters_(std::move(parameters)),
      shards_(shards),
      backbone_(architecture_of(config_.family, config_.head).make(config_, parameters_, shards_)) {}

void Model::prepare(const ModelSource& source, Use use) {
  if (source.activation_checkpointing && use == Use::Learn) backbone_->checkpoint_activations();
}

}  // namespace ballast
