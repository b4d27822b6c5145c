#include "launch/plan/calibrate.h"

#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "launch/bench/comm_works.h"
#include "launch/bench/model_works.h"
#include "launch/rank_device.h"
#include "launch/session.h"
#include "orchestrator/model_time.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::chrono::milliseconds meeting_deadline{120'000};

// Ranks measure together; the slowest counts.
class Together {
 public:
  explicit Together(Communicator& world) : world_(world) {}

  // The longest that a rank takes: its median.
  double seconds(const Timing& timing) const {
    auto nanoseconds = static_cast<std::int64_t>(1e9 * timing.median());
    world_.all_reduce({&nanoseconds, 1, DType::int64}, ReduceOp::max).wait(meeting_deadline);
    return 1e-9 * static_cast<double>(nanoseconds);
  }
  // The least that a rank reaches of something that is counted by the second.
  double rate(double of_this_rank) const {
    auto negative = -static_cast<std::int64_t>(of_this_rank / 1e3);
    world_.all_reduce({&negative, 1, DType::int64}, ReduceOp::max).wait(meeting_deadline);
    return -1e3 * static_cast<double>(negative);
  }
  void meet() const { world_.barrier().wait(meeting_deadline); }

 private:
  Communicator& world_;
};

void measure_device(const Together& ranks, c10::Device device, Cluster& cluster) {
  ranks.meet();
  const auto in_float32 = measure_machine(ComputeDType::float32, device);
  const auto in_bfloat16 = measure_machine(ComputeDType::bfloat16, device);
  cluster.float32_flops = ranks.rate(in_float32.flops_per_second);
  cluster.bfloat16_flops = ranks.rate(in_bfloat16.flops_per_second);
  cluster.memory_bandwidth = ranks.rate(in_float32.bytes_per_second);
}

// Bytes that a rank may have.
double memory_of_rank(c10::Device device, std::int64_t ranks_of_host) {
  if (!device.is_cpu())
    return static_cast<double>(c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).second);
  const double of_host = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return of_host / static_cast<double>(ranks_of_host);
}

// The share of its limit that a piece of work reaches.
double reached_share(double limit_seconds, double seconds) { return std::min(1.0, limit_seconds / seconds); }

const MeasuredWork& named(const std::vector<MeasuredWork>& works, std::string_view name) {
  return *std::ranges::find(works, name, &MeasuredWork::name);
}

void measure_model(const Together& ranks, c10::Device device, std::int64_t threads, Cluster& cluster) {
  const WorkOptions work{.repeats = 3, .threads = threads};
  const MachineRates rates{
      .device = device, .flops_per_second = cluster.float32_flops, .bytes_per_second = cluster.memory_bandwidth};
  ranks.meet();
  const auto scoring = measure_scoring(work, rates);
  const auto& scores = named(scoring, "scores");
  const double scored = reached_share(scores.cost.flops / cluster.float32_flops, ranks.seconds(scores.timing));
  const auto training = measure_training(work, rates).front();
  const double trained = reached_share(training.cost.flops / cluster.float32_flops, ranks.seconds(training.timing));
  cluster.product_share = std::sqrt(scored * trained);
  const auto generation = measure_generation(work, rates);
  const auto& decode = named(generation, "decode");
  cluster.memory_share = reached_share(decode.cost.bytes / cluster.memory_bandwidth, ranks.seconds(decode.timing));
  const auto alone =
      measure_scoring({.batch = 1, .prompt = 1, .response = 1, .repeats = 10, .threads = threads}, rates);
  const auto layers = static_cast<double>(parse_shape("S").layers);
  cluster.kernel_s = ranks.seconds(named(alone, "scores").timing) / layers / kernels_of_layer;
}

void measure_link(const MeasuredRanks& ranks, Link& link) {
  if (ranks.transport.group().size() < 2) return;
  const CommOptions options{.min_bytes = 8, .max_bytes = std::int64_t{16} << 20, .factor = std::int64_t{1} << 21};
  std::vector<MeasuredTransfer> neighbours;
  for (const auto& transfer : measure_transfers(ranks, options))
    if (transfer.operation == "sendrecv") neighbours.push_back(transfer);
  link.latency_s = neighbours.front().timing.median();
  link.bandwidth = static_cast<double>(neighbours.back().bytes) / neighbours.back().timing.median();
}

// Commands that do nothing to the ranks' stores.
std::vector<Command> idle_commands(int count, int ranks, std::uint64_t first) {
  std::vector<Command> commands;
  for (int i = 0; i < count; ++i) {
    commands.push_back(
        {.number = first + static_cast<std::uint64_t>(i), .ranks = ranks_from(0, ranks), .body = Free{}});
  }
  return commands;
}

void measure_control(const CalibrationRank& rank, c10::Device device, Cluster& cluster) {
  constexpr int rounds = 50;
  Placement placement;
  placement[Role::Actor] = Layout(ranks_from(0, rank.world.size()));
  Session session({.world = rank.world,
                   .placement = placement,
                   .workers = {},
                   .stream = {},
                   .failure = rank.failure,
                   .device = device,
                   .threads = rank.threads});
  session.run([&](CommandStream& stream) {
    std::uint64_t next = 1;
    const auto send = [&](int count) {
      stream.append(idle_commands(count, rank.world.size(), next));
      next += static_cast<std::uint64_t>(count);
      stream.wait_all();
    };
    send(1);
    Timing one_by_one;
    for (int i = 0; i < rounds; ++i) one_by_one.seconds.push_back(seconds_of([&] { send(1); }));
    const double at_once = seconds_of([&] { send(rounds); }) / rounds;
    cluster.command_s = at_once;
    cluster.message_s = at_once / (3.0 * rank.world.size());  // the command, its start and its end
    cluster.control_latency_s = std::max(0.0, one_by_one.median() - at_once) / 2.0;
  });
}

}  // namespace

Cluster calibrate(const CalibrationRank& rank) {
  at::set_num_threads(static_cast<int>(rank.threads));
  auto& world = rank.world;
  if (world.size() < 2)
    throw UserError("--calibrate: found 1 rank; allowed: at least 2, to measure the way between them");
  const auto device = device_of_rank(rank.device, world);
  const Together ranks(world.communicator());
  const auto hosts = std::set(world.hosts().begin(), world.hosts().end()).size();
  Cluster cluster{.device = device.is_cuda() ? "this GPU" : "this CPU",
                  .gpu = device.is_cuda(),
                  .nodes = static_cast<std::int64_t>(hosts),
                  .devices = static_cast<std::int64_t>(world.hosts().size() / hosts)};
  cluster.memory = memory_of_rank(device, cluster.devices);
  measure_device(ranks, device, cluster);
  measure_model(ranks, device, rank.threads, cluster);
  const auto between_devices = communicator_between_devices(world, device);
  measure_link({.transport = between_devices ? *between_devices : world.communicator(),
                .device = between_devices ? device : c10::Device(c10::kCPU),
                .agreement = world.communicator()},
               cluster.within);
  cluster.between = cluster.within;
  measure_control(rank, device, cluster);
  return cluster;
}

}  // namespace ballast
