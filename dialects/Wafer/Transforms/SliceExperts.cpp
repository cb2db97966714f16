//===- SliceExperts.cpp - Chooses slices of experts -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/Transforms/SliceExperts.h"

#include "AttrConversion.h"
#include "ConstraintConversion.h"
#include "EmitDiagnostics.h"
#include "ExtractModel.h"
#include "MachineOptions.h"
#include "MappingAnalysis.h"
#include "Passes.h"
#include "SliceShares.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Wafer/IR/Wafer.h"
#include "inlay/Mapping/StagePlanner.h"
#include "inlay/Sharding/Variants.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringSet.h"

#include <limits>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_SLICEEXPERTS
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

/// Views of whole experts show nothing to anybody when these are sliced.
static void eraseUnusedViews(ModuleOp module, SymbolTable &globals) {
  llvm::StringSet<> used;
  for (auto graph : module.getOps<dataflow::GraphOp>())
    for (dataflow::KernelOpInterface kernel : graph.getKernels())
      for (auto weight : kernel.getWeights().getAsRange<FlatSymbolRefAttr>())
        used.insert(weight.getValue());
  for (auto global :
       llvm::make_early_inc_range(module.getOps<ml_program::GlobalOp>()))
    if (isa_and_nonnull<onnx::WeightViewAttr>(global.getValueAttr()) &&
        !used.contains(global.getSymName()))
      globals.erase(global);
}

static int64_t intermediateOf(dataflow::ExpertsOp kernel) {
  int64_t most = 1;
  for (auto experts : kernel.getBody().getOps<nn::ExpertsOp>())
    most = std::max(most, static_cast<int64_t>(experts.getIntermediate()));
  return most;
}

/// The lengths of slices; empty where the kernel stays whole. Of equal shares
/// there are as many slices as can be of one length.
static SmallVector<int64_t> lengthsFor(dataflow::ExpertsOp kernel,
                                       ArrayRef<int64_t> shares,
                                       SymbolTable &globals) {
  int64_t unit = dataflow::sliceUnit(kernel, globals);
  int64_t whole = intermediateOf(kernel);
  SmallVector<int64_t> lengths;
  if (!llvm::all_equal(shares)) {
    lengths = dataflow::proportionalSlices(whole, unit, shares);
  } else if (unit > 0) {
    int64_t count = std::min<int64_t>(int64_t(shares.size()), whole / unit);
    while (count > 1 && (whole / unit) % count != 0)
      --count;
    lengths.assign(size_t(count), whole / count);
  }
  return dataflow::areSlices(whole, unit, lengths) ? lengths
                                                   : SmallVector<int64_t>();
}

/// Cuts every kernel of experts but those in `whole` by shares, in the graphs
/// of all phases alike; how many kernels were cut.
static int64_t sliceAll(ModuleOp module, ArrayRef<int64_t> shares,
                        const llvm::StringSet<> &whole) {
  SymbolTable globals(module);
  int64_t sliced = 0;
  for (auto graph : module.getOps<dataflow::GraphOp>()) {
    for (auto experts :
         llvm::to_vector(graph.getBlock().getOps<dataflow::ExpertsOp>())) {
      if (whole.contains(experts.getSymName()))
        continue;
      SmallVector<int64_t> lengths = lengthsFor(experts, shares, globals);
      if (lengths.empty())
        continue;
      dataflow::sliceExperts(experts, lengths, globals);
      ++sliced;
    }
  }
  if (sliced > 0)
    eraseUnusedViews(module, globals);
  return sliced;
}

namespace {

class SliceExperts : public inlay::wafer::impl::SliceExpertsBase<SliceExperts> {
public:
  using SliceExpertsBase::clock;
  using SliceExpertsBase::cost;
  using SliceExpertsBase::crossingLatency;
  using SliceExpertsBase::reserve;
  using SliceExpertsBase::SliceExpertsBase;
  using SliceExpertsBase::sram;
  using SliceExpertsBase::target;
  using SliceExpertsBase::targetDir;

