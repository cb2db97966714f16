//===- StepDims.cpp - The sizes that a step gives symbolic dims -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/StepDims.h"

#include "inlay/Onnx/DimExpr.h"

#include "mlir/Support/LLVM.h"

#include "llvm/ADT/StringSwitch.h"

#include <algorithm>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

std::optional<DimRole> onnx::getDimRole(StringRef name) {
  using Role = std::optional<DimRole>;
  return llvm::StringSwitch<Role>(name)
      .Cases({"batch", "batch_size", "B"}, DimRole::Batch)
      .Cases({"sequence_length", "sequence_len", "seq_length", "seq_len",
              "seqlen", "sequence"},
             DimRole::NewTokens)
      .Cases({"past_sequence_length", "past_sequence_len", "past_seq_length",
              "past_seq_len", "past_sequence", "past_length", "past_len"},
             DimRole::Past)
      .Cases({"total_sequence_length", "total_sequence_len", "total_seq_length",
              "total_seq_len", "total_sequence", "max_sequence_length",
              "max_seq_length", "max_seq_len", "max_cache_len"},
             DimRole::Total)
      .Cases({"num_tokens", "tokens"}, DimRole::BatchedTokens)
      .Cases({"past_sliding_length", "total_sliding_length"}, DimRole::Window)
      .Default(std::nullopt);
}

std::optional<DimRole> onnx::getPlaceRole(StringRef input, int64_t rank,
                                          int64_t dim) {
  bool isTokens =
      (input == "input_ids" || input == "position_ids") && rank == 2;
  isTokens |= input == "inputs_embeds" && rank == 3;
  bool isMask = input == "attention_mask" && rank == 2;
  // "past_key_values.0.key", "input.past_key_values.layers.0.keys", ...: batch,
  // heads, tokens, head size.
  bool isState = input.contains("past_key_values") && rank == 4;
  if (!isTokens && !isMask && !isState)
    return std::nullopt;
  if (dim == 0)
    return DimRole::Batch;
  if (dim == 1 && isTokens)
    return DimRole::NewTokens;
  if (dim == 1 && isMask)
    return DimRole::Total;
  if (dim == 2 && isState)
    return DimRole::Past;
  return std::nullopt;
}

std::optional<DimRole> StepDims::roleOf(StringRef name) const {
  if (std::optional<DimRole> role = getDimRole(name))
    return role;
  auto place = placeRoles.find(name);
  return place == placeRoles.end() ? std::nullopt
                                   : std::optional<DimRole>(place->second);
}

/// "a, b, c and 12 more".
static void listNames(InFlightDiagnostic &diag, ArrayRef<std::string> names) {
  constexpr size_t maxNames = 20;
  llvm::interleaveComma(names.take_front(maxNames), diag);
  if (names.size() > maxNames)
    diag << " and " << static_cast<int64_t>(names.size() - maxNames) << " more";
}

/// Says of the first dim that is no expression why it is none.
static void noteMalformed(InFlightDiagnostic &diag, ArrayRef<StringRef> texts) {
  for (StringRef text : texts) {
    std::string error;
    if (DimExpr::parse(text, error))
      continue;
    diag.attachNote() << "dim '" << text << "' cannot be computed, " << error
                      << ": bind it as a whole, '" << text
                      << "=SIZE', or export the model with a dim that can";
    return;
  }
}

LogicalResult StepDims::give(DimRole role, int64_t size, std::string source,
                             EmitError emitError) {
  std::optional<Given> &known = given(role);
  if (known && known->size != size)
    return emitError() << "'" << source << "' contradicts '" << known->source
                       << "'";
  if (!known)
    known = Given{size, std::move(source)};
  return success();
}

LogicalResult StepDims::readBindings(ArrayRef<std::string> bindings,
                                     ArrayRef<std::string> symbols,
                                     ArrayRef<StringRef> texts,
                                     EmitError emitError) {
  for (const std::string &binding : bindings) {
    auto [name, number] = StringRef(binding).rsplit('=');
    name = name.trim();
    int64_t size;
    if (name.empty() || number.trim().getAsInteger(10, size))
      return emitError() << "binding '" << binding
                         << "' is not of the form name=size";
    std::optional<DimRole> role = roleOf(name);
    // A symbol whose name says nothing may be the length of an empty state.
    int64_t least = role && role != DimRole::Past ? 1 : 0;
    if (size < least)
      return emitError() << "binding '" << binding << "': the size must be at "
                         << "least " << least;
    if (!llvm::is_contained(symbols, name) &&
        !llvm::is_contained(texts, name)) {
      InFlightDiagnostic diag = emitError();
      diag << "binding '" << binding << "' names no dim of the model";
      if (symbols.empty())
        return diag << ", which has no symbolic dims";
      diag << "; it has ";
      listNames(diag, symbols);
      noteMalformed(diag, texts);
      return diag;
    }
    auto [entry, isNew] = bound.try_emplace(name, size);
    if (!isNew && entry->second != size)
      return emitError() << "'" << binding << "' contradicts '" << name << "="
                         << entry->second << "'";
    if (role && failed(give(*role, size, binding, emitError)))
      return failure();
  }
  return success();
}

