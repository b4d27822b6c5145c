#include "comm/mpi_communicator.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "comm/arguments.h"

namespace ballast {
namespace {

// Messages are posted all at once; MPI copies nothing for them.
constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
constexpr std::chrono::seconds abort_patience{1};
constexpr std::chrono::seconds answer_patience{1};

std::vector<int> find_missing(CommThread& thread, MpiGroup& group, const Needed& needed) {
  using Clock = std::chrono::steady_clock;
  std::vector<int> missing;
  try {
    thread.run([&] { group.ask_arrivals(); });
    const auto deadline = Clock::now() + answer_patience;
    std::size_t answers = 0;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      thread.run([&] {
        missing = not_arrived(needed, group.known_arrivals());
        answers = group.known_arrivals().size();
      });
    } while (answers + 1 < group.ranks().ranks.size() && Clock::now() < deadline);
  } catch (const CommunicationError&) {
    // The thread has stopped: nobody can be asked.
  }
  return missing;
}

}  // namespace

MpiCommunicator::MpiCommunicator(std::shared_ptr<CommThread> thread, std::shared_ptr<MpiGroup> group,
                                 const CommunicatorConfig& config)
    : thread_(std::move(thread)), group_(std::move(group)), config_(config) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  if (config.max_elements_per_call < 1 || config.max_elements_per_call > most) {
    throw std::invalid_argument(
        fmt::format("max_elements_per_call is {}, allowed is 1 to {}", config.max_elements_per_call, most));
  }
}

Work MpiCommunicator::all_reduce(Buffer buffer, ReduceOp op) {
  PiecewisePlan plan;
  for (const Slice slice : slices(buffer.count)) plan.pieces.push_back(group_->all_reduce(part(buffer, slice), op));
  return submit_collective("all_reduce", std::move(plan));
}

Work MpiCommunicator::reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) {
  check_parts("reduce_scatter", group(), input, output);
  PiecewisePlan plan;
  for (const Slice slice : slices(output.count, group().size())) {
    plan.pieces.push_back(group_->reduce_scatter(input, slice, part(output, slice), op));
  }
  return submit_collective("reduce_scatter", std::move(plan));
}

Work MpiCommunicator::all_gather(ConstBuffer input, Buffer output) {
  check_parts("all_gather", group(), output, input);
  PiecewisePlan plan;
  for (const Slice slice : slices(input.count, group().size())) {
    plan.pieces.push_back(group_->all_gather(part(input, slice), part(output, slice), input.count));
  }
  return submit_collective("all_gather", std::move(plan));
}

Work MpiCommunicator::broadcast(Buffer buffer, int root) {
  check_rank("broadcast", group(), root);
  PiecewisePlan plan;
  for (const Slice slice : slices(buffer.count)) plan.pieces.push_back(group_->broadcast(part(buffer, slice), root));
  return submit_collective("broadcast", std::move(plan));
}

Work MpiCommunicator::exchange(std::vector<Send> sends, std::vector<Receive> receives) {
  deliver_to_self(group(), sends, receives);
  PiecewisePlan plan{.pieces = {}, .window = unlimited};
  for (const auto& [from, buffer] : receives) {
    for (const Slice slice : slices(buffer.count)) plan.pieces.push_back(group_->receive(from, part(buffer, slice)));
  }
  for (const auto& [to, buffer] : sends) {
    for (const Slice slice : slices(buffer.count)) plan.pieces.push_back(group_->send(to, part(buffer, slice)));
  }
  return submit("exchange", std::move(plan));
}

Work MpiCommunicator::barrier() { return submit_collective("barrier", {.pieces = {group_->barrier()}}); }

std::unique_ptr<MpiCommunicator> MpiCommunicator::split_mpi(std::string name, std::vector<int> members) {
  check_members(group(), members);
  const auto child = std::make_shared<std::shared_ptr<MpiGroup>>();
  // Creating a group blocks: the barrier, which has a deadline, makes sure that all ranks are about to do it.
  const auto create = [=, parent = group_, ranks = split_group(group(), std::move(name), members)] {
    *child = parent->create_child(members, ranks);
  };
  submit_collective("split", {.pieces = {group_->barrier()}, .last = create}).wait(config_.blocking_timeout);
  return *child ? std::make_unique<MpiCommunicator>(thread_, *child, config_) : nullptr;
}

void MpiCommunicator::abort(const std::string& reason) {
  const std::string why = fmt::format("aborted by rank {}: {}", group().index, reason);
  const auto end_here = [group = group_, why]() -> Piece::Test {
    group->end(why);
    return [] { return true; };
  };
  PiecewisePlan plan{.pieces = {{.post = end_here}}, .window = unlimited};
  for (int peer = 0; peer < group().size(); ++peer) {
    if (peer != group().index) plan.pieces.push_back(group_->tell_abort(peer, why));
  }
  // Of no sequence: the end of this group's operations does not end the notice of it.
  const auto notice = std::make_shared<PiecewiseOperation>(operation_label("abort", group()), nullptr, std::move(plan));
  thread_->submit(notice);
  try {
    notice->wait(abort_patience);
  } catch (const CommunicationError&) {
    // A peer that cannot be told is gone; a thread that has stopped has ended everything itself.
  }
}

// Calls that move `parts` times their count take slices that are as many times shorter.
std::vector<Slice> MpiCommunicator::slices(std::int64_t count, std::int64_t parts) const {
  return cut(count, std::max<std::int64_t>(1, config_.max_elements_per_call / parts));
}

std::function<std::vector<int>()> MpiCommunicator::finder_of_missing(Needed needed) const {
  return
      [thread = thread_, group = group_, needed = std::move(needed)] { return find_missing(*thread, *group, needed); };
}

Work MpiCommunicator::submit_collective(std::string_view name, PiecewisePlan plan) {
  plan.find_missing = finder_of_missing(group_->arrivals().enter_collective(group()));
  return submit(name, std::move(plan));
}

Work MpiCommunicator::submit(std::string_view name, PiecewisePlan plan) {
  auto operation = std::make_shared<PiecewiseOperation>(operation_label(name, group()), group_.get(), std::move(plan));
  thread_->submit(operation);
  return Work(operation);
}

}  // namespace ballast
