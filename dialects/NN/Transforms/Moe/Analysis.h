//===- Analysis.h - What is known of values behind a router --- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The analysis visits the nodes of a graph once, in order. At each TopK it
// takes the results for a router's choice and follows what is made of them: a
// `Fact` says of a value that it is, say, the weight that each token gives to
// expert 3. Facts are exact, in terms of layouts; a node that no rule knows
// gives none.
//
// Where the weight of an expert multiplies something, that something is read
// backwards as the expert's MLP (ExpertMlp.h). The products are then followed
// to the sum over all experts, at which a `Completion` is noted. All encodings
// meet in that form; each has its rules in a file of its own.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_ANALYSIS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_ANALYSIS_H

#include "ExpertMlp.h"
#include "Layout.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Allocator.h"

#include <deque>
#include <iterator>
#include <memory>

namespace inlay::nn::moe {

/// How the weights of the chosen experts come about, as far as it was followed.
struct WeightSpec {
  /// None while the weights are what TopK was given.
  std::optional<RouteKind> kind;
  bool renormalize = false;
  double epsilon = 0;
  double leastSum = 0;
  double scale = 1;
  /// What the weights are taken from, where `kind` is TopK.
  mlir::Value scores;

  bool operator==(const WeightSpec &other) const {
    return kind == other.kind && renormalize == other.renormalize &&
           epsilon == other.epsilon && leastSum == other.leastSum &&
           scale == other.scale && scores == other.scores;
  }
};

/// How experts are chosen: what a TopK is given, read backwards.
struct Selection {
  /// Softmax or sigmoid of logits, or the logits themselves (TopK).
  RouteKind kind = RouteKind::TopK;
  mlir::Value logits;
  /// The scores before bias and groups; the values that weights come from.
  mlir::Value scores;
  mlir::Value bias;
  int64_t groups = 1;
  int64_t topGroups = 1;
  int64_t bestPerGroup = 2;
  double maskedScore = 0;
  /// Of a sparse mixer: how far below the chosen a logit counts.
  double threshold = 0;
};

/// One choice of experts.
struct Router {
  onnx::NodeOp topK;
  /// The chosen experts.
  mlir::Value indices;
  Selection selection;
  int64_t tokens = 0;
  int64_t experts = 0;
  int64_t slots = 0;
  /// The last value that is its weights, for routers without experts.
  mlir::Value lastWeights;
  WeightSpec lastSpec;
  bool hasExperts = false;
  /// Weights were taken from what TopK was given, as it is.
  bool usesChoiceAsScores = false;
  /// It is one round of another router.
  bool isRound = false;
  /// Its choices are sorted, so that those of each expert lie together.
  bool isSorted = false;
  /// The user has been told why its experts are not raised.
  bool isReported = false;
  /// The experts that the graph tells apart from others.
  llvm::BitVector seen;
  /// The first node that makes another choice of the best scores than one of
  /// `slots` experts, and that which numbers the tokens of each expert.
  onnx::NodeOp threshold, capacity;
};

/// The experts that a sum has, and what else it adds.
struct Sum {
  Router *router = nullptr;
  WeightSpec spec;
  Experts experts;
  llvm::SmallVector<mlir::Value> extras;
  /// The weights multiply the inputs of the experts, not the outputs.
  bool weightOnInput = false;
  /// Where it was last seen, for messages.
  onnx::NodeOp last;
  /// It went into another sum, or is complete.
  bool isDone = false;

