#include "launch/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "launch/environment.h"

namespace ballast {
namespace {

// Opens a terminal without making it this process's own.
int open_terminal(const std::filesystem::path& path) {
  return open(path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

bool is_terminal(const std::filesystem::path& path) {
  if (!std::filesystem::is_character_file(path)) return false;
  const int descriptor = open_terminal(path);
  const bool result = descriptor >= 0 && isatty(descriptor) == 1;
  if (descriptor >= 0) close(descriptor);
  return result;
}

}  // namespace

std::optional<std::filesystem::path> terminal_behind(int descriptor) {
  const int process = has_launcher() ? getppid() : getpid();
  std::error_code error;
  const auto path = std::filesystem::read_symlink(fmt::format("/proc/{}/fd/{}", process, descriptor), error);
  if (error || !is_terminal(path)) return std::nullopt;
  return path;
}

std::size_t columns_of(const std::filesystem::path& terminal) {
  constexpr std::size_t usual = 80;
  const int descriptor = open_terminal(terminal);
  if (descriptor < 0) return usual;
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  close(descriptor);
  return known ? size.ws_col : usual;
}

}  // namespace ballast
