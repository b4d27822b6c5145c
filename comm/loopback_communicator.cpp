#include "comm/loopback_communicator.h"

#include <fmt/format.h>

#include <numeric>

#include "comm/arguments.h"
#include "comm/loopback_group.h"

namespace ballast {
namespace {

class LoopbackCommunicator : public Communicator {
 public:
  LoopbackCommunicator(std::shared_ptr<LoopbackGroup> group, int rank)
      : group_(std::move(group)), ranks_(group_->ranks_seen_by(rank)) {}

  const RankGroup& group() const override { return ranks_; }

  Work all_reduce(Buffer buffer, ReduceOp op) override {
    return collective({.kind = Collective::all_reduce, .op = op, .input = buffer, .output = buffer});
  }
  Work reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) override {
    check_parts("reduce_scatter", ranks_, input, output);
    return collective({.kind = Collective::reduce_scatter, .op = op, .input = input, .output = output});
  }
  Work all_gather(ConstBuffer input, Buffer output) override {
    check_parts("all_gather", ranks_, output, input);
    return collective({.kind = Collective::all_gather, .input = input, .output = output});
  }
  Work broadcast(Buffer buffer, int root) override {
    check_rank("broadcast", ranks_, root);
    return collective({.kind = Collective::broadcast, .root = root, .input = buffer, .output = buffer});
  }
  Work barrier() override { return collective({.kind = Collective::barrier}); }

  Work exchange(std::vector<Send> sends, std::vector<Receive> receives) override {
    deliver_to_self(ranks_, sends, receives);
    return group_->exchange(ranks_.index, sends, receives);
  }

  std::unique_ptr<Communicator> split(std::string name, std::vector<int> members) override {
    check_members(ranks_, members);
    auto child = group_->split(ranks_.index, name, members);
    const int index = split_group(ranks_, name, members).index;
    return index < 0 ? nullptr : std::make_unique<LoopbackCommunicator>(std::move(child), index);
  }

  void abort(const std::string& reason) override {
    group_->end(fmt::format("aborted by rank {}: {}", ranks_.index, reason));
  }

 private:
  Work collective(const CollectiveCall& call) { return group_->collective(ranks_.index, call); }

  const std::shared_ptr<LoopbackGroup> group_;
  const RankGroup ranks_;
};

}  // namespace

LoopbackWorld::LoopbackWorld(int size) {
  std::vector<int> ranks(size);
  std::iota(ranks.begin(), ranks.end(), 0);
  group_ = std::make_shared<LoopbackGroup>("world", std::move(ranks));
}

std::unique_ptr<Communicator> LoopbackWorld::communicator(int rank) {
  return std::make_unique<LoopbackCommunicator>(group_, rank);
}

}  // namespace ballast
