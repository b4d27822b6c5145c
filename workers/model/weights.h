// Fills parameters: from the safetensors of a Hugging Face folder, or with random numbers.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "workers/model/parameters.h"
#include "workers/model/safetensors.h"

namespace ballast {

// Every parameter ~ N(mean, std) of its spec, of which a shard keeps its slice, from a generator of its own, seeded by
// `seed` and its name: the values depend neither on the order of parameters nor on which others there are. Drawn in
// float32 whatever they are held in.
void initialise(Parameters& parameters, std::int64_t seed);

// What a checkpoint may have or lack beside one tensor for each parameter.
struct CheckpointTolerance {
  std::map<std::string, std::string> stored_names = {};  // parameter -> its name in the file, where they differ
  std::vector<std::string> optional = {};                // parameters that keep their value when the file lacks them
  std::vector<std::string> ignored = {};                 // tensors in the file that we have no use for
};

// The weights of a model folder, found to fit a model's parameters before any memory is taken for these: config.json
// may ask for absurd sizes, but the files' headers say what is there.
class Checkpoint {
 public:
  // Takes float32, bfloat16 and float16 tensors. A backbone prefix ("model.", "transformer.") may be absent in the
  // file; buffers that older versions of transformers saved are skipped. Throws SafetensorsError, and ModelError naming
  // file, tensor, found and expected for a tensor that is missing, unexpected, or of another shape or dtype.
  Checkpoint(const std::filesystem::path& folder, const std::vector<ParameterSpec>& specs,
             const CheckpointTolerance& tolerance);

  // `parameters` have the specs that were checked; those that the files lack keep their values.
  void copy_into(Parameters& parameters) const;
  const SafetensorsReader& reader() const { return reader_; }

 private:
  SafetensorsReader reader_;
  std::map<std::string, std::string> stored_names_;  // parameter -> its name in the files
};

}  // namespace ballast
