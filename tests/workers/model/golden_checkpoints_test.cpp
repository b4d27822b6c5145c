// Every checkpoint folder of the golden sets against what transformers and safe-rlhf computed from it: folders with
// config.json and expected.json. B rows, L columns, V vocabulary, E hidden, T = L - 1.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "workers/model/causal_lm.h"
#include "workers/model/safetensors.h"
#include "workers/model/score_model.h"

namespace ballast {
namespace {

constexpr double logits_tolerance = 2e-4;  // stated by the golden files
constexpr double scores_tolerance = 1e-4;

std::filesystem::path golden_root() {
  const char* root = std::getenv("BALLAST_GOLDEN");
  return root ? root : "tests/golden";
}

std::vector<std::filesystem::path> checkpoint_folders() {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(golden_root()))
    if (entry.path().filename() == "expected.safetensors" && exists(entry.path().parent_path() / "config.json"))
      folders.push_back(entry.path().parent_path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

// The expected tensors of one folder; remembers which of them were compared.
class Expected {
 public:
  explicit Expected(const std::filesystem::path& folder) : reader_(folder / "expected.safetensors") {}

  bool contains(const std::string& name) const { return reader_.contains(name); }
  torch::Tensor at(const std::string& name) {
    seen_.insert(name);
    return reader_.tensor(name);
  }
  std::vector<std::string> unseen() const {
    std::vector<std::string> names = reader_.names();
    std::erase_if(names, [&](const std::string& name) { return seen_.contains(name); });
    return names;
  }

  // Both [...]; counts one comparison.
  void compare(const std::string& name, const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
    ++comparisons_;
    ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
    ASSERT_GT(actual.numel(), 0) << name;
    const double difference = (actual - expected).abs().max().item<double>();
    EXPECT_LE(difference, tolerance) << name << ": found a difference of " << difference;
  }
  void compare_equal(const std::string& name, const torch::Tensor& actual, const torch::Tensor& expected) {
    ++comparisons_;
    EXPECT_TRUE(torch::equal(actual, expected)) << name << ":\n" << actual << "\nexpected\n" << expected;
  }
  int comparisons() const { return comparisons_; }

 private:
  SafetensorsReader reader_;
  std::set<std::string> seen_;
  int comparisons_ = 0;
};

// Rows of a padded [B, L, ...] tensor at the packed tokens, [N, ...].
torch::Tensor at_tokens(const torch::Tensor& padded_BL, const torch::Tensor& mask_BL) {
  return padded_BL.flatten(0, 1).index_select(0, mask_BL.flatten().nonzero().squeeze(1));
}

void compare_forward(const CausalLM& model, Expected& expected, const std::string& group, const PackedTokens& packed,
                     const torch::Tensor& mask_BL) {
  const torch::Tensor hidden_NE = model.hidden(packed);
  const auto compare = [&](const std::string& output, const torch::Tensor& actual_N) {
    const std::string name = group + "." + output;
    if (expected.contains(name))
      expected.compare(name, actual_N, at_tokens(expected.at(name), mask_BL), logits_tolerance);
  };
  compare("last_hidden_state", hidden_NE);
  compare("logits", model.logits(hidden_NE));
  const std::string name = group + ".logprobs_of_next_ids";
  if (!expected.contains(name)) return;
  const std::int64_t T = mask_BL.size(1) - 1;
  const torch::Tensor valid_BT = mask_BL.narrow(1, 0, T).to(torch::kBool) & mask_BL.narrow(1, 1, T).to(torch::kBool);
  const torch::Tensor actual_BT = unpack_next_token(model.next_token_log_probs(packed), packed, T);
  expected.compare(name, actual_BT.masked_select(valid_BT), expected.at(name).masked_select(valid_BT),
                   logits_tolerance);
}

void compare_padded_batches(const CausalLM& model, Expected& expected) {
  if (expected.contains("right.input_ids")) {
    const torch::Tensor mask_BL = expected.at("right.attention_mask");
    compare_forward(model, expected, "right", PackedTokens::from_padded(expected.at("right.input_ids"), mask_BL),
                    mask_BL);
  }
  if (!expected.contains("left.input_ids")) return;
  const torch::Tensor tokens_BL = expected.at("left.input_ids");
  const torch::Tensor mask_BL = expected.at("left.attention_mask");
  PackedTokens packed = PackedTokens::from_padded(tokens_BL, mask_BL);
  if (expected.contains("left.mask_aware_position_ids"))
    expected.compare_equal("left.mask_aware_position_ids", packed.positions_N,
                           at_tokens(expected.at("left.mask_aware_position_ids"), mask_BL));
  compare_forward(model, expected, "left_mask_aware_positions", packed, mask_BL);
  packed.positions_N = packed.columns_N;  // counted over the padding too
  compare_forward(model, expected, "left_arange_positions", packed, mask_BL);
}

// Greedy sequences continue the left-padded prompts: every new token, the first EOS included, is the argmax of the
// logits before it.
void compare_greedy(const CausalLM& model, Expected& expected, const std::string& name,
                    std::optional<std::int64_t> eos) {
  if (!expected.contains(name)) return;
  const torch::Tensor sequences_BL = expected.at(name);
  const torch::Tensor prompt_mask_BP = expected.at("left.attention_mask").to(torch::kBool);
  const std::int64_t P = prompt_mask_BP.size(1);
  torch::Tensor mask_BL = torch::ones_like(sequences_BL, torch::kBool);
  mask_BL.narrow(1, 0, P).copy_(prompt_mask_BP);
  if (eos) {
    const torch::Tensor ended_BR = (sequences_BL.narrow(1, P, sequences_BL.size(1) - P) == *eos).cumsum(1);
    const torch::Tensor is_eos_BR = sequences_BL.narrow(1, P, ended_BR.size(1)) == *eos;
    mask_BL.narrow(1, P, ended_BR.size(1)).copy_((ended_BR == 0) | ((ended_BR == 1) & is_eos_BR));
  }
  const PackedTokens packed = PackedTokens::from_padded(sequences_BL, mask_BL);
  const auto [rows_M, ids_M] = next_tokens(packed);
  const torch::Tensor generated_M = packed.columns_N.index_select(0, rows_M) >= P - 1;
  const torch::Tensor greedy_M = model.logits(model.hidden(packed).index_select(0, rows_M)).argmax(-1);
  expected.compare_equal(name, greedy_M.masked_select(generated_M), ids_M.masked_select(generated_M));
}

void check_causal_lm(const std::filesystem::path& folder, Expected& expected) {
  const auto model = CausalLM::from_source({.path = folder}, Use::Infer);
  compare_padded_batches(*model, expected);
  compare_greedy(*model, expected, "greedy_no_eos.sequences", std::nullopt);
  std::ifstream stream(folder / "expected.json");
  const auto json = nlohmann::json::parse(stream);
  if (json.contains("greedy") && json["greedy"].contains("eos_token_id_in_greedy_eos"))
    compare_greedy(*model, expected, "greedy_eos.sequences",
                   json["greedy"]["eos_token_id_in_greedy_eos"].get<std::int64_t>());
}

void check_score_model(const std::filesystem::path& folder, Expected& expected) {
  const auto model = ScoreModel::from_folder(folder, Use::Infer);
  const torch::Tensor tokens_BL = expected.at("input_ids");
  const torch::Tensor mask_BL = expected.at("attention_mask");
  const PackedTokens packed = PackedTokens::from_padded(tokens_BL, mask_BL);
  if (expected.contains("scores"))
    expected.compare("scores", model->normalized(model->scores(packed)),
                     at_tokens(expected.at("scores").view(tokens_BL.sizes()), mask_BL), scores_tolerance);
  // Classifiers of transformers call their end scores logits.
  for (const char* name : {"end_scores", "logits"})
    if (expected.contains(name))
      expected.compare(name, model->end_scores(packed), expected.at(name).view({-1}), scores_tolerance);
  if (!expected.contains("end_index")) return;
  const std::vector<std::int64_t> ends(packed.cu_lengths.begin() + 1, packed.cu_lengths.end());
  expected.compare_equal("end_index", packed.columns_N.index_select(0, torch::tensor(ends, torch::kInt64) - 1),
                         expected.at("end_index"));
}

TEST(GoldenCheckpoints, AreComputedAsTheReferenceComputesThem) {
  const torch::NoGradGuard no_grad;
  const auto folders = checkpoint_folders();
  ASSERT_FALSE(folders.empty()) << "no checkpoint folder under " << golden_root();
  int comparisons = 0;
  for (const auto& folder : folders) {
    SCOPED_TRACE(folder.string());
    Expected expected(folder);
    read_model_config(folder).is_causal_lm() ? check_causal_lm(folder, expected) : check_score_model(folder, expected);
    EXPECT_GT(expected.comparisons(), 0) << "nothing was compared";
    comparisons += expected.comparisons();
    std::cout << folder.filename().string() << ": " << expected.comparisons() << " comparisons\n";
    for (const std::string& name : expected.unseen()) std::cout << "  not compared: " << name << "\n";
  }
  std::cout << folders.size() << " folders, " << comparisons << " comparisons\n";
}

}  // namespace
}  // namespace ballast