LogicalResult StepDims::takePast(const FixedPast &past, EmitError emitError) {
  std::optional<Given> &known = given(DimRole::Past);
  if (known && known->size != past.tokens)
    return emitError() << "'" << known->source << "' contradicts node '"
                       << past.node << "', whose past holds " << past.tokens
                       << " tokens in every step; leave the context out, or "
                          "export the model with a symbol for that length";
  if (!known)
    known = Given{past.tokens, "past of node " + past.node};
  return success();
}

/// Fills in batch, context and tokens from what is given and the defaults.
LogicalResult StepDims::solve(model::Phase phase, EmitError emitError) {
  bool isDecode = phase == model::Phase::Decode;
  batch = given(DimRole::Batch) ? given(DimRole::Batch)->size : defaultBatch;
  tokens = isDecode ? 1 : defaultPrefillChunk;
  if (given(DimRole::NewTokens))
    tokens = given(DimRole::NewTokens)->size;
  context = isDecode ? defaultDecodeContext : defaultPrefillContext;
  const std::optional<Given> &past = given(DimRole::Past);
  const std::optional<Given> &total = given(DimRole::Total);
  if (past)
    context = past->size;
  if (!total)
    return success();
  if (!past)
    context = total->size - tokens;
  if (context < 0 || context + tokens != total->size)
    return emitError() << "'" << total->source << "' contradicts a context of "
                       << (past ? past->size : 0) << " and " << tokens
                       << " new tokens";
  return success();
}

/// Defaults give way to what the model allows; what the user gave does not.
LogicalResult StepDims::applyLimit(const PositionLimit &limit,
                                   EmitError emitError) {
  if (context + tokens <= limit.positions)
    return success();
  if (!given(DimRole::Past) && !given(DimRole::Total)) {
    context = std::max<int64_t>(0, limit.positions - tokens);
    isContextReduced = true;
  }
  if (!given(DimRole::NewTokens) && !given(DimRole::Total))
    tokens = std::clamp<int64_t>(limit.positions - context, 1, tokens);
  if (context + tokens <= limit.positions)
    return success();
  InFlightDiagnostic diag = emitError()
                            << "a context of " << context << " and " << tokens
                            << " new tokens need " << context + tokens
                            << " positions, the " << limit.holder << " of '"
                            << limit.node << "' has " << limit.positions;
  if (limit.positions >= tokens)
    diag << "; the largest context is " << limit.positions - tokens;
  return diag;
}

LogicalResult StepDims::resolve(const StepRequest &request,
                                ArrayRef<std::string> symbols,
                                ArrayRef<StringRef> texts,
                                const PositionFacts &facts,
                                EmitError emitError) {
  auto giveOption = [&](DimRole role, std::optional<int64_t> size,
                        StringRef option) {
    if (!size)
      return success();
    return give(role, *size, (option + "=" + Twine(*size)).str(), emitError);
  };
  bool isDecode = request.phase == model::Phase::Decode;
  if (isDecode)
    given(DimRole::NewTokens) = Given{1, "phase=decode"};
  if (failed(giveOption(DimRole::Batch, request.batch, "batch")) ||
      failed(giveOption(DimRole::Past, request.context, "context")) ||
      (!isDecode && failed(giveOption(DimRole::NewTokens, request.prefillChunk,
                                      "prefill-chunk"))) ||
      failed(readBindings(request.bindings, symbols, texts, emitError)) ||
      (facts.past && failed(takePast(*facts.past, emitError))) ||
      failed(solve(request.phase, emitError)))
    return failure();
  if (facts.limit && failed(applyLimit(*facts.limit, emitError)))
    return failure();
  // A ring buffer: it has room for the window however few tokens there are.
  window = facts.window.value_or(context + tokens);
  if (given(DimRole::Window))
    window = given(DimRole::Window)->size;
  return success();
}

std::optional<int64_t> StepDims::lookup(StringRef name) const {
  if (auto entry = bound.find(name); entry != bound.end())
    return entry->second;
  std::optional<DimRole> role = roleOf(name);
  if (!role)
    return std::nullopt;
  switch (*role) {
  case DimRole::Batch:
    return batch;
  case DimRole::NewTokens:
    return tokens;
  case DimRole::Past:
    return context;
  case DimRole::Total:
    return context + tokens;
  case DimRole::BatchedTokens:
    return batch * tokens;
  case DimRole::Window:
    return window;
  }
  return std::nullopt;
}
