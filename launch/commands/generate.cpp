#include "launch/commands/generate.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <system_error>

#include "launch/commands/enum_option.h"
#include "launch/progress.h"
#include "launch/prompt_rows.h"
#include "workers/data/continuation_text.h"
#include "workers/data/tokenizer_folder.h"
#include "workers/device.h"
#include "workers/generation/end_tokens.h"
#include "workers/generation/generator.h"
#include "workers/model/atomic_file.h"

namespace ballast {
namespace {

constexpr auto help = R"(
PROMPTS is JSONL, one row a line (a JSON array and gzip will do too). A row gives `prompt`, a text (or, for a
conversation, the list of its turns), or `input_ids`, a list of token ids; ids win where it gives both. OUT repeats each row's fields, once for each sample, and adds
  sample         0 to SAMPLES - 1
  output_ids     new tokens only; the EOS token is the last where the model ended by itself
  log_probs      of each new token in the model's own distribution: temperature 1, no filters
  text           of the new tokens, without special tokens; where the model's folder has a tokenizer
  finish_reason  eos or length
The result depends on model, prompts, sampling options, seed and threads, not on --batch.

Examples:
  ballast generate --model DIR --prompts prompts.jsonl --out out.jsonl --max-new-tokens 64
  ballast generate --model DIR --prompts prompts.jsonl --out out.jsonl --temperature 0
  ballast generate --model DIR --prompts prompts.jsonl --out out.jsonl --samples 4 --temperature 0.7 --top-p 0.9 --seed 7
  echo '{"prompt": "Once upon a time"}' > prompts.jsonl)";

struct GenerateOptions {
  std::filesystem::path model;
  std::filesystem::path prompts;
  std::filesystem::path out;
  TextFormat format = TextFormat::Plain;
  SamplingConfig sampling{.max_new_tokens = 128};
  std::int64_t samples = 1;
  std::int64_t seed = 1;
  std::int64_t slots = GenerationConfig::rows_multiple;
  ComputeDType dtype = ComputeDType::float32;
  DeviceChoice device = DeviceChoice::Auto;
  std::int64_t threads = 1;
};

// Everything the command reads.
struct Inputs {
  std::unique_ptr<CausalLM> model;
  std::unique_ptr<Tokenizer> tokenizer;  // nullptr: the folder has none
  std::vector<std::int64_t> end_tokens;
  std::vector<PromptOfRow> rows;
};

Inputs read_inputs(const GenerateOptions& options) {
  const ModelSource source{.path = options.model, .dtype = options.dtype};
  const auto config = model_config(source);
  Inputs inputs{.end_tokens = end_tokens_of(source, config)};
  if (has_tokenizer(options.model)) inputs.tokenizer = load_tokenizer(options.model);
  inputs.rows = read_prompt_rows(options.prompts, {.tokenizer = inputs.tokenizer.get(),
                                                   .format = options.format,
                                                   .vocab = config.vocab,
                                                   .max_length = config.max_positions});
  inputs.model = CausalLM::from_source(source, Use::Infer, choose_device(options.device));
  return inputs;
}

// Samples of a prompt stand side by side.
Generate command_for(const Inputs& inputs, std::int64_t samples) {
  Generate command{.max_length = inputs.model->config().max_positions};
  for (const auto& row : inputs.rows) {
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      command.row_ids.push_back(static_cast<std::int64_t>(command.row_ids.size()));
      command.prompts.push_back(row.prompt);
    }
  }
  return command;
}

std::string output_lines(const Inputs& inputs, const std::vector<Response>& responses, const Generator& generator) {
  const auto samples = responses.size() / inputs.rows.size();
  std::string lines;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const auto& [input, prompt] = inputs.rows[i / samples];
    const auto& tokens = responses[i].tokens;
    auto row = input;
    row["sample"] = i % samples;
    row["output_ids"] = tokens;
    row["log_probs"] = responses[i].log_probs;
    if (inputs.tokenizer) row["text"] = text_after(*inputs.tokenizer, prompt, tokens);
    row["finish_reason"] = generator.ended(tokens) ? "eos" : "length";
    lines += row.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return lines;
}

// Opened before anything is computed, so that a place that cannot be written is found at once.
std::unique_ptr<AtomicFile> open_output(const std::filesystem::path& path) {
  try {
    return std::make_unique<AtomicFile>(path);
  } catch (const std::system_error& error) {
    throw UserError(fmt::format("--out: {}; allowed: a file that can be written", error.what()));
  }
}

