//===- Ops.cpp - What kernels compute, and on which part ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Costs.h"
#include "Cuts.h"
#include "Rules.h"
#include "ValueParts.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

int64_t inlay::checker::bitsOfType(llvm::StringRef name) {
  if (name == "bf16")
    return 16;
  if (name == "i1") // a truth value has a byte
    return 8;
  // Letters, then the width: "i64", "u4", "f8E4M3FN".
  llvm::StringRef digits =
      name.drop_while([](char c) { return c >= 'a' && c <= 'z'; });
  int64_t bits = 0;
  llvm::StringRef letters = name.drop_back(digits.size());
  if (!llvm::is_contained({"i", "si", "ui", "u", "f", "tf"}, letters) ||
      digits.consumeInteger(10, bits) || bits < 1 || bits > 1024)
    return 0;
  // Small floats say how many bits are the exponent's, and what has no code.
  bool isPlain =
      digits.empty() ||
      (letters == "f" && digits.starts_with("E") &&
       digits.find_first_not_of("EMFNUZB0123456789") == llvm::StringRef::npos);
  return isPlain ? bits : 0;
}

namespace {

/// Shape and type of each end of the streams at a kernel.
struct Port {
  std::string type;
  std::vector<int64_t> shape;
};

class OpChecker {
public:
  OpChecker(const Plan &plan, Report &report) : plan(plan), report(report) {
    for (const Stream &stream : plan.streams) {
      if (!stream.to.empty())
        ports[{stream.to, "input", stream.toPort}] = &stream;
      if (!stream.from.empty())
        ports[{stream.from, "output", stream.fromPort}] = &stream;
    }
  }

  void run();

private:
  void checkOp(const Kernel &kernel, size_t index);
  void checkKind(const Op &op, const std::string &place);
  void checkArithmetic(const Op &op, const std::string &place);
  void checkOperations(const Op &op, const std::string &place);
  void checkDensity(const Kernel &kernel, const Op &op,
                    const std::string &place);
  void checkChosen(const Kernel &kernel, const Op &op,
                   const std::string &place);
  void checkDim(const Kernel &kernel, const Op &op, size_t d,
                const std::string &place);
  void checkOperand(const Kernel &kernel, const Op &op, const Operand &operand,
                    const std::string &place);
  void checkIndexing(const Op &op, const Operand &operand,
                     const std::vector<int64_t> &shape,
                     const std::vector<Cut> *cuts, const std::string &place);
  void checkSummed(const Op &op, const std::string &place);
  void checkRead(const Kernel &kernel, const Op &op, const Operand &operand,
                 const std::vector<int64_t> &shape, const std::string &place);
  void checkLocals(const Kernel &kernel);
  void checkTwins();

  const Plan &plan;
  Report &report;
  std::map<std::tuple<std::string, std::string, int64_t>, const Stream *> ports;
};

} // namespace

static std::string opPlace(const Kernel &kernel, size_t index) {
  return fmt::format("{}, op {} '{}'", kernel.place(), index,
                     kernel.ops[index].name);
}

void OpChecker::run() {
  report.begin("ops");
  for (const Kernel &kernel : plan.kernels)
    for (size_t i = 0; i < kernel.ops.size(); ++i)
      checkOp(kernel, i);
  if (plan.minor >= 3)
    for (const Kernel &kernel : plan.kernels)
      checkLocals(kernel);
  checkParts(plan, report);
  checkTwins();
}

void OpChecker::checkOp(const Kernel &kernel, size_t index) {
  const Op &op = kernel.ops[index];
  std::string place = opPlace(kernel, index);
  checkKind(op, place);
  checkArithmetic(op, place);
  // Older plans do not say what ops take.
  if (plan.minor >= 3) {
    checkOperations(op, place);
    checkDensity(kernel, op, place);
    checkChosen(kernel, op, place);
    checkSummed(op, place);
  }
  for (size_t d = 0; d < op.dims.size(); ++d)
    checkDim(kernel, op, d, place);
  for (const Operand &operand : op.operands)
    checkOperand(kernel, op, operand, place);
  if (op.operands.empty())
    return;
  const Operand &result = op.operands.back();
  // What is appended to a state without tokens is all that it has.
  bool startsState = result.role == "state" && plan.context == 0;
  if (result.role != "scratch" && result.role != "output" && !startsState)
    report.fail(place, fmt::format("ends with operand '{}' of role {}, not "
                                   "with what it makes",
                                   result.buffer, result.role));
}

