#include "workers/regroup.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "workers/model/tensor_buffer.h"
#include "workers/transfer.h"

namespace ballast {
namespace {

// Who holds which micro-batch, seen from one rank.
class Seat {
 public:
  Seat(const Regroup& regroup, int rank) : layout_(regroup.ranks, regroup.shards) {
    const auto position = std::ranges::find(layout_.ranks(), rank) - layout_.ranks().begin();
    TORCH_CHECK(position < std::ssize(layout_.ranks()), "rank ", rank, " is none of those that regroup");
    replica_ = static_cast<int>(position) / layout_.shards();
    shard_ = static_cast<int>(position) % layout_.shards();
  }

  bool holds(int micro_batch) const { return micro_batch % layout_.replicas() == replica_; }
  // The rank that this one exchanges rows of the micro-batch with.
  int holder_of(int micro_batch) const { return layout_.rank(micro_batch % layout_.replicas(), shard_); }

 private:
  Layout layout_;
  int replica_ = 0;
  int shard_ = 0;
};

// The rows that this rank sends and receives, by peer; both ends list them in the order of the command.
struct Mail {
  std::map<int, std::vector<RowPlace>> out;
  std::map<int, std::vector<RowPlace>> in;
};

Mail mail_of(const Regroup& regroup, const Seat& seat) {
  Mail mail;
  for (std::size_t m = 0; m < regroup.micro_batches.size(); ++m) {
    const int into = static_cast<int>(m);
    for (const auto& place : regroup.micro_batches[m]) {
      if (seat.holds(place.micro_batch) && !seat.holds(into)) mail.out[seat.holder_of(into)].push_back(place);
      if (!seat.holds(place.micro_batch) && seat.holds(into)) {
        mail.in[seat.holder_of(place.micro_batch)].push_back(place);
      }
    }
  }
  return mail;
}

using Rows = std::map<RowPlace, at::Tensor>;

// One field's rows on their way.
struct FieldMail {
  Field field = Field::Tokens;
  std::vector<std::pair<int, at::Tensor>> out;  // by peer
  std::vector<std::pair<int, at::Tensor>> in;
};

FieldMail pack(Field field, const Mail& mail, const Regroup& regroup, const BatchStore& store) {
  FieldMail packed{.field = field, .out = {}, .in = {}};
  for (const auto& [peer, places] : mail.out) {
    std::vector<at::Tensor> rows;
    for (const auto& [micro_batch, row] : places) rows.push_back(store.get({regroup.from, micro_batch}, field)[row]);
    packed.out.emplace_back(peer, at::stack(rows));
  }
  for (const auto& [peer, places] : mail.in) {
    packed.in.emplace_back(peer, allocate_field(field, {std::ssize(places), regroup.max_length}, store.device()));
  }
  return packed;
}

Rows arrived(const FieldMail& packed, const Mail& mail) {
  Rows rows;
  for (const auto& [peer, tensor] : packed.in) {
    const auto& places = mail.in.at(peer);
    for (std::size_t i = 0; i < places.size(); ++i) rows[places[i]] = tensor[static_cast<std::int64_t>(i)];
  }
  return rows;
}

void put_together(const Regroup& regroup, const Seat& seat, Field field, const Rows& arrived_rows, BatchStore& store) {
  for (std::size_t m = 0; m < regroup.micro_batches.size(); ++m) {
    if (!seat.holds(static_cast<int>(m))) continue;
    std::vector<at::Tensor> rows;
    for (const auto& place : regroup.micro_batches[m]) {
      rows.push_back(seat.holds(place.micro_batch) ? store.get({regroup.from, place.micro_batch}, field)[place.row]
                                                   : arrived_rows.at(place));
    }
    store.put({regroup.into, static_cast<int>(m)}, field, at::stack(rows));
  }
}

}  // namespace

void run_regroup(const Regroup& regroup, Communicator& world, BatchStore& store, std::chrono::milliseconds timeout) {
  const Seat seat(regroup, world.group().index);
  const Mail mail = mail_of(regroup, seat);
  std::vector<FieldMail> fields;
  for (const Field field : regroup.fields) fields.push_back(pack(field, mail, regroup, store));
  std::vector<Send> sends;
  std::vector<Receive> receives;
  for (const auto& field : fields) {
    for (const auto& [peer, tensor] : field.out) sends.push_back({peer, buffer_of(tensor)});
    for (const auto& [peer, tensor] : field.in) receives.push_back({peer, buffer_of(tensor)});
  }
  if (!sends.empty() || !receives.empty()) world.exchange(std::move(sends), std::move(receives)).wait(timeout);
  for (const auto& field : fields) put_together(regroup, seat, field.field, arrived(field, mail), store);
}

}  // namespace ballast
