// Threads that go through the steps of a task together, each with its share of every step.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace ballast {

class Crew;

// Part of a step: [begin, end).
struct Share {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// One of the threads.
class CrewMember {
 public:
  CrewMember(Crew& crew, std::int64_t index) : crew_(crew), index_(index) {}

  // This member's part of `size` pieces of work; the members' parts cover all.
  Share share_of(std::int64_t size) const;
  // True for one member: for what is not shared.
  bool leads() const { return index_ == 0; }
  // Waits until all members are here. What each wrote before, all see afterwards.
  void meet();

 private:
  Crew& crew_;
  std::int64_t index_;
};

// A step of decoding takes tens of microseconds, as long as it takes to wake a sleeping thread: a crew is woken once
// for all steps, and between them waits awake. Where threads have no core of their own, waiting gives way to others.
class Crew {
 public:
  // As many as ATen's threads; one inside a parallel region.
  Crew();

  // All members run the task, which throws nothing, and call `meet` equally often.
  void run(const std::function<void(CrewMember&)>& task);

  std::int64_t members() const { return members_; }

 private:
  friend class CrewMember;

  std::int64_t members_ = 1;
  std::atomic<std::int64_t> arrived_ = 0;
  std::atomic<std::int64_t> meetings_ = 0;
};

}  // namespace ballast
