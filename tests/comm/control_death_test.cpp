// Processes that are killed and stopped. Children are forked before the parent starts a thread.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "tests/comm/control_fixture.h"

namespace ballast {
namespace {

using testing::HasSubstr;

constexpr int exit_after_loss = 42;
constexpr ControlConfig config{.heartbeat_interval = 100ms, .silence_limit = 1000ms};

// A child process and one line of text that it, or its parent, can wait for.
class Child {
 public:
  explicit Child(const std::function<int(Child&)>& work) {
    EXPECT_EQ(pipe(line_.data()), 0);
    pid_ = fork();
    if (pid_ == 0) _exit(work(*this));
  }
  ~Child() {
    signal(SIGKILL);
    exit_code();
    close(line_[0]);
    close(line_[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void write_line(std::string line) const {
    line += '\n';
    EXPECT_EQ(write(line_[1], line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }
  std::string read_line() const {
    std::string line;
    for (char letter = 0; read(line_[0], &letter, 1) == 1 && letter != '\n';) line += letter;
    return line;
  }
  void signal(int number) const {
    if (pid_ > 0) kill(pid_, number);
  }
  // Waits for its end; -1 when a signal ended it.
  int exit_code() {
    int status = 0;
    if (pid_ > 0) waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  std::array<int, 2> line_{};
};

// A rank that connects to the endpoint that it is told and stays until the orchestrator ends or is lost.
std::unique_ptr<Child> fork_rank(int rank, CurveKeyPair keys, std::string server_key) {
  return std::make_unique<Child>([=](Child& self) {
    ControlClient client(
        {.rank = rank, .keys = keys, .server_key = server_key, .endpoints = {self.read_line()}, .config = config});
    while (!client.closed_by_server()) {
      const auto incoming = client.receive(1s);
      if (incoming && std::holds_alternative<PeerLost>(*incoming)) return exit_after_loss;
    }
    client.close(1s);
    return 0;
  });
}

// A server of two ranks, each in a process of its own.
struct ServerWithChildren {
  ServerWithChildren() {
    const auto server_keys = CurveKeyPair::generate();
    std::vector<std::string> public_keys;
    for (int rank = 0; rank < 2; ++rank) {
      const auto keys = CurveKeyPair::generate();
      public_keys.push_back(keys.public_key);
      ranks.push_back(fork_rank(rank, keys, server_keys.public_key));
    }
    server = std::make_unique<ControlServer>(
        ControlServer::Options{.keys = server_keys, .rank_keys = public_keys, .config = config});
    for (const auto& rank : ranks) rank->write_line(server->endpoint());
    server->wait_for_ranks(10s);
  }

  std::vector<std::unique_ptr<Child>> ranks;
  std::unique_ptr<ControlServer> server;
};

// A server in a process of its own, and the client of its one rank.
struct ClientOfChild {
  ClientOfChild() {
    const auto server_keys = CurveKeyPair::generate();
    const auto keys = CurveKeyPair::generate();
    server = std::make_unique<Child>([=](Child& self) {
      ControlServer control({.keys = server_keys, .rank_keys = {keys.public_key}, .config = config});
      self.write_line(control.endpoint());
      while (control.receive(1s) == std::nullopt) {
      }
      return 0;
    });
    client = std::make_unique<ControlClient>(ControlClient::Options{
        .keys = keys, .server_key = server_keys.public_key, .endpoints = {server->read_line()}, .config = config});
    std::this_thread::sleep_for(300ms);  // until welcomed
  }

  std::unique_ptr<Child> server;
  std::unique_ptr<ControlClient> client;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(ControlDeath, AKilledRankIsNoticedWithinHalfASecond) {
  ServerWithChildren control;
  const auto begin = std::chrono::steady_clock::now();
  control.ranks[1]->signal(SIGKILL);
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 1 lost: connection closed");
  EXPECT_LT(seconds_since(begin), 0.5);
  control.server->close(5s);
  EXPECT_EQ(control.ranks[0]->exit_code(), 0);
}

TEST(ControlDeath, AStoppedRankIsNoticedByItsSilenceAndLearnsItWhenItGoesOn) {
  ServerWithChildren control;
  const auto begin = std::chrono::steady_clock::now();
  control.ranks[1]->signal(SIGSTOP);
  EXPECT_THAT(describe(control.server->receive(5s)), HasSubstr("rank 1 lost: silent for 1."));
  EXPECT_LT(seconds_since(begin), 2.0);
  control.ranks[1]->signal(SIGCONT);
  EXPECT_EQ(control.ranks[1]->exit_code(), exit_after_loss);
}

TEST(ControlDeath, AShortStopIsForgiven) {
  ServerWithChildren control;
  control.ranks[1]->signal(SIGSTOP);
  std::this_thread::sleep_for(400ms);
  control.ranks[1]->signal(SIGCONT);
  EXPECT_EQ(describe(control.server->receive(1500ms)), "nothing");
  control.server->close(5s);
  EXPECT_EQ(control.ranks[1]->exit_code(), 0);
}

TEST(ControlDeath, CloseDoesNotHangOnAStoppedRank) {
  ServerWithChildren control;
  control.ranks[1]->signal(SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  control.server->close(500ms);
  EXPECT_LT(seconds_since(begin), 2.0);
  EXPECT_EQ(describe(control.server->receive(10ms)), "nothing");
  EXPECT_EQ(control.ranks[0]->exit_code(), 0);
}

TEST(ControlDeath, CloseDoesNotWaitForAKilledRank) {
  ServerWithChildren control;
  control.ranks[1]->signal(SIGKILL);
  const auto begin = std::chrono::steady_clock::now();
  control.server->close(20s);
  EXPECT_LT(seconds_since(begin), 5.0);
}

TEST(ControlDeath, AKilledServerIsNoticedWithinHalfASecond) {
  ClientOfChild control;
  const auto begin = std::chrono::steady_clock::now();
  control.server->signal(SIGKILL);
  EXPECT_EQ(describe(control.client->receive(5s)), "lost: connection closed");
  EXPECT_LT(seconds_since(begin), 0.5);
}

TEST(ControlDeath, AStoppedServerIsNoticedByItsSilence) {
  ClientOfChild control;
  const auto begin = std::chrono::steady_clock::now();
  control.server->signal(SIGSTOP);
  EXPECT_THAT(describe(control.client->receive(5s)), HasSubstr("lost: silent for 1."));
  EXPECT_LT(seconds_since(begin), 2.0);
}

TEST(ControlDeath, AClientWithMessagesForADeadServerClosesAtOnce) {
  ClientOfChild control;
  control.server->signal(SIGSTOP);
  control.client->send({.type = "event", .body = std::string(std::size_t{20} << 20, 'x')});
  EXPECT_THAT(describe(control.client->receive(5s)), HasSubstr("lost: "));
  const auto begin = std::chrono::steady_clock::now();
  control.client->close(20s);
  EXPECT_LT(seconds_since(begin), 5.0);
}

}  // namespace
}  // namespace ballast
