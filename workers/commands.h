// What the orchestrator orders and what a rank reports back: plain typed structs, no tensors, JSON on the wire.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "workers/role.h"

namespace ballast {

using TokenIds = std::vector<std::int64_t>;

// One micro-batch of a batch; names what the ranks' batch stores hold.
struct BatchKey {
  std::uint64_t batch = 0;
  int micro_batch = 0;
  auto operator<=>(const BatchKey&) const = default;
};

// A row of a batch.
struct RowPlace {
  int micro_batch = 0;
  std::int64_t row = 0;
  auto operator<=>(const RowPlace&) const = default;
};

// Tensors of a micro-batch. B rows, L = max_length, T = L - 1 (index t belongs to the prediction of token t + 1).
enum class Field : std::uint8_t {
  Tokens,            // int64 [B, L]
  PromptLengths,     // int64 [B]
  Lengths,           // int64 [B], prompt and response
  LogProbs,          // float32 [B, T]
  SamplingLogProbs,  // float32 [B, T], of the distribution that was sampled; absent where responses are replayed
  ProximalLogProbs,  // float32 [B, T], of the policy whose update begins; where that is not the one that generated
  RefLogProbs,       // float32 [B, T]
  Reward,            // float32 [B, T], token rewards
  Cost,              // float32 [B, T], token costs
  RewardValues,      // float32 [B, T]
  CostValues,        // float32 [B, T]
  RewardAdvantages,  // float32 [B, T]
  CostAdvantages,    // float32 [B, T]
  RewardReturns,     // float32 [B, T]
  CostReturns,       // float32 [B, T]
};
std::string_view to_string(Field field);
// Of one row of a field, with L = max_length.
std::int64_t bytes_of_row(Field field, std::int64_t max_length);

// Read the role's weights; roles that learn prepare an optimizer for that many steps.
struct Load {
  Role role = Role::Actor;
  std::int64_t training_steps = 0;
};

// Continue prompts; leaves Tokens, PromptLengths, Lengths, LogProbs and SamplingLogProbs in the store.
struct Generate {
  BatchKey key;
  std::int64_t iteration = 0;
  std::int64_t max_length = 0;  // L: prompt and response together
  std::vector<std::int64_t> row_ids;
  std::vector<TokenIds> prompts;
  std::vector<TokenIds> responses;    // empty: the actor samples them; else replayed, one for each prompt
  std::int64_t report_responses = 0;  // of so many rows the event brings the responses: samples for people to read
  bool keep_forward = true;           // learning may take over the forward pass (workers/kept_forward.h)
};

// Point-to-point copies of one micro-batch's fields; one command on all the ranks at either end.
struct Leg {
  Field field = Field::Tokens;
  int from = 0;  // world ranks
  int to = 0;
  auto operator<=>(const Leg&) const = default;
};
struct Transfer {
  BatchKey key;
  std::int64_t rows = 0;
  std::int64_t max_length = 0;
  std::vector<Leg> legs;
};

// Actor: ProximalLogProbs of a rollout that older parameters generated. Reference: RefLogProbs. Reward, Cost: token
// rewards and costs. Critics: values of every position.
struct Score {
  Role role = Role::Reference;
  BatchKey key;
  std::vector<std::int64_t> row_ids;
  bool keep_forward = true;  // as in Generate
};

// KL-shaped rewards and costs, advantages and returns, on the actor's ranks.
struct BuildExperience {
  BatchKey key;
  std::vector<std::int64_t> row_ids;
};

// Put the rows of a batch together anew, as micro-batches 0, 1, ... of another, on the ranks of a role: micro-batch m
// of either lies on the shards of replica m mod replicas. One command on all these ranks.
struct Regroup {
  Role role = Role::Actor;
  std::uint64_t from = 0;  // batches
  std::uint64_t into = 0;
  std::int64_t max_length = 0;
  std::vector<Field> fields;
  std::vector<std::vector<RowPlace>> micro_batches;  // of `into`: where their rows lie in `from`
  std::vector<int> ranks;                            // the role's layout
  int shards = 1;
};

// A text to learn: supervised fine-tuning, and the language-model term of RL (PTX).
struct LabelledRow {
  TokenIds tokens;
  std::vector<bool> labelled;  // same size: does the loss count this token
};
// Tokens that a language model learns to predict here: those labelled, but never the first, which nothing precedes.
std::int64_t target_tokens(const std::vector<LabelledRow>& rows);

// Two different responses to one prompt, prompt included. Preferred is the better one for a reward model, the safer one
// for a cost model.
struct PairRow {
  TokenIds preferred;
  TokenIds other;
  int preferred_sign = 0;  // cost models only: +1 safe, -1 unsafe
  int other_sign = 0;
};

// One optimizer step on one mini-batch. Every rank of the role takes part; micro-batch m belongs to the shards of
// replica m mod replicas.
struct Learn {
  Role role = Role::Actor;
  std::int64_t step = 0;  // counts the run's optimizer steps from 0
  std::uint64_t batch = 0;
  std::vector<int> micro_batches;
  std::int64_t rows = 0;                      // rows of the mini-batch with a response: the loss's normaliser
  double lambda = 0.0;                        // Lagrange multiplier; only the actor's loss reads it
  std::vector<std::vector<LabelledRow>> ptx;  // actor only: empty, or one for each micro-batch
};

// Supervised jobs: read the weights of a role that learns from given examples, and prepare an optimizer.
struct LoadLearner {
  Role role = Role::Actor;
  std::int64_t training_steps = 0;
};

// One optimizer step on one mini-batch of texts (Actor) or of pairs (Reward, Cost). Every replica of the role takes
// part; micro-batch m belongs to replica m mod replicas.
struct LearnText {
  Role role = Role::Actor;
  std::int64_t step = 0;     // counts the run's optimizer steps from 0
  std::int64_t targets = 0;  // target tokens of the mini-batch, at least 1: the loss's normaliser
  std::vector<std::vector<LabelledRow>> micro_batches;
};
struct LearnPairs {
  Role role = Role::Reward;
  std::int64_t step = 0;
  std::int64_t pairs = 0;  // of the mini-batch: the loss's normaliser
  std::vector<std::vector<PairRow>> micro_batches;
};

// Judge one micro-batch without learning from it; figures by row.
struct EvaluateText {
  Role role = Role::Actor;
  std::vector<std::int64_t> row_ids;
  std::vector<LabelledRow> rows;
};
struct EvaluatePairs {
  Role role = Role::Reward;
  std::vector<std::int64_t> row_ids;
  std::vector<PairRow> rows;
};

// Write the role's model as a Hugging Face folder, and bring it to the disk. On all ranks of the role: the first
// writes, with what the others hold of the model.
struct Save {
  Role role = Role::Actor;
  std::string folder;
};

struct Free {
  std::uint64_t batch = 0;
};

using CommandBody = std::variant<Load, Generate, Transfer, Score, BuildExperience, Regroup, Learn, LoadLearner,
                                 LearnText, LearnPairs, EvaluateText, EvaluatePairs, Save, Free>;

struct Command {
  static constexpr int whole_batch = -1;

