"""lit configuration of Inlay's IR and tool tests."""

import os
import sys

import lit.formats
from lit.llvm import llvm_config

config.name = "Inlay"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "integration", "python"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.inlay_binary_dir, "test")

bin_dir = os.path.join(config.inlay_binary_dir, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools_dir, os.environ.get("PATH", "")])

opt = os.path.join(bin_dir, "inlay-opt")
# INLAY_VERIFY_ROUNDTRIP=1 runs the whole suite with every input printed and parsed again.
if os.environ.get("INLAY_VERIFY_ROUNDTRIP"):
    opt += " --verify-roundtrip"
config.substitutions.append((r"\binlay-opt\b", opt))
# "%exits 2 inlayc ..." succeeds when the command exits with status 2.
config.substitutions.append(("%exits", sys.executable + " " + os.path.join(config.test_source_root, "exits.py")))
config.substitutions.append(("%python", sys.executable))
# Tests write ONNX models in protobuf's text format; protoc makes the binary.
for verb in ("encode", "decode"):
    config.substitutions.append((f"%{verb}-onnx", f"protoc --{verb}=onnx.ModelProto --proto_path="
                                 + os.path.dirname(config.onnx_proto) + " " + config.onnx_proto))
config.substitutions.append(("%onnx-mutations", os.path.join(config.inlay_binary_dir, "unittests", "fuzz", "onnx-mutations")))
config.substitutions.append(("%inlay_src_root", config.inlay_source_dir))
config.substitutions.append(("%examples", os.path.join(config.inlay_source_dir, "examples")))
