// Writes the models of a run so that they are complete or absent, whatever dies while they are written.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "orchestrator/command_stream.h"

namespace ballast {

struct CheckpointConfig {
  std::int64_t every = 0;

  template <typename Fields>
  void describe(Fields& field) {
    field("every", every, "iterations between checkpoints; 0: none, but where the run is interrupted").at_least(0);
  }
};

// A checkpoint is RUN/checkpoints/000010, after 10 iterations: the roles that learn as Hugging Face folders, and
// manifest.json with the name, size and SHA-256 of each file. It is written as .000010.partial; every rank syncs what
// it has written and reports it; then the manifest is written and the folder renamed. RUN/checkpoints/latest is a link
// to the newest. Ranks on other hosts must see the run folder under the same path.
class Checkpoints {
 public:
  // Orders that the roles save themselves as FOLDER/ROLE; none: nothing is saved.
  using Save = std::function<void(const std::string& folder)>;
  // Listens to the stream: all arguments outlive the run.
  Checkpoints(Save save, CommandStream& stream, CheckpointConfig config, std::filesystem::path run_folder);

  // Each saves what the roles are after `iterations` iterations, or optimizer steps where a job counts in these, and
  // returns the path within the run folder. Throws RunFailed, or std::system_error.
  std::string save(std::int64_t iterations);
  // Empty when none is due.
  std::string save_if_due(std::int64_t iterations);
  // The trained models: RUN/actor and so on, each complete or absent.
  void save_final();

 private:
  // The models in a new folder, on disk; its manifest is left to the caller.
  void save_models(const std::filesystem::path& folder);
  void write_manifest(const std::filesystem::path& folder, std::int64_t iterations) const;

  Save save_;
  CommandStream& stream_;
  CheckpointConfig config_;
  std::filesystem::path run_folder_;
  std::vector<SavedFile> files_;  // of the save that is going on
};

}  // namespace ballast