/// What a loop nest does says whether it adds up over a dim.
void OpChecker::checkKind(const Op &op, const std::string &place) {
  if (op.kind == "opaque")
    return;
  bool wants = llvm::is_contained(
      {"contraction", "reduction", "softmax", "top_k"}, op.kind);
  bool has =
      llvm::any_of(op.dims, [](const Cut &dim) { return dim.isReduction; });
  if (wants != has)
    report.fail(place, fmt::format("is of kind {} and has {} reduction dim",
                                   op.kind, has ? "a" : "no"));
}

/// What an op computes in is the type of something that it has; what is looked
/// up takes bytes only.
void OpChecker::checkArithmetic(const Op &op, const std::string &place) {
  bool isThere = op.computeType.empty() ||
                 llvm::any_of(op.operands, [&](const Operand &o) {
                   return o.type == op.computeType;
                 });
  if (!isThere)
    report.fail(place, fmt::format("computes in type '{}', which no operand "
                                   "has",
                                   op.computeType));
  int64_t result = op.operands.empty() ? 0 : op.operands.back().bits;
  if (op.kind == "contraction" && !op.computeType.empty() &&
      bitsOfType(op.computeType) < result)
    report.fail(place, fmt::format("computes in type '{}', but has a result of "
                                   "{} bits",
                                   op.computeType, result));
  if ((op.kind == "lookup" || op.kind == "opaque") && op.operations != 1)
    report.fail(place, fmt::format("has {} operations for each point, but is "
                                   "of kind {}",
                                   op.operations, op.kind));
}

static bool isIndexedBy(const Operand &operand, size_t dim) {
  return llvm::is_contained(operand.indexDims, static_cast<int64_t>(dim));
}

/// True of what adds up rows and keeps no element of them.
static bool dropsRows(const Op &op) {
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].isReduction && isIndexedBy(op.operands.back(), d))
      return false;
  return true;
}

/// Operations for each point that ops of a kind may have: a multiply and an
/// add, or what their programs take.
void OpChecker::checkOperations(const Op &op, const std::string &place) {
  std::vector<double> may;
  if (op.kind == "contraction")
    may = {2};
  else if (op.kind == "softmax") // of capped scores
    may = {8, 12};
  else if (op.kind == "reduction" && !op.operands.empty())
    may = dropsRows(op) ? std::vector<double>{1} : std::vector<double>{4, 6};
  else if (op.kind == "move")
    may = {1};
  else if (op.kind == "elementwise" && op.name == "rotary") // after a norm
    may = {3, 7};
  else if (op.kind == "elementwise")
    may = {1, 2, 4, 7};
  else
    return;
  if (!llvm::is_contained(may, op.operations))
    report.fail(place, fmt::format("has {} operations for each point, those of "
                                   "its kind have {}",
                                   op.operations, fmt::join(may, " or ")));
}

/// Values may be the first channels of the keys: then their product goes over
/// all channels, of which so many count.
static bool takesPartOfKeys(const Kernel &kernel, const Op &op) {
  const Cut *channels = nullptr, *keys = nullptr;
  for (const Cut &dim : op.dims) {
    if (dim.dim == "dim" && !dim.isReduction)
      channels = &dim;
    else if (dim.dim == "context" && dim.isReduction)
      keys = &dim;
  }
  if (op.kind != "contraction" || !channels || !keys)
    return false;
  double count = op.density * double(channels->size);
  if (count < 1 || count > double(channels->size) ||
      std::abs(count - std::round(count)) > 1e-6)
    return false;
  auto reads = [](const Op &other, const Operand &operand) {
    return llvm::any_of(
        llvm::ArrayRef(other.operands).drop_back(), [&](const Operand &o) {
          return o.buffer == operand.buffer && o.role == operand.role;
        });
  };
  return llvm::any_of(kernel.ops, [&](const Op &other) {
    return &other != &op && other.kind == "contraction" &&
           llvm::any_of(llvm::ArrayRef(op.operands).drop_back(),
                        [&](const Operand &o) {
                          return (o.role == "state" || o.role == "input" ||
                                  o.role == "scratch") &&
                                 !other.operands.empty() && reads(other, o);
                        });
  });
}

/// Of experts those run that are chosen, of tables one row is read.
void OpChecker::checkDensity(const Kernel &kernel, const Op &op,
                             const std::string &place) {
  double density = 1;
  for (const Cut &dim : op.dims) {
    if (dim.dim == "expert" && !dim.isReduction && dim.size > 0)
      density *= double(kernel.expertsPerToken) / double(dim.size);
    if ((dim.dim == "vocab" || dim.dim == "position") && dim.size > 0)
      density /= double(dim.size);
  }
  if (std::abs(op.density - density) > 1e-9 * density &&
      !takesPartOfKeys(kernel, op))
    report.fail(place,
                fmt::format("has density {}, by its dims and the {} "
                            "experts for each token it is {}",
                            op.density, kernel.expertsPerToken, density));
}

