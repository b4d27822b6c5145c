#include "workers/labelled_text.h"

#include <gtest/gtest.h>

#include "tests/golden/golden_case.h"
#include "tests/workers/model/tiny_models.h"
#include "workers/model/token_log_probs.h"

namespace ballast {
namespace {

// Rows whose labels are their own tokens where the reference has a label.
std::vector<LabelledRow> rows_of(const torch::Tensor& labels_BL) {
  std::vector<LabelledRow> rows(labels_BL.size(0));
  for (std::int64_t b = 0; b < labels_BL.size(0); ++b) {
    for (std::int64_t t = 0; t < labels_BL.size(1); ++t) {
      const auto label = labels_BL[b][t].item<std::int64_t>();
      rows[b].tokens.push_back(std::max<std::int64_t>(label, 0));
      rows[b].labelled.push_back(label >= 0);
    }
  }
  return rows;
}

// With one micro-batch in the mini-batch our normaliser is the reference's.
TEST(TextLoss, OfOneMicroBatchIsTheReferencesPtxLoss) {
  const auto file = golden::read_golden_file(golden::golden_root() / "safe_rlhf" / "ptx_loss.json");
  ASSERT_FALSE(file.cases.empty());
  for (const auto& golden_case : file.cases) {
    const auto logits_BLV = golden_case.leaf("logits");
    const auto rows = rows_of(golden_case.input("labels"));
    const auto packed = packed_text(rows);
    const auto [rows_M, ids_M] = next_tokens(packed);
    const auto identity_VV = torch::eye(logits_BLV.size(2));  // hidden states that are the logits themselves
    const auto log_probs_M = token_log_probs(logits_BLV.flatten(0, 1).index_select(0, rows_M), identity_VV, ids_M);
    const auto log_probs_N = torch::zeros({packed.tokens()}).index_copy(0, rows_M, log_probs_M);
    const auto loss = text_loss(log_probs_N * next_is_target(rows), target_tokens(rows));
    loss.backward();
    const auto expected = golden_case.outputs.at("ptx_loss").at("data").front().get<double>();
    EXPECT_NEAR(loss.item<double>(), expected, 1e-5 * expected + 1e-6) << golden_case.name;
    const auto expected_gradient = golden::to_tensor(golden_case.outputs.at("grad_logits_of_ptx_loss"));
    EXPECT_TRUE(torch::allclose(logits_BLV.grad(), expected_gradient, 1e-5, 1e-6)) << golden_case.name;
  }
}

TEST(TextLoss, OfMicroBatchesAddsUpToThatOfTheMiniBatch) {
  const auto model = CausalLM::from_source(tiny_model(Family::Llama), Use::Infer);
  const std::vector<LabelledRow> rows{{.tokens = {3, 4, 5, 6}, .labelled = {false, true, true, true}},
                                      {.tokens = {7, 8}, .labelled = {true, true}},
                                      {.tokens = {9, 10, 11}, .labelled = {false, false, true}}};
  const torch::NoGradGuard no_grad;
  const auto targets = target_tokens(rows);
  EXPECT_EQ(targets, 5);
  const auto whole = text_loss(target_log_probs(*model, rows), targets);
  auto sum = torch::zeros({});
  for (const auto& row : rows) sum += text_loss(target_log_probs(*model, {row}), targets);
  EXPECT_NEAR(sum.item<double>(), whole.item<double>(), 1e-6);
}

}  // namespace
}  // namespace ballast
