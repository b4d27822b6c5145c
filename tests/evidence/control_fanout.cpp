// How long the control channel takes to bring a command to many peers and to hear from all of them, on one machine.
// The orchestrator's end, the commands, the encryption, the books and the heartbeats are those of a run. Each peer is a
// connection with its own key and sequence numbers, but a few processes hold them all, one thread each: a thousand
// ControlClients are four thousand threads, and what they cost a machine of a few cores is not what is asked.
//
// Usage: control_fanout PEERS PROCESSES ROUNDS BIND    (BIND: tcp://127.0.0.1:* or ipc://FILE)
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <system_error>
#include <vector>
#include <zmq.hpp>

#include "comm/control_end.h"
#include "comm/control_wire.h"
#include "orchestrator/control_queues.h"

namespace ballast {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto start_limit = std::chrono::minutes(2);
constexpr auto answer_limit = std::chrono::seconds(10);
constexpr int commands_in_flight = 50;  // when throughput is measured

struct Setting {
  int peers = 0;
  int processes = 0;
  int rounds = 0;
  std::string bind;
};

struct Keys {
  CurveKeyPair server = CurveKeyPair::generate();
  std::vector<CurveKeyPair> ranks;
  std::string endpoint;  // of the orchestrator, once it is known
};

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Every peer has a few descriptors.
void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A rank that does at once whatever it is told.
class Peer {
 public:
  Peer(zmq::context_t& context, const Keys& keys, int rank) : socket_(context, zmq::socket_type::dealer) {
    const auto& own = keys.ranks[static_cast<std::size_t>(rank)];
    socket_.set(zmq::sockopt::curve_publickey, own.public_key);
    socket_.set(zmq::sockopt::curve_secretkey, own.secret_key);
    socket_.set(zmq::sockopt::curve_serverkey, keys.server.public_key);
    socket_.set(zmq::sockopt::linger, 1000);
    socket_.connect(keys.endpoint);
    auto hello = ledger_.balance();
    hello["rank"] = rank;
    send(encode({.type = std::string(wire::hello), .body = std::move(hello)}));
  }

  zmq::socket_t& socket() { return socket_; }
  bool ended() const { return ended_; }
  void beat() { send(seal_wire(wire::heartbeat, ledger_)); }

  void hear() {
    zmq::message_t packet;
    while (socket_.recv(packet, zmq::recv_flags::dontwait)) {
      const Message message = decode({packet.data<std::uint8_t>(), packet.size()});
      enter(message, ledger_);
      if (is_users(message)) answer(message.body.get<Command>());
      if (message.type == wire::close) {
        send(seal_wire(wire::goodbye, ledger_));
        ended_ = true;
      }
    }
  }

 private:
  void send(const std::vector<std::uint8_t>& bytes) { socket_.send(zmq::buffer(bytes), zmq::send_flags::none); }

  void answer(const Command& command) {
    if (ledger_.take()) beat();
    const Message event{.type = "event", .body = Event{.command = command.number, .kind = EventKind::finished}};
    const auto bytes = seal(encode_users(event), ledger_);
    ledger_.transmit();
    send(bytes);
  }