/// A router sends as many choices for each token as it makes, and experts take
/// in as many.
void OpChecker::checkChosen(const Kernel &kernel, const Op &op,
                            const std::string &place) {
  constexpr double kSoftmax = 8;
  bool isRouter = op.kind == "top_k";
  bool isExperts = op.kind == "contraction" && kernel.expertsPerToken > 0;
  for (const Operand &operand : op.operands) {
    llvm::StringRef name = operand.buffer;
    int64_t number = -1;
    if ((!isRouter && !isExperts) ||
        operand.role != (isRouter ? "output" : "input") ||
        operand.indexDims.size() != 2 || operand.indexDims.back() != -1 ||
        !name.consume_front(operand.role + " ") ||
        name.consumeInteger(10, number))
      continue;
    auto found = ports.find({kernel.name, operand.role, number});
    if (found == ports.end() || found->second->shape.size() != 2)
      continue;
    int64_t chosen = found->second->shape.back();
    if (isExperts && chosen != kernel.expertsPerToken)
      report.fail(place, fmt::format("takes {} choices for each token, its "
                                     "kernel has {} experts for each",
                                     chosen, kernel.expertsPerToken));
    // What sorts alone takes no softmax.
    double sorts = op.name == "route" ? kSoftmax : 0;
    if (isRouter && op.operations != sorts + double(chosen))
      report.fail(place,
                  fmt::format("has {} operations for each point, with "
                              "{} choices it has {}",
                              op.operations, chosen, sorts + double(chosen)));
  }
}

/// Tokens stay apart in every op, and products keep all that they do not sum
/// over; of experts the choices are added up by their weights.
void OpChecker::checkSummed(const Op &op, const std::string &place) {
  for (size_t d = 0; d < op.dims.size(); ++d) {
    const Cut &dim = op.dims[d];
    bool isProduct = op.kind == "contraction";
    if (dim.isReduction &&
        (dim.dim == "token" || (isProduct && dim.dim == "expert")))
      report.fail(place, fmt::format("adds up over dim '{}'", dim.dim));
    if (!isProduct || op.operands.empty() || dim.dim == "expert")
      continue;
    bool isKept = isIndexedBy(op.operands.back(), d);
    if (dim.isReduction == isKept && (isKept || dim.size > 1))
      report.fail(place, fmt::format("has a result with{} dim '{}', which it "
                                     "{}",
                                     isKept ? "" : "out", dim.dim,
                                     isKept ? "adds up" : "does not add up"));
  }
}

/// Indices of each dim of an operand; -1: all that the tensor has.
static std::vector<int64_t> extentsOf(const Op &op, const Operand &operand) {
  std::vector<int64_t> extents;
  for (auto [d, divisor] :
       llvm::zip(operand.indexDims, operand.indexDivisors)) {
    bool isOfOp = d >= 0 && d < static_cast<int64_t>(op.dims.size());
    extents.push_back(
        isOfOp ? divideUp(op.dims[d].size, std::max<int64_t>(1, divisor)) : -1);
  }
  return extents;
}

/// All elements, or those that come before the last dim.
static int64_t elementsOf(llvm::ArrayRef<int64_t> extents) {
  int64_t product = 1;
  for (int64_t extent : extents)
    if (extent >= 0)
      product = times(product, extent);
  return product;
}

/// An op reads as many elements as a value has, or of each row a part: queries
/// of which each product takes some channels. Rotations find their row of a
/// table by the position.
void OpChecker::checkRead(const Kernel &kernel, const Op &op,
                          const Operand &operand,
                          const std::vector<int64_t> &shape,
                          const std::string &place) {
  std::vector<int64_t> extents = extentsOf(op, operand);
  bool isTable = op.name == "rotary" && op.kind == "elementwise" &&
                 &operand != &op.operands.back() && !extents.empty() &&
                 extents.front() == -1;
  if (extents.empty() || shape.empty() || isSlice(kernel, op) ||
      isConcat(kernel, op) || isTable)
    return;
  bool isChosen = extents.size() == 2 && extents.back() == -1 &&
                  (op.kind == "top_k" || kernel.expertsPerToken > 0);
  bool isPart = extents.back() >= 0 && operand.indexDivisors.back() == 1;
  bool hasRows = (isChosen || (op.kind == "contraction" && isPart)) &&
                 elementsOf(llvm::ArrayRef(extents).drop_back()) ==
                     elementsOf(llvm::ArrayRef(shape).drop_back());
  if (elementsOf(extents) != elementsOf(shape) && !hasRows)
    report.fail(place, fmt::format("has {} elements by the dims of the op, the "
                                   "value has {}",
                                   elementsOf(extents), elementsOf(shape)));
}

