#include "workers/generation/crew.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

namespace ballast {
namespace {

// Looks, some ten microseconds in all, before a waiting thread gives its core away.
constexpr int patience = 2000;

}  // namespace

Share CrewMember::share_of(std::int64_t size) const {
  const std::int64_t part = (size + crew_.members_ - 1) / crew_.members_;
  return {.begin = std::min(size, index_ * part), .end = std::min(size, (index_ + 1) * part)};
}

void CrewMember::meet() {
  if (crew_.members_ == 1) return;
  const auto meeting = crew_.meetings_.load(std::memory_order_acquire);
  if (crew_.arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == crew_.members_) {
    crew_.arrived_.store(0, std::memory_order_relaxed);
    crew_.meetings_.store(meeting + 1, std::memory_order_release);
    return;
  }
  for (int looks = 0; crew_.meetings_.load(std::memory_order_acquire) == meeting; ++looks) {
    if (looks < patience)
      __builtin_ia32_pause();
    else
      std::this_thread::yield();
  }
}

Crew::Crew() {
  const std::int64_t wanted = at::in_parallel_region() ? 1 : at::get_num_threads();
  std::atomic<bool> each_has_a_thread = true;
  at::parallel_for(0, wanted, 1, [&](std::int64_t begin, std::int64_t end) {
    if (end - begin > 1) each_has_a_thread = false;
  });
  if (each_has_a_thread) members_ = wanted;
}

void Crew::run(const std::function<void(CrewMember&)>& task) {
  at::parallel_for(0, members_, 1, [&](std::int64_t begin, std::int64_t /*end*/) {
    CrewMember member(*this, begin);
    task(member);
  });
}

}  // namespace ballast