  zmq::socket_t socket_;
  Ledger ledger_{ControlConfig{}.unacknowledged_limit};
  bool ended_ = false;
};

// The ranks first, first + processes, ...: in this process until the orchestrator has announced the end.
void be_ranks(const Setting& setting, const Keys& keys, int first) {
  zmq::context_t context(1, setting.peers + 1);
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<zmq::pollitem_t> items;
  for (int rank = first; rank < setting.peers; rank += setting.processes) {
    peers.push_back(std::make_unique<Peer>(context, keys, rank));
    items.push_back({peers.back()->socket().handle(), 0, ZMQ_POLLIN, 0});
  }
  const ControlConfig config;
  auto last_beat = Clock::now();
  while (!std::ranges::all_of(peers, [](const auto& peer) { return peer->ended(); })) {
    zmq::poll(items, config.heartbeat_interval);
    for (std::size_t i = 0; i < peers.size(); ++i) {
      if (items[i].revents != 0) peers[i]->hear();
    }
    if (Clock::now() - last_beat < config.heartbeat_interval) continue;
    for (const auto& peer : peers) peer->beat();
    last_beat = Clock::now();
  }
}

std::string read_all(int descriptor) {
  std::string text(256, '\0');
  const auto count = read(descriptor, text.data(), text.size());
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  return text;
}

// Forks before this process has threads; the ranks wait for the endpoint in a pipe.
class RankProcesses {
 public:
  RankProcesses(const Setting& setting, Keys keys) {
    for (int first = 0; first < setting.processes; ++first) {
      int ends[2];
      if (pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
      const pid_t child = fork();
      if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
      if (child == 0) {
        close(ends[1]);
        keys.endpoint = read_all(ends[0]);
        if (!keys.endpoint.empty()) be_ranks(setting, keys, first);
        std::_Exit(EXIT_SUCCESS);
      }
      close(ends[0]);
      pipes_.push_back(ends[1]);
      children_.push_back(child);
    }
  }
  ~RankProcesses() {
    for (const int end : pipes_) close(end);
    for (const pid_t child : children_) waitpid(child, nullptr, 0);
  }
  RankProcesses(const RankProcesses&) = delete;
  RankProcesses& operator=(const RankProcesses&) = delete;

  void tell(const std::string& endpoint) const {
    for (const int end : pipes_) {
      if (write(end, endpoint.data(), endpoint.size()) < 0) throw std::system_error(errno, std::generic_category());
    }
  }

 private:
  std::vector<int> pipes_;
  std::vector<pid_t> children_;
};

// An optimizer step on all peers, as a loop orders it in every mini-batch.
Command learn_on_all(std::uint64_t number, int peers) {
  Command command{.number = number, .body = Learn{.role = Role::Actor, .micro_batches = {0, 1, 2, 3}, .rows = 64}};
  command.ranks.resize(static_cast<std::size_t>(peers));
  std::iota(command.ranks.begin(), command.ranks.end(), 0);
  return command;
}

// Seconds from `commands` to the last peer's last answer.
double seconds_of(ControlQueues& queues, const std::vector<Command>& commands, int peers) {
  const auto begin = Clock::now();
  queues.append(commands);
  for (std::size_t answers = commands.size() * static_cast<std::size_t>(peers); answers > 0; --answers) {
    const auto next = queues.next(answer_limit);
    if (!next || !std::holds_alternative<RankEvent>(*next)) throw ControlError("a peer does not answer");
  }
  return seconds_since(begin);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void print(const std::string& what, std::vector<double> seconds) {
  std::ranges::sort(seconds);
  const auto quantile = [&](double share) {
    return 1e3 * seconds[static_cast<std::size_t>(share * (seconds.size() - 1))];
  };
  fmt::print("{}, ms: min {:.2f}, median {:.2f}, p99 {:.2f}, max {:.2f} ({} rounds)\n", what, quantile(0),
             quantile(0.5), quantile(0.99), quantile(1), seconds.size());
}

void measure(const Setting& setting) {
  Keys keys;
  for (int rank = 0; rank < setting.peers; ++rank) keys.ranks.push_back(CurveKeyPair::generate());
  const RankProcesses ranks(setting, keys);
  std::vector<std::string> rank_keys;
  for (const auto& pair : keys.ranks) rank_keys.push_back(pair.public_key);
  ControlServer server({.keys = keys.server, .rank_keys = rank_keys, .bind = setting.bind, .config = {}, .log = {}});

  const auto begin = Clock::now();
  ranks.tell(server.endpoint());
  server.wait_for_ranks(start_limit);
  fmt::print("all {} peers connected and authenticated: {:.2f} s\n", setting.peers, seconds_since(begin));

  ControlQueues queues(server);
  std::uint64_t number = 0;
  std::vector<double> fan_outs;
  std::vector<double> single;
  double cpu = 0.0;
  for (int round = 0; round < setting.rounds; ++round) {
    const double cpu_before = cpu_seconds();
    fan_outs.push_back(seconds_of(queues, {learn_on_all(++number, setting.peers)}, setting.peers));
    cpu += cpu_seconds() - cpu_before;
    auto command = learn_on_all(++number, setting.peers);
    command.ranks = {round % setting.peers};
    single.push_back(seconds_of(queues, {command}, 1));
  }
  print(fmt::format("one command to {} peers and all answers", setting.peers), fan_outs);
  fmt::print("  of which the orchestrator's process computes: {:.2f} ms on average\n", 1e3 * cpu / setting.rounds);
  print("one command to one of them and its answer", single);

  std::vector<Command> batch;
  for (int i = 0; i < commands_in_flight; ++i) batch.push_back(learn_on_all(++number, setting.peers));
  const double seconds = seconds_of(queues, batch, setting.peers);
  fmt::print("{} commands at once to all: {:.0f} messages/s each way\n", commands_in_flight,
             commands_in_flight * setting.peers / seconds);
  server.close(std::chrono::seconds(10));
}

}  // namespace
}  // namespace ballast

int main(int count, char** words) {
  if (count != 5) {
    fmt::print(stderr, "usage: control_fanout PEERS PROCESSES ROUNDS BIND\n");
    return 2;
  }
  ballast::raise_file_limit();
  ballast::measure({.peers = std::atoi(words[1]),
                    .processes = std::atoi(words[2]),
                    .rounds = std::atoi(words[3]),
                    .bind = words[4]});
}
