#include "comm/nccl_group.h"

namespace ballast {

void NcclGroup::require_alive() {
  if (ended_.empty() && !control_->ended().empty()) end(control_->ended());
  if (!ended_.empty()) throw CommunicationError(ended_);
}

void NcclGroup::end(const std::string& why) {
  if (!ended_.empty()) return;
  ended_ = why;
  handle_->abort();
}

}  // namespace ballast
