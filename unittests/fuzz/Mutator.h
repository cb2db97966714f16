//===- Mutator.h - Changes ONNX files in hostile ways -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three families of mutations:
//
//   bytes   flipped bits, cut-off files, wrong lengths, pieces of other files
//   tree    fields dropped, doubled, swapped or spliced in from other files,
//           numbers at the edges of their range, inputs rewired, operators and
//           attributes exchanged, deep nesting; lengths stay right
//   small   new models of a few nodes of any operators that have a rule for
//           shapes, with inputs and attributes as chance has it
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_FUZZ_MUTATOR_H
#define INLAY_UNITTESTS_FUZZ_MUTATOR_H

#include "Random.h"
#include "WireTree.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace inlay::fuzz {

class Mutator {
public:
  /// `operators` are names such as "Add" and "com.microsoft::QMoE".
  explicit Mutator(std::vector<std::string> operators)
      : operators(std::move(operators)) {}

  /// Adds a model to start from.
  void addSeed(llvm::StringRef bytes);

  /// The mutation of that number: the same bytes for the same seeds, operators
  /// and number.
  std::string make(uint64_t number) const;

  /// Changes a model, or what was one.
  std::string mutate(llvm::StringRef bytes, Random &random) const;

private:
  std::string mutateBytes(std::string bytes, Random &random) const;
  void mutateTree(Message &root, Random &random) const;
  void mutateFields(Message &message, Random &random) const;
  void mutateNumber(Message &message, Random &random) const;
  void mutateString(Message &root, Message &message, Random &random) const;
  void mutateData(Message &message, Random &random) const;
  void splice(Message &root, Message &message, Random &random) const;
  void nest(Message &message, Random &random) const;

  std::vector<std::string> operators;
  std::vector<Message> seeds;
  std::vector<std::string> seedBytes;
};

/// A number at the edge of some range, or a small one.
uint64_t pickNumber(Random &random);

/// An attribute of a name that some operator knows, with any value.
Message makeAttribute(Random &random);

/// A model of a few nodes of `operators`.
Message makeSmallModel(llvm::ArrayRef<std::string> operators, Random &random);

/// Splits "com.microsoft::QMoE" into operator and domain of a NodeProto.
void setOperator(Message &node, llvm::StringRef fullName);

} // namespace inlay::fuzz

#endif // INLAY_UNITTESTS_FUZZ_MUTATOR_H
