#include "launch/processor_share.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace ballast {
namespace {

int processors_of_this_thread() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  return CPU_COUNT(&set);
}

// In a thread of its own, which takes what it is bound to with it when it ends.
template <typename Body>
void in_a_thread(const Body& body) {
  std::thread(body).join();
}

TEST(ProcessorShare, IsOneProcessorForEachThreadWhereTheRanksFillTheHost) {
  const int processors = processors_of_this_thread();
  in_a_thread([&] {
    EXPECT_TRUE(keep_to_own_processors({.index = processors - 1, .ranks = processors, .threads = 1}));
    EXPECT_EQ(processors_of_this_thread(), 1);
  });
  in_a_thread([&] {
    EXPECT_TRUE(keep_to_own_processors({.index = 0, .ranks = 1, .threads = processors}));
    EXPECT_EQ(processors_of_this_thread(), processors);
  });
}

TEST(ProcessorShare, IsEverythingWhereThreadsAreMoreOrFewerThanProcessors) {
  const int processors = processors_of_this_thread();
  in_a_thread([&] {
    EXPECT_FALSE(keep_to_own_processors({.index = 0, .ranks = processors + 1, .threads = 1}));
    EXPECT_FALSE(keep_to_own_processors({.index = 1, .ranks = processors, .threads = 2}));
    EXPECT_EQ(processors_of_this_thread(), processors);
  });
}

}  // namespace
}  // namespace ballast
