#include "launch/bench/comm_works.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace ballast {
namespace {

constexpr std::chrono::milliseconds deadline{60'000};

using Floats = std::vector<float>;

Buffer buffer(Floats& values) { return {values.data(), static_cast<std::int64_t>(values.size()), DType::float32}; }

// What rank `rank` puts in: small integers, so that sums are exact.
float input(int rank, std::int64_t index) { return static_cast<float>((index + rank) % 16); }

float sum_of_inputs(int ranks, std::int64_t index) {
  float sum = 0.0F;
  for (int rank = 0; rank < ranks; ++rank) sum += input(rank, index);
  return sum;
}

Floats inputs(int rank, std::int64_t count) {
  Floats values(count);
  for (std::int64_t i = 0; i < count; ++i) values[i] = input(rank, i);
  return values;
}

// An operation at one size, on this rank.
struct Trial {
  std::function<void()> fill;
  std::function<Work()> start;
  std::function<std::int64_t()> wrong;  // elements, after fill and start
};

std::int64_t count_wrong(const Floats& values, const std::function<float(std::int64_t)>& expected) {
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != expected(static_cast<std::int64_t>(i))) ++wrong;
  }
  return wrong;
}

// The buffers of one rank and what the operations do with them. n ranks, `count` elements of the whole array.
class Transfers {
 public:
  Transfers(Communicator& world, std::int64_t count)
      : world_(world), n_(world.group().size()), me_(world.group().index), count_(count), part_(count / n_) {}

  Trial all_reduce() {
    return {.fill = [this] { whole_ = inputs(me_, count_); },
            .start = [this] { return world_.all_reduce(buffer(whole_), ReduceOp::sum); },
            .wrong = [this] { return count_wrong(whole_, [this](auto i) { return sum_of_inputs(n_, i); }); }};
  }

  Trial reduce_scatter() {
    return {
        .fill = [this] { whole_ = inputs(me_, part_ * n_), own_ = Floats(part_); },
        .start = [this] { return world_.reduce_scatter(buffer(whole_), buffer(own_), ReduceOp::sum); },
        .wrong = [this] { return count_wrong(own_, [this](auto i) { return sum_of_inputs(n_, me_ * part_ + i); }); }};
  }

  Trial all_gather() {
    return {.fill = [this] { own_ = inputs(me_, part_), whole_ = Floats(part_ * n_); },
            .start = [this] { return world_.all_gather(buffer(own_), buffer(whole_)); },
            .wrong =
                [this] {
                  return count_wrong(whole_, [this](auto i) { return input(static_cast<int>(i / part_), i % part_); });
                }};
  }

  Trial broadcast() {
    return {.fill = [this] { whole_ = inputs(me_, count_); },
            .start = [this] { return world_.broadcast(buffer(whole_), 0); },
            .wrong = [this] { return count_wrong(whole_, [](auto i) { return input(0, i); }); }};
  }

  Trial send_and_receive() {
    const int next = (me_ + 1) % n_;
    const int before = (me_ + n_ - 1) % n_;
    return {.fill = [this] { own_ = inputs(me_, count_), whole_ = Floats(count_); },
            .start =
                [=, this] {
                  return world_.exchange({{next, buffer(own_)}}, {{before, buffer(whole_)}});
                },
            .wrong = [=, this] { return count_wrong(whole_, [=](auto i) { return input(before, i); }); }};
  }

 private:
  Communicator& world_;
  int n_;
  int me_;
  std::int64_t count_;
  std::int64_t part_;
  Floats whole_, own_;
};

struct Operation {
  std::string name;
  Trial (Transfers::*trial)();
  double bus_factor;
};

std::vector<Operation> operations(int ranks) {
  const double others = static_cast<double>(ranks - 1) / ranks;
  return {{"all_reduce", &Transfers::all_reduce, 2.0 * others},
          {"reduce_scatter", &Transfers::reduce_scatter, others},
          {"all_gather", &Transfers::all_gather, others},
          {"broadcast", &Transfers::broadcast, 1.0},
          {"sendrecv", &Transfers::send_and_receive, 1.0}};
}

