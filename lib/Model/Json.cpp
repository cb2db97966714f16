//===- Json.cpp - A model as text -----------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Json.h"

#include "inlay/Support/Format.h"

#include "llvm/Support/JSON.h"

using namespace inlay;
using namespace inlay::model;

static const char *toString(OpClass opClass) {
  switch (opClass) {
  case OpClass::Contraction:
    return "contraction";
  case OpClass::Elementwise:
    return "elementwise";
  case OpClass::Reduction:
    return "reduction";
  case OpClass::Softmax:
    return "softmax";
  case OpClass::TopK:
    return "top_k";
  case OpClass::Lookup:
    return "lookup";
  case OpClass::Move:
    return "move";
  case OpClass::Opaque:
    break;
  }
  return "opaque";
}

static const char *toString(TensorRole role) {
  switch (role) {
  case TensorRole::Weights:
    return "weights";
  case TensorRole::State:
    return "state";
  case TensorRole::Input:
    return "input";
  case TensorRole::Output:
    return "output";
  case TensorRole::Local:
    break;
  }
  return "local";
}

namespace {

class Writer {
public:
  explicit Writer(llvm::raw_ostream &os) : json(os, /*IndentSize=*/2) {}

  void write(const Graph &graph) {
    json.object([&] {
      json.attribute("name", toUtf8(graph.name));
      json.attribute("phase",
                     graph.phase == Phase::Prefill ? "prefill" : "decode");
      json.attribute("batch", graph.batch);
      json.attribute("context", graph.context);
      json.attribute("tokens", graph.tokens);
      json.attribute("weight_bytes", graph.weightBytes());
      writeAll("kernels", graph.kernels);
      writeAll("streams", graph.streams);
    });
  }

private:
  template <typename T>
  void writeAll(llvm::StringRef name, const std::vector<T> &all) {
    json.attributeArray(name, [&] {
      for (const T &one : all)
        json.object([&] { writeFields(one); });
    });
  }

  void writeShape(const ElementType &type, const std::vector<int64_t> &shape) {
    json.attribute("type", type.name);
    json.attribute("bits", type.bits);
    json.attribute("shape", llvm::json::Array(shape));
  }

  void writeFields(const KernelSpec &kernel) {
    json.attribute("name", toUtf8(kernel.name));
    json.attribute("role", model::toString(kernel.role));
    json.attribute("layer", kernel.layer);
    if (kernel.role == KernelRole::Experts) {
      json.attribute("num_experts", kernel.numExperts);
      json.attribute("experts_per_token", kernel.expertsPerToken);
    }
    json.attribute("structure", kernel.structuralHash);
    json.attribute("weight_bytes", kernel.weightBytes());
    json.attribute("state_bytes", kernel.stateBytes());
    json.attribute("operations", kernel.numOps());
    writeAll("ops", kernel.ops);
    writeAll("weights", kernel.weights);
    writeAll("states", kernel.states);
    writeAll("inputs", kernel.inputs);
    writeAll("outputs", kernel.outputs);
  }

  void writeFields(const OpSpec &op) {
    json.attribute("name", toUtf8(op.name));
    json.attribute("class", toString(op.opClass));
    json.attribute("compute_type", op.computeType.name);
    json.attribute("ops_per_point", op.opsPerPoint);
    json.attribute("density", op.density);
    writeAll("dims", op.dims);
    writeAll("operands", op.operands);
  }

  void writeFields(const IterationDim &dim) {
    json.attribute("name", toUtf8(dim.name));
    json.attribute("size", dim.size);
    json.attribute("kind",
                   dim.kind == DimKind::Reduction ? "reduction" : "parallel");
    json.attribute("unit", dim.unit);
  }

  void writeFields(const OperandSpec &operand) {
    json.attribute("role", toString(operand.role));
    json.attribute("tensor", operand.tensor);
    json.attribute("type", operand.type.name);
    json.attributeArray("indexing", [&] {
      for (const IndexExpr &index : operand.indexing)
        json.value(llvm::json::Array{index.dim, index.divisor});
    });
  }

  void writeFields(const WeightSpec &weight) {
    json.attribute("name", toUtf8(weight.name));
    writeShape(weight.type, weight.shape);
    json.attribute("row_pitch_bits", weight.rowPitchBits);
    json.attribute("bytes", weight.bytes);
    writeAll("pieces", weight.pieces);
  }

  void writeFields(const WeightPiece &piece) {
    json.attributeObject("source", [&] {
      json.attribute("initializer", toUtf8(piece.source.initializer));
      json.attribute("file", toUtf8(piece.source.file));
      json.attribute("offset", piece.source.offset);
      json.attribute("length", piece.source.length);
      json.attribute("encoding", piece.source.encoding);
    });
    json.attribute("stored", piece.stored.name);
    json.attribute("first", piece.first);
    json.attribute("sizes", llvm::json::Array(piece.sizes));
    json.attribute("strides", llvm::json::Array(piece.strides));
  }

  void writeFields(const StateSpec &state) {
    json.attribute("name", toUtf8(state.name));
    writeShape(state.type, state.shape);
  }

  void writeFields(const PortSpec &port) { writeShape(port.type, port.shape); }

  void writeFields(const StreamSpec &stream) {
    json.attribute("name", toUtf8(stream.name));
    json.attribute("producer", stream.producer);
    json.attribute("producer_port", stream.producerPort);
    json.attribute("consumer", stream.consumer);
    json.attribute("consumer_port", stream.consumerPort);
    writeShape(stream.type, stream.shape);
  }

  llvm::json::OStream json;
};

} // namespace

void inlay::model::writeJson(const Graph &graph, llvm::raw_ostream &os) {
  Writer(os).write(graph);
  os << '\n';
}
