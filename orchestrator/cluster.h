// The machines that a plan is made for: what a device computes and holds, and how fast bytes move between two of them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>

namespace ballast {

// Between two ranks, in one direction. A message of n bytes takes latency_s + n / bandwidth.
struct Link {
  double latency_s = 0.0;
  double bandwidth = 1.0;  // bytes per second

  template <typename Fields>
  void describe(Fields& field) {
    field("latency_s", latency_s, "seconds until the first byte is there").at_least(0.0);
    field("bandwidth", bandwidth, "bytes per second").above(0.0);
  }
};

// `nodes` alike of `devices` alike. Ranks fill one node after the other, one rank to a device; more ranks than devices
// share them evenly. Defaults are one node of eight H100.
struct Cluster {
  std::string device = "h100";  // a name for people
  bool gpu = true;              // else CPUs
  std::int64_t nodes = 1;
  std::int64_t devices = 8;            // of a node; on CPUs: cores, or groups of threads_per_rank of them
  double float32_flops = 67e12;        // per second, a multiplication and an addition count two
  double bfloat16_flops = 989e12;      // per second
  double product_share = 0.5;          // of these that training and scoring reach, all in all
  double memory_bandwidth = 3.35e12;   // bytes per second
  double memory_share = 0.7;           // of it that decoding reaches
  double memory = 80e9;                // bytes of a device
  double kernel_s = 4e-6;              // from one kernel to the next where they are too small to hide it
  double command_s = 2e-4;             // that a rank spends on a command beside its tensors
  Link within{3e-6, 450e9};            // ranks of one node
  Link between{1e-5, 50e9};            // ranks of different nodes, each with a network card of its own
  double message_s = 1e-5;             // the orchestrator's processor time for one message
  double control_latency_s = 2e-4;     // of a message on its way
  double price_per_device_hour = 0.0;  // in whatever currency; 0: not known

  std::int64_t ranks() const { return nodes * devices; }
  // Of a job with so many ranks.
  std::int64_t ranks_of_node(std::int64_t world) const { return std::max(devices, (world + nodes - 1) / nodes); }

  // Bytes, of each rank of a job with so many.
  double memory_of_rank(std::int64_t world) const {
    return memory * static_cast<double>(devices) / static_cast<double>(ranks_of_node(world));
  }

  template <typename Fields>
  void describe(Fields& field) {
    field("device", device, "a name for people");
    field("gpu", gpu, "the devices are GPUs, else CPUs");
    field("nodes", nodes, "machines, all alike").at_least(1);
    field("devices", devices, "of a node, one rank to each").at_least(1);
    field("float32_flops", float32_flops, "per second, of a large product on one device").above(0.0);
    field("bfloat16_flops", bfloat16_flops, "per second, of a large product on one device").above(0.0);
    field("product_share", product_share, "of these that training and scoring reach").above(0.0).at_most(1.0);
    field("memory_bandwidth", memory_bandwidth, "of a device, bytes per second").above(0.0);
    field("memory_share", memory_share, "of it that decoding reaches").above(0.0).at_most(1.0);
    field("memory", memory, "of a device, bytes").above(0.0);
    field("kernel_s", kernel_s, "seconds from one small kernel to the next").at_least(0.0);
    field("command_s", command_s, "seconds that a rank spends on a command beside its tensors").at_least(0.0);
    field("within", within, "between ranks of one node");
    field("between", between, "between ranks of different nodes");
    field("message_s", message_s, "the orchestrator's processor time for one message, seconds").at_least(0.0);
    field("control_latency_s", control_latency_s, "seconds that a message is on its way").at_least(0.0);
    field("price_per_device_hour", price_per_device_hour, "of one device for an hour; 0: not known").at_least(0.0);
  }
};

}  // namespace ballast
