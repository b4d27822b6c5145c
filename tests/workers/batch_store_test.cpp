#include "workers/batch_store.h"

#include <gmock/gmock.h>
#include <torch/types.h>

namespace ballast {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(BatchStore, CountsTheBytesItHolds) {
  BatchStore store;
  store.put({1, 0}, Field::Cost, torch::zeros({4}));
  store.put({1, 1}, Field::Tokens, torch::zeros({2, 3}, torch::kLong));
  EXPECT_EQ(store.bytes(), 4 * 4 + 6 * 8);
  store.put({1, 0}, Field::Cost, torch::zeros({2}));
  EXPECT_EQ(store.bytes(), 2 * 4 + 6 * 8);
}

TEST(BatchStore, FreesAllMicroBatchesOfOneBatchAndNoOther) {
  BatchStore store;
  for (const std::uint64_t batch : {1, 2}) {
    for (const int m : {0, 1, 7}) store.put({batch, m}, Field::Cost, torch::zeros({4}));
  }
  store.free(1);
  EXPECT_FALSE(store.holds({1, 7}, Field::Cost));
  EXPECT_TRUE(store.holds({2, 0}, Field::Cost));
  EXPECT_EQ(store.bytes(), 3 * 16);
}

TEST(BatchStore, NamesWhatIsMissing) {
  const BatchStore store;
  EXPECT_THAT(
      [&] {
        store.get({3, 1}, Field::RefLogProbs);
      },
      ThrowsMessage<std::out_of_range>(HasSubstr("batch 3, micro-batch 1 has no field 'ref_log_probs'")));
}

}  // namespace
}  // namespace ballast
