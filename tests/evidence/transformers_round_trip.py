"""transformers -> ballast -> transformers: do both compute the same logits, and does what one saves open in the other?

Usage: transformers_round_trip.py MODEL_ROUND_TRIP. Prints, for each model and dtype, the largest difference between the logits of
ballast and those of transformers from the folder that transformers saved (relative to the largest logit), whether ballast's
folder has the same tensors bit for bit, and the largest difference between transformers' logits from the two folders.
"""
import pathlib
import subprocess
import sys
import tempfile

import safetensors.torch
import torch
import transformers
from transformers import (AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, MistralConfig,
                          MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM)

SHAPE = dict(vocab_size=96, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
# float32 sums in another order: a few units of 2^-24 for each of some hundred additions. bfloat16 rounds to 2^-9 at other
# places: the same bound as in tests/workers/model/bfloat16_test.cpp.
BOUNDS = {"float32": 1e-5, "bfloat16": 2 * 16 / 512}


def models():
    yield "llama, untied", LlamaForCausalLM, LlamaConfig(**SHAPE)
    yield "llama, tied", LlamaForCausalLM, LlamaConfig(**SHAPE, tie_word_embeddings=True)
    yield "llama, all heads", LlamaForCausalLM, LlamaConfig(**{**SHAPE, "num_key_value_heads": 4}, attention_bias=True, mlp_bias=True)
    yield "llama, rope llama3", LlamaForCausalLM, LlamaConfig(**SHAPE, rope_scaling=LLAMA3)
    yield "llama, rope linear", LlamaForCausalLM, LlamaConfig(**SHAPE, rope_scaling=dict(rope_type="linear", factor=2.0))
    yield "mistral, window 8", MistralForCausalLM, MistralConfig(**SHAPE, sliding_window=8)
    yield "mistral, no window", MistralForCausalLM, MistralConfig(**SHAPE, sliding_window=None, tie_word_embeddings=True)
    yield "qwen2, untied", Qwen2ForCausalLM, Qwen2Config(**SHAPE)
    yield "qwen2, tied", Qwen2ForCausalLM, Qwen2Config(**SHAPE, tie_word_embeddings=True)
    yield "qwen2, window from layer 1", Qwen2ForCausalLM, Qwen2Config(
        **SHAPE, use_sliding_window=True, sliding_window=8, max_window_layers=1)
    gpt2 = dict(vocab_size=96, n_embd=64, n_layer=3, n_head=4, n_positions=64)
    yield "gpt2, tied", GPT2LMHeadModel, GPT2Config(**gpt2)
    yield "gpt2, untied", GPT2LMHeadModel, GPT2Config(**gpt2, tie_word_embeddings=False)


def make(kind, config):
    """Biases and norms off their initial values, matrices four times theirs, so that a mix-up shows."""
    torch.manual_seed(5)
    model = kind(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4) if parameter.dim() > 1 else parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def logits_of(folder, tokens, dtype):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="eager").eval()
    with torch.no_grad():
        return model(tokens).logits.float()


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def round_trip(program, model, dtype, folder):
    there, back = folder / "transformers", folder / "ballast"
    model.to(getattr(torch, dtype)).save_pretrained(there)
    tokens = torch.randint(0, 96, (3, 40))
    safetensors.torch.save_file({"tokens": tokens}, there / "tokens.safetensors")
    subprocess.run([program, there, back, dtype], check=True)
    ours = safetensors.torch.load_file(back / "logits.safetensors")["logits"]
    (back / "logits.safetensors").unlink()
    saved, again = (safetensors.torch.load_file(path / "model.safetensors") for path in (there, back))
    same_tensors = saved.keys() == again.keys() and all(torch.equal(saved[name], again[name]) for name in saved)
    theirs = logits_of(there, tokens, dtype)
    assert transformers.AutoConfig.from_pretrained(back).dtype == getattr(torch, dtype), "config.json has another dtype"
    return relative(ours, theirs), same_tensors, relative(logits_of(back, tokens, dtype), theirs)


def main():
    program = sys.argv[1]
    torch.set_num_threads(1)
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    print(f"{'model':28} {'dtype':9} {'logits differ by':>17} {'same tensors':>13} {'opened again by':>16}")
    failures = 0
    for name, kind, config in models():
        for dtype, bound in BOUNDS.items():
            with tempfile.TemporaryDirectory() as folder:
                difference, same_tensors, again = round_trip(program, make(kind, config), dtype, pathlib.Path(folder))
            good = difference <= bound and same_tensors and again == 0.0
            failures += not good
            print(f"{name:28} {dtype:9} {difference:17.2e} {str(same_tensors):>13} {again:16.1e}{'' if good else '  FAILED'}")
    print(f"bounds: {BOUNDS}; {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
