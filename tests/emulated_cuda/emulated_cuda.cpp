#include <cuda_runtime.h>
#include <ucontext.h>

#include <memory>
#include <stdexcept>
#include <vector>

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulated_cuda {
namespace {

constexpr std::size_t stack_size = 64 << 10;
constexpr unsigned lanes = 32;

struct Mail {
  alignas(16) char bytes[64];
};

struct Barrier {
  unsigned arrived = 0;
  unsigned openings = 0;
};

// A thread of the block: a context of its own that runs until it waits.
struct Thread {
  ucontext_t context;
  Mail mail[2];  // in turn: what was given last may still be read
  unsigned exchanges = 0;
  bool finished = false;
};

// Stacks outlive blocks: thousands of them run in turn.
char* stack_of(std::size_t thread) {
  static std::vector<std::unique_ptr<char[]>> stacks;
  while (stacks.size() <= thread) stacks.push_back(std::make_unique_for_overwrite<char[]>(stack_size));
  return stacks[thread].get();
}

// The block that runs. A round gives every thread a turn.
class Block {
 public:
  Block(unsigned size, const std::function<void()>& kernel)
      : kernel_(kernel), threads_(size), warps_(size / lanes + 1) {
    for (std::size_t i = 0; i < threads_.size(); ++i) prepare(threads_[i].context, stack_of(i));
  }

  void run() {
    running_ = this;
    for (std::size_t finished = 0; finished < threads_.size();) {
      const std::size_t before = events_;
      for (current_ = 0; current_ < threads_.size(); ++current_) {
        if (threads_[current_].finished) continue;
        threadIdx = dim3(current_, 0, 0);
        swapcontext(&scheduler_, &threads_[current_].context);
        if (threads_[current_].finished) ++finished;
      }
      if (events_ == before) throw std::runtime_error("threads wait at a barrier that others do not reach");
    }
  }

  void wait_for_block() { wait(block_, static_cast<unsigned>(threads_.size())); }
  void give(const void* bytes, std::size_t size) {
    Thread& own = threads_[current_];
    std::memcpy(own.mail[++own.exchanges % 2].bytes, bytes, size);
    wait(warps_[current_ / lanes], lanes);
  }
  const void* given_by(unsigned lane) const {
    return threads_.at(current_ / lanes * lanes + lane).mail[threads_[current_].exchanges % 2].bytes;
  }

  static Block* running_;

 private:
  void prepare(ucontext_t& context, char* stack) {
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = stack_size;
    context.uc_link = &scheduler_;
    makecontext(&context, &Block::enter, 0);
  }

  static void enter() {
    running_->kernel_();
    running_->threads_[running_->current_].finished = true;
    ++running_->events_;
  }

  void wait(Barrier& barrier, unsigned size) {
    const unsigned opening = barrier.openings;
    if (++barrier.arrived == size) {
      barrier.arrived = 0;
      ++barrier.openings;
      ++events_;
    }
    while (barrier.openings == opening) swapcontext(&threads_[current_].context, &scheduler_);
  }

  const std::function<void()>& kernel_;
  std::vector<Thread> threads_;
  std::vector<Barrier> warps_;
  Barrier block_;
  ucontext_t scheduler_;
  unsigned current_ = 0;
  std::size_t events_ = 0;  // barriers that opened, threads that finished
};

Block* Block::running_ = nullptr;

}  // namespace

void run(const dim3& grid, const dim3& block, const std::function<void()>& kernel) {
  gridDim = grid;
  blockDim = block;
  for (unsigned z = 0; z < grid.z; ++z)
    for (unsigned y = 0; y < grid.y; ++y)
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = dim3(x, y, z);
        Block(block.x, kernel).run();
      }
}

void block_barrier() { Block::running_->wait_for_block(); }
void give(const void* bytes, std::size_t size) { Block::running_->give(bytes, size); }
const void* given_by(unsigned lane) { return Block::running_->given_by(lane); }

}  // namespace emulated_cuda
