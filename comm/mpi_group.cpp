#include "comm/mpi_group.h"

#include <fmt/format.h>
#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <numeric>
#include <optional>

#include "comm/reduction.h"

namespace ballast {
namespace {

constexpr int data_tag = 0;
constexpr int notice_tag = 1;

std::string mpi_text(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  return {text.data(), static_cast<std::size_t>(length)};
}

void check(int code) {
  if (code != MPI_SUCCESS) throw CommunicationError(mpi_text(code));
}

MPI_Datatype mpi_type(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return MPI_FLOAT;
    case DType::bfloat16:
      return MPI_UINT16_T;
    case DType::int64:
      return MPI_INT64_T;
  }
  throw std::invalid_argument("mpi_type: unknown dtype");
}

template <ReduceOp op>
void reduce_bfloat16(void* input, void* inout, int* count, MPI_Datatype*) {
  reduce(op, {input, *count, DType::bfloat16}, {inout, *count, DType::bfloat16});
}

// MPI has no bfloat16 of its own.
struct Bfloat16Ops {
  MPI_Op sum = MPI_OP_NULL;
  MPI_Op max = MPI_OP_NULL;

  static Bfloat16Ops create() {
    Bfloat16Ops ops;
    check(MPI_Op_create(&reduce_bfloat16<ReduceOp::sum>, 1, &ops.sum));
    check(MPI_Op_create(&reduce_bfloat16<ReduceOp::max>, 1, &ops.max));
    return ops;
  }

  MPI_Op choose(ReduceOp op, DType dtype) const {
    if (dtype == DType::bfloat16) return op == ReduceOp::sum ? sum : max;
    return op == ReduceOp::sum ? MPI_SUM : MPI_MAX;
  }
};

// The same slice of each of `parts` equal parts, side by side.
std::vector<std::byte> pack(ConstBuffer whole, int parts, Slice slice) {
  const std::size_t bytes = slice.count * size_of(whole.dtype);
  std::vector<std::byte> packed(parts * bytes);
  for (int i = 0; i < parts && bytes > 0; ++i) {
    std::memcpy(&packed[i * bytes], part(whole, {i * (whole.count / parts) + slice.begin, slice.count}).data, bytes);
  }
  return packed;
}

// `count` elements; those of the next rank lie `stride` elements further on.
MPI_Datatype strided_type(DType dtype, int count, std::int64_t stride) {
  MPI_Datatype contiguous = MPI_DATATYPE_NULL;
  MPI_Datatype strided = MPI_DATATYPE_NULL;
  check(MPI_Type_contiguous(count, mpi_type(dtype), &contiguous));
  check(MPI_Type_create_resized(contiguous, 0, stride * static_cast<MPI_Aint>(size_of(dtype)), &strided));
  check(MPI_Type_commit(&strided));
  check(MPI_Type_free(&contiguous));
  return strided;
}

bool completed(MPI_Request& request, const std::optional<Buffer>& expected) {
  int done = 0;
  MPI_Status status;
  check(MPI_Test(&request, &done, &status));
  if (!done || !expected) return done != 0;
  int count = 0;
  check(MPI_Get_count(&status, mpi_type(expected->dtype), &count));
  if (count == expected->count) return true;
  throw CommunicationError(
      fmt::format("rank {} sent {} elements, {} were expected", status.MPI_SOURCE, count, expected->count));
}

// The test holds `call`, hence what the call stages, until MPI is done. `peer` and what is `expected`: for messages.
Piece piece(std::function<int(MPI_Request*)> call, int peer = -1, std::optional<Buffer> expected = {}) {
  const auto post = [call = std::move(call), expected]() -> Piece::Test {
    MPI_Request request = MPI_REQUEST_NULL;
    check(call(&request));
    return [call, expected, request]() mutable { return completed(request, expected); };
  };
  return {.post = post, .peer = peer};
}

}  // namespace

void initialise_mpi(int* argc, char*** argv) {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided));
  if (provided < MPI_THREAD_SERIALIZED) throw CommunicationError("this MPI lacks the thread support SERIALIZED");
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  check(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
}

