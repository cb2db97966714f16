//===- Grouping.cpp - Which ops share a kernel ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Grouping.h"
#include "StatePairs.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SetVector.h"

#include <queue>

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

static bool isWeightLoad(Value value) {
  return value.getDefiningOp<ml_program::GlobalLoadConstOp>() != nullptr;
}

bool inlay::dataflow::isHeavy(Operation *op) {
  if (isa<nn::OpaqueOp>(op))
    return llvm::any_of(op->getOperands(), isWeightLoad);
  return isa<nn::LinearOp, nn::LmHeadOp, nn::EmbeddingOp, nn::MatMulOp,
             nn::AttentionOp, nn::ExpertsOp, nn::RouteOp>(op);
}

namespace {

using Groups = llvm::SmallSetVector<unsigned, 4>;

class Grouper {
public:
  Grouper(nn::GraphOp graph, const StatePairs &states)
      : graph(graph), states(states) {}

  Grouping run() {
    collectLive();
    findCopied();
    findResidualSums();
    findCombiningSums();
    buildCones();
    mergeIntoConsumers();
    mergeIntoProducers();
    breakCycles();
    copyShared();
    return order();
  }

private:
  static constexpr unsigned kNone = ~0u;

  void collectLive();
  void findCopied();
  void findResidualSums();
  void findCombiningSums();
  bool startsCone(Operation *op) const;
  bool isCut(Operation *producer, OpOperand &use) const;
  unsigned coneOf(unsigned at);
  void buildCones();
  Groups consumersOf(unsigned of);
  Groups producersOf(unsigned of);
  void mergeIntoConsumers();
  void mergeIntoProducers();
  void merge(unsigned from, unsigned into);
  void breakCycles();
  bool isWorthCopying(unsigned of);
  void copyShared();
  Grouping order();

  /// Position of a value's op; kNone for arguments, dead and copied ops.
  unsigned groupedPosition(Operation *op) const {
    auto it = op ? position.find(op) : position.end();
    if (it == position.end() || copied[it->second])
      return kNone;
    return it->second;
  }

  /// The op that its cone ends in.
  Operation *rootOf(unsigned of) const { return ops[members[of].front()]; }

  nn::GraphOp graph;
  const StatePairs &states;
  /// Live ops in the order of the block; the arrays below run parallel to it.
  std::vector<Operation *> ops;
  DenseMap<Operation *, unsigned> position;
  std::vector<bool> copied;
  /// Sums behind experts, which are no reason for others to wait.
  std::vector<bool> combines;
  /// Number of the operand that a residual sum adds to; kNone for other ops.
  std::vector<unsigned> residualOperand;

  /// The cone of each op, and the kernel it is in after merging: the number of
  /// the cone that others joined.
  std::vector<unsigned> cone;
  std::vector<unsigned> group;
  /// By group: consumers have smaller numbers than their producers. The first
  /// member is the root of the cone.
  std::vector<SmallVector<unsigned>> members;
  std::vector<bool> heavy;
};

} // namespace

void Grouper::collectLive() {
  llvm::DenseSet<Operation *> live;
  Block &block = graph.getBody().front();
  for (Operation &op : llvm::reverse(block)) {
    if (&op != block.getTerminator() &&
        llvm::none_of(op.getUsers(),
                      [&](Operation *user) { return live.contains(user); }))
      continue;
    live.insert(&op);
  }
  for (Operation &op : block.without_terminator())
    if (live.contains(&op)) {
      position[&op] = ops.size();
      ops.push_back(&op);
    }
}

/// Weights, constants, and light ops over these. What the graph returns is not
/// copied: it needs a kernel that sends it.
void Grouper::findCopied() {
  copied.assign(ops.size(), false);
  Operation *returnOp = graph.getReturnOp();
  for (auto [at, op] : llvm::enumerate(ops)) {
    if (llvm::is_contained(op->getUsers(), returnOp))
      continue;
    if (isa<ml_program::GlobalLoadConstOp, nn::ConstantOp, nn::RangeOp>(op)) {
      copied[at] = true;
      continue;
    }
    copied[at] = op->getNumOperands() != 0 && !isHeavy(op) &&
                 llvm::all_of(op->getOperands(), [&](Value operand) {
                   Operation *producer = operand.getDefiningOp();
                   return producer && copied[position.lookup(producer)];
                 });
  }
}

