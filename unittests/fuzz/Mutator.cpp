//===- Mutator.cpp - Changes ONNX files in hostile ways -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mutator.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/raw_ostream.h"

using namespace inlay::fuzz;
using llvm::StringRef;

/// Beyond this nobody learns anything new, but waits longer.
static constexpr size_t kMaxBytes = 1 << 20;

static std::string makeVarint(uint64_t value) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  llvm::encodeULEB128(value, os);
  return bytes;
}

uint64_t inlay::fuzz::pickNumber(Random &random) {
  static constexpr uint64_t edges[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       7,
                                       8,
                                       16,
                                       26,
                                       32,
                                       63,
                                       64,
                                       100,
                                       127,
                                       128,
                                       255,
                                       256,
                                       1023,
                                       1024,
                                       1025,
                                       4096,
                                       65535,
                                       65536,
                                       1u << 20,
                                       INT32_MAX,
                                       1u << 31,
                                       1ull << 32,
                                       1ull << 40,
                                       1ull << 53,
                                       1ull << 61,
                                       1ull << 62,
                                       INT64_MAX,
                                       INT64_MAX - 1,
                                       1ull << 63,
                                       (1ull << 63) + 1,
                                       UINT64_MAX,
                                       UINT64_MAX - 1,
                                       UINT64_MAX - 2,
                                       UINT64_MAX - 127};
  return random.oneIn(3) ? random.below(9) : random.pick(edges);
}

void inlay::fuzz::setOperator(Message &node, StringRef fullName) {
  auto [domain, name] = fullName.rsplit("::");
  if (name.empty())
    std::swap(domain, name);
  llvm::erase_if(node.fields, [](const Field &field) {
    return field.number == 4 || field.number == 7;
  });
  node.fields.push_back(makeBytes(4, name));
  if (!domain.empty())
    node.fields.push_back(makeBytes(7, domain));
}

void Mutator::addSeed(StringRef bytes) {
  std::optional<Message> tree = readTree(bytes, Kind::Model);
  if (!tree || tree->fields.empty())
    return;
  seeds.push_back(std::move(*tree));
  seedBytes.push_back(bytes.str());
}

std::string Mutator::make(uint64_t number) const {
  Random random(number);
  size_t family = random.below(8);
  if (seeds.empty() || family < 3) {
    Message small = fuzz::makeSmallModel(operators, random);
    for (size_t i = random.below(4); i > 0; --i)
      mutateTree(small, random);
    return writeTree(small);
  }
  size_t seed = random.below(seeds.size());
  if (family == 3) {
    std::string bytes = seedBytes[seed];
    for (size_t i = random.below(3) + 1; i > 0; --i)
      bytes = mutateBytes(std::move(bytes), random);
    return bytes;
  }
  Message tree = seeds[seed];
  for (size_t i = random.below(6) + 1; i > 0; --i)
    mutateTree(tree, random);
  return writeTree(tree);
}

