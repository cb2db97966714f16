//===- CoreWork.cpp - What the cores of a kernel do themselves ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CoreWork.h"
#include "Costs.h"
#include "Cuts.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace inlay::checker;

/// Vector operations that a scalar exponential takes at least.
static constexpr double kExponential = 4;

//===----------------------------------------------------------------------===//
// Rates
//===----------------------------------------------------------------------===//

static double periodOf(double rate) { return rate > 0 ? 1 / rate : 0; }

/// Software costs nothing in `ideal` mode.
CoreRates::CoreRates(const Plan &plan)
    : isCalibrated(plan.estimate.mode == "calibrated"),
      readPeriod(periodOf(figureOf(plan, "sram_read"))),
      dequantise(figureOf(plan, "dequantise")) {
  for (const Figure &figure : plan.system.figures) {
    llvm::StringRef name = figure.name;
    if (name.consume_front("mac_rate."))
      macs[name.str()] = figure.value;
    else if (name.consume_front("element_rate."))
      elements[name.str()] = figure.value;
  }
  if (!isCalibrated)
    return;
  double scale = figureOf(plan, "primitive.software_scale");
  if (scale == 0)
    scale = 1;
  auto take = [&](const char *name) {
    return std::max(0.0,
                    figureOf(plan, std::string("primitive.") + name) * scale);
  };
  issue = take("vector_issue");
  word = take("vector_word");
  setup = take("operand_setup");
  exponential = take("exponential");
  divide = take("divide");
  reroute = take("reroute");
}

static double slowest(const std::map<std::string, double> &rates,
                      const std::string &type) {
  if (auto found = rates.find(type); found != rates.end())
    return periodOf(found->second);
  double longest = 0;
  for (const auto &[name, rate] : rates)
    longest = std::max(longest, periodOf(rate));
  return longest;
}

double CoreRates::macPeriod(const std::string &type) const {
  return slowest(macs, type);
}