/// An `add` of two activations of one shape is a residual sum if the operand
/// that comes first in the graph has other uses: the branch was computed from
/// it.
void Grouper::findResidualSums() {
  residualOperand.assign(ops.size(), kNone);
  auto rank = [&](Value value) -> int64_t {
    Operation *producer = value.getDefiningOp();
    return producer ? static_cast<int64_t>(position.lookup(producer)) : -1;
  };
  for (auto [at, op] : llvm::enumerate(ops)) {
    auto sum = dyn_cast<nn::BinaryOp>(op);
    if (!sum || sum.getKind() != nn::BinaryKind::Add ||
        sum.getLhs().getType() != sum.getRhs().getType())
      continue;
    Value lhs = sum.getLhs(), rhs = sum.getRhs();
    if (lhs == rhs || rank(lhs) == rank(rhs))
      continue;
    unsigned first = rank(lhs) < rank(rhs) ? 0 : 1;
    Value residual = op->getOperand(first);
    Operation *producer = residual.getDefiningOp();
    if (producer && copied[position.lookup(producer)])
      continue;
    if (llvm::any_of(residual.getUsers(), [&](Operation *user) {
          return user != op && position.contains(user);
        }))
      residualOperand[at] = first;
  }
}

/// Light ops from experts' results up to the residual sum.
void Grouper::findCombiningSums() {
  combines.assign(ops.size(), false);
  for (auto [at, op] : llvm::enumerate(ops)) {
    if (isHeavy(op))
      continue;
    combines[at] = llvm::any_of(op->getOperands(), [&](Value operand) {
      Operation *producer = operand.getDefiningOp();
      if (!producer)
        return false;
      unsigned from = position.lookup(producer);
      return isa<nn::ExpertsOp>(producer) ||
             (combines[from] && residualOperand[from] == kNone);
    });
  }
}

//===----------------------------------------------------------------------===//
// Cones
//===----------------------------------------------------------------------===//

bool Grouper::startsCone(Operation *op) const {
  return isa<nn::ExpertsOp, nn::RouteOp, nn::EmbeddingOp>(op) ||
         residualOperand[position.lookup(op)] != kNone;
}

/// Whether the consumer at the end of `use` is never in its producer's kernel.
bool Grouper::isCut(Operation *producer, OpOperand &use) const {
  Operation *consumer = use.getOwner();
  unsigned to = position.lookup(consumer);
  if (isa<nn::ExpertsOp>(consumer) ||
      residualOperand[to] == use.getOperandNumber())
    return true;
  return combines[to] && !combines[position.lookup(producer)];
}

/// The one cone of all consumers, or a new one.
unsigned Grouper::coneOf(unsigned at) {
  Operation *op = ops[at];
  unsigned target = kNone;
  bool isRoot = startsCone(op);
  for (OpOperand &use : op->getUses()) {
    if (isRoot)
      break;
    auto consumer = position.find(use.getOwner());
    if (consumer == position.end())
      continue; // the host, or dead
    unsigned other = cone[consumer->second];
    isRoot = isCut(op, use) || (target != kNone && target != other);
    target = other;
  }
  if (!isRoot && target != kNone)
    return target;
  members.emplace_back();
  heavy.push_back(false);
  return members.size() - 1;
}

void Grouper::buildCones() {
  cone.assign(ops.size(), kNone);
  for (unsigned at = ops.size(); at-- > 0;) {
    if (copied[at])
      continue;
    cone[at] = coneOf(at);
    members[cone[at]].push_back(at);
    if (isHeavy(ops[at]))
      heavy[cone[at]] = true;
  }
  group = cone;
}