void generate(const GenerateOptions& options) {
  at::set_num_threads(static_cast<int>(options.threads));
  const auto inputs = read_inputs(options);
  const auto output = open_output(options.out);
  Generator generator(
      *inputs.model,
      {.sampling = options.sampling, .end_tokens = inputs.end_tokens, .slots = options.slots, .seed = options.seed});
  const auto command = command_for(inputs, options.samples);
  Progress progress("generating", static_cast<std::int64_t>(command.prompts.size()));
  std::size_t tokens = 0;
  const auto responses = generator.continue_prompts(command, [&](std::size_t, const Response& response) {
    tokens += response.tokens.size();
    progress.advance(1, fmt::format("{:.0f} tokens/s", static_cast<double>(tokens) / progress.seconds()));
  });
  const double seconds = progress.seconds();
  progress.clear();
  output->write(output_lines(inputs, responses, generator));
  output->commit();
  fmt::print("{} responses, {} tokens in {:.2f} s: {:.0f} tokens/s; written to {}\n", responses.size(), tokens, seconds,
             static_cast<double>(tokens) / seconds, options.out.string());
}

void add_files(CLI::App& verb, GenerateOptions& options) {
  verb.add_option("--model", options.model, "Hugging Face folder of a causal language model")->required();
  verb.add_option("--prompts", options.prompts, "rows to continue")->required();
  verb.add_option("--out", options.out, "JSONL, complete or absent")->required();
  add_enum_option(verb, "--prompt-format", options.format, "plain: the text as it is; conversation: a user's turn");
}

void add_sampling(CLI::App& verb, SamplingConfig& sampling) {
  verb.add_option("--max-new-tokens", sampling.max_new_tokens, "a response is cut off here")
      ->check(CLI::PositiveNumber)
      ->default_str("128");
  const auto option = [&](const char* name, auto& value, const char* meaning) {
    return verb.add_option(name, value, meaning)->capture_default_str();
  };
  option("--min-new-tokens", sampling.min_new_tokens, "a response does not end before")->check(CLI::NonNegativeNumber);
  option("--temperature", sampling.temperature, "0: always the likeliest token")->check(CLI::NonNegativeNumber);
  option("--top-k", sampling.top_k, "among the k likeliest tokens; 0: all")->check(CLI::NonNegativeNumber);
  option("--top-p", sampling.top_p, "among the likeliest that sum to this; 1: all")->check(CLI::Range(1e-9, 1.0));
  option("--repetition-penalty", sampling.repetition_penalty, "on tokens of prompt and response; 1: none")
      ->check(CLI::PositiveNumber);
}

void add_run(CLI::App& verb, GenerateOptions& options) {
  const auto option = [&](const char* name, auto& value, const char* meaning) {
    return verb.add_option(name, value, meaning)->capture_default_str();
  };
  option("--samples", options.samples, "responses for each prompt")->check(CLI::PositiveNumber);
  option("--seed", options.seed, "of the draws")->check(CLI::NonNegativeNumber);
  option("--batch", options.slots, "sequences that grow at once, a multiple of 16")
      ->check(CLI::PositiveNumber)
      ->check([](const std::string& text) {
        const bool fits = std::stoll(text) % GenerationConfig::rows_multiple == 0;
        return fits ? std::string() : fmt::format("found {}; allowed: a multiple of 16", text);
      });
  add_enum_option(verb, "--dtype", options.dtype, "what the model computes in: float32 or bfloat16");
  add_enum_option(verb, "--device", options.device, "auto (CUDA where there is one), cpu or cuda");
  option("--threads", options.threads, "CPU threads; results are the same for the same number")
      ->check(CLI::PositiveNumber);
}

}  // namespace

void add_generate(CLI::App& app, Invocation& invocation) {
  auto* verb = app.add_subcommand("generate", "Continue the prompts of a file");
  auto options = std::make_shared<GenerateOptions>();
  add_files(*verb, *options);
  add_sampling(*verb, options->sampling);
  add_run(*verb, *options);
  verb->footer(help);
  verb->callback([options, &invocation] {
    generate(*options);
    invocation.exit_code = EXIT_SUCCESS;
  });
}

}  // namespace ballast
