//===- BindDims.cpp - Gives symbolic dims their sizes ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Passes.h"
#include "dialects/Onnx/Transforms/StepDims.h"

#include "inlay/Onnx/DimExpr.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace inlay::onnx {
#define GEN_PASS_DEF_BINDDIMS
#include "dialects/Onnx/Transforms/Passes.h.inc"
} // namespace inlay::onnx

//===----------------------------------------------------------------------===//
// What the model allows
//===----------------------------------------------------------------------===//

/// Rows of the table of positions that `value` is, or was taken from.
static std::optional<int64_t> getCacheRows(Value value, unsigned depth = 8) {
  if (!value || depth == 0)
    return std::nullopt;
  Operation *def = value.getDefiningOp();
  if (isa_and_present<ml_program::GlobalLoadConstOp, ConstantOp>(def)) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && type.getRank() == 2 && !type.isDynamicDim(0))
      return type.getDimSize(0);
    return std::nullopt;
  }
  auto node = dyn_cast_or_null<NodeOp>(def);
  if (!node || !node.getDomain().empty())
    return std::nullopt;
  StringRef opType = node.getOpType();
  if (opType == "If") {
    // Long and short tables: the longer one is there when it is needed.
    std::optional<int64_t> rows;
    unsigned result = cast<OpResult>(value).getResultNumber();
    for (Region &region : node.getSubgraphs()) {
      Operation *yield = region.front().getTerminator();
      if (result < yield->getNumOperands())
        if (auto found = getCacheRows(yield->getOperand(result), depth - 1))
          rows = std::max(rows.value_or(0), *found);
    }
    return rows;
  }
  if (opType == "Gather" || opType == "Cast" || opType == "Identity" ||
      opType == "Unsqueeze" || opType == "Squeeze" || opType == "Slice")
    return getCacheRows(node.getInput(0), depth - 1);
  return std::nullopt;
}

/// The operand that holds the cosines, of operators with rotary embeddings.
static Value getCosCache(NodeOp node) {
  if (node.isOp("com.microsoft", "GroupQueryAttention"))
    return node.getInput(7);
  if (node.isOp("com.microsoft", "RotaryEmbedding") ||
      node.isOp("com.microsoft", "MRotaryEmbedding"))
    return node.getInput(2);
  return node.isOp("", "RotaryEmbedding") ? node.getInput(1) : Value();
}

/// The window of an attention whose KV state holds no more than it.
static std::optional<int64_t> getStateWindow(NodeOp node) {
  if (!node.isOp("com.microsoft", "GroupQueryAttention"))
    return std::nullopt;
  int64_t window = node.getIntAttr("local_window_size", -1);
  Value past = node.getInput(3);
  auto type =
      past ? dyn_cast<RankedTensorType>(past.getType()) : RankedTensorType();
  if (window <= 0 || !type || type.getRank() != 4 ||
      getDimRole(getDimSymbols(type)[2]) != DimRole::Window)
    return std::nullopt;
  return window;
}

/// Tokens that fit the KV buffer which a node writes into.
static std::optional<int64_t> getBufferTokens(NodeOp node) {
  Value buffer = node.isOp("", "TensorScatter") ? node.getInput(0) : Value();
  auto type = buffer ? dyn_cast<RankedTensorType>(buffer.getType())
                     : RankedTensorType();
  if (!type)
    return std::nullopt;
  int64_t axis = node.getIntAttr("axis", -2);
  axis += axis < 0 ? type.getRank() : 0;
  if (axis < 0 || axis >= type.getRank() || type.isDynamicDim(axis))
    return std::nullopt;
  return type.getDimSize(axis);
}

/// Whether a past of `length` tokens may be a ring that holds the last of more,
/// as far as window and total length of the node tell.
static bool mayBeRing(NodeOp node, int64_t length) {
  int64_t window = node.getIntAttr("local_window_size", -1);
  if (window <= 0)
    return false;
  auto query = dyn_cast<RankedTensorType>(node.getInput(0).getType());
  Value total = node.getInput(6);
  auto known = total ? getConstantInts(total) : std::nullopt;
  if (known && known->size() == 1 && query && query.getRank() == 3 &&
      !query.isDynamicDim(1))
    return length + query.getDimSize(1) < known->front();
  return window <= length;
}

