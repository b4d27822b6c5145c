#include "launch/mpirun.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "launch/environment.h"
#include "launch/last_words.h"
#include "launch/version.h"

namespace ballast {
namespace {

sigset_t supervised_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set, signal);
  return set;
}

// In the new process: becomes mpirun, or ends with the exit code that shells give when a program cannot be started.
[[noreturn]] void become(std::vector<std::string>& words, const sigset_t& signals, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(interrupted_exit_code);
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  // A process group in the background would be stopped when it reads from the terminal.
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(arguments.front(), arguments.data());
  _exit(127);
}

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// Passes signals on until the process has ended.
int supervise(pid_t mpirun_process, const sigset_t& signals) {
  bool asked_to_stop = false;
  while (true) {
    const int arrived = sigwaitinfo(&signals, nullptr);
    if (arrived == SIGCHLD) {
      int status = 0;
      if (waitpid(mpirun_process, &status, WNOHANG) == mpirun_process) return exit_code_of(status);
    } else if (arrived > 0) {
      kill(mpirun_process, std::exchange(asked_to_stop, true) ? SIGTERM : SIGUSR1);
    }
  }
}

}  // namespace

int run_under_mpirun(int ranks, std::vector<std::string> command_line) {
  if (access(mpirun, X_OK) != 0) throw std::system_error(errno, std::generic_category(), mpirun);
  std::vector<std::string> words{mpirun, "--oversubscribe", "-n", std::to_string(ranks)};
  std::ranges::move(command_line, std::back_inserter(words));
  prefer_passive_waiting();
  const auto signals = supervised_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) become(words, signals, parent);
  return supervise(child, signals);
}

}  // namespace ballast
