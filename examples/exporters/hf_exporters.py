#!/usr/bin/env python3
"""Exports the decode step of a small model with transformers.exporters: torch.onnx's dynamo exporter.

    python hf_exporters.py FAMILY OUTPUT [EXPERTS [FUSIONS]]

EXPERTS names how transformers computes experts (batched_mm, grouped_mm), FUSIONS the execution
provider of onnxruntime that the graph is fused for.
"""

import pathlib
import sys

import torch
from transformers.exporters import OnnxConfig, OnnxExporter

import architectures


def sample_inputs():
    """Two prompts of different lengths, so that the mask counts."""
    generator = torch.Generator().manual_seed(architectures.SEED)
    ids = torch.randint(3, architectures.VOCABULARY, (2, 6), generator=generator)
    mask = torch.ones_like(ids)
    mask[0, :2] = 0
    return {"input_ids": ids, "attention_mask": mask}


def drop_stack_traces(program):
    """They hold paths of the machine that exports, and half of the file."""
    for node in program.graph.all_nodes():
        node.metadata_props.pop("pkg.torch.onnx.stack_trace", None)


def main():
    family, output, *rest = sys.argv[1:]
    experts, fusions = (rest + [None, None])[:2]
    model = architectures.build(family)
    if experts:
        model.set_experts_implementation(experts)
    config = OnnxConfig(dynamic=True, ort_fusions=fusions)
    with torch.no_grad():
        exported = OnnxExporter().export_for_generation(model, sample_inputs(), config,
                                                        multi_token_decode=True)
    program = exported.components["decode"].program
    drop_stack_traces(program)
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    OnnxExporter.save_program(program, output / "model.onnx")


if __name__ == "__main__":
    main()