/// Tokens of a past whose length the model fixes, and that grows by the step: a
/// present of the same length is a buffer, and with a window may be a ring.
static std::optional<int64_t> getFixedPast(NodeOp node) {
  unsigned input = 0;
  if (node.isOp("com.microsoft", "GroupQueryAttention"))
    input = 3;
  else if (node.isOp("com.microsoft", "MultiHeadAttention"))
    input = 6;
  else if (node.isOp("", "Attention"))
    input = 4;
  else
    return std::nullopt;
  Value past = node.getInput(input), present = node.getOutput(1);
  auto type = isa_and_present<BlockArgument>(past)
                  ? dyn_cast<RankedTensorType>(past.getType())
                  : RankedTensorType();
  if (!type || type.getRank() != 4 || type.isDynamicDim(2))
    return std::nullopt;
  int64_t length = type.getDimSize(2);
  auto after = present ? dyn_cast<RankedTensorType>(present.getType())
                       : RankedTensorType();
  bool isBuffer = after && after.getRank() == 4 && !after.isDynamicDim(2) &&
                  after.getDimSize(2) == length;
  if (isBuffer || mayBeRing(node, length))
    return std::nullopt;
  return length;
}

/// The shortest rotary cache or KV buffer of the graph, and the largest past of
/// fixed length and window of a state.
static PositionFacts findPositionFacts(GraphOp graph) {
  PositionFacts facts;
  auto limit = [&](std::optional<int64_t> positions, StringRef holder,
                   NodeOp node) {
    if (positions && (!facts.limit || *positions < facts.limit->positions))
      facts.limit = {*positions, holder, node.getNodeName().str()};
  };
  graph.walk([&](NodeOp node) {
    // Few nodes hold positions, and every node of the model is asked.
    StringRef opType = node.getOpType();
    if (!opType.ends_with("Attention") && !opType.ends_with("Embedding") &&
        opType != "TensorScatter")
      return;
    limit(getCacheRows(getCosCache(node)), "rotary cache", node);
    limit(getBufferTokens(node), "KV buffer", node);
    if (std::optional<int64_t> past = getFixedPast(node);
        past && (!facts.past || *past > facts.past->tokens))
      facts.past = {*past, node.getNodeName().str()};
    if (std::optional<int64_t> window = getStateWindow(node))
      facts.window = std::max(facts.window.value_or(0), *window);
  });
  return facts;
}

/// The roles of symbols that no convention names, by where they stand in the
/// graph's inputs. A symbol that stands in places of two roles has none.
static PlaceRoles findPlaceRoles(GraphOp graph) {
  PlaceRoles roles;
  SmallVector<StringRef> contradictory;
  for (BlockArgument argument : graph.getBody().getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.getEncoding())
      continue;
    StringRef input = graph.getArgName(argument.getArgNumber());
    for (auto [dim, symbol] : llvm::enumerate(getDimSymbols(type))) {
      std::optional<DimRole> role = getPlaceRole(input, type.getRank(), dim);
      if (symbol.empty() || !role || getDimRole(symbol))
        continue;
      if (roles.try_emplace(symbol, *role).first->second != *role)
        contradictory.push_back(symbol);
    }
  }
  for (StringRef symbol : contradictory)
    roles.erase(symbol);
  return roles;
}

//===----------------------------------------------------------------------===//
// The dims of the model
//===----------------------------------------------------------------------===//

namespace {

/// The symbolic dims of a graph: each text once, and the sizes they get.
class DimTable {
public:
  explicit DimTable(GraphOp graph);

  /// Evaluates all texts. Reports those that have no valid size.
  LogicalResult evaluate(const StepDims &step);

  /// `type` with the sizes that are known.
  Type bind(Type type);