double CoreRates::elementPeriod(const std::string &type) const {
  return slowest(elements, type);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

void Program::add(const Program &other) {
  llvm::append_range(runs, other.runs);
  exponentials += other.exponentials;
  divides += other.divides;
}

CoreCycles CoreRates::cyclesOf(const Program &program, const std::string &type,
                               double bits) const {
  constexpr double kWordBits = 64;
  CoreCycles sum;
  double mac = macPeriod(type), element = elementPeriod(type);
  for (const VectorRun &run : program.runs) {
    double arithmetic =
        run.instructions * run.length * (run.multipliesAndAdds ? mac : element);
    double words = run.instructions * std::ceil(run.length * bits / kWordBits);
    CoreCycles cycles;
    cycles.compute = std::max(arithmetic, words * word);
    cycles.sram = std::max(0.0, run.readBytes * readPeriod - cycles.compute);
    cycles.software = run.instructions * issue + run.operands * setup;
    sum += cycles;
  }
  sum.compute +=
      program.exponentials * std::max(kExponential * element, exponential) +
      program.divides * divide;
  return sum;
}

const Program &CoreRates::faster(const Program &first, const Program &second,
                                 const std::string &type, double bits) const {
  return cyclesOf(second, type, bits).total() <
                 cyclesOf(first, type, bits).total()
             ? second
             : first;
}

/// `operations` passes over `elements`, each with so many operands.
static Program passes(double operations, double elements, double operands) {
  Program program;
  program.runs.push_back({false, operations, elements, operations * operands});
  return program;
}

static Program exponentialsOf(double elements, double divides) {
  Program program;
  program.exponentials = elements;
  program.divides = divides;
  return program;
}

//===----------------------------------------------------------------------===//
// An op on its busiest core
//===----------------------------------------------------------------------===//

static bool isBlocked(const Operand &operand) {
  return llvm::any_of(operand.indexDivisors,
                      [](int64_t divisor) { return divisor > 1; });
}

/// The divisor by which an operand is indexed by a dim; 0 by none.
static int64_t divisorOf(const Operand &operand, size_t dim) {
  for (auto [d, divisor] : llvm::zip(operand.indexDims, operand.indexDivisors))
    if (d == static_cast<int64_t>(dim))
      return divisor;
  return 0;
}

/// Dims with an axis for themselves have equal blocks; those that share one
/// fill a core's points from the fastest on.
OpWork::OpWork(const CoreRates &rates, const Kernel &kernel, const Op &op)
    : rates(rates), kernel(kernel), op(op), type(op.computeType) {
  if (type.empty() && !op.operands.empty())
    type = op.operands.back().type;
  if (int64_t known = bitsOfType(type); known > 0)
    bits = double(known);
  auto isOf = [](const char *name) {
    return [name](const Cut &dim) { return dim.dim == name; };
  };
  isOfExperts =
      kernel.role == "experts" && llvm::any_of(op.dims, isOf("expert"));
  for (const Cut &dim : op.dims) {
    int64_t unit = std::max<int64_t>(1, dim.unit);
    lengths.push_back(double(std::min(
        dim.size, times(divideUp(divideUp(dim.size, unit),
                                 std::max<int64_t>(1, kernel.extent(dim.axis))),
                        unit))));
  }
  for (const char *axis : {"x", "y", "group"}) {
    AxisRun run = runOn(op.dims, axis);
    if (run.count < 2)
      continue;
    auto left = double(run.shard);
    for (size_t d = op.dims.size(); d-- > 0;) {
      if (op.dims[d].axis != axis)
        continue;
      lengths[d] = std::min(double(op.dims[d].size), left);
      // A value may have more points than indices.
      double points = d == run.fastest ? double(run.pitch) : lengths[d];
      left = std::ceil(left / points);
    }
  }
  for (size_t d = 0; isOfExperts && d < op.dims.size(); ++d)
    if (op.dims[d].dim == "expert" || op.dims[d].dim == "token")
      lengths[d] = 1;
}

double OpWork::pointsOf(bool reductions) const {
  double product = 1;
  for (auto [dim, length] : llvm::zip(op.dims, lengths))
    if (dim.isReduction == reductions)
      product *= length;
  return product;
}

double OpWork::points() const {
  double all = pointsOf(false) * pointsOf(true);
  return isOfExperts ? all * kernel.activations
                     : std::max(1.0, all * op.density);
}

/// What stays in a core while rows pass it.
const Operand *OpWork::held() const {
  for (const char *role : {"weights", "state"})
    for (const Operand &operand : op.operands)
      if (operand.role == role && operand.indexDims.size() > 1 &&
          (operand.role == "state" || !isBlocked(operand)))
        return &operand;
  return op.operands.size() > 2 ? &op.operands[op.operands.size() - 2]
                                : nullptr;
}

/// Rows are the dims that the held operand does not know, columns those that
/// only it knows; the others give products of their own.
OpWork::Product OpWork::product() const {
  Product shape;
  shape.k = pointsOf(true) * op.operations / 2;
  const Operand *stays = held();
  const Operand *passes = op.operands.empty() ? nullptr : &op.operands.front();
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (op.dims[d].isReduction)
      continue;
    int64_t divisor = stays ? divisorOf(*stays, d) : 0;
    if (divisor <= 0) {
      shape.m *= lengths[d];
    } else if (!passes || divisorOf(*passes, d) == 0) {
      shape.n *= lengths[d];
    } else {
      shape.batch *= std::ceil(lengths[d] / double(divisor));
      shape.m *= std::min(lengths[d], double(divisor));
    }
  }
  if (!isOfExperts)
    return shape;
  // Tokens that chose one expert pass it together.
  int64_t inGroup = divideUp(
      kernel.experts,
      std::max<int64_t>(1, static_cast<int64_t>(kernel.groups.size())));
  for (const Group &group : kernel.groups)
    inGroup = std::max(inGroup, static_cast<int64_t>(group.experts.size()));
  double different = std::min(kernel.activations, double(inGroup));
  shape.batch *= different;
  shape.m *= different > 0 ? kernel.activations / different : 0;
  return shape;
}

/// Elements of an operand that the core has. Of a weight it has all along dims
/// that share an axis, unless their run is aligned, and every scale of a block
/// that it has a part of.
double OpWork::elementsOf(const Operand &operand) const {
  if (operand.role != "weights")
    return double(LargestPart(op).elements(operand));
  int64_t total = 1;
  std::vector<int64_t> parts = LargestPart(op).indices();
  for (auto [d, divisor] :
       llvm::zip(operand.indexDims, operand.indexDivisors)) {
    if (d < 0 || d >= static_cast<int64_t>(op.dims.size()))
      continue;
    const Cut &dim = op.dims[d];
    int64_t has = parts[d], blocks = std::max<int64_t>(1, divisor);
    AxisRun run = runOn(op.dims, dim.axis);
    bool isShared = run.count > 1;
    if (isShared && (dim.axis == "none" || !run.isAligned() || divisor != 1))
      has = dim.size;
    int64_t behind = has < dim.size ? blocks - std::gcd(blocks, has) : 0;
    total = times(total, std::min(divideUp(dim.size, blocks),
                                  divideUp(plus(has, behind), blocks)));
  }
  return double(total);
}