  /// Takes the experts of `other`, which has none then.
  void takeExperts(Sum &other) {
    std::move(other.experts.begin(), other.experts.end(),
              std::back_inserter(experts));
    other.experts.clear();
  }
};

enum class FactKind : uint8_t {
  Index,         ///< the chosen experts
  Weight,        ///< the weights of the chosen
  WeightSum,     ///< the weights of a token, summed over its slots
  Mask,          ///< 1 where the chosen is `expert`, or the one on axis Expert
  MaskedWeight,  ///< Weight where Mask, else 0
  FullWeight,    ///< weight of `expert`, or of each on axis Expert; 0 unchosen
  OpenWeight,    ///< as FullWeight, but minus infinity where unchosen
  Coordinates,   ///< NonZero of a Mask of one expert
  Coordinate,    ///< an index for each hit: token, slot or both
  HitWeight,     ///< the weight of each hit
  Order,         ///< the pair at each place of the order by expert
  InverseOrder,  ///< the place of each pair in that order
  SortedIndex,   ///< the expert of each sorted pair
  BinIndex,      ///< the same, or one more for the last expert: see keepChoices
  PairToken,     ///< the token of each sorted pair
  PairWeight,    ///< the weight of each sorted pair
  Count,         ///< how many chose each expert
  Ends,          ///< how many chose it or one before it
  Bound,         ///< the same of `expert` only
  Run,           ///< the places of the sorted pairs of `expert`
  Never,         ///< 0 or false everywhere
  WeightedInput, ///< the input of experts, already weighted
  Inside,        ///< something that is computed from a WeightedInput
  Terms,         ///< weighted outputs of experts, or a sum of them
};

struct Fact {
  explicit Fact(FactKind kind) : kind(kind) {}

  FactKind kind;
  Router *router = nullptr;
  Layout layout;
  /// The expert that the value is about; -1 where it is about all.
  int64_t expert = -1;
  WeightSpec spec;
  /// Coordinate: the number that it is, in terms of token and slot of the hit.
  Layout value;
  /// Coordinates: that of each row.
  std::vector<Layout> rows;
  /// Coordinates: the dim of the rows.
  int64_t rowDim = 0;
  /// What made the hits or the order: only equal ones go together.
  mlir::Operation *root = nullptr;
  /// WeightedInput: the input without weight, where it can be one, and the
  /// weight it was multiplied with and its kind. Inside: the WeightedInput.
  mlir::Value input;
  mlir::Value weight;
  FactKind weightKind = FactKind::FullWeight;
  /// Of hits: where a chosen expert has weight 0, it may be left out.
  bool leavesOutZeros = false;
  Sum *sum = nullptr;
};

/// Whether a fact says how many chose an expert, or each: of one token alone
/// the mask of what it chose does.
bool isCount(const Fact *fact);

/// Where all experts are summed: the value, and with what.
struct Completion {
  mlir::Value value;
  Sum *sum = nullptr;
};

/// Why fused operators cannot be raised, by node.
using Refusals = llvm::DenseMap<mlir::Operation *, std::string>;

class Analysis {
public:
  using Rule = bool (*)(Analysis &, onnx::NodeOp);

  explicit Analysis(onnx::GraphOp graph);

  void run();

  const Fact *find(mlir::Value value) const;
  const Fact *find(mlir::Value value, FactKind kind) const;
  /// Says that output `index` of `node` is so. Returns true.
  bool set(onnx::NodeOp node, Fact fact, unsigned index = 0);

  Router *addRouter(Router router);
  Sum *addSum(const Fact &weight);
  /// Notes that output 0 of `node` is the terms of `sum`, and completes it when
  /// they are all. Returns true.
  bool setTerms(onnx::NodeOp node, Sum *sum, const Layout &layout);

  const std::deque<Router> &getRouters() const { return routers; }
  std::deque<Router> &getRouters() { return routers; }
  const std::deque<std::unique_ptr<Sum>> &getSums() const { return sums; }
  std::vector<Completion> &getCompletions() { return completions; }
  /// The places where a condition of one dim is true; null until it is set.
  mlir::Value &hitsOf(mlir::Value condition) { return hits[condition]; }
  /// Applies the rules to one node, which may be one that a rule has made.
  void visit(onnx::NodeOp node);
  /// The router whose first round chose `index`; null while it is not known.
  Router *&mixerOf(mlir::Value index) { return mixers[index]; }

private:
  llvm::ArrayRef<Rule> rulesOf(onnx::NodeOp node);