  ArrayRef<StringRef> texts() const { return order.getArrayRef(); }
  ArrayRef<std::string> symbols() const { return names; }
  int64_t numBound() const { return sizes.size(); }

private:
  void collect(Type type);
  Type bindTensor(RankedTensorType type);

  GraphOp graph;
  llvm::SetVector<StringRef> order;
  std::vector<std::string> names;
  llvm::StringMap<DimExpr> expressions;
  llvm::StringMap<int64_t> sizes;
  DenseMap<Type, Type> cache;
  DenseSet<Type> seen;
};

} // namespace

/// The type inside a sequence or optional, or null.
static Type getInnerType(Type type) {
  if (auto sequence = dyn_cast<SequenceType>(type))
    return sequence.getElementType();
  if (auto optional = dyn_cast<OptionalType>(type))
    return optional.getElementType();
  return {};
}

DimTable::DimTable(GraphOp graph) : graph(graph) {
  // Inputs first: their names are those the user knows.
  for (Type type : graph.getBody().getArgumentTypes())
    collect(type);
  graph.getBody().walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      collect(type);
    for (Region &region : op->getRegions())
      for (Type type : region.getArgumentTypes())
        collect(type);
  });
  llvm::SetVector<StringRef> found;
  for (StringRef text : order) {
    std::string error;
    std::optional<DimExpr> expr = DimExpr::parse(text, error);
    if (!expr) {
      // Any text is a name, though not one to compute with.
      found.insert(text);
      continue;
    }
    auto entry = expressions.try_emplace(text, std::move(*expr)).first;
    for (const std::string &symbol : entry->second.symbols())
      found.insert(symbol);
  }
  for (StringRef symbol : found)
    names.push_back(symbol.str());
}

void DimTable::collect(Type type) {
  if (!seen.insert(type).second)
    return;
  if (Type inner = getInnerType(type))
    return collect(inner);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getEncoding())
    return;
  for (StringRef symbol : getDimSymbols(tensor))
    if (!symbol.empty())
      order.insert(symbol);
}

LogicalResult DimTable::evaluate(const StepDims &step) {
  bool held = true;
  for (StringRef text : order) {
    std::optional<int64_t> whole = step.lookup(text);
    auto known = expressions.find(text);
    if (!whole && known != expressions.end()) {
      const DimExpr &expr = known->second;
      auto lookup = [&](StringRef name) { return step.lookup(name); };
      bool isBound = llvm::all_of(expr.symbols(), [&](const std::string &name) {
        return step.lookup(name).has_value();
      });
      std::string error;
      if (isBound && !(whole = expr.evaluate(lookup, error))) {
        graph.emitError() << "dim '" << text << "': " << error;
        held = false;
      }
    }
    if (whole)
      sizes[text] = *whole;
  }
  return success(held);
}

Type DimTable::bind(Type type) {
  auto [entry, isNew] = cache.try_emplace(type, type);
  if (!isNew)
    return entry->second;
  Type result = type;
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    result = bindTensor(tensor);
  else if (auto sequence = dyn_cast<SequenceType>(type))
    result =
        SequenceType::get(type.getContext(), bind(sequence.getElementType()));
  else if (auto optional = dyn_cast<OptionalType>(type))
    result =
        OptionalType::get(type.getContext(), bind(optional.getElementType()));
  // Not through `entry`: the recursion may have moved it.
  return cache[type] = result;
}

Type DimTable::bindTensor(RankedTensorType type) {
  if (!type.getEncoding())
    return type;
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<StringRef> symbols = getDimSymbols(type);
  for (auto [size, symbol] : llvm::zip_equal(shape, symbols)) {
    auto known = sizes.find(symbol);
    if (symbol.empty() || known == sizes.end())
      continue;
    size = known->second;
    symbol = "";
  }
  return getTensorType(shape, type.getElementType(), symbols);
}

