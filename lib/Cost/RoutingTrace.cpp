//===- RoutingTrace.cpp - Which experts the tokens of a run chose ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/RoutingTrace.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>
#include <utility>

using namespace inlay;
using namespace inlay::cost;

namespace {

constexpr llvm::StringLiteral kMagic = "INLAYRT1";
/// Layers and experts are counted in 16 bits.
constexpr uint64_t kMost = 1 << 16;
constexpr size_t kMostPerToken = 1024;

} // namespace

/// Experts of one token are all different.
static std::optional<uint16_t> repeated(llvm::ArrayRef<uint16_t> experts) {
  std::vector<uint16_t> sorted = experts.vec();
  llvm::sort(sorted);
  auto found = llvm::adjacent_find(sorted);
  if (found == sorted.end())
    return std::nullopt;
  return *found;
}

namespace {

/// token,layer,expert,expert,... in any order of lines.
class TextReader {
public:
  TextReader(llvm::StringRef text, Diagnostics &diags)
      : text(text), diags(diags) {}

  std::optional<RoutingTrace> read() {
    text.consume_front("\xef\xbb\xbf"); // a byte order mark
    bool isFirst = true;
    for (size_t line = 1; !text.empty(); ++line) {
      llvm::StringRef record;
      std::tie(record, text) = text.split('\n');
      record = record.trim();
      // Lines that say nothing, and a head of names before all others.
      if (record.empty() || record[0] == '#')
        continue;
      bool isHead = std::exchange(isFirst, false) && !llvm::isDigit(record[0]);
      if (!isHead && !readRecord(record, line))
        return std::nullopt;
    }
    return sorted();
  }

private:
  /// What one layer's tokens chose, in order of lines.
  struct Choices {
    size_t perToken = 0;
    size_t firstLine = 0;
    std::vector<uint64_t> tokens;
    std::vector<uint16_t> experts;
  };

  bool fail(size_t line, const std::string &message) {
    diags.inputError(fmt::format("line {}", line), message)
        .notes.push_back("a line is token,layer,expert,expert,...; see "
                         "docs/routing-traces.md");
    return false;
  }

  bool readRecord(llvm::StringRef record, size_t line) {
    llvm::SmallVector<llvm::StringRef, 16> fields;
    llvm::SplitString(record, fields, ",; \t\r");
    if (fields.size() < 3)
      return fail(line, fmt::format("has {} numbers, a token, a layer and at "
                                    "least one expert are needed",
                                    fields.size()));
    uint64_t token = 0, layer = 0;
    if (fields[0].getAsInteger(10, token))
      return fail(line, fmt::format("'{}' is no token", fields[0].str()));
    if (fields[1].getAsInteger(10, layer) || layer >= kMost)
      return fail(line, fmt::format("'{}' is no layer", fields[1].str()));
    Choices &choices = layers[layer];
    size_t perToken = fields.size() - 2;
    if (choices.tokens.empty()) {
      choices.perToken = perToken;
      choices.firstLine = line;
    }
    if (perToken != choices.perToken || perToken > kMostPerToken)
      return fail(line, fmt::format("chooses {} experts, line {} of the same "
                                    "layer {}; at most {} are read",
                                    perToken, choices.firstLine,
                                    choices.perToken, kMostPerToken));
    for (llvm::StringRef field : llvm::drop_begin(fields, 2)) {
      uint64_t expert = 0;
      if (field.getAsInteger(10, expert) || expert >= kMost)
        return fail(line, fmt::format("'{}' is no expert", field.str()));
      choices.experts.push_back(uint16_t(expert));
    }
    if (auto twice =
            repeated(llvm::ArrayRef(choices.experts).take_back(perToken)))
      return fail(line, fmt::format("token {} chooses expert {} twice in layer "
                                    "{}",
                                    token, *twice, layer));
    choices.tokens.push_back(token);
    return true;
  }

  std::optional<RoutingTrace> sorted() {
    RoutingTrace trace;
    for (const auto &[layer, choices] : layers) {
      std::vector<size_t> order(choices.tokens.size());
      for (size_t i = 0; i < order.size(); ++i)
        order[i] = i;
      std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return std::pair(choices.tokens[a], a) <
               std::pair(choices.tokens[b], b);
      });
      RoutingTrace::Layer &result = trace.layers.emplace_back();
      result.layer = int64_t(layer);
      result.perToken = int64_t(choices.perToken);
      for (size_t i = 0; i < order.size(); ++i) {
        uint64_t token = choices.tokens[order[i]];
        if (i > 0 && choices.tokens[order[i - 1]] == token) {
          diags
              .inputError("", fmt::format("token {} is there twice in layer {}",
                                          token, layer))
              .notes.push_back("put all experts of a token in a layer on one "
                               "line; number the tokens of several sequences "
                               "through");
          return std::nullopt;
        }
        auto first = choices.experts.begin() +
                     std::ptrdiff_t(order[i] * choices.perToken);
        result.experts.insert(result.experts.end(), first,
                              first + std::ptrdiff_t(choices.perToken));
      }
    }
    if (trace.layers.empty()) {
      diags.inputError("", "holds no choice of an expert");
      return std::nullopt;
    }
    return trace;
  }

  llvm::StringRef text;
  Diagnostics &diags;
  std::map<uint64_t, Choices> layers;
};

