//===- GraphBuilder.cpp - Nodes with the names that exporters give --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;

static void appendInteger(std::string &bytes, uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    bytes.push_back(static_cast<char>(value >> (8 * i)));
}

static uint64_t toBits(double number, const llvm::fltSemantics &semantics) {
  llvm::APFloat value(number);
  bool lost = false;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lost);
  return value.bitcastToAPInt().getZExtValue();
}

void modelgen::appendFloat(std::string &bytes, double number, DataType type) {
  switch (type) {
  case DataType::Float16:
    return appendInteger(bytes, toBits(number, llvm::APFloat::IEEEhalf()), 2);
  case DataType::BFloat16:
    return appendInteger(bytes, toBits(number, llvm::APFloat::BFloat()), 2);
  default:
    return appendInteger(bytes, toBits(number, llvm::APFloat::IEEEsingle()), 4);
  }
}

float modelgen::roundToBFloat16(float number) {
  auto bits = llvm::bit_cast<uint32_t>(number);
  bits += 0x7fff + ((bits >> 16) & 1); // to nearest, ties to even
  return llvm::bit_cast<float>(bits & 0xffff0000u);
}

Value GraphBuilder::node(llvm::StringRef opType, const std::string &name,
                         Values inputs, Attrs attributes,
                         llvm::StringRef domain) {
  Value output = name + "/output_0";
  model.addNode({opType, name, inputs, output, attributes, domain});
  return output;
}

void GraphBuilder::nodeTo(Values outputs, llvm::StringRef opType,
                          const std::string &name, Values inputs,
                          Attrs attributes, llvm::StringRef domain) {
  model.addNode({opType, name, inputs, outputs, attributes, domain});
}

Value GraphBuilder::constant(llvm::StringRef typeName, const std::string &text,
                             DataType type, llvm::ArrayRef<int64_t> dims,
                             llvm::StringRef bytes) {
  std::string suffix = typeName.str() + "/" + text;
  Value output = "/model/constants/" + suffix;
  if (!constants.insert(output).second)
    return output;
  onnx::file::TensorRecord tensor{output, type, dims, bytes, "", 0, 0};
  model.addNode({"Constant",
                 "/model/constant_nodes/" + suffix,
                 {},
                 output,
                 {{"value", tensor}},
                 ""});
  return output;
}

Value GraphBuilder::list(llvm::ArrayRef<int64_t> numbers) {
  std::string bytes;
  std::vector<std::string> texts;
  for (int64_t number : numbers) {
    appendInteger(bytes, number, 8);
    texts.push_back(std::to_string(number));
  }
  const int64_t dims[] = {int64_t(numbers.size())};
  return constant("INT64", "[" + llvm::join(texts, ", ") + "]", DataType::Int64,
                  dims, bytes);
}

Value GraphBuilder::scalar(int64_t number) {
  std::string bytes;
  appendInteger(bytes, number, 8);
  return constant("INT64", std::to_string(number), DataType::Int64, {}, bytes);
}

Value GraphBuilder::real(double number, DataType type) {
  std::string bytes;
  appendFloat(bytes, number, type);
  return constant(onnx::file::getDataTypeName(type), fmt::format("{}", number),
                  type, {}, bytes);
}

Value GraphBuilder::rowBlocks(int64_t rows, int64_t block) {
  std::string path = fmt::format("/model/row_blocks/{}_{}", rows, block);
  if (!blockLists.insert(path).second)
    return path + "/Div/output_0";
  Value all =
      node("Range", path + "/Range", {scalar(0), scalar(rows), scalar(1)});
  return node("Div", path + "/Div", {all, scalar(block)});
}

std::string GraphBuilder::finish() {
  // Format versions: ONNX 1.16 to 1.19.
  int64_t irVersion = opset <= 22 ? 10 : opset - 12;
  return model.finish("main_graph", "inlay-model", "", irVersion,
                      {{"", opset}, {kContrib, 1}});
}
