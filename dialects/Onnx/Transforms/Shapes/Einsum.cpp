//===- Einsum.cpp - Shape of Einsum ---------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The equation names the dims of each operand: "bij,bjk->bik". An ellipsis
// stands for leading dims that broadcast; without "->" the result has the
// ellipsis and then, sorted, the letters that occur once.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "llvm/ADT/StringExtras.h"

#include <array>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace {

class Equation {
public:
  explicit Equation(NodeInference &n) : n(n) { sizes.fill(noSize); }

  LogicalResult infer(StringRef text);

private:
  static constexpr int64_t noSize = -1;

  LogicalResult readTerm(unsigned input, StringRef term);
  LogicalResult bindLetter(unsigned input, char letter, int64_t size);
  std::string getImplicitResult() const;
  LogicalResult malformed() {
    return n.error() << "equation '" << n.node.getStringAttr("equation", "")
                     << "' does not describe the operands",
           failure();
  }

  NodeInference &n;
  /// By character: the size of the dim it names, and how often it occurs.
  std::array<int64_t, 128> sizes;
  std::array<unsigned, 128> counts = {};
  Shape ellipsis;
};

} // namespace

LogicalResult Equation::bindLetter(unsigned input, char letter, int64_t size) {
  if (!llvm::isAlpha(letter))
    return malformed();
  auto index = static_cast<unsigned char>(letter);
  int64_t &known = sizes[index];
  ++counts[index];
  if (known == noSize || !isKnown(known) || known == 1) {
    if (known == noSize || isKnown(size))
      known = size;
    return success();
  }
  if (isKnown(size) && size != known && size != 1)
    return n.error() << "dim '" << StringRef(&letter, 1) << "' is " << known
                     << " in one operand and " << size << " in operand "
                     << input,
           failure();
  return success();
}

LogicalResult Equation::readTerm(unsigned input, StringRef term) {
  Shape shape = *n.shape(input);
  auto [before, after] = term.split("...");
  bool hasEllipsis = before.size() != term.size();
  size_t named = before.size() + after.size();
  if (hasEllipsis ? named > shape.size() : named != shape.size())
    return malformed();
  for (auto [letter, size] : llvm::zip(before, shape))
    if (failed(bindLetter(input, letter, size)))
      return failure();
  for (size_t i = 0; i < after.size(); ++i)
    if (failed(bindLetter(input, after[i],
                          shape[shape.size() - after.size() + i])))
      return failure();
  ArrayRef<int64_t> middle = ArrayRef<int64_t>(shape)
                                 .drop_front(before.size())
                                 .drop_back(after.size());
  std::optional<Shape> joined = broadcast(ellipsis, middle);
  if (!joined)
    return malformed();
  ellipsis = *joined;
  return success();
}

std::string Equation::getImplicitResult() const {
  std::string result = "...";
  for (unsigned char c = 0; c < counts.size(); ++c)
    if (counts[c] == 1)
      result += static_cast<char>(c);
  return result;
}

LogicalResult Equation::infer(StringRef text) {
  auto [left, right] = text.split("->");
  bool isExplicit = text.contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != n.numInputs())
    return malformed();
  for (auto [index, term] : llvm::enumerate(terms))
    if (failed(readTerm(index, term)))
      return failure();
  std::string letters = isExplicit ? right.str() : getImplicitResult();
  auto [before, after] = StringRef(letters).split("...");
  Shape result;
  auto append = [&](StringRef part) {
    for (char letter : part) {
      if (!llvm::isAlpha(letter) ||
          counts[static_cast<unsigned char>(letter)] == 0)
        return false;
      result.push_back(sizes[static_cast<unsigned char>(letter)]);
    }
    return true;
  };
  if (!append(before))
    return malformed();
  if (before.size() != letters.size())
    llvm::append_range(result, ellipsis);
  if (!append(after))
    return malformed();
  n.set(0, result, n.elementType(0));
  return success();
}

static LogicalResult inferEinsum(NodeInference &n) {
  for (unsigned i = 0; i < n.numInputs(); ++i)
    if (!n.shape(i))
      return success();
  std::string text;
  for (char c : n.node.getStringAttr("equation", ""))
    if (!llvm::isSpace(c))
      text += c;
  return Equation(n).infer(text);
}

void onnx::addEinsum(InferTable &table) { table["Einsum"] = inferEinsum; }
