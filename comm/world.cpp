#include "comm/world.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <numeric>
#include <utility>

#include "comm/nccl_communicator.h"

namespace ballast {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Text travels as whole int64 words, the last one padded.
std::int64_t words_for(std::int64_t bytes) { return (bytes + 7) / 8; }

}  // namespace

class World::Impl {
 public:
  Impl(int* argc, char*** argv, const CommunicatorConfig& config_in)
      : config(config_in), thread(std::make_shared<CommThread>()) {
    std::shared_ptr<MpiGroup> group;
    thread->run([&] {
      initialise_mpi(argc, argv);
      group = MpiGroup::create_world(*thread);
    });
    communicator = std::make_shared<MpiCommunicator>(thread, group, config);
  }

  // After a failure nothing may write to the buffers of the exchange any more: MPI is left.
  void wait(Work work) {
    try {
      work.wait(config.blocking_timeout);
    } catch (const CommunicationError&) {
      closed = true;
      thread->stop();
      throw;
    }
  }

  const CommunicatorConfig config;
  const int exceptions_at_start = std::uncaught_exceptions();
  std::shared_ptr<CommThread> thread;
  std::shared_ptr<MpiCommunicator> communicator;
  std::vector<std::string> hosts;
  bool closed = false;
};

World::World(int* argc, char*** argv, CommunicatorConfig config)
    : impl_(std::make_unique<Impl>(argc, argv, std::move(config))) {
  impl_->hosts = all_gather(host_name());
}

World::~World() {
  try {
    if (std::uncaught_exceptions() > impl_->exceptions_at_start) {
      abort("it was left by an exception");
    } else {
      close();
    }
  } catch (const std::exception&) {  // `close` has left MPI; mpirun reports a rank that ends so
  }
}

int World::rank() const { return impl_->communicator->group().index; }
int World::size() const { return impl_->communicator->group().size(); }
const std::string& World::host() const { return impl_->hosts.at(rank()); }
const std::vector<std::string>& World::hosts() const { return impl_->hosts; }
Communicator& World::communicator() { return *impl_->communicator; }

std::unique_ptr<Communicator> World::cuda_communicator(const CudaLink& link) {
  std::shared_ptr<NcclLibrary> library;
  impl_->thread->run([&] { library = open_nccl(link); });
  std::vector<int> everyone(size());
  std::iota(everyone.begin(), everyone.end(), 0);
  return NcclCommunicator::connect({.library = std::move(library),
                                    .control = impl_->communicator->split_mpi("world", std::move(everyone)),
                                    .config = impl_->config});
}

std::vector<std::string> World::all_gather(const std::string& bytes) {
  std::vector<std::int64_t> lengths(size());
  const auto length = static_cast<std::int64_t>(bytes.size());
  impl_->wait(communicator().all_gather({&length, 1, DType::int64}, {lengths.data(), size(), DType::int64}));

  const std::int64_t words = words_for(*std::ranges::max_element(lengths));
  std::vector<std::int64_t> own(words);
  std::vector<std::int64_t> all(words * size());
  bytes.copy(reinterpret_cast<char*>(own.data()), bytes.size());
  impl_->wait(communicator().all_gather({own.data(), words, DType::int64}, {all.data(), words * size(), DType::int64}));

  std::vector<std::string> result;
  for (int i = 0; i < size(); ++i) result.emplace_back(reinterpret_cast<char*>(all.data() + i * words), lengths[i]);
  return result;
}

std::string World::broadcast(std::string bytes, int root) {
  auto length = static_cast<std::int64_t>(bytes.size());
  impl_->wait(communicator().broadcast({&length, 1, DType::int64}, root));
  std::vector<std::int64_t> words(words_for(length));
  if (rank() == root) bytes.copy(reinterpret_cast<char*>(words.data()), bytes.size());
  impl_->wait(communicator().broadcast({words.data(), words_for(length), DType::int64}, root));
  return {reinterpret_cast<char*>(words.data()), static_cast<std::size_t>(length)};
}

void World::close() {
  if (std::exchange(impl_->closed, true)) return;
  impl_->wait(communicator().barrier());
  impl_->thread->stop(finalise_mpi);
}

void World::abort(const std::string& reason) {
  if (std::exchange(impl_->closed, true)) return;
  communicator().abort(reason);
  impl_->thread->stop();
}

}  // namespace ballast
