#!/usr/bin/env python3
"""Exports a small model with ONNX Runtime GenAI's model builder, as its users call it.

    python genai_builder.py FAMILY OUTPUT PRECISION
"""

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
from transformers import PreTrainedTokenizerFast

import architectures

VOCABULARY = 256
SIZES = {
    "gpt_oss": {"hidden_size": 64, "intermediate_size": 64, "initial_context_length": 512},
    "llama": {"hidden_size": 64, "intermediate_size": 128},
}


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
    generator = torch.Generator().manual_seed(architectures.SEED)
    for name in sorted(tensors):
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            experts, inputs, outputs = tensors[name].shape
            shape = (experts, outputs, inputs // 32, 16)
            tensors[name + "_blocks"] = torch.randint(0, 256, shape, dtype=torch.uint8,
                                                      generator=generator)
            tensors[name + "_scales"] = torch.full(shape[:-1], 122, dtype=torch.uint8)
    save_file(tensors, path, metadata={"format": "pt"})


def main():
    family, output, precision = sys.argv[1:]
    model = architectures.build(family, vocab_size=VOCABULARY, max_position_embeddings=512,
                                **SIZES[family])
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = pathlib.Path(scratch) / "checkpoint"
        exported = pathlib.Path(scratch) / "exported"
        model.save_pretrained(checkpoint)
        save_tokenizer(checkpoint)
        if family == "gpt_oss":
            add_mxfp4_experts(checkpoint)
        subprocess.run([sys.executable, "-m", "onnxruntime_genai.models.builder",
                        "-i", checkpoint, "-o", exported, "-p", precision, "-e", "cpu",
                        "-c", exported / "cache"], check=True)
        pathlib.Path(output).mkdir(parents=True, exist_ok=True)
        for file in ("model.onnx", "model.onnx.data"):
            shutil.copyfile(exported / file, pathlib.Path(output) / file)


if __name__ == "__main__":
    main()