  onnx::GraphOp graph;
  RoundingCasts roundingCasts;
  llvm::StringMap<llvm::SmallVector<Rule, 4>> rules;
  /// The same by domain and operator, of those that were asked for.
  llvm::DenseMap<std::pair<mlir::StringAttr, mlir::StringAttr>,
                 llvm::ArrayRef<Rule>>
      knownRules;
  llvm::DenseMap<mlir::Value, Fact *> facts;
  llvm::SpecificBumpPtrAllocator<Fact> factStorage;
  std::deque<Router> routers;
  std::deque<std::unique_ptr<Sum>> sums;
  std::vector<Completion> completions;
  llvm::DenseMap<mlir::Value, Router *> mixers;
  llvm::DenseMap<mlir::Value, mlir::Value> hits;
};

using RuleMap = llvm::StringMap<llvm::SmallVector<Analysis::Rule, 4>>;

void addLayoutRules(RuleMap &rules);
void addRouterRules(RuleMap &rules);
void addMixerRules(RuleMap &rules);
void addLoopRules(RuleMap &rules);
void addDenseRules(RuleMap &rules);
void addGatheredRules(RuleMap &rules);
void addSparseRules(RuleMap &rules);
void addGroupedRules(RuleMap &rules);
void addEinsumRules(RuleMap &rules);
void addObstacleRules(RuleMap &rules);

/// Warns of what is in the way of raising the experts of a router.
void reportObstacle(const Router &router);

/// Reads backwards what a TopK over the last dim chooses from.
Selection readSelection(mlir::Value choice, int64_t tokens, int64_t experts);

/// Makes the bias that the choice of a router has and `scores`, which weights
/// are taken from, have not, its selection's bias: so far it passed for a part
/// of the logits.
void splitBias(Router &router, View scores);

/// Whether `node` works along the last dim of `input`, by its `axis`, which is
/// `otherwise` where it is left out.
bool isOverLastDim(onnx::NodeOp node, mlir::Value input, int64_t otherwise);

/// Output 0 of `node` as product of a weight and the outputs of experts.
bool meet(Analysis &analysis, onnx::NodeOp node, const Fact &weight,
          mlir::Value weightValue, mlir::Value other);
/// The outputs of experts whose inputs were weighted, read backwards from
/// `value`, which lies as `layout` says: they become terms.
bool meetInside(Analysis &analysis, mlir::Value value, const Layout &layout,
                int64_t hidden);
/// The sum over all experts in the product of their second layers, what is
/// between the layers having been weighted.
bool meetSum(Analysis &analysis, onnx::NodeOp node);
/// The outputs of experts, concatenated by expert, that `output` is a view of;
/// `weight` is that of the sorted pairs, or a weighted input.
std::optional<Experts> readSorted(Analysis &analysis, const Fact &weight,
                                  View output, int64_t hidden);
/// The experts whose outputs `output` holds, in terms of Hidden and the axes of
/// `weight`: one MLP of the weight's expert or of all of them, or one for each.
/// Empty where they are MLPs, but not those that the weight belongs to.
std::optional<Experts> readExperts(Analysis &analysis, const Fact &weight,
                                   View output, int64_t hidden);
/// The layout of a product with a weight: that of the weight, and Hidden along
/// the one dim that it does not have.
std::optional<Layout> productLayout(const Fact &weight, Shape from, Shape to,
                                    int64_t &hidden);
/// Whether every matrix has its weights by expert, or none has.
bool isStacked(const Mlp &mlp, bool byExpert);

/// A Gather, or a GatherND whose tuples have one element: indices along a dim.
struct GatherForm {
  mlir::Value data;
  mlir::Value indices;
  Shape from;
  Shape to;
  /// Of the indices, without the dim of the tuples.
  Shape index;
  int64_t dim = 0;
  /// First dims that data and indices share (batch_dims); `dim` is the next
  /// one.
  int64_t batch = 0;
};
std::optional<GatherForm> readGather(onnx::NodeOp node);

/// An operand of a node of two that has a fact of `kind`, and the other one.
struct OperandPair {
  const Fact *fact = nullptr;
  mlir::Value value;
  mlir::Value other;
};
std::optional<OperandPair> findOperand(Analysis &analysis, onnx::NodeOp node,
                                       FactKind kind);

/// The layout after a ReduceSum or the like, and the axes that it sums over.
std::optional<Layout> reducedLayout(onnx::NodeOp node, const Layout &operand,
                                    llvm::SmallVectorImpl<Axis> &axes);
/// Whether `axes` are all of `wanted` that have more than one index.
bool sumsOver(llvm::ArrayRef<Axis> axes, llvm::ArrayRef<Axis> wanted,
              const Router &router);
/// Whether two values agree on where the elements of `axis` lie.
bool isAligned(onnx::NodeOp node, const Fact &a, mlir::Value aValue,
               const Fact &b, mlir::Value bValue);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_ANALYSIS_H
