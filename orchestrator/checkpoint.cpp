#include "orchestrator/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace ballast {
namespace {

// Brings a file, or the names in a folder, to the disk.
void sync_path(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  if (!synced) throw std::system_error(error, std::generic_category(), path.string());
}

// `link` names `target` from now on; there is no moment at which it names nothing.
void move_link(const std::filesystem::path& link, const std::filesystem::path& target) {
  auto fresh = link;
  fresh += ".partial";
  std::filesystem::remove(fresh);
  std::filesystem::create_symlink(target, fresh);
  std::filesystem::rename(fresh, link);
}

}  // namespace

Checkpoints::Checkpoints(Save save, CommandStream& stream, CheckpointConfig config, std::filesystem::path run_folder)
    : save_(std::move(save)), stream_(stream), config_(config), run_folder_(std::move(run_folder)) {
  stream.add_listener([this](const Command&, int, const Event& event) {
    files_.insert(files_.end(), event.files.begin(), event.files.end());
  });
}

std::string Checkpoints::save_if_due(std::int64_t iterations) {
  return config_.every > 0 && iterations % config_.every == 0 ? save(iterations) : "";
}

std::string Checkpoints::save(std::int64_t iterations) {
  if (!save_) return "";
  const auto name = fmt::format("{:06}", iterations);
  const auto folder = run_folder_ / "checkpoints";
  if (std::filesystem::exists(folder / name)) return "checkpoints/" + name;
  const auto partial = folder / fmt::format(".{}.partial", name);
  save_models(partial);
  write_manifest(partial, iterations);
  sync_path(partial);
  std::filesystem::rename(partial, folder / name);
  move_link(folder / "latest", name);
  sync_path(folder);
  return "checkpoints/" + name;
}

void Checkpoints::save_final() {
  if (!save_) return;
  const auto partial = run_folder_ / ".models.partial";
  save_models(partial);
  for (const auto& model : std::filesystem::directory_iterator(partial)) {
    std::filesystem::rename(model.path(), run_folder_ / model.path().filename());
  }
  std::filesystem::remove(partial);
  sync_path(run_folder_);
}

void Checkpoints::save_models(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  files_.clear();
  save_(folder.string());
  stream_.wait_all();
}

void Checkpoints::write_manifest(const std::filesystem::path& folder, std::int64_t iterations) const {
  auto files = nlohmann::json::array();
  for (const auto& [name, bytes, sha256] : files_) {
    files.push_back({{"name", name}, {"bytes", bytes}, {"sha256", sha256}});
  }
  const auto path = folder / "manifest.json";
  std::ofstream manifest(path);
  manifest << nlohmann::json{{"iterations", iterations}, {"files", files}}.dump(2) << '\n' << std::flush;
  if (!manifest) throw std::system_error(errno, std::generic_category(), path.string());
  sync_path(path);
}

}  // namespace ballast