  std::uint64_t number = 0;       // position in the global order, from 1
  std::int64_t iteration = 0;     // for messages and the timeline
  int micro_batch = whole_batch;  // or the micro-batch it works on
  std::vector<int> ranks;         // world ranks that take part, ascending
  CommandBody body;
};

// Whose model works on the command: none for Transfer and Free.
std::optional<Role> role_of(const Command& command);
// 'Score'
std::string_view name_of(const Command& command);
// 'Score cost #12 (iteration 1, micro-batch 0)'
std::string describe(const Command& command);

enum class EventKind : std::uint8_t { started, finished, failed };

// Figures by row or by micro-batch: every list in `values` is as long as `ids`.
struct Figures {
  std::vector<std::int64_t> ids;
  std::map<std::string, std::vector<double>> values;
  bool operator==(const Figures&) const = default;
};

// A file that Save has written.
struct SavedFile {
  std::string name;  // 'actor/config.json', relative to the folder that holds the role's folder
  std::int64_t bytes = 0;
  std::string sha256;  // hexadecimal
  bool operator==(const SavedFile&) const = default;
};

// Kinds of bytes that leave a rank; docs/metrics.md says what each of them is.
inline constexpr std::array<std::string_view, 6> traffic_kinds{"transfer",        "gradients",  "parameters",
                                                               "tensor_parallel", "generation", "saving"};

// What a rank reports for one command: when it starts it, and when it ends. Of the shards that hold one model, which
// find the same figures, the first reports them.
struct Event {
  std::uint64_t command = 0;
  EventKind kind = EventKind::started;
  double seconds = 0.0;                       // finished: time the command took
  double clock = 0.0;                         // steady_seconds() of the rank that reports it
  std::int64_t store_bytes = 0;               // bytes of tensors in the rank's batch store
  std::map<std::string, std::int64_t> moved;  // bytes that left the rank for the command, by kind (traffic_kinds)
  // finished: the most memory that tensors had by now, by class and 'in_all' (workers/memory/peak_report.h); empty
  // where it has not grown since the rank's last event.
  std::map<std::string, std::int64_t> peak_bytes;
  // Generate: see Actor::generate; Score of Actor: see Actor::score; Score of Cost: cost; BuildExperience: see
  // experience.h; EvaluateText and EvaluatePairs: see text_learner.h and preference_learner.h.
  Figures rows;
  Figures micro_batches;                  // Learn*: losses, already divided by the mini-batch's normaliser
  std::map<std::string, double> scalars;  // Learn*: lr, grad_norm
  std::vector<TokenIds> responses;        // Generate: of the first rows, as many as the command asks for
  std::vector<SavedFile> files;           // Save: what lies in the role's folder, all of it on disk
  std::string error;                      // failed: what happened
  bool user_error = false;                // failed: the input is at fault, not the program
};

// What this host's steady clock says.
double steady_seconds();

void to_json(nlohmann::json& json, const Command& command);
void from_json(const nlohmann::json& json, Command& command);
void to_json(nlohmann::json& json, const Event& event);
void from_json(const nlohmann::json& json, Event& event);

}  // namespace ballast
