#include "launch/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "comm/host_address.h"
#include "launch/processor_share.h"
#include "launch/rank_device.h"
#include "orchestrator/control_queues.h"
#include "workers/memory/counting_allocator.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

// Longer than a rank looks for the orchestrator: it says itself what it has tried.
constexpr auto start_timeout = ControlConfig{}.welcome_limit + std::chrono::seconds(10);
constexpr auto close_timeout = std::chrono::seconds(5);
constexpr auto last_goodbye = std::chrono::milliseconds(500);

bool on_one_host(const World& world) {
  return std::ranges::all_of(world.hosts(), [&](const auto& host) { return host == world.host(); });
}

// Where the orchestrator listens: ranks on one machine talk over loopback, others over whatever leads from one to the
// other, unless the configuration says where.
std::vector<HostAddress> listening_addresses(const Session::Parts& parts) {
  if (parts.control_address.empty() && on_one_host(parts.world)) return {{"lo", "127.0.0.1", 8}};
  return matching(host_addresses(), parts.control_address);
}

std::string bind_endpoint(const std::vector<HostAddress>& addresses) {
  return fmt::format("tcp://{}:*", addresses.size() == 1 ? addresses.front().ip : "*");
}

// What rank 0 tells the others: where the orchestrator is.
std::string offer(const std::vector<HostAddress>& addresses, const std::string& bound) {
  return nlohmann::json{{"addresses", addresses}, {"port", bound.substr(bound.rfind(':') + 1)}}.dump();
}

// In the order in which this rank tries them.
std::vector<std::string> endpoints_in(const std::string& offered, const World& world) {
  const auto offer = nlohmann::json::parse(offered);
  const auto all = offer["addresses"].get<std::vector<HostAddress>>();
  const auto addresses = world.host() == world.hosts().front() ? all : addresses_to_try(all, host_addresses());
  if (addresses.empty()) {
    throw ControlError(fmt::format("rank {} ({}): none of the addresses of rank 0 ({}) leads to it: {}", world.rank(),
                                   world.host(), world.hosts().front(), describe(all)));
  }
  std::vector<std::string> endpoints;
  for (const auto& address : addresses)
    endpoints.push_back(fmt::format("tcp://{}:{}", address.ip, offer["port"].get<std::string>()));
  return endpoints;
}

HostShare share_of_host(const World& world, std::int64_t threads) {
  HostShare share{.index = 0, .ranks = 0, .threads = static_cast<int>(threads)};
  for (int rank = 0; rank < world.size(); ++rank) {
    if (world.hosts()[rank] != world.host()) continue;
    if (rank < world.rank()) ++share.index;
    ++share.ranks;
  }
  return share;
}

}  // namespace

Session::Session(Parts parts) : parts_(std::move(parts)) {
  auto& world = parts_.world;
  const auto keys = CurveKeyPair::generate();
  const auto server_keys = CurveKeyPair::generate();
  const auto rank_keys = world.all_gather(keys.public_key);
  std::string offered;
  if (world.rank() == 0) {
    const auto addresses = listening_addresses(parts_);
    server_ = std::make_unique<ControlServer>(ControlServer::Options{.keys = server_keys,
                                                                     .rank_keys = rank_keys,
                                                                     .bind = bind_endpoint(addresses),
                                                                     .config = {},
                                                                     .log = Logger({.rank = 0, .host = world.host()})});
    offered = offer(addresses, server_->endpoint());
  }
  const auto server_key = world.broadcast(server_keys.public_key, 0);
  const auto endpoints = endpoints_in(world.broadcast(offered, 0), world);
  client_ = std::make_unique<ControlClient>(ControlClient::Options{
      .rank = world.rank(), .keys = keys, .server_key = server_key, .endpoints = endpoints, .config = {}});
  wait_for_orchestrator();
  inbox_ = std::make_unique<ControlInbox>(*client_, [this](const auto& reason) { orchestrator_lost(reason); });
  between_devices_ = communicator_between_devices(world, parts_.device);
}