/// The binary form, all numbers little-endian.
class BinaryReader {
public:
  BinaryReader(llvm::StringRef bytes, Diagnostics &diags)
      : bytes(bytes), diags(diags) {}

  std::optional<RoutingTrace> read() {
    constexpr size_t kHead = 20;
    if (bytes.size() < kHead)
      return fail(fmt::format("ends after {} bytes, inside its head of {}",
                              bytes.size(), kHead));
    uint64_t layers = word(8), tokens = word(12), perToken = word(16);
    if (layers < 1 || layers > kMost || tokens < 1 || perToken < 1 ||
        perToken > kMostPerToken)
      return fail(fmt::format("claims {} layers, {} tokens and {} experts for "
                              "each; there are 1 to {} layers, at least one "
                              "token, and 1 to {} experts",
                              layers, tokens, perToken, kMost, kMostPerToken));
    uint64_t size = kHead + 4 * layers + 2 * layers * tokens * perToken;
    if (size != bytes.size())
      return fail(fmt::format("has {} bytes, {} layers, {} tokens and {} "
                              "experts for each take {}",
                              bytes.size(), layers, tokens, perToken, size));
    RoutingTrace trace;
    for (uint64_t l = 0; l < layers; ++l) {
      RoutingTrace::Layer &layer = trace.layers.emplace_back();
      layer.layer = int64_t(word(kHead + 4 * l));
      layer.perToken = int64_t(perToken);
      layer.experts.reserve(tokens * perToken);
      if (layer.layer >= int64_t(kMost) ||
          (l > 0 && layer.layer <= trace.layers[l - 1].layer))
        return fail(fmt::format("layer {} does not follow the one before it; "
                                "layers rise, each below {}",
                                layer.layer, kMost));
    }
    return readExperts(std::move(trace), kHead + 4 * layers, tokens);
  }

private:
  std::optional<RoutingTrace> readExperts(RoutingTrace trace, size_t at,
                                          uint64_t tokens) {
    for (uint64_t token = 0; token < tokens; ++token)
      for (RoutingTrace::Layer &layer : trace.layers) {
        for (int64_t i = 0; i < layer.perToken; ++i, at += 2)
          layer.experts.push_back(
              llvm::support::endian::read16le(bytes.data() + at));
        if (auto twice = repeated(llvm::ArrayRef(layer.experts)
                                      .take_back(size_t(layer.perToken))))
          return fail(fmt::format("token {} chooses expert {} twice in layer "
                                  "{}",
                                  token, *twice, layer.layer));
      }
    return trace;
  }

  uint64_t word(size_t at) const {
    return llvm::support::endian::read32le(bytes.data() + at);
  }

  std::nullopt_t fail(const std::string &message) {
    diags.inputError("", message)
        .notes.push_back("docs/routing-traces.md describes the binary form");
    return std::nullopt;
  }

  llvm::StringRef bytes;
  Diagnostics &diags;
};

} // namespace

std::optional<RoutingTrace>
inlay::cost::readRoutingTrace(const std::string &path, Diagnostics &diags) {
  diags.setFile(path);
  auto buffer = llvm::MemoryBuffer::getFile(path);
  std::optional<RoutingTrace> trace;
  if (!buffer)
    diags.inputError("", "cannot be read: " + buffer.getError().message());
  else if ((*buffer)->getBuffer().starts_with(kMagic))
    trace = BinaryReader((*buffer)->getBuffer(), diags).read();
  else
    trace = TextReader((*buffer)->getBuffer(), diags).read();
  diags.setFile("");
  return trace;
}

std::string inlay::cost::toBinary(const RoutingTrace &trace) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  auto put = [&](auto value) {
    char raw[sizeof(value)];
    llvm::support::endian::write(raw, value, llvm::endianness::little);
    os.write(raw, sizeof(value));
  };
  const RoutingTrace::Layer &first = trace.layers.front();
  os << kMagic;
  put(uint32_t(trace.layers.size()));
  put(uint32_t(first.numTokens()));
  put(uint32_t(first.perToken));
  for (const RoutingTrace::Layer &layer : trace.layers)
    put(uint32_t(layer.layer));
  for (int64_t token = 0; token < first.numTokens(); ++token)
    for (const RoutingTrace::Layer &layer : trace.layers)
      for (int64_t i = 0; i < layer.perToken; ++i)
        put(layer.experts[size_t(token * layer.perToken + i)]);
  return bytes;
}

/// Of more tokens than are kept those that lie evenly spread.
static std::shared_ptr<const Choices> keptOf(const RoutingTrace::Layer &layer) {
  auto kept = std::make_shared<Choices>();
  kept->perToken = layer.perToken;
  int64_t tokens = layer.numTokens(), most = std::min(tokens, kMostTokens);
  for (int64_t i = 0; i < most; ++i) {
    auto first = layer.experts.begin() + i * tokens / most * layer.perToken;
    kept->experts.insert(kept->experts.end(), first, first + layer.perToken);
  }
  return kept;
}

ModelRouting inlay::cost::toRouting(const RoutingTrace &trace) {
  ModelRouting routing;
  routing.kind = Routing::Kind::Trace;
  for (const RoutingTrace::Layer &layer : trace.layers) {
    routing.choices[layer.layer] = keptOf(layer);
    routing.highest[layer.layer] =
        *std::max_element(layer.experts.begin(), layer.experts.end());
  }
  return routing;
}
