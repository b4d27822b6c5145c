// The model architectures that we know, by the names in config.json. No torch.
#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "workers/model/parameter_spec.h"

namespace ballast {

class Backbone;
class Parameters;
struct Shards;

struct Architecture {
  std::string_view name;
  Family family = Family::Llama;
  Head head = Head::LanguageModel;
  std::vector<ParameterSpec> (*parameters)(const ModelConfig&, const Shard&) = nullptr;  // of the backbone
  std::unique_ptr<Backbone> (*make)(const ModelConfig&, const Parameters&) = nullptr;
};

std::span<const Architecture> architectures();

// The first row for this family and head: the name that we write. Every pair of them has one.
const Architecture& architecture_of(Family family, Head head);

}  // namespace ballast
