// The last words of a run: once on stderr, and in the run folder, since stderr may be gone together with mpirun.
#pragma once
#include <filesystem>
#include <mutex>
#include <string>

namespace ballast {

class FailureReport {
 public:
  // Where `failure.txt` goes; nothing is written there before `write_into` names a folder that exists.
  void write_into(const std::filesystem::path& run_folder);
  // Prints 'ballast: MESSAGE' and writes the file. Only the first call of a process does anything.
  void say(const std::string& message);
  // Leaves the word to another process: later calls of `say` do nothing.
  void keep_quiet();
  bool has_spoken();

 private:
  std::mutex mutex_;
  std::filesystem::path run_folder_;
  bool said_ = false;
};

}  // namespace ballast