/// Gives every value of the graph the bound type.
static void rewriteTypes(GraphOp graph, DimTable &table) {
  auto bindArguments = [&](Region &region) {
    for (BlockArgument argument : region.getArguments())
      argument.setType(table.bind(argument.getType()));
  };
  bindArguments(graph.getBody());
  graph.getBody().walk([&](Operation *op) {
    for (OpResult result : op->getResults())
      result.setType(table.bind(result.getType()));
    for (Region &region : op->getRegions())
      bindArguments(region);
  });
  graph.updateFunctionType();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
class BindDimsPass : public onnx::impl::BindDimsBase<BindDimsPass> {
public:
  using BindDimsBase::BindDimsBase;
  void runOnOperation() override;

private:
  LogicalResult checkOptions();
  LogicalResult bindGraph(GraphOp graph);
  LogicalResult recordStep(GraphOp graph, const StepDims &step);
};
} // namespace

LogicalResult BindDimsPass::checkOptions() {
  auto check = [&](StringRef name, int64_t value, int64_t least) {
    if (value >= least || value == kUnset)
      return success();
    return LogicalResult(getOperation().emitError()
                         << "option '" << name << "' must be at least " << least
                         << ", got " << value);
  };
  return failure(failed(check("batch", batch, 1)) ||
                 failed(check("context", context, 0)) ||
                 failed(check("prefill-chunk", prefillChunk, 1)));
}

/// Writes down what the step is. The token ids say it where their shape is
/// fixed by the model.
LogicalResult BindDimsPass::recordStep(GraphOp graph, const StepDims &step) {
  int64_t numSequences = step.batch, numTokens = step.tokens;
  for (BlockArgument argument : graph.getBody().getArguments()) {
    StringRef name = graph.getArgName(argument.getArgNumber());
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if ((name != "input_ids" && name != "inputs_embeds") || !type ||
        type.getRank() < 2 || type.isDynamicDim(0) || type.isDynamicDim(1))
      continue;
    numSequences = type.getDimSize(0);
    numTokens = type.getDimSize(1);
    if (batch != kUnset && numSequences != batch)
      return graph.emitError()
             << "'batch=" << int64_t(batch) << "' contradicts input '" << name
             << "', which holds " << numSequences << " x " << numTokens
             << " tokens";
  }
  Builder builder(graph.getContext());
  graph->setAttr(kPhaseAttr, builder.getStringAttr(phase == model::Phase::Decode
                                                       ? "decode"
                                                       : "prefill"));
  graph->setAttr(kBatchAttr, builder.getI64IntegerAttr(numSequences));
  graph->setAttr(kContextAttr, builder.getI64IntegerAttr(step.context));
  graph->setAttr(kTokensAttr, builder.getI64IntegerAttr(numTokens));
  return success();
}

LogicalResult BindDimsPass::bindGraph(GraphOp graph) {
  auto given = [](int64_t value) {
    return value == kUnset ? std::optional<int64_t>() : value;
  };
  std::vector<std::string> texts(bindings.begin(), bindings.end());
  StepRequest request{phase, given(batch), given(context), given(prefillChunk),
                      texts};
  DimTable table(graph);
  StepDims step(findPlaceRoles(graph));
  if (failed(step.resolve(request, table.symbols(), table.texts(),
                          findPositionFacts(graph),
                          [&] { return graph.emitError(); })) ||
      failed(table.evaluate(step)))
    return failure();
  rewriteTypes(graph, table);
  if (failed(recordStep(graph, step)))
    return failure();
  remark::passed(graph.getLoc(),
                 remark::RemarkOpts::name("BoundDims").category("bind-dims"))
      << remark::metric("bound", table.numBound())
      << remark::metric("unbound", static_cast<int64_t>(table.texts().size()) -
                                       table.numBound())
      << remark::metric("batch", step.batch)
      << remark::metric("context", step.context)
      << remark::metric("tokens", step.tokens)
      << remark::metric("contextReduced", step.isContextReduced);
  return success();
}

void BindDimsPass::runOnOperation() {
  if (failed(checkOptions()))
    return signalPassFailure();
  for (GraphOp graph : getOperation().getOps<GraphOp>())
    if (failed(bindGraph(graph)))
      return signalPassFailure();
}