/// Elements that count of what an op makes: where values are the first channels
/// of keys, those of the channels that they have.
static double countingOf(const Op &op, const std::vector<int64_t> &extents) {
  bool isShare =
      op.kind == "contraction" && llvm::none_of(op.dims, [](const Cut &dim) {
        return dim.dim == "expert" || dim.dim == "vocab" ||
               dim.dim == "position";
      });
  return double(elementsOf(extents)) * (isShare ? op.density : 1);
}

/// A value inside of a kernel has one number of elements for the op that makes
/// it and all that read it, or those that count of it.
void OpChecker::checkLocals(const Kernel &kernel) {
  std::map<std::string, std::vector<int64_t>> made;
  std::map<std::string, double> counting;
  for (size_t i = 0; i < kernel.ops.size(); ++i) {
    const Op &op = kernel.ops[i];
    for (const Operand &operand : op.operands) {
      bool isResult = &operand == &op.operands.back();
      auto known = made.find(operand.buffer);
      if (operand.role == "scratch" && !isResult && known != made.end() &&
          !isClose(double(elementsOf(extentsOf(op, operand))),
                   counting[operand.buffer]))
        checkRead(kernel, op, operand, known->second,
                  opPlace(kernel, i) + ", operand '" + operand.buffer + "'");
      if (!isResult)
        continue;
      made[operand.buffer] = extentsOf(op, operand);
      counting[operand.buffer] = countingOf(op, made[operand.buffer]);
    }
  }
}

void OpChecker::checkDim(const Kernel &kernel, const Op &op, size_t d,
                         const std::string &place) {
  const Cut &cut = op.dims[d];
  Cut wanted = cutOfDim(kernel, op.dims, d);
  if (cut.size != wanted.size || cut.parts != wanted.parts ||
      cut.unit != wanted.unit || cut.shard != wanted.shard ||
      cut.inner != wanted.inner || cut.points != wanted.points ||
      cut.pitch != wanted.pitch)
    report.fail(place, fmt::format("dim {} has {}; by the rule of cuts it has "
                                   "{}",
                                   d, describe(cut), describe(wanted)));
  if (cut.axis == "group" && cut.size != kernel.experts)
    report.fail(place, fmt::format("cuts '{}' of size {} over expert groups, "
                                   "but there are {} experts",
                                   cut.dim, cut.size, kernel.experts));
}

void OpChecker::checkOperand(const Kernel &kernel, const Op &op,
                             const Operand &operand, const std::string &place) {
  std::string where = place + ", operand '" + operand.buffer + "'";
  if (operand.indexDims.size() != operand.indexDivisors.size())
    report.fail(where, fmt::format("has {} dims and {} divisors",
                                   operand.indexDims.size(),
                                   operand.indexDivisors.size()));
  if (size_t count = operand.indexFirsts.size();
      count > 0 && count != operand.indexDims.size())
    report.fail(where, fmt::format("has {} dims and {} firsts",
                                   operand.indexDims.size(), count));
  for (int64_t d : operand.indexDims)
    if (d >= static_cast<int64_t>(op.dims.size()))
      report.fail(where,
                  fmt::format("is indexed by dim {} of {}", d, op.dims.size()));
  if (int64_t bits = bitsOfType(operand.type); bits != operand.bits)
    report.fail(where, fmt::format("has {} bits of type {}", operand.bits,
                                   operand.type));
  const Tensor *tensor = nullptr;
  for (const Weight &weight : kernel.weights)
    if (operand.role == "weights" && weight.name == operand.buffer)
      tensor = &weight;
  for (const Tensor &state : kernel.states)
    if (operand.role == "state" && state.name == operand.buffer)
      tensor = &state;
  llvm::StringRef name = operand.buffer;
  int64_t number = -1;
  const Stream *stream = nullptr;
  if (name.consume_front(operand.role + " ") &&
      !name.consumeInteger(10, number))
    if (auto found = ports.find({kernel.name, operand.role, number});
        found != ports.end())
      stream = found->second;
  bool isScratch = operand.role == "scratch";
  if (!isScratch && !tensor && !stream)
    return report.fail(where,
                       fmt::format("is no {} of the kernel", operand.role));
  if (isScratch)
    return;
  const std::string &type = tensor ? tensor->type : stream->type;
  if (operand.type != type)
    report.fail(where, fmt::format("has type {}, the tensor has {}",
                                   operand.type, type));
  bool isPort = operand.role == "input" || operand.role == "output";
  if (stream && isPort && plan.minor >= 3)
    checkRead(kernel, op, operand, stream->shape, where);
  // A state may have room for more than the op works on.
  // What is put together, or taken a part of, is longer or shorter.
  bool isPart =
      (isSlice(kernel, op) || isConcat(kernel, op)) && operand.role == "input";
  if (operand.role != "state" && !isPart)
    checkIndexing(op, operand, tensor ? tensor->shape : stream->shape,
                  tensor ? &tensor->cuts : nullptr, where);
}

