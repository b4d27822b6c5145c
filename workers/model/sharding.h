// How tensor-parallel shards cut a model: which part of each parameter one of them holds (Shoeybi et al. 2019). No
// torch.
#pragma once
#include <cstdint>
#include <vector>

#include "workers/model/index_range.h"
#include "workers/model/model_config.h"

namespace ballast {

// One of the `count` shards that together hold a model.
struct Shard {
  int index = 0;
  int count = 1;
};

// `extent` in blocks of equal size, the last may be shorter; the block of this number.
IndexRange block_of(std::int64_t extent, std::int64_t blocks, std::int64_t number);

// The part of a parameter that one shard holds. One dimension consists of `pieces` equal pieces that lie side by side
// (GPT-2's queries, keys and values in one matrix: 3), and each piece is cut into blocks; `copies` shards in a row hold
// the same block.
struct ParameterSlice {
  Shard shard = {};
  int copies = 1;
  std::int64_t dimension = 0;  // this and what follows mean something only where the parameter is cut
  std::int64_t extent = 0;     // of that dimension, of the whole parameter
  std::int64_t pieces = 1;

  // False: every shard holds the whole parameter.
  bool is_cut() const { return copies < shard.count; }
  // One shard of those that hold the same values: the one that counts them in a sum over shards, and saves them.
  bool is_first_copy() const { return shard.index % copies == 0; }
  // Which indices of the dimension this shard holds, ascending; one range for each piece.
  std::vector<IndexRange> ranges() const;
  // How many they are.
  std::int64_t size() const;
};

// Norms and biases of sums: the whole parameter on each shard.
ParameterSlice replicated(const Shard& shard);
// Vocabulary and positions, heads of queries, the inside of the MLP.
ParameterSlice cut(const Shard& shard, std::int64_t dimension, std::int64_t extent);
// The heads of keys or values, rows of a weight: each shard has those that its queries use.
ParameterSlice cut_keys(const Shard& shard, const ModelConfig& config);

// Throws ModelError naming the field, what was found and what is allowed if the model cannot be cut into that many
// shards.
void require_cuttable(const ModelConfig& config, const Shard& shard);

// The shape that one shard computes with: its heads, key/value heads and intermediate; all else, the vocabulary too, as
// it is. Throws as `require_cuttable`.
ModelConfig local_config(ModelConfig config, const Shard& shard);

// The token ids whose rows of embedding and head the shard holds.
IndexRange local_vocabulary(const ModelConfig& config, const Shard& shard);

}  // namespace ballast
