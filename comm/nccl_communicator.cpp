#include "comm/nccl_communicator.h"

#include <algorithm>
#include <utility>

#include "comm/arguments.h"
#include "comm/nccl_operation.h"

namespace ballast {
namespace {

// The unique id travels as int64 words.
std::string tell_unique_id(const NcclCommunicator::Parts& parts) {
  constexpr std::size_t bytes = 128;
  std::vector<std::int64_t> words(bytes / sizeof(std::int64_t));
  auto* text = reinterpret_cast<char*>(words.data());
  if (parts.control->group().index == 0) {
    parts.control->thread()->run([&] { parts.library->unique_id().copy(text, bytes); });
  }
  const Buffer buffer{words.data(), static_cast<std::int64_t>(words.size()), DType::int64};
  parts.control->broadcast(buffer, 0).wait(parts.config.blocking_timeout);
  return {text, bytes};
}

}  // namespace

std::unique_ptr<NcclCommunicator> NcclCommunicator::connect(Parts parts) {
  const auto id = tell_unique_id(parts);
  const auto begin = [id, library = parts.library, group = parts.control->group()] {
    return library->connect(id, group.size(), group.index);
  };
  auto handle = make_handle("connect", parts, begin);
  return std::unique_ptr<NcclCommunicator>(new NcclCommunicator(std::move(parts), std::move(handle)));
}

NcclCommunicator::NcclCommunicator(Parts parts, std::unique_ptr<NcclHandle> handle)
    : parts_(std::move(parts)),
      nccl_(std::make_shared<NcclGroup>(parts_.library, std::move(handle), parts_.control->shared_group())) {}

std::unique_ptr<NcclHandle> NcclCommunicator::make_handle(std::string_view operation, const Parts& parts,
                                                          std::function<std::unique_ptr<NcclHandle>()> begin) {
  const auto handle = std::make_shared<std::unique_ptr<NcclHandle>>();
  const auto post = [handle, begin = std::move(begin)]() -> Piece::Test {
    *handle = begin();
    return [handle] { return (*handle)->ready(); };
  };
  const auto& control = parts.control;
  const auto needed = control->shared_group()->arrivals().enter_collective(control->group());
  const auto making = std::make_shared<PiecewiseOperation>(
      operation_label(operation, control->group()), parts.library.get(),
      PiecewisePlan{.pieces = {{.post = post}}, .find_missing = control->finder_of_missing(needed)});
  parts.control->thread()->submit(making);
  try {
    making->wait(parts.config.blocking_timeout);
  } catch (const CommunicationError&) {
    parts.control->thread()->run([&] {
      if (*handle) (*handle)->abort();
    });
    throw;
  }
  return std::move(*handle);
}

// Connections stay until the process ends, because to close one is collective. But nothing may keep the device busy.
NcclCommunicator::~NcclCommunicator() {
  try {
    parts_.control->thread()->run([&] {
      if (nccl_->in_flight > 0) nccl_->end("the communicator was closed");
    });
  } catch (const CommunicationError&) {
    // The thread has stopped and ended everything itself.
  }
}

Work NcclCommunicator::all_reduce(Buffer buffer, ReduceOp op) {
  Pieces pieces;
  for (const Slice slice : slices(buffer.count)) {
    pieces.push_back([=](NcclGroup& nccl) { nccl.handle().all_reduce(part(buffer, slice), op); });
  }
  return submit_collective("all_reduce", std::move(pieces));
}

// A slice is not contiguous in the input: it is reduced part by part, each to the rank that it belongs to.
Work NcclCommunicator::reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) {
  check_parts("reduce_scatter", group(), input, output);
  const auto cuts = slices(output.count, group().size());
  Pieces pieces;
  for (const Slice slice : cuts) {
    if (cuts.size() == 1) {
      pieces.push_back([=](NcclGroup& nccl) { nccl.handle().reduce_scatter(input, output, op); });
      continue;
    }
    pieces.push_back([=, ranks = group().size()](NcclGroup& nccl) {
      nccl.library().begin_group();
      for (int root = 0; root < ranks; ++root) {
        const ConstBuffer from = part(input, {root * output.count + slice.begin, slice.count});
        nccl.handle().reduce(from, part(output, slice), op, root);
      }
      nccl.library().end_group();
    });
  }
  return submit_collective("reduce_scatter", std::move(pieces));
}

