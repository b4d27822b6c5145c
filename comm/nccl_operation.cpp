#include "comm/nccl_operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ballast {

NcclOperation::NcclOperation(std::string label, std::shared_ptr<NcclGroup> group, Plan plan)
    : Operation(std::move(label), &group->library()), group_(std::move(group)), plan_(std::move(plan)) {}

bool NcclOperation::advance() {
  try {
    group_->require_alive();
    return work();
  } catch (const CommunicationError& error) {
    group_->end(error.what());
    throw;
  }
}

bool NcclOperation::work() {
  if (marks_.empty() && !called_) {
    ++group_->in_flight;
    group_->library().wait_for(*plan_.inputs);
  }
  const bool posted = post_pieces();
  const bool completed = test_pieces();
  if (reached_ < plan_.pieces.size()) return posted || completed;
  --group_->in_flight;
  finish();
  return true;
}

bool NcclOperation::post_pieces() {
  const std::size_t before = marks_.size();
  while (marks_.size() < plan_.pieces.size()) {
    if (!std::exchange(called_, true)) plan_.pieces[marks_.size()](*group_);
    if (!group_->handle().ready()) break;
    marks_.push_back(group_->library().mark());
    called_ = false;
  }
  return marks_.size() > before;
}

bool NcclOperation::test_pieces() {
  const std::size_t before = reached_;
  while (reached_ < marks_.size() && marks_[reached_]->reached()) ++reached_;
  if (!called_) group_->handle().ready();  // throws what has gone wrong meanwhile
  return reached_ > before;
}

std::string NcclOperation::progress() const {
  if (plan_.pieces.size() == 1) return "";
  const std::size_t piece = std::min<std::size_t>(reached_ + 1, plan_.pieces.size());
  return fmt::format(" in piece {} of {}", piece, plan_.pieces.size());
}

}  // namespace ballast
