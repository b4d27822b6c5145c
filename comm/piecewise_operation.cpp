#include "comm/piecewise_operation.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ballast {

std::vector<Slice> cut(std::int64_t count, std::int64_t longest) {
  std::vector<Slice> slices;
  std::int64_t begin = 0;
  do {
    const std::int64_t end = std::min(count, begin + longest);
    slices.push_back({begin, static_cast<int>(end - begin)});
    begin = end;
  } while (begin < count);
  return slices;
}

Buffer part(Buffer buffer, Slice slice) {
  return {static_cast<std::byte*>(buffer.data) + slice.begin * size_of(buffer.dtype), slice.count, buffer.dtype};
}

ConstBuffer part(ConstBuffer buffer, Slice slice) {
  return {static_cast<const std::byte*>(buffer.data) + slice.begin * size_of(buffer.dtype), slice.count, buffer.dtype};
}

PiecewiseOperation::PiecewiseOperation(std::string label, const void* sequence, PiecewisePlan plan)
    : Operation(std::move(label), sequence), plan_(std::move(plan)) {
  for (const Piece& piece : plan_.pieces) {
    if (piece.peer >= 0) ++open_messages_[piece.peer];
  }
  report_missing();
}

bool PiecewiseOperation::advance() {
  const bool completed = test_calls();
  const bool started = post_calls();
  if (next_ < plan_.pieces.size() || !calls_.empty()) return completed || started;
  if (plan_.last) std::exchange(plan_.last, {})();
  finish();
  return true;
}

bool PiecewiseOperation::test_calls() {
  const std::size_t before = open_messages_.size();
  const auto completed = std::erase_if(calls_, [this](Call& call) {
    if (!call.test()) return false;
    if (call.peer >= 0 && --open_messages_[call.peer] == 0) open_messages_.erase(call.peer);
    return true;
  });
  if (open_messages_.size() < before) report_missing();
  return completed > 0;
}

bool PiecewiseOperation::post_calls() {
  const std::size_t first = next_;
  for (; next_ < plan_.pieces.size() && calls_.size() < plan_.window; ++next_) {
    const Piece piece = std::exchange(plan_.pieces[next_], {});  // so that nothing it stages outlives its call
    calls_.push_back({piece.post(), piece.peer});
  }
  return next_ > first;
}

void PiecewiseOperation::report_missing() {
  std::vector<int> peers;
  for (const auto& [peer, pieces] : open_messages_) peers.push_back(peer);
  set_missing(std::move(peers));
}

}  // namespace ballast