Work NcclCommunicator::all_gather(ConstBuffer input, Buffer output) {
  check_parts("all_gather", group(), output, input);
  const auto cuts = slices(input.count, group().size());
  Pieces pieces;
  for (const Slice slice : cuts) {
    if (cuts.size() == 1) {
      pieces.push_back([=](NcclGroup& nccl) { nccl.handle().all_gather(input, output); });
      continue;
    }
    pieces.push_back([=, ranks = group().size()](NcclGroup& nccl) {
      nccl.library().begin_group();
      for (int root = 0; root < ranks; ++root) {
        const Buffer to = part(output, {root * input.count + slice.begin, slice.count});
        nccl.handle().broadcast(part(input, slice), to, root);
      }
      nccl.library().end_group();
    });
  }
  return submit_collective("all_gather", std::move(pieces));
}

Work NcclCommunicator::broadcast(Buffer buffer, int root) {
  check_rank("broadcast", group(), root);
  Pieces pieces;
  for (const Slice slice : slices(buffer.count)) {
    pieces.push_back([=](NcclGroup& nccl) { nccl.handle().broadcast(part(buffer, slice), part(buffer, slice), root); });
  }
  return submit_collective("broadcast", std::move(pieces));
}

Work NcclCommunicator::exchange(std::vector<Send> sends, std::vector<Receive> receives) {
  const auto needed = nccl_->control().arrivals().enter_exchange(group(), sends, receives);
  const auto own = take_own_messages(group(), sends, receives);
  Pieces pieces{[=](NcclGroup& nccl) {
    for (const auto& [from, to] : own) nccl.library().copy(from, to);
    nccl.library().begin_group();
    for (const auto& [from, buffer] : receives) nccl.handle().receive(from, buffer);
    for (const auto& [to, buffer] : sends) nccl.handle().send(to, buffer);
    nccl.library().end_group();
  }};
  return submit("exchange", std::move(pieces), needed);
}

std::unique_ptr<Communicator> NcclCommunicator::split(std::string name, std::vector<int> members) {
  std::shared_ptr<MpiCommunicator> control = parts_.control->split_mpi(std::move(name), std::move(members));
  const auto begin = [nccl = nccl_, member = control != nullptr, key = control ? control->group().index : 0] {
    return nccl->handle().split(member, key);
  };
  auto handle = make_handle("split", parts_, begin);
  if (!control) return nullptr;
  return std::unique_ptr<NcclCommunicator>(
      new NcclCommunicator({parts_.library, std::move(control), parts_.config}, std::move(handle)));
}

void NcclCommunicator::keep(Buffer buffer) {
  parts_.control->thread()->run([&] { nccl_->handle().keep(buffer); });
}

// Calls that move `parts` times their count take slices that are as many times shorter.
std::vector<Slice> NcclCommunicator::slices(std::int64_t count, std::int64_t parts) const {
  return cut(count, std::max<std::int64_t>(1, parts_.config.max_elements_per_call / parts));
}

Work NcclCommunicator::submit_collective(std::string_view name, Pieces pieces) {
  return submit(name, std::move(pieces), nccl_->control().arrivals().enter_collective(group()));
}

Work NcclCommunicator::submit(std::string_view name, Pieces pieces, Needed needed) {
  const auto operation = std::make_shared<NcclOperation>(
      operation_label(name, group()), nccl_,
      NcclOperation::Plan{.pieces = std::move(pieces),
                          .inputs = parts_.library->mark_compute(),
                          .find_missing = parts_.control->finder_of_missing(std::move(needed)),
                          .abort_group = [control = parts_.control](const auto& why) { control->abort(why); }});
  parts_.control->thread()->submit(operation);
  return Work(operation);
}

}  // namespace ballast