void finalise_mpi() { MPI_Finalize(); }

// What a rank tells a peer outside the operations, byte for byte.
struct MpiGroup::Notice {
  enum class Kind : std::uint8_t { abort, question, answer };
  Kind kind = Kind::abort;
  std::int32_t from = 0;
  Tally tally;                  // of answers
  std::array<char, 512> why{};  // of aborts
};

struct MpiGroup::Handles {
  MPI_Comm comm = MPI_COMM_NULL;
  Bfloat16Ops bfloat16;
  MPI_Request notice_request = MPI_REQUEST_NULL;
  Notice notice;
};

MpiGroup::MpiGroup(CommThread& thread, RankGroup ranks, std::unique_ptr<Handles> handles)
    : thread_(thread), ranks_(std::move(ranks)), mpi_(std::move(handles)) {
  listen();
}

void MpiGroup::listen() {
  check(MPI_Irecv(&mpi_->notice, sizeof(Notice), MPI_BYTE, MPI_ANY_SOURCE, notice_tag, mpi_->comm,
                  &mpi_->notice_request));
}

MpiGroup::~MpiGroup() = default;  // MPI_Finalize frees the handles: freeing a communicator is collective

std::shared_ptr<MpiGroup> MpiGroup::create_world(CommThread& thread) {
  auto handles = std::make_unique<Handles>();
  RankGroup ranks{.name = "world", .ranks = {}, .index = 0};
  int size = 0;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &handles->comm));  // libraries may use the original
  check(MPI_Comm_rank(handles->comm, &ranks.index));
  check(MPI_Comm_size(handles->comm, &size));
  ranks.ranks.resize(size);
  std::iota(ranks.ranks.begin(), ranks.ranks.end(), 0);
  handles->bfloat16 = Bfloat16Ops::create();
  std::shared_ptr<MpiGroup> world(new MpiGroup(thread, std::move(ranks), std::move(handles)));
  thread.add_listener(world);
  return world;
}

std::shared_ptr<MpiGroup> MpiGroup::create_child(const std::vector<int>& members, const RankGroup& ranks) {
  auto handles = std::make_unique<Handles>();
  MPI_Group all = MPI_GROUP_NULL;
  MPI_Group chosen = MPI_GROUP_NULL;
  check(MPI_Comm_group(mpi_->comm, &all));
  check(MPI_Group_incl(all, static_cast<int>(members.size()), members.data(), &chosen));
  check(MPI_Comm_create(mpi_->comm, chosen, &handles->comm));
  MPI_Group_free(&chosen);
  MPI_Group_free(&all);
  if (handles->comm == MPI_COMM_NULL) return nullptr;
  handles->bfloat16 = mpi_->bfloat16;
  std::shared_ptr<MpiGroup> child(new MpiGroup(thread_, ranks, std::move(handles)));
  thread_.add_listener(child);
  children_.push_back(child);
  return child;
}

Piece MpiGroup::all_reduce(Buffer buffer, ReduceOp op) const {
  return piece([=, comm = mpi_->comm, mpi_op = mpi_->bfloat16.choose(op, buffer.dtype)](MPI_Request* request) {
    return MPI_Iallreduce(MPI_IN_PLACE, buffer.data, buffer.count, mpi_type(buffer.dtype), mpi_op, comm, request);
  });
}

Piece MpiGroup::reduce_scatter(ConstBuffer input, Slice slice, Buffer output, ReduceOp op) const {
  const auto mpi_op = mpi_->bfloat16.choose(op, output.dtype);
  const auto packed = std::make_shared<std::vector<std::byte>>();  // filled late: only pieces in flight take memory
  return piece([=, comm = mpi_->comm, size = ranks_.size()](MPI_Request* request) {
    *packed = pack(input, size, slice);
    return MPI_Ireduce_scatter_block(packed->data(), output.data, output.count, mpi_type(output.dtype), mpi_op, comm,
                                     request);
  });
}