double OpWork::readBytes() const {
  double all = points(), bytes = 0;
  for (const Operand &operand : op.operands) {
    double width = double(operand.bits) / 8;
    if (op.kind != "lookup")
      bytes += std::min(elementsOf(operand), all) * width;
    else if (operand.role == "weights")
      bytes = std::max(bytes, all * width); // a row for each token
  }
  return bytes;
}

/// Weights of at most 8 bits are turned into the type of the sum.
bool OpWork::isConverted(const Operand &operand) const {
  return op.kind == "contraction" && operand.role == "weights" &&
         !isBlocked(operand) && operand.bits <= 8 &&
         double(operand.bits) < bits;
}

double OpWork::converted() const {
  double elements = 0;
  for (const Operand &operand : op.operands)
    if (isConverted(operand))
      elements += std::min(points(), elementsOf(operand));
  return elements;
}

/// Whether an operand has a scale for each block along what the op sums over.
static bool scalesSums(const Op &op, const Operand &operand) {
  if (operand.role != "weights")
    return false;
  for (auto [d, divisor] : llvm::zip(operand.indexDims, operand.indexDivisors))
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()) && divisor > 1 &&
        op.dims[d].isReduction)
      return true;
  return false;
}

/// Sums of one block each: there is a scale for all of them.
double OpWork::scaledSums() const {
  Product shape = product();
  double sums = 0;
  for (const Operand &operand : op.operands) {
    if (!scalesSums(op, operand))
      continue;
    double blocks = 1;
    for (auto [d, divisor] :
         llvm::zip(operand.indexDims, operand.indexDivisors)) {
      if (d < 0 || d >= static_cast<int64_t>(op.dims.size()) ||
          !op.dims[d].isReduction)
        continue;
      auto run = static_cast<int64_t>(lengths[d]);
      int64_t behind = divisor > 1 ? divisor - std::gcd(divisor, run) : 0;
      int64_t all = divideUp(op.dims[d].size, divisor);
      blocks *= double(std::min(all, divideUp(plus(run, behind), divisor)));
    }
    sums += shape.batch * shape.m * shape.n * blocks;
  }
  return sums;
}

//===----------------------------------------------------------------------===//
// Its program
//===----------------------------------------------------------------------===//

/// Row by row, each k times over n results; or, where there are several rows
/// and that is faster, k n times over all rows. Calibrated programs clear the
/// result first.
Program OpWork::multiply() const {
  Product shape = product();
  double rows = shape.batch * shape.m, bytes = readBytes();
  Program byRow;
  if (rates.isCalibrated)
    byRow.runs.push_back({false, rows, shape.n, rows});
  byRow.runs.push_back({true, shape.k * rows, shape.n, 3 * rows, bytes});
  if (shape.m <= 1)
    return byRow;
  Program together;
  if (rates.isCalibrated)
    together.runs.push_back(
        {false, shape.batch, shape.m * shape.n, shape.batch});
  together.runs.push_back({true, shape.k * shape.n * shape.batch, shape.m,
                           3 * shape.k * shape.batch, bytes});
  return faster(byRow, together);
}

/// Every weight is converted and scaled; or converted alone and the sum of each
/// block scaled.
Program OpWork::convert() const {
  constexpr double kScaling = 1;
  double elements = converted(), sums = scaledSums();
  Program weights;
  if (elements <= 0 || rates.dequantise <= 0)
    return weights;
  double row = std::max(1.0, std::min(product().n, elements));
  weights.runs.push_back({false, rates.dequantise * elements / row, row});
  if (sums <= 0)
    return weights;
  Program alone;
  if (double rest = rates.dequantise - kScaling; rest > 0)
    alone.runs.push_back({false, rest * elements / row, row});
  alone.runs.push_back({false, kScaling * sums / row, row});
  return faster(weights, alone);
}