  /// What trials make.
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<WaferDialect>();
  }
  void runOnOperation() override;

private:
  bool loadConstraints();
  bool loadMachine();
  bool isLarge(const model::KernelSpec &kernel) const;
  Shares best();

  /// What is less is better: what the objective says beside cycles, and cycles.
  using Measure = std::pair<double, double>;
  static constexpr Measure kNothing = {std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::infinity()};
  Measure trySlices(ArrayRef<int64_t> shares);

  target::Target machine;
  cost::ModelRouting choices;
  mapping::Constraints constraints; ///< indices are of the whole kernels
  llvm::StringSet<> whole;          ///< kernels that constraints name
};

} // namespace

/// False where something is wrong with them or with the graph:
/// `partition-stages` says it.
bool SliceExperts::loadConstraints() {
  auto graphs = llvm::to_vector(getOperation().getOps<dataflow::GraphOp>());
  if (graphs.empty())
    return false;
  Diagnostics ignored;
  ScopedDiagnosticHandler quiet(&getContext(),
                                [](mlir::Diagnostic &) { return success(); });
  FailureOr<model::Graph> model = extractModel(graphs.front());
  if (failed(model))
    return false;
  FailureOr<mapping::Constraints> known =
      readConstraints(getOperation(), *model);
  if (failed(known))
    return false;
  constraints = std::move(*known);
  if (!constraintsFile.empty()) {
    std::optional<mapping::Constraints> wanted =
        wafer::loadConstraints(constraintsFile, *model, ignored);
    if (!wanted)
      return false;
    llvm::append_range(constraints.keepOut, wanted->keepOut);
    llvm::append_range(constraints.pins, wanted->pins);
    llvm::append_range(constraints.limits, wanted->limits);
    llvm::append_range(constraints.together, wanted->together);
  }
  for (const mapping::Constraints::Pin &pin : constraints.pins)
    whole.insert(model->kernels[pin.kernel].name);
  for (const mapping::Constraints::Limit &limit : constraints.limits)
    whole.insert(model->kernels[limit.kernel].name);
  for (const std::vector<size_t> &kernels : constraints.together)
    for (size_t kernel : kernels)
      whole.insert(model->kernels[kernel].name);
  return true;
}

/// False where options are wrong: likewise.
bool SliceExperts::loadMachine() {
  Diagnostics ignored;
  std::optional<target::Target> found =
      wafer::loadTarget(machineOptionsOf(*this), ignored);
  std::optional<cost::ModelRouting> read =
      cost::parseRouting(routing.getValue(), ignored);
  if (!found || !read)
    return false;
  machine = std::move(*found);
  choices = std::move(*read);
  return true;
}

/// What is minimised, of the plan that is found when kernels are cut by these
/// shares; infinity where there is none. Routes are laid too: slices send
/// more, and where they meet is only known then.
SliceExperts::Measure SliceExperts::trySlices(ArrayRef<int64_t> shares) {
  OwningOpRef<ModuleOp> trial = getOperation().clone();
  if (shares.size() > 1 && sliceAll(*trial, shares, whole) == 0)
    return kNothing;
  ScopedDiagnosticHandler quiet(&getContext(),
                                [](mlir::Diagnostic &) { return success(); });
  PartitionStagesOptions options;
  options.target = target;
  options.targetDir = targetDir;
  options.wafers = wafers;
  options.objective = objective;
  options.cost = cost;
  options.routing = routing;
  options.constraintsFile = constraintsFile;
  options.reserve = reserve;
  options.crossingLatency = crossingLatency;
  options.clock = clock;
  options.sram = sram;
  options.whatFits = false;
  PassManager passes(&getContext());
  passes.addPass(createPartitionStages(options));
  passes.addPass(createShardKernels());
  passes.addPass(createPlaceRegions());
  passes.addPass(createRouteStreams());
  passes.addPass(createAllocateMemory());
  passes.addPass(createScheduleStep());
  if (failed(passes.run(*trial)))
    return kNothing;
  Measure found = kNothing;
  for (auto system : trial->getOps<SystemOp>())
    for (auto step : system.getBody().getOps<StepEstimateOp>()) {
      found = {0, step.getLatency().getTotal()};
      if (objective == Objective::Wafers)
        found.first = double(system.getWafers());
      else if (objective == Objective::Throughput)
        found.first = *llvm::max_element(step.getStages());
    }
  return found;
}

