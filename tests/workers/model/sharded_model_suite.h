// What every model must do on tensor-parallel shards: the same as the whole model. Instantiated over kinds of ranks.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "comm/communicator.h"
#include "workers/model/model_config.h"

namespace ballast {

struct ShardedCase {
  std::string name;
  Family family = Family::Llama;
  std::int64_t kv_heads = 2;
  bool tied = false;
};

// For two and four shards: key/value heads for each, and fewer; biases (Qwen2, GPT-2); 37 token ids fill no equal
// blocks.
inline std::vector<ShardedCase> sharded_cases() {
  return {{.name = "Llama", .kv_heads = 4},
          {.name = "LlamaWithOneKeyHead", .kv_heads = 1, .tied = true},
          {.name = "Mistral", .family = Family::Mistral},
          {.name = "Qwen2", .family = Family::Qwen2},
          {.name = "Gpt2", .family = Family::Gpt2, .tied = true}};
}

// Calls a function on each rank of a group at the same time.
struct Ranks {
  std::string name;
  std::function<void(const std::function<void(Communicator&)>&)> on_each;
};

class ShardedModel : public testing::TestWithParam<std::tuple<Ranks, ShardedCase>> {
 protected:
  static const ShardedCase& the_case() { return std::get<1>(GetParam()); }
  static void on_each_rank(const std::function<void(Communicator&)>& function) {
    std::get<0>(GetParam()).on_each(function);
  }
};

inline std::string name_of_sharded_test(const testing::TestParamInfo<ShardedModel::ParamType>& test) {
  return std::get<1>(test.param).name + std::get<0>(test.param).name;
}

}  // namespace ballast