// The largest over the ranks of each value, which are whole numbers.
std::vector<std::int64_t> largest(Communicator& world, std::vector<std::int64_t> values) {
  world.all_reduce({values.data(), static_cast<std::int64_t>(values.size()), DType::int64}, ReduceOp::max)
      .wait(deadline);
  return values;
}

// Ranks start together; the slowest one counts.
Timing time_together(Communicator& world, std::int64_t repeats, const std::function<void()>& work) {
  std::vector<std::int64_t> nanoseconds;
  for (std::int64_t i = 0; i <= repeats; ++i) {
    world.barrier().wait(deadline);
    const double seconds = seconds_of(work);
    if (i > 0) nanoseconds.push_back(static_cast<std::int64_t>(1e9 * seconds));
  }
  Timing timing;
  for (const auto value : largest(world, nanoseconds)) timing.seconds.push_back(1e-9 * static_cast<double>(value));
  return timing;
}

std::int64_t sum_over_ranks(Communicator& world, std::int64_t value) {
  world.all_reduce({&value, 1, DType::int64}, ReduceOp::sum).wait(deadline);
  return value;
}

}  // namespace

std::vector<MeasuredTransfer> measure_transfers(Communicator& world, const CommOptions& options) {
  const int ranks = world.group().size();
  std::vector<MeasuredTransfer> result;
  for (const auto& operation : operations(ranks)) {
    std::int64_t last = 0;
    for (auto bytes = options.min_bytes; bytes <= options.max_bytes; bytes *= options.factor) {
      const auto count = std::max<std::int64_t>(ranks, bytes / 4 / ranks * ranks);  // every rank has its part
      if (count == std::exchange(last, count)) continue;
      Transfers transfers(world, count);
      const auto trial = (transfers.*operation.trial)();
      const auto run = [&] { trial.start().wait(deadline); };
      trial.fill();
      run();
      const auto wrong = sum_over_ranks(world, trial.wrong());
      result.push_back({.operation = operation.name,
                        .bytes = count * 4,
                        .timing = time_together(world, options.repeats, run),
                        .bus_factor = operation.bus_factor,
                        .wrong = wrong});
    }
  }
  result.push_back({.operation = "barrier",
                    .timing = time_together(world, options.repeats, [&] { world.barrier().wait(deadline); })});
  return result;
}

std::string describe(const std::vector<MeasuredTransfer>& transfers) {
  auto text = fmt::format("{:<16}{:>12}{:>12}{:>12}{:>12}{:>12}{:>8}\n", "float32", "bytes", "minimum us", "median us",
                          "alg GB/s", "bus GB/s", "wrong");
  for (const auto& transfer : transfers) {
    text += fmt::format("{:<16}{:>12}{:>12.1f}{:>12.1f}{:>12.3f}{:>12.3f}{:>8}\n", transfer.operation, transfer.bytes,
                        1e6 * transfer.timing.minimum(), 1e6 * transfer.timing.median(),
                        transfer.algorithm_bandwidth() / 1e9, transfer.bus_bandwidth() / 1e9, transfer.wrong);
  }
  return text;
}

nlohmann::json to_json(const std::vector<MeasuredTransfer>& transfers) {
  auto list = nlohmann::json::array();
  for (const auto& transfer : transfers) {
    list.push_back({{"operation", transfer.operation},
                    {"bytes", transfer.bytes},
                    {"seconds_minimum", transfer.timing.minimum()},
                    {"seconds_median", transfer.timing.median()},
                    {"algorithm_bytes_per_second", transfer.algorithm_bandwidth()},
                    {"bus_bytes_per_second", transfer.bus_bandwidth()},
                    {"wrong", transfer.wrong}});
  }
  return list;
}

}  // namespace ballast