//===----------------------------------------------------------------------===//
// Light kernels
//===----------------------------------------------------------------------===//

Groups Grouper::consumersOf(unsigned of) {
  Groups consumers;
  for (unsigned at : members[of])
    for (Operation *user : ops[at]->getUsers())
      if (unsigned to = groupedPosition(user); to != kNone && group[to] != of)
        consumers.insert(group[to]);
  return consumers;
}

Groups Grouper::producersOf(unsigned of) {
  Groups producers;
  for (unsigned at : members[of])
    for (Value operand : ops[at]->getOperands())
      if (unsigned from = groupedPosition(operand.getDefiningOp());
          from != kNone && group[from] != of)
        producers.insert(group[from]);
  return producers;
}

void Grouper::merge(unsigned from, unsigned into) {
  for (unsigned at : members[from]) {
    group[at] = into;
    members[into].push_back(at);
  }
  members[from].clear();
}

/// Consumers first, so that what a light kernel is to join is settled.
void Grouper::mergeIntoConsumers() {
  for (unsigned from = 0; from < members.size(); ++from) {
    if (heavy[from])
      continue;
    Groups consumers = consumersOf(from);
    Groups routers;
    for (unsigned consumer : consumers)
      if (isa<nn::RouteOp>(rootOf(consumer)))
        routers.insert(consumer);
    if (consumers.size() == 1 && !isa<nn::ExpertsOp>(rootOf(consumers.front())))
      merge(from, consumers.front());
    else if (routers.size() == 1)
      merge(from, routers.front());
  }
}