std::string Mutator::mutate(StringRef bytes, Random &random) const {
  std::optional<Message> tree = readTree(bytes, Kind::Model);
  if (!tree || tree->fields.empty() || random.oneIn(20))
    return random.oneIn(2) ? writeTree(fuzz::makeSmallModel(operators, random))
                           : mutateBytes(bytes.str(), random);
  for (size_t i = random.below(4) + 1; i > 0; --i)
    mutateTree(*tree, random);
  return writeTree(*tree);
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

std::string Mutator::mutateBytes(std::string bytes, Random &random) const {
  size_t at = random.below(bytes.size() + 1);
  switch (random.below(5)) {
  case 0:
    for (size_t i = random.below(8) + 1; i > 0 && !bytes.empty(); --i)
      bytes[random.below(bytes.size())] ^=
          static_cast<char>(1 << random.below(8));
    break;
  case 1:
    bytes.resize(at);
    break;
  case 2: {
    // In place of one byte, where it may be a length.
    bytes.replace(at, 1, makeVarint(pickNumber(random)));
    break;
  }
  case 3: {
    const std::string &other =
        seedBytes.empty() ? bytes : random.pick(seedBytes);
    size_t from = random.below(other.size() + 1);
    bytes.insert(at, other.substr(from, random.below(1024)));
    break;
  }
  case 4:
    bytes.erase(at, random.below(64));
    break;
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// The tree
//===----------------------------------------------------------------------===//

/// A message of the tree, each as likely as the others.
static Message &pickMessage(Message &root, Random &random) {
  std::vector<Message *> messages;
  forEachMessage(root, [&](Message &message) { messages.push_back(&message); });
  return *random.pick(messages);
}

void Mutator::mutateTree(Message &root, Random &random) const {
  Message &message = pickMessage(root, random);
  switch (random.below(9)) {
  case 0:
  case 1:
    return mutateFields(message, random);
  case 2:
  case 3:
    return mutateNumber(message, random);
  case 4:
  case 5:
    return mutateString(root, message, random);
  case 6:
    return mutateData(message, random);
  case 7:
    return splice(root, message, random);
  case 8:
    return nest(message, random);
  }
}

/// Drops, doubles, multiplies or swaps fields.
void Mutator::mutateFields(Message &message, Random &random) const {
  std::vector<Field> &fields = message.fields;
  if (fields.empty())
    return;
  size_t at = random.below(fields.size());
  size_t other = random.below(fields.size());
  switch (random.below(4)) {
  case 0:
    fields.erase(fields.begin() + at);
    return;
  case 1:
    fields.insert(fields.begin() + other, Field(fields[at]));
    return;
  case 2: {
    // Many of the same, but never a whole graph.
    size_t size = writeTree(Message{Kind::Bytes, {fields[at]}}).size();
    size_t copies = std::min<size_t>(random.below(300), 20000 / (size + 1));
    fields.insert(fields.begin() + other, copies, Field(fields[at]));
    return;
  }
  case 3:
    std::swap(fields[at], fields[other]);
    return;
  }
}

/// Puts another number in place of one, or swaps two.
void Mutator::mutateNumber(Message &message, Random &random) const {
  std::vector<Field *> numbers;
  for (Field &field : message.fields)
    if (field.wire != 2)
      numbers.push_back(&field);
  if (numbers.empty()) {
    if (message.kind == Kind::Node)
      message.fields.push_back(makeMessage(5, makeAttribute(random)));
    return;
  }
  Field &field = *random.pick(numbers);
  if (random.oneIn(4))
    std::swap(field.value, random.pick(numbers)->value);
  else
    field.value = pickNumber(random);
}

/// A string of the same meaning from elsewhere in the tree: this rewires inputs
/// and outputs, exchanges operators, names of attributes, symbols of dims.
void Mutator::mutateString(Message &root, Message &message,
                           Random &random) const {
  if (message.kind == Kind::Node && random.oneIn(3) && !operators.empty())
    return setOperator(message, random.pick(operators));
  std::vector<Field *> strings;
  for (Field &field : message.fields)
    if (field.wire == 2 && field.message.empty())
      strings.push_back(&field);
  if (strings.empty())
    return;
  Field &field = *random.pick(strings);
  if (random.oneIn(8)) {
    field.bytes = random.oneIn(2) ? "" : std::string(random.below(3000), 'a');
    return;
  }
  Message &other = pickMessage(root, random);
  for (const Field &from : other.fields)
    if (from.wire == 2 && from.message.empty() &&
        (other.kind != message.kind || from.number == field.number) &&
        random.oneIn(2)) {
      field.bytes = from.bytes;
      return;
    }
}

/// Numbers inside of strings of bytes: raw data, packed lists.
void Mutator::mutateData(Message &message, Random &random) const {
  if (message.kind != Kind::Tensor && message.kind != Kind::Attribute)
    return mutateNumber(message, random);
  for (Field &field : message.fields) {
    if (field.wire != 2 || !field.message.empty() || field.bytes.empty())
      continue;
    uint64_t value = pickNumber(random);
    size_t at = random.below(field.bytes.size());
    if (message.kind == Kind::Tensor && field.number == 9) {
      at &= ~size_t(7);
      for (size_t i = 0; i < 8 && at + i < field.bytes.size(); ++i)
        field.bytes[at + i] = static_cast<char>(value >> 8 * i);
    } else if (random.oneIn(2)) {
      field.bytes.replace(at, 1, makeVarint(value));
    } else {
      for (size_t i = random.below(random.oneIn(8) ? 3000 : 8); i > 0; --i)
        field.bytes += makeVarint(value);
    }
  }
}

/// Puts a message of the same kind, from this file or another, in place of one
/// inside of `message`.
void Mutator::splice(Message &root, Message &message, Random &random) const {
  std::vector<Field *> inner;
  for (Field &field : message.fields)
    if (!field.message.empty())
      inner.push_back(&field);
  if (inner.empty())
    return;
  Message donor = seeds.empty() || random.oneIn(2) ? root : random.pick(seeds);
  Field &field = *random.pick(inner);
  Kind kind = field.message.front().kind;
  std::vector<Message *> candidates;
  forEachMessage(donor, [&](Message &other) {
    if (other.kind == kind)
      candidates.push_back(&other);
  });
  if (candidates.empty())
    return;
  Message chosen = *random.pick(candidates);
  if (random.oneIn(2))
    field.message.front() = std::move(chosen);
  else
    message.fields.push_back(makeMessage(field.number, std::move(chosen)));
}

/// Graphs inside graphs, types inside types, up to twice what is allowed.
void Mutator::nest(Message &message, Random &random) const {
  size_t depth = random.below(random.oneIn(4) ? 130 : 8) + 1;
  if (message.kind == Kind::Type) {
    for (; depth > 0; --depth) {
      Message inner{Kind::InnerType, {makeMessage(1, message)}};
      message.fields = {makeMessage(random.oneIn(2) ? 4 : 9, inner)};
    }
    return;
  }
  if (message.kind != Kind::Graph || writeTree(message).size() > kMaxBytes)
    return;
  static constexpr const char *owners[] = {"If", "Loop", "Scan", "Custom"};
  for (; depth > 0; --depth) {
    std::string owner = random.pick(owners);
    Message attribute{Kind::Attribute, {}};
    attribute.fields = {makeBytes(1, owner == "If" ? "then_branch" : "body"),
                        makeNumber(20, 5), makeMessage(6, std::move(message))};
    Message node{Kind::Node, {}};
    node.fields = {makeBytes(2, "nested"), makeBytes(4, owner),
                   makeMessage(5, std::move(attribute))};
    message = Message{Kind::Graph, {}};
    Message output{Kind::ValueInfo, {makeBytes(1, "nested")}};
    message.fields = {makeMessage(1, std::move(node)), makeBytes(2, "g"),
                      makeMessage(12, std::move(output))};
  }
}
