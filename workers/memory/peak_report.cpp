#include "workers/memory/peak_report.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <utility>

namespace ballast {
namespace {

MemoryPeaks peaks_on(c10::Device device) {
  if (device.is_cpu()) return memory_count().peaks();
  using c10::CachingAllocator::StatType;
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return {.of_class = {}, .in_all = stats.allocated_bytes[static_cast<std::size_t>(StatType::AGGREGATE)].peak};
}

}  // namespace

std::map<std::string, std::int64_t> PeakReport::grown() {
  const auto peaks = peaks_on(device_);
  if (peaks == std::exchange(told_, peaks)) return {};
  std::map<std::string, std::int64_t> bytes{{"in_all", peaks.in_all}};
  if (!device_.is_cpu()) return bytes;
  for (const auto& [of, name] : memory_class_names) bytes[std::string(name)] = peaks.of_class[of];
  return bytes;
}

}  // namespace ballast
