#!/usr/bin/env python3
"""Writes the example models with the exporters that people use.

Each example is a randomly initialised model of a published architecture, made small: the
configuration is ours, the graph is the exporter's, byte for byte. Needs the packages of
examples/requirements.txt; downloads nothing.

    python make_fixtures.py [NAME...] [--output-dir DIR]
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import (GptOssConfig, GptOssForCausalLM, LlamaConfig, LlamaForCausalLM,
                          PreTrainedTokenizerFast)

SEED = 0
VOCABULARY = 256
EXAMPLES = pathlib.Path(__file__).resolve().parent


def gpt_oss():
    """gpt-oss: sinks, window in every second layer, biases, clamped SwiGLU, top-k before softmax."""
    return GptOssForCausalLM(GptOssConfig(
        num_hidden_layers=2, hidden_size=64, intermediate_size=64, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, num_local_experts=4, num_experts_per_tok=2,
        sliding_window=32, vocab_size=VOCABULARY, max_position_embeddings=512, rope_scaling=None,
        initial_context_length=512, bos_token_id=1, eos_token_id=2, pad_token_id=0))


def llama():
    """Llama 3: dense, grouped queries, gated MLP."""
    return LlamaForCausalLM(LlamaConfig(
        num_hidden_layers=2, hidden_size=64, intermediate_size=128, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, vocab_size=VOCABULARY, max_position_embeddings=512,
        bos_token_id=1, eos_token_id=2, pad_token_id=0))


def randomise(model):
    """Gives every parameter values, biases and sinks too: the exporter drops biases that are zero."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            spread = 0.02 if parameter.dim() == 1 else parameter.shape[-1] ** -0.5
            noise = torch.randn(parameter.shape, generator=generator) * spread
            parameter.copy_(parameter + noise if parameter.dim() == 1 else noise)


def save_tokenizer(folder):
    words = {f"t{index}": index for index in range(VOCABULARY)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="t0"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="t1", eos_token="t2",
                            pad_token="t0").save_pretrained(folder)


def add_mxfp4_experts(folder):
    """Adds experts in the form of published gpt-oss checkpoints, from which int4 experts are made:
    blocks u8 [E, N, K/32, 16] of two 4-bit values each, scales u8 [E, N, K/32] with bias 127."""
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    generator = torch.Generator().manual_seed(SEED)
    for name in sorted(tensors):
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            experts, inputs, outputs = tensors[name].shape
            shape = (experts, outputs, inputs // 32, 16)
            tensors[name + "_blocks"] = torch.randint(0, 256, shape, dtype=torch.uint8,
                                                      generator=generator)
            tensors[name + "_scales"] = torch.full(shape[:-1], 122, dtype=torch.uint8)
    save_file(tensors, path, metadata={"format": "pt"})


def run_genai_builder(checkpoint, output, precision):
    """ONNX Runtime GenAI's model builder, as its users call it."""
    subprocess.run([sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(checkpoint),
                    "-o", str(output), "-p", precision, "-e", "cpu", "-c", str(output / "cache")],
                   check=True)


FIXTURES = {
    "gpt-oss-tiny-int4": (gpt_oss, "int4"),
    "gpt-oss-tiny-fp32": (gpt_oss, "fp32"),
    "llama-tiny-int4": (llama, "int4"),
    "llama-tiny-fp32": (llama, "fp32"),
}


def make(name, output_dir):
    architecture, precision = FIXTURES[name]
    torch.manual_seed(SEED)
    model = architecture()
    randomise(model)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = pathlib.Path(scratch) / "checkpoint"
        exported = pathlib.Path(scratch) / "exported"
        model.save_pretrained(checkpoint)
        save_tokenizer(checkpoint)
        if architecture is gpt_oss:
            add_mxfp4_experts(checkpoint)
        run_genai_builder(checkpoint, exported, precision)
        (output_dir / name).mkdir(parents=True, exist_ok=True)
        for file in ("model.onnx", "model.onnx.data"):
            shutil.copyfile(exported / file, output_dir / name / file)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIXTURES))
    parser.add_argument("--output-dir", type=pathlib.Path, default=EXAMPLES)
    options = parser.parse_args()
    for name in options.names or FIXTURES:
        make(name, options.output_dir)


if __name__ == "__main__":
    main()