/// Dims of the tensor are as long as the dims of the op that index them. Shards
/// end where indices do, or cores have what the ends of theirs share.
void OpChecker::checkIndexing(const Op &op, const Operand &operand,
                              const std::vector<int64_t> &shape,
                              const std::vector<Cut> *cuts,
                              const std::string &place) {
  if (operand.indexDims.size() != shape.size() ||
      operand.indexDivisors.size() != shape.size())
    return;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t d = operand.indexDims[i], divisor = operand.indexDivisors[i];
    if (d < 0 || d >= static_cast<int64_t>(op.dims.size()) || divisor < 1)
      continue;
    const Cut &dim = op.dims[d];
    if (divideUp(dim.size, divisor) != shape[i])
      report.fail(place,
                  fmt::format("has {} indices in dim {}, dim '{}' of the "
                              "op gives it {} / {}",
                              shape[i], i, dim.dim, dim.size, divisor));
    bool isCut = dim.axis != "none" && dim.parts > 1 && divisor < dim.size &&
                 dim.inner == 1 && dim.points == dim.size;
    bool isShared = cuts && i < cuts->size() && (*cuts)[i].axis == dim.axis &&
                    (*cuts)[i].inner == divisor &&
                    (*cuts)[i].shard == dim.shard;
    if (isCut && !isShared && dim.shard != dim.size && dim.shard % divisor != 0)
      report.fail(place, fmt::format("shares one index among {} of '{}', which "
                                     "shards of {} cut apart",
                                     divisor, dim.dim, dim.shard));
  }
}

/// What two kernels of one structure have in common, as text.
static std::string signature(const Kernel &kernel) {
  std::string text = fmt::format("{} {} {}\n", kernel.role, kernel.experts,
                                 kernel.expertsPerToken);
  auto add = [&](auto value) { text += fmt::format("{} ", value); };
  for (const Op &op : kernel.ops) {
    add(op.name);
    add(op.kind);
    add(op.operations);
    add(op.density);
    add(op.computeType);
    for (const Cut &dim : op.dims) {
      add(dim.dim);
      add(dim.size);
      add(dim.isReduction);
    }
    for (const Operand &operand : op.operands) {
      add(operand.role);
      add(operand.type);
      llvm::for_each(operand.indexDims, add);
      llvm::for_each(operand.indexDivisors, add);
      llvm::for_each(operand.indexFirsts, add);
    }
    text += '\n';
  }
  // Weights and states go by name: their order says nothing.
  std::vector<std::string> tensors;
  for (const Weight &weight : kernel.weights)
    tensors.push_back(fmt::format("weight {} {} [{}]", weight.type,
                                  weight.rowPitchBits,
                                  fmt::join(weight.shape, ", ")));
  for (const Tensor &state : kernel.states)
    tensors.push_back(
        fmt::format("state {} [{}]", state.type, fmt::join(state.shape, ", ")));
  llvm::sort(tensors);
  for (const std::string &tensor : tensors)
    text += tensor + "\n";
  return text;
}

/// Kernels of one structure differ in names and places only.
void OpChecker::checkTwins() {
  report.begin("structure");
  std::map<std::string, std::pair<const Kernel *, std::string>> known;
  for (const Kernel &kernel : plan.kernels) {
    std::string text = signature(kernel);
    auto [entry, isNew] = known.try_emplace(kernel.structure, &kernel, text);
    if (!isNew && entry->second.second != text)
      report.fail(kernel.place(),
                  fmt::format("has the structure of '{}', but not its ops, "
                              "weights and states",
                              entry->second.first->name));
  }
}

void inlay::checker::checkOps(const Plan &plan, Report &report) {
  OpChecker(plan, report).run();
}