Piece MpiGroup::all_gather(ConstBuffer input, Buffer output, std::int64_t stride) const {
  const auto offset = static_cast<std::int64_t>(size_of(output.dtype)) * ranks_.index * stride;
  const void* own = static_cast<const std::byte*>(output.data) + offset;
  return piece([=, comm = mpi_->comm](MPI_Request* request) {
    MPI_Datatype strided = strided_type(output.dtype, static_cast<int>(input.count), stride);
    const void* from = input.data == own ? MPI_IN_PLACE : input.data;
    const int code = MPI_Iallgather(from, input.count, mpi_type(input.dtype), output.data, 1, strided, comm, request);
    MPI_Type_free(&strided);  // MPI keeps it while the call is under way
    return code;
  });
}

Piece MpiGroup::broadcast(Buffer buffer, int root) const {
  return piece([=, comm = mpi_->comm](MPI_Request* request) {
    return MPI_Ibcast(buffer.data, buffer.count, mpi_type(buffer.dtype), root, comm, request);
  });
}

Piece MpiGroup::send(int to, ConstBuffer buffer) const {
  const auto call = [=, comm = mpi_->comm](MPI_Request* request) {
    return MPI_Isend(buffer.data, buffer.count, mpi_type(buffer.dtype), to, data_tag, comm, request);
  };
  return piece(call, to);
}

Piece MpiGroup::receive(int from, Buffer buffer) const {
  const auto call = [=, comm = mpi_->comm](MPI_Request* request) {
    return MPI_Irecv(buffer.data, buffer.count, mpi_type(buffer.dtype), from, data_tag, comm, request);
  };
  return piece(call, from, buffer);
}

Piece MpiGroup::barrier() const {
  return piece([comm = mpi_->comm](MPI_Request* request) { return MPI_Ibarrier(comm, request); });
}

Piece MpiGroup::tell(int peer, const Notice& notice) const {
  const auto copy = std::make_shared<Notice>(notice);
  const auto call = [copy, peer, comm = mpi_->comm](MPI_Request* request) {
    return MPI_Isend(copy.get(), sizeof(Notice), MPI_BYTE, peer, notice_tag, comm, request);
  };
  return piece(call, peer);
}

Piece MpiGroup::tell_abort(int peer, const std::string& why) const {
  Notice notice{.kind = Notice::Kind::abort, .from = ranks_.index};
  why.copy(notice.why.data(), notice.why.size() - 1);
  return tell(peer, notice);
}

void MpiGroup::ask_arrivals() {
  known_arrivals_.clear();
  for (int peer = 0; peer < ranks_.size(); ++peer) {
    if (peer == ranks_.index) continue;
    being_told_.push_back(tell(peer, {.kind = Notice::Kind::question, .from = ranks_.index}).post());
  }
}

void MpiGroup::hear(const Notice& notice) {
  switch (notice.kind) {
    case Notice::Kind::abort:
      return end(notice.why.data());
    case Notice::Kind::question:
      being_told_.push_back(
          tell(notice.from, {.kind = Notice::Kind::answer, .from = ranks_.index, .tally = arrivals_.tally(notice.from)})
              .post());
      return;
    case Notice::Kind::answer:
      known_arrivals_[notice.from] = notice.tally;
      return;
  }
}

void MpiGroup::end(const std::string& why) {
  if (ended_.empty()) ended_ = why;
  thread_.end(this, why);
  for (const auto& child : children_) child->end(why);
}

void MpiGroup::poll() {
  if (mpi_->notice_request == MPI_REQUEST_NULL) return;
  try {
    std::erase_if(being_told_, [](const Piece::Test& told) { return told(); });
    int arrived = 0;
    check(MPI_Test(&mpi_->notice_request, &arrived, MPI_STATUS_IGNORE));
    if (!arrived) return;
    const Notice notice = mpi_->notice;
    listen();
    hear(notice);
  } catch (const CommunicationError& error) {
    mpi_->notice_request = MPI_REQUEST_NULL;
    end(std::string("a rank of the group has died: ") + error.what());
  }
}

void MpiGroup::close() {
  if (mpi_->notice_request == MPI_REQUEST_NULL) return;
  MPI_Cancel(&mpi_->notice_request);
  MPI_Wait(&mpi_->notice_request, MPI_STATUS_IGNORE);
}

}  // namespace ballast