/// Square, sum, and scale twice, row by row; or all rows at once.
Program OpWork::norm(double rows, double columns) const {
  constexpr double kScalars = 3; // two divides and a root
  Program byRow;
  byRow.runs.push_back({false, 4 * rows, columns, 9 * rows});
  byRow.divides = kScalars * rows;
  if (rows <= 1)
    return byRow;
  Program together;
  together.runs = {{false, 1, rows * columns, 3},
                   {false, 1, rows, 1},
                   {false, columns, rows, 3},
                   {false, 2 * columns, rows, 4}};
  together.divides = kScalars * rows;
  return faster(byRow, together);
}

/// Six operations on the pairs of each row, or on all rows pair by pair.
Program OpWork::rotate() const {
  constexpr double kRotation = 3;
  double columns = 1, rows = 1;
  for (auto [dim, length] : llvm::zip(op.dims, lengths))
    if (dim.dim == "dim")
      columns *= length;
    else if (dim.dim != "position")
      rows *= length;
  double pairs = std::max(1.0, columns / 2);
  Program byRow, byPair;
  byRow.runs.push_back({false, 6 * rows, pairs, 18 * rows});
  byPair.runs.push_back({false, 6 * pairs, rows, 18 * pairs});
  Program program = faster(byRow, byPair);
  if (op.operations > kRotation)
    program.add(norm(rows, columns));
  return program;
}

/// By the kind of an op and its operations for each point.
Program OpWork::program() const {
  constexpr double kSoftmax = 2 * kExponential, kNorm = 4, kOperands = 3;
  double all = points(), operations = op.operations;
  double rows = all / std::max(1.0, pointsOf(true));
  auto softmax = [&] {
    Program program = passes(5, all, 2);
    program.add(exponentialsOf(all, rows));
    return program;
  };
  Program program;
  if (op.kind == "contraction") {
    program = multiply();
    program.add(convert());
  } else if (op.kind == "softmax") {
    program = softmax();
    double rest = operations - kSoftmax;
    if (rest >= kExponential)
      program.add(exponentialsOf(all, all));
    else if (rest > 0)
      program.add(passes(rest, all, kOperands));
  } else if (op.kind == "top_k") {
    double choices = operations - kSoftmax;
    if (choices < 1)
      return passes(operations, all, 1);
    program = softmax();
    program.add(passes(choices, all, 1));
  } else if (op.kind == "reduction") {
    double rest = operations - kNorm;
    if (rest < 0)
      return passes(operations, all, kOperands);
    program = norm(rows, all / rows);
    if (rest > 0)
      program.add(passes(rest, all, kOperands));
  } else if (op.name == "rotary" && op.kind == "elementwise") {
    program = rotate();
  } else if (op.kind == "elementwise" && operations >= kExponential) {
    program = exponentialsOf(all, all);
    if (operations > kExponential)
      program.add(passes(operations - kExponential, all, kOperands));
  } else if (op.kind == "elementwise" || op.kind == "move") {
    program = passes(operations, all, kOperands);
  }
  return program;
}

CoreCycles OpWork::cycles() const {
  CoreCycles cycles;
  if (isLookup())
    cycles.sram = readBytes() * rates.readPeriod;
  else
    cycles = rates.cyclesOf(program(), type, bits);
  return cycles;
}

/// A weight whose block has one scale is converted, its sum may be scaled.
double OpWork::leastCycles() const {
  if (isLookup())
    return 0;
  double all = op.density;
  for (const Cut &dim : op.dims)
    all *= double(dim.size);
  if (op.kind != "contraction")
    return all * op.operations * rates.elementPeriod(type);
  double cycles = all * op.operations / 2 * rates.macPeriod(type);
  double each = rates.dequantise;
  if (llvm::any_of(op.operands, [&](const Operand &operand) {
        return scalesSums(op, operand);
      }))
    each = std::max(0.0, each - 1);
  for (const Operand &operand : op.operands) {
    if (!isConverted(operand))
      continue;
    double weights = op.density;
    for (int64_t d : operand.indexDims)
      if (d >= 0 && d < static_cast<int64_t>(op.dims.size()))
        weights *= double(op.dims[d].size);
    cycles += weights * each * rates.elementPeriod(type);
  }
  return cycles;
}