/// Whether experts fill half a wafer. Their sums go across all of it then, or
/// no wafer has room for them.
bool SliceExperts::isLarge(const model::KernelSpec &kernel) const {
  double room = double(machine.budget()) * double(machine.grid.area());
  return kernel.role == model::KernelRole::Experts &&
         double(kernel.weightBytes()) >= room / 2;
}

/// Where all cores are free whole kernels do well for the most part, and are
/// found at once: slices are tried of large ones, or where more effort than
/// usual is wanted.
Shares SliceExperts::best() {
  constexpr int64_t kTried[] = {1, 2, 4, 8};
  constexpr int64_t kUsualEffort = 100;
  const Shares kWhole = {1};
  auto graphs = getOperation().getOps<dataflow::GraphOp>();
  if (llvm::none_of(graphs, [](dataflow::GraphOp graph) {
        return !graph.getBlock().getOps<dataflow::ExpertsOp>().empty();
      }))
    return kWhole;
  bool isFree = machine.dead.empty() && constraints.keepOut.empty();
  if (isFree) {
    int64_t effort = effortOf(*graphs.begin());
    if (effort < kUsualEffort)
      return kWhole;
    ScopedDiagnosticHandler quiet(&getContext(),
                                  [](mlir::Diagnostic &) { return success(); });
    FailureOr<model::Graph> model = extractModel(*graphs.begin());
    if (failed(model) || (effort == kUsualEffort &&
                          llvm::none_of(model->kernels, [&](const auto &k) {
                            return isLarge(k);
                          })))
      return kWhole;
  }
  // Each count takes as long as all of those before it: beyond those that are
  // much worse none is tried. Where all cores are free slices have no holes to
  // fill, and few are enough.
  constexpr double kMuchWorse = 1.1;
  constexpr int64_t kFew = 4;
  std::pair<Measure, Shares> best = {kNothing, kWhole};
  for (int64_t count : kTried) {
    Shares equal(size_t(count), 1);
    Measure found = trySlices(equal);
    best = std::min(best, std::pair(found, equal));
    if (found.second > kMuchWorse * best.first.second &&
        found.first >= best.first.first)
      break;
    if (isFree && count >= kFew && best.first < kNothing)
      break;
  }
  std::vector<model::Rect> forbidden = machine.dead;
  llvm::append_range(forbidden, constraints.keepOut);
  for (const Shares &unequal : sharesOfFree(getOperation(), machine, forbidden))
    best = std::min(best, std::pair(trySlices(unequal), unequal));
  return best.second;
}

void SliceExperts::runOnOperation() {
  Shares shares = {1};
  StringRef text = slices.getValue();
  if (text != "auto") {
    std::optional<Shares> given = parseShares(text);
    if (!given) {
      getOperation().emitError()
          << "option slices must be 'auto' or a number of at least 1, or "
             "several with ':' between them, got '"
          << text << "'";
      return signalPassFailure();
    }
    shares = *given;
  }
  if (text != "auto" && shares.size() == 1)
    return markAllAnalysesPreserved();
  if (!loadConstraints() || (text == "auto" && !loadMachine()))
    return markAllAnalysesPreserved();
  if (text == "auto")
    shares = best();
  int64_t sliced =
      shares.size() > 1 ? sliceAll(getOperation(), shares, whole) : 0;
  if (sliced == 0)
    return markAllAnalysesPreserved();
  remark::passed(getOperation().getLoc(),
                 remark::RemarkOpts::name("SliceExperts").category("mapping"))
      << "cut kernels of experts into slices"
      << remark::metric("kernels", sliced)
      << remark::metric("slices", int64_t(shares.size()));
}