Session::~Session() = default;

void Session::wait_for_orchestrator() {
  try {
    client_->wait_for_welcome();
  } catch (const ControlError& error) {
    throw ControlError(fmt::format("{}: {}", where(), error.what()));
  }
}

int Session::run(const std::function<void(CommandStream&)>& job) {
  if (!server_) {
    work();
    return EXIT_SUCCESS;
  }
  int exit_code = EXIT_SUCCESS;
  std::thread orchestrator([&] { exit_code = orchestrate(job); });
  work();
  orchestrator.join();
  return exit_code;
}

// The orchestrator's catch site: a user error closes the job in order, anything else ends it at once.
int Session::orchestrate(const std::function<void(CommandStream&)>& job) {
  int exit_code = EXIT_SUCCESS;
  try {
    server_->wait_for_ranks(start_timeout);
    ControlQueues queues(*server_);
    CommandStream stream(queues, {parts_.placement, parts_.world.hosts()}, parts_.stream);
    job(stream);
  } catch (const RunFailed& failed) {
    parts_.failure.say(failed.what());
    if (!failed.user_error) end_at_once();
    exit_code = 2;
  } catch (const UserError& error) {
    parts_.failure.say(error.what());
    exit_code = 2;
  } catch (const std::exception& error) {
    parts_.failure.say(fmt::format("{}: the orchestrator failed: {}", where(), error.what()));
    end_at_once();
  }
  server_->close(close_timeout);
  return exit_code;
}

// Peers may be dead or stuck, so nothing is waited for long. The others hear that the channel closes, or they would
// report this rank as lost; then mpirun ends them.
void Session::end_at_once() {
  server_->close(last_goodbye);
  std::_Exit(EXIT_FAILURE);
}

void Session::work() {
  keep_to_own_processors(share_of_host(parts_.world, parts_.threads));
  count_cpu_memory();
  Communicator& all = between_devices_ ? *between_devices_ : parts_.world.communicator();
  Traffic traffic(all, role_groups(all));
  Worker worker(parts_.workers, {.commands = *inbox_, .traffic = traffic, .device = parts_.device});
  worker.run();
}

// In table order, on every rank the same.
std::map<Role, RoleGroups> Session::role_groups(Communicator& all) {
  std::map<Role, RoleGroups> groups;
  for (const auto& [role, layout] : parts_.placement) {
    const auto join = [&](const std::string& name, const std::vector<int>& ranks,
                          std::unique_ptr<Communicator> RoleGroups::*group) {
      if (ranks.size() < 2) return;
      if (auto joined = all.split(name, ranks)) groups[role].*group = std::move(joined);
    };
    for (int shard = 0; shard < layout.shards(); ++shard)
      join(layout.shards() > 1 ? fmt::format("{} replicas of shard {}", to_string(role), shard)
                               : std::string(to_string(role)),
           layout.shard(shard), &RoleGroups::replicas);
    for (int replica = 0; replica < layout.replicas(); ++replica)
      join(fmt::format("{} shards of replica {}", to_string(role), replica), layout.replica(replica),
           &RoleGroups::shards);
  }
  return groups;
}

// Rank 0 has died or is cut off; the lowest survivor says so for all.
void Session::orchestrator_lost(const std::string& reason) {
  if (parts_.world.rank() == 1) {
    parts_.failure.say(fmt::format("rank 0 ({}, {}; the orchestrator) is lost: {}; seen by {}",
                                   parts_.world.hosts().front(), roles_of(parts_.placement, 0), reason, where()));
  } else {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // leave the word to rank 1
  }
  std::_Exit(EXIT_FAILURE);
}

std::string Session::where() const {
  const auto rank = parts_.world.rank();
  return fmt::format("rank {} ({}, {}), last command: {}", rank, parts_.world.host(), roles_of(parts_.placement, rank),
                     inbox_ ? inbox_->last_command() : "none");
}

}  // namespace ballast
