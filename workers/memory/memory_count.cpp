#include "workers/memory/memory_count.h"

namespace ballast {
namespace {

thread_local MemoryClass class_of_thread = MemoryClass::Activations;

}  // namespace

void MemoryCount::Level::add(std::int64_t bytes) {
  const std::int64_t level = now += bytes;
  std::int64_t highest = most;
  while (level > highest && !most.compare_exchange_weak(highest, level)) {
  }
}

void MemoryCount::add(MemoryClass of, std::int64_t bytes) {
  levels_[static_cast<std::size_t>(of)].add(bytes);
  all_.add(bytes);
}

void MemoryCount::remove(MemoryClass of, std::int64_t bytes) { add(of, -bytes); }

MemoryBytes MemoryCount::bytes() const {
  MemoryBytes bytes;
  for (const auto& [of, name] : memory_class_names) bytes[of] = levels_[static_cast<std::size_t>(of)].now;
  return bytes;
}

MemoryPeaks MemoryCount::peaks() const {
  MemoryPeaks peaks{.of_class = {}, .in_all = all_.most};
  for (const auto& [of, name] : memory_class_names) peaks.of_class[of] = levels_[static_cast<std::size_t>(of)].most;
  return peaks;
}

void MemoryCount::restart() {
  for (Level& level : levels_) level.most = level.now.load();
  all_.most = all_.now.load();
}

MemoryCount& memory_count() {
  static MemoryCount count;
  return count;
}

MemoryScope::MemoryScope(MemoryClass of) : outer_(class_of_thread) { class_of_thread = of; }

MemoryScope::~MemoryScope() { class_of_thread = outer_; }

MemoryClass MemoryScope::current() { return class_of_thread; }

}  // namespace ballast