/// Producers first. A kernel whose only producer takes it in cannot close a
/// cycle: nothing else leads to it.
void Grouper::mergeIntoProducers() {
  for (unsigned from = members.size(); from-- > 0;) {
    if (heavy[from] || members[from].empty())
      continue;
    Groups producers = producersOf(from);
    if (producers.size() == 1 && !isa<nn::ExpertsOp>(rootOf(producers.front())))
      merge(from, producers.front());
  }
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// Every layer does these ops again, and the mapper looks at them there.
constexpr size_t kMostCopied = 32;

/// Attentions add masks to scores, each core those of the tokens that it has.
static bool isMaskOf(OpOperand &use) {
  auto attention = dyn_cast<nn::AttentionOp>(use.getOwner());
  return attention && attention.getBias() == use.get() &&
         llvm::count(attention->getOperands(), use.get()) == 1;
}

/// Whether a kernel makes nothing but masks, of what the host sends.
bool Grouper::isWorthCopying(unsigned of) {
  if (heavy[of] || members[of].empty() || members[of].size() > kMostCopied ||
      !producersOf(of).empty())
    return false;
  return llvm::all_of(members[of], [&](unsigned at) {
    return llvm::none_of(
               ops[at]->getOperands(),
               [&](Value operand) { return states.lookup(operand); }) &&
           llvm::all_of(ops[at]->getUses(), [&](OpOperand &use) {
             auto user = position.find(use.getOwner());
             bool isInside =
                 user != position.end() && group[user->second] == of;
             bool isDead = user == position.end() &&
                           use.getOwner() != graph.getReturnOp();
             return isInside || isDead || isMaskOf(use);
           });
  });
}

/// Masks that many layers share: sent from one kernel they would cross all
/// wafers, while the host reaches each.
void Grouper::copyShared() {
  for (unsigned of = members.size(); of-- > 0;) {
    if (!isWorthCopying(of))
      continue;
    for (unsigned at : members[of])
      copied[at] = true;
    members[of].clear();
  }
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

/// Kernels in topological order, the one that ends first in the graph first;
/// what lies on or behind a cycle is missing.
static std::vector<unsigned>
sortKernels(ArrayRef<SmallVector<unsigned>> members,
            ArrayRef<Groups> consumers) {
  std::vector<unsigned> waiting(members.size(), 0);
  for (const Groups &all : consumers)
    for (unsigned consumer : all)
      ++waiting[consumer];
  using Entry = std::pair<unsigned, unsigned>; // last op, kernel
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
  auto push = [&](unsigned kernel) {
    if (!members[kernel].empty())
      ready.push({*llvm::max_element(members[kernel]), kernel});
  };
  for (unsigned kernel = 0; kernel < members.size(); ++kernel)
    if (waiting[kernel] == 0)
      push(kernel);
  std::vector<unsigned> sorted;
  while (!ready.empty()) {
    unsigned kernel = ready.top().second;
    ready.pop();
    sorted.push_back(kernel);
    for (unsigned consumer : consumers[kernel])
      if (--waiting[consumer] == 0)
        push(consumer);
  }
  return sorted;
}

/// Kernels that lead to what is left when the sorted ones are taken away from
/// the end too: those on a cycle or between two.
static llvm::BitVector findCyclic(ArrayRef<SmallVector<unsigned>> members,
                                  ArrayRef<Groups> consumers,
                                  ArrayRef<unsigned> sorted) {
  llvm::BitVector cyclic(members.size());
  for (unsigned kernel = 0; kernel < members.size(); ++kernel)
    if (!members[kernel].empty())
      cyclic.set(kernel);
  for (unsigned kernel : sorted)
    cyclic.reset(kernel);
  std::vector<SmallVector<unsigned>> producers(members.size());
  std::vector<unsigned> left(members.size(), 0);
  SmallVector<unsigned> leaves;
  for (unsigned kernel : cyclic.set_bits()) {
    for (unsigned consumer : consumers[kernel]) {
      producers[consumer].push_back(kernel);
      ++left[kernel];
    }
    if (left[kernel] == 0)
      leaves.push_back(kernel);
  }
  while (!leaves.empty()) {
    unsigned kernel = leaves.pop_back_val();
    cyclic.reset(kernel);
    for (unsigned producer : producers[kernel])
      if (--left[producer] == 0)
        leaves.push_back(producer);
  }
  return cyclic;
}

/// Kernels on a cycle, or between two, fall back to their cones. A cycle of
/// what comes out would be a cycle of kernels before, of these alone, hence of
/// cones, of which there is none.
void Grouper::breakCycles() {
  std::vector<Groups> consumers(members.size());
  for (unsigned of = 0; of < members.size(); ++of)
    consumers[of] = consumersOf(of);
  llvm::BitVector cyclic =
      findCyclic(members, consumers, sortKernels(members, consumers));
  if (cyclic.none())
    return;
  for (unsigned of : cyclic.set_bits())
    members[of].clear();
  for (unsigned at = ops.size(); at-- > 0;)
    if (!copied[at] && cyclic.test(group[at])) {
      group[at] = cone[at];
      members[cone[at]].push_back(at);
    }
}

/// Later passes look at pairs of the ops of a kernel. No layer of a model has
/// that many ops unless something in it is not understood, and then a chain of
/// kernels says as much as one.
constexpr size_t kMostOps = 512;

Grouping Grouper::order() {
  std::vector<Groups> consumers(members.size());
  for (unsigned of = 0; of < members.size(); ++of)
    consumers[of] = consumersOf(of);
  Grouping grouping;
  for (unsigned of : sortKernels(members, consumers)) {
    llvm::sort(members[of]);
    // What leads out of a kernel does not lead back into it, so that its parts
    // in the order of the graph cannot be on a cycle.
    for (auto [i, at] : llvm::enumerate(members[of])) {
      if (i % kMostOps == 0)
        grouping.groups.emplace_back();
      grouping.groups.back().ops.push_back(ops[at]);
      grouping.groupOf[ops[at]] = grouping.groups.size() - 1;
    }
  }
  grouping.position = position;
  return grouping;
}

Grouping inlay::dataflow::groupOps(nn::GraphOp graph,
                                   const StatePairs &states) {
  Grouping grouping = Grouper(graph, states).run();
  describeGroups(graph, states, grouping);
  return grouping;
}
