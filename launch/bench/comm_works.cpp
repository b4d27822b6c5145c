#include "launch/bench/comm_works.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace ballast {
namespace {

constexpr std::chrono::milliseconds transfer_deadline{60'000};

Buffer buffer_of(const torch::Tensor& values) { return {values.data_ptr(), values.numel(), DType::float32}; }

// What rank `rank` puts in: small integers, so that sums are exact.
float input(int rank, std::int64_t index) { return static_cast<float>((index + rank) % 16); }

float sum_of_inputs(int ranks, std::int64_t index) {
  float sum = 0.0F;
  for (int rank = 0; rank < ranks; ++rank) sum += input(rank, index);
  return sum;
}

// An operation at one size, on this rank.
struct Trial {
  std::function<void()> fill;
  std::function<Work()> start;
  std::function<std::int64_t()> wrong;  // elements, after fill and start
};

std::int64_t count_wrong(const torch::Tensor& values, const std::function<float(std::int64_t)>& expected) {
  const auto on_host = values.cpu();
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < on_host.numel(); ++i) {
    if (on_host.const_data_ptr<float>()[i] != expected(i)) ++wrong;
  }
  return wrong;
}

// The buffers of one rank and what the operations do with them. n ranks, `count` elements of the whole array.
class Transfers {
 public:
  Transfers(const MeasuredRanks& ranks, std::int64_t count)
      : world_(ranks.transport),
        device_(ranks.device),
        n_(world_.group().size()),
        me_(world_.group().index),
        count_(count),
        part_(count / n_) {}

  Trial all_reduce() {
    return {.fill = [this] { whole_ = inputs(count_); },
            .start = [this] { return world_.all_reduce(buffer_of(whole_), ReduceOp::sum); },
            .wrong = [this] { return count_wrong(whole_, [this](auto i) { return sum_of_inputs(n_, i); }); }};
  }

  Trial reduce_scatter() {
    return {
        .fill = [this] { whole_ = inputs(part_ * n_), own_ = empty(part_); },
        .start = [this] { return world_.reduce_scatter(buffer_of(whole_), buffer_of(own_), ReduceOp::sum); },
        .wrong = [this] { return count_wrong(own_, [this](auto i) { return sum_of_inputs(n_, me_ * part_ + i); }); }};
  }

  Trial all_gather() {
    return {.fill = [this] { own_ = inputs(part_), whole_ = empty(part_ * n_); },
            .start = [this] { return world_.all_gather(buffer_of(own_), buffer_of(whole_)); },
            .wrong =
                [this] {
                  return count_wrong(whole_, [this](auto i) { return input(static_cast<int>(i / part_), i % part_); });
                }};
  }

  Trial broadcast() {
    return {.fill = [this] { whole_ = inputs(count_); },
            .start = [this] { return world_.broadcast(buffer_of(whole_), 0); },
            .wrong = [this] { return count_wrong(whole_, [](auto i) { return input(0, i); }); }};
  }

  Trial send_and_receive() {
    const int next = (me_ + 1) % n_;
    const int before = (me_ + n_ - 1) % n_;
    return {.fill = [this] { own_ = inputs(count_), whole_ = empty(count_); },
            .start =
                [=, this] {
                  return world_.exchange({{next, buffer_of(own_)}}, {{before, buffer_of(whole_)}});
                },
            .wrong = [=, this] { return count_wrong(whole_, [=](auto i) { return input(before, i); }); }};
  }

 private:
  // What this rank puts in.
  torch::Tensor inputs(std::int64_t count) const {
    auto values = torch::empty({count}, torch::kFloat32);
    for (std::int64_t i = 0; i < count; ++i) values.mutable_data_ptr<float>()[i] = input(me_, i);
    return values.to(device_);
  }
  torch::Tensor empty(std::int64_t count) const {
    return torch::zeros({count}, torch::dtype(torch::kFloat32).device(device_));
  }

  Communicator& world_;
  c10::Device device_;
  int n_;
  int me_;
  std::int64_t count_;
  std::int64_t part_;
  torch::Tensor whole_, own_;
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
      .wait(transfer_deadline);
  return values;
}

// Ranks start together; the slowest one counts.
Timing time_together(Communicator& world, std::int64_t repeats, const std::function<void()>& work) {
  std::vector<std::int64_t> nanoseconds;
  for (std::int64_t i = 0; i <= repeats; ++i) {
    world.barrier().wait(transfer_deadline);
    const double seconds = seconds_of(work);
    if (i > 0) nanoseconds.push_back(static_cast<std::int64_t>(1e9 * seconds));
  }
  Timing timing;
  for (const auto value : largest(world, nanoseconds)) timing.seconds.push_back(1e-9 * static_cast<double>(value));
  return timing;
}

std::int64_t sum_over_ranks(Communicator& world, std::int64_t value) {
  world.all_reduce({&value, 1, DType::int64}, ReduceOp::sum).wait(transfer_deadline);
  return value;
}

}  // namespace

std::vector<MeasuredTransfer> measure_transfers(const MeasuredRanks& ranks, const CommOptions& options) {
  const int n = ranks.transport.group().size();
  std::vector<MeasuredTransfer> result;
  for (const auto& operation : operations(n)) {
    std::int64_t last = 0;
    for (auto bytes = options.min_bytes; bytes <= options.max_bytes; bytes *= options.factor) {
      const auto count = std::max<std::int64_t>(n, bytes / 4 / n * n);  // every rank has its part
      if (count == std::exchange(last, count)) continue;
      Transfers transfers(ranks, count);
      const auto trial = (transfers.*operation.trial)();
      const auto run = [&] { trial.start().wait(transfer_deadline); };
      trial.fill();
      run();
      const auto wrong = sum_over_ranks(ranks.agreement, trial.wrong());
      result.push_back({.operation = operation.name,
                        .bytes = count * 4,
                        .timing = time_together(ranks.agreement, options.repeats, run),
                        .bus_factor = operation.bus_factor,
                        .wrong = wrong});
    }
  }
  const auto meet = [&] { ranks.transport.barrier().wait(transfer_deadline); };
  result.push_back({.operation = "barrier", .timing = time_together(ranks.agreement, options.repeats, meet)});
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
