//===- FidelityTest.cpp - The cost model against measured wafers ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/BuildGraph.h"
#include "inlay/Cost/LightCone.h"
#include "inlay/Fidelity/Calibrate.h"
#include "inlay/Fidelity/Report.h"
#include "inlay/Target/Figures.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <set>

using namespace inlay;
using namespace inlay::fidelity;
using testing::HasSubstr;

namespace {

std::string source(const std::string &path) {
  return std::string(std::getenv("INLAY_SOURCE_DIR")) + "/" + path;
}

std::string print(const Diagnostics &diags) {
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  return text;
}

std::string read(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  EXPECT_TRUE(bool(buffer)) << path;
  return buffer ? (*buffer)->getBuffer().str() : "";
}

std::optional<model::Graph> buildLayer(const GraphRequest &request,
                                       std::string &error) {
  CompileOptions options;
  options.phase = request.phase;
  options.context = request.context;
  if (request.phase == model::Phase::Prefill)
    options.prefillChunk = request.chunk;
  return buildGraph(request.config, modelgen::Encoding::Stacked, options,
                    error);
}

/// The shipped data and targets.
class FidelityTest : public testing::Test {
protected:
  void SetUp() override {
    Diagnostics diags;
    auto rows = readData(source("data/measured"), diags);
    auto targets = loadMachines(source("targets"), diags);
    ASSERT_TRUE(rows && targets) << print(diags);
    data = std::move(*rows);
    data.layers = std::make_shared<Layers>(buildLayer);
    machines = std::move(*targets);
  }

  Data data;
  Machines machines;
};

/// A folder that is gone with the test.
class Folder {
public:
  Folder() { EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("rows", path)); }
  ~Folder() { llvm::sys::fs::remove_directories(path); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  void write(const std::string &name, const std::string &text) {
    llvm::SmallString<128> file(path);
    llvm::sys::path::append(file, name);
    std::error_code error;
    llvm::raw_fd_ostream(file, error) << text;
    EXPECT_FALSE(error);
  }
  std::string errors() {
    Diagnostics diags;
    EXPECT_FALSE(readData(path.str().str(), diags));
    return print(diags);
  }
  std::string name() const { return path.str().str(); }

private:
  llvm::SmallString<128> path;
};

const char *const kHeader =
    "source,machine,kernel_or_model,phase,grid_p_x,grid_p_y,m,k,n,tile,"
    "seq_or_context,batch,metric,value,unit,note\n";

TEST_F(FidelityTest, FitsTheRowsItMayFit) {
  double sum = 0, rows = 0;
  for (const Compared &row : compareAll(data, machines)) {
    if (row.full.use != Use::Fit || !row.full.error())
      continue;
    EXPECT_LE(std::abs(*row.full.error()), 0.08)
        << row.full.row->file << ":" << row.full.row->line;
    sum += std::abs(*row.full.error());
    ++rows;
  }
  ASSERT_GE(rows, 43);
  EXPECT_LE(sum / rows, 0.03);
}

TEST_F(FidelityTest, PredictsLayersThatItNeverSaw) {
  std::set<std::string> tables;
  for (const Summary &summary : summarise(compareAll(data, machines))) {
    if (summary.use != Use::Predict)
      continue;
    tables.insert(summary.file + " " + summary.machine);
    EXPECT_LE(summary.meanError, summary.machine == "WSE-3" ? 0.10 : 0.15)
        << summary.file << " " << summary.machine;
  }
  EXPECT_EQ(tables.size(), 4u);
}

/// A layer is what its config says, and what its parts sum up to.
TEST_F(FidelityTest, LayersComeFromTheirConfig) {
  cost::Rates rates(machines.at("WSE-3"), cost::Mode::Calibrated);
  LayerShape shape = {model::Phase::Decode, 360, 12, 40, 12, 18};
  std::string error;
  auto graph = buildLayer(requestOf(shape), error);
  ASSERT_TRUE(graph) << error;
  // Per core, as the open kernel has it: 4 d^2 + 3 d f + 2 d s.
  double products = 0;
  int sums = 0;
  for (const model::KernelSpec &kernel : graph->kernels) {
    if (kernel.layer != 0)
      continue;
    model::Sharding sharding = measuredSharding(kernel, shape);
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      if (kernel.ops[o].opClass == model::OpClass::Contraction)
        products +=
            model::shardPoints(kernel.ops[o], sharding.ops[o], sharding);
    for (const cost::Term &term :
         cost::explainKernel(kernel, sharding, rates, {}, practiceOf(shape)))
      if (llvm::StringRef(term.name).contains("all-reduce"))
        sums += llvm::StringRef(term.formula).starts_with("2 x") ? 2 : 1;
  }
  EXPECT_EQ(products, 4 * 12 * 12 + 3 * 12 * 40 + 2 * 12 * 12);
  EXPECT_EQ(sums, 10);
  Layers layers(buildLayer);
  // An odd number of channels changes little.
  shape = {model::Phase::Decode, 495, 9, 30, 9, 45};
  auto odd = layers.estimate(shape, rates, error);
  shape.cores = 496;
  auto even = layers.estimate(shape, rates, error);
  ASSERT_TRUE(odd && even) << error;
  for (size_t k = 0; k < odd->size(); ++k)
    EXPECT_NEAR((*odd)[k].cycles.total() / (*even)[k].cycles.total(), 1, 0.02);
  // What cannot be a layer is no crash.
  shape = {model::Phase::Decode, 1, 1, 1, 1, 1};
  EXPECT_FALSE(layers.estimate(shape, rates, error));
  EXPECT_THAT(error, HasSubstr("the layer could not be built: "));
  EXPECT_FALSE(Layers().estimate(shape, rates, error));
  EXPECT_THAT(error, HasSubstr("there is no builder of layers"));
}

TEST_F(FidelityTest, OrdersLayersAsTheHardwareDid) {
  int64_t pairs = 0;
  for (const RankOrder &order : rankOrder(compareAll(data, machines))) {
    EXPECT_EQ(order.right, order.pairs)
        << order.file << " " << order.machine << ": "
        << testing::PrintToString(order.wrong);
    pairs += order.pairs;
  }
  EXPECT_GE(pairs, 40);
}

/// What physics allows is below every measurement.
TEST_F(FidelityTest, IdealIsBelowEveryMeasuredRow) {
  int compared = 0;
  for (const Row &row : data.rows) {
    auto machine = machines.find(row.text("machine"));
    std::optional<double> measured = row.number("value");
    if (machine == machines.end() || !measured ||
        row.text("metric").rfind("cycles", 0) != 0)
      continue;
    cost::Rates ideal(machine->second, cost::Mode::Ideal);
    std::string skipped;
    if (auto replay = replayOf(row, data, ideal, skipped)) {
      EXPECT_LE(replay->total().total(), *measured)
          << row.file << ":" << row.line;
      ++compared;
    }
  }
  EXPECT_GE(compared, 70);
}

/// The product that a kernel row timed, on its P x P cores.
model::KernelSpec productOf(const Row &row) {
  auto size = [&](const char *column) {
    return int64_t(row.number(column).value_or(1));
  };
  model::KernelSpec kernel;
  kernel.name = "product";
  model::OpSpec op;
  op.name = "product";
  op.opClass = model::OpClass::Contraction;
  op.opsPerPoint = 2;
  op.computeType = {"f16", 16};
  op.dims = {{"token", size("m")},
             {"n", size("n")},
             {"k", size("k"), model::DimKind::Reduction}};
  op.operands = {
      {model::TensorRole::Input, 0, op.computeType, {{0, 1}, {2, 1}}},
      {model::TensorRole::Weights, 0, op.computeType, {{1, 1}, {2, 1}}},
      {model::TensorRole::Output, 0, op.computeType, {{0, 1}, {1, 1}}}};
  kernel.ops = {op};
  kernel.weights = {{"w",
                     op.computeType,
                     {size("n"), size("k")},
                     0,
                     2 * size("n") * size("k"),
                     {}}};
  return kernel;
}

/// The least cycles that the bounds allow for a row; 0 where it has none.
double boundOf(const Row &row, const Data &data, const target::Target &target) {
  std::string skipped;
  const std::string &phase = row.text("phase");
  llvm::StringRef program = row.text("kernel_or_model");
  auto side = int64_t(row.number("grid_p_x").value_or(0));
  if (row.text("metric") == "cycles_per_call" || program.contains(": "))
    return 0; // of another code base
  if (phase == "kernel" && row.number("k")) {
    model::KernelSpec kernel = productOf(row);
    if (!program.starts_with("MeshGEMV") && !program.starts_with("GEMV"))
      return cost::kernelBound(kernel, target, side * side).cycles();
    model::Sharding sharding;
    sharding.region = sharding.group = {side, side};
    sharding.groups = {1, 1};
    sharding.ops = {{{model::Axis::None, model::Axis::X, model::Axis::Y}}};
    return cost::shardingBound(kernel, sharding, target).cycles();
  }
  if (phase == "kernel") // a line that takes in a stream
    return std::max(row.number("n").value_or(0) / target.linkRate.value,
                    double(side - 2) * target.hop.value);
  auto shape = layerShapeOf(row, data, skipped);
  const std::vector<model::KernelSpec> *kernels =
      shape ? data.layers->kernels(*shape, skipped) : nullptr;
  if (!kernels)
    return 0;
  double sum = 0;
  std::vector<cost::PathWork> path;
  for (const model::KernelSpec &kernel : *kernels) {
    sum += cost::shardingBound(kernel, measuredSharding(kernel, *shape), target)
               .cycles();
    path.push_back(cost::pathWork(kernel, target));
  }
  return std::max(sum, cost::pathDistance(target, path));
}

/// What the bounds say holds for what real machines did.
TEST_F(FidelityTest, BoundsAreBelowEveryMeasuredRow) {
  std::map<std::string, int> compared;
  for (const Row &row : data.rows) {
    auto machine = machines.find(row.text("machine"));
    Prediction prediction = predict(row, data, machines);
    if (machine == machines.end() || !prediction.measured() ||
        llvm::StringRef(row.text("metric")).starts_with("law_"))
      continue;
    double measured = *prediction.measured();
    // Tokens/s as cycles, by what the prediction makes of its own cycles.
    if (row.text("metric") == "tokens_per_s") {
      if (!prediction.predicted)
        continue;
      measured = *prediction.predicted * prediction.cycles.total() / measured;
    }
    double bound = boundOf(row, data, machine->second);
    if (bound <= 0)
      continue;
    EXPECT_LE(bound, measured) << row.file << ":" << row.line;
    ++compared[row.text("phase")];
  }
  EXPECT_GE(compared["kernel"], 70);
  EXPECT_GE(compared["decode"], 28);
  EXPECT_GE(compared["prefill"], 16);
}

TEST_F(FidelityTest, CalibrationIsWhatTheTargetsHold) {
  Diagnostics diags;
  auto fitted = calibrate(data, machines, diags);
  ASSERT_TRUE(fitted) << print(diags);
  for (auto [name, machine] :
       {std::pair("wse3", "WSE-3"), std::pair("grid8x8", "WSE-3"),
        std::pair("wse2", "WSE-2")}) {
    std::string text = read(source("targets/") + name + ".json");
    EXPECT_EQ(withPrimitives(text, (*fitted)[machine]), text)
        << name << ": run './dev calibrate'";
  }
}

/// Layers other than the two that the README allows change no primitive.
TEST_F(FidelityTest, CalibrationReadsNoRowItMayNot) {
  Diagnostics diags;
  Data changed = data;
  int numChanged = 0;
  for (Row &row : changed.rows) {
    Use use = predict(row, data, machines).use;
    if (use == Use::Fit || use == Use::Scalar)
      continue;
    for (auto &[column, text] : row.fields)
      if (column == "value" && !text.empty()) {
        text = "77777";
        ++numChanged;
      }
  }
  EXPECT_GE(numChanged, 100);
  auto before = calibrate(data, machines, diags);
  auto after = calibrate(changed, machines, diags);
  ASSERT_TRUE(before && after) << print(diags);
  for (const auto &[name, target] : *before)
    for (const auto &[primitive, quantity] : target.primitives)
      EXPECT_EQ((*after)[name].primitives[primitive].value, quantity.value)
          << primitive;
}

TEST_F(FidelityTest, CalibrationNeedsRows) {
  Diagnostics diags;
  EXPECT_FALSE(calibrate(Data(), machines, diags));
  EXPECT_THAT(print(diags),
              HasSubstr("0 rows are not enough to fit 3 primitives of WSE-3, "
                        "the first of them 'wavelet_period'"));
}

TEST_F(FidelityTest, JsonKeepsEveryColumnAndSaysWhy) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printJson(compareAll(data, machines), os);
  auto value = llvm::json::parse(text);
  ASSERT_TRUE(bool(value));
  const llvm::json::Array *rows = value->getAsObject()->getArray("rows");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), data.rows.size());
  for (size_t i = 0; i < rows->size(); ++i) {
    const llvm::json::Object *row = (*rows)[i].getAsObject();
    for (const auto &[column, field] : data.rows[i].fields)
      EXPECT_EQ(row->getString(column), llvm::StringRef(field));
    bool isPredicted = row->getNumber("predicted").has_value();
    EXPECT_NE(isPredicted, row->getString("skipped").has_value());
    EXPECT_EQ(isPredicted, row->getNumber("error").has_value());
  }
}

TEST_F(FidelityTest, JsonKeysAreUnique) {
  // Names of columns that the prediction adds, and a value that is no time.
  Data odd = data;
  odd.rows = {data.rows.back(), data.rows.front()};
  for (Row &row : odd.rows)
    for (const char *column : {"use", "file", "predicted", "skipped", "error"})
      row.fields.emplace_back(column, "as given");
  std::string text;
  llvm::raw_string_ostream os(text);
  printJson(compareAll(odd, machines), os);
  llvm::StringRef rest = text;
  EXPECT_EQ(rest.count("\"use\": \"as given\""), 2u);
  EXPECT_EQ(rest.count("\"file\": \"as given\""), 2u);
  EXPECT_EQ(rest.count("\"predicted\":") + rest.count("\"skipped\":"), 2u);
  EXPECT_FALSE(rest.contains("\"error\": \"as given\""));
}

TEST_F(FidelityTest, ValuesThatAreNoTimesHaveNoError) {
  for (Row row : data.rows) {
    bool isError = predict(row, data, machines).error().has_value();
    for (auto &[column, value] : row.fields)
      if (column == "value")
        value = "-" + value;
    EXPECT_FALSE(predict(row, data, machines).error());
    if (isError)
      EXPECT_TRUE(predict(row, data, machines).predicted);
  }
}

TEST_F(FidelityTest, PredictsWithoutAValueAndWithoutTiles) {
  Folder folder;
  folder.write("layers.csv",
               std::string(kHeader) +
                   "X,WSE-3,LLaMA2-13B,decode,540,540,,,,,4096,1,"
                   "cycles_per_layer,,cycles,system=WaferLLM code\n"
                   "X,WSE-3,LLaMA2-13B,prefill,600,600,4200,5400,14400,,4096,"
                   "1,cycles_per_layer,,cycles,system=WaferLLM code\n"
                   "X,WSE-3,NoSuchModel,decode,540,540,,,,,4096,1,"
                   "cycles_per_layer,,cycles,system=WaferLLM code\n"
                   "X,WSE-9,LLaMA2-13B,decode,540,540,,,,,4096,1,"
                   "cycles_per_layer,,cycles,\n"
                   "X,WSE-3,MeshGEMV,kernel,360,720,1,720,720,,,1,"
                   "cycles_mean,,cycles,\"two, \"\"quoted\"\"\"\n");
  Diagnostics diags;
  auto rows = readData(folder.name(), diags);
  ASSERT_TRUE(rows) << print(diags);
  rows->models = data.models;
  rows->layers = data.layers;
  ASSERT_EQ(rows->rows.size(), 5u);
  for (size_t i : {0u, 1u}) {
    Prediction prediction = predict(rows->rows[i], *rows, machines);
    ASSERT_TRUE(prediction.predicted) << prediction.skipped;
    EXPECT_GT(*prediction.predicted, 1000);
    EXPECT_FALSE(prediction.error());
  }
  EXPECT_THAT(predict(rows->rows[2], *rows, machines).skipped,
              HasSubstr("its model's dims or its context are not known"));
  EXPECT_THAT(predict(rows->rows[3], *rows, machines).skipped,
              HasSubstr("no calibrated target for this machine"));
  EXPECT_THAT(predict(rows->rows[4], *rows, machines).skipped,
              HasSubstr("the row does not give one P"));
  EXPECT_EQ(rows->rows[4].text("note"), "two, \"quoted\"");
}

TEST(RowsTest, OtherTablesAreLeftOut) {
  Folder folder;
  folder.write("a.csv", "machine,value\nWSE-3,1\n");
  // With a byte order mark.
  folder.write("b.csv", "\xef\xbb\xbf" + std::string(kHeader) +
                            ",WSE-3,MeshGEMV,,,,,,,,,,,,,\n");
  Diagnostics diags;
  auto rows = readData(folder.name(), diags);
  ASSERT_TRUE(rows) << print(diags);
  ASSERT_EQ(rows->rows.size(), 1u);
  EXPECT_EQ(rows->rows[0].fields.front().first, "source");
  EXPECT_THAT(
      print(diags),
      testing::AllOf(HasSubstr("a.csv: warning: is left out: it has no column "
                               "kernel_or_model, phase"),
                     HasSubstr("; data/measured/README.md lists the columns")));
}

/// What is wrong with one row or file is no reason to stop.
TEST_F(FidelityTest, WrongRowsAreSkippedWithAReason) {
  Folder folder;
  folder.write("a.csv", std::string(kHeader) +
                            "1,WSE-3,3\n"
                            "X,WSE-3,MeshGEMV,kernel,360,360,1,720,720,,,1,"
                            "cycles_mean,,cycles,\n"
                            "X,WSE-3,Huge,decode,540,540,,,,,4096,1,"
                            "cycles_per_layer,,cycles,system=WaferLLM code\n");
  folder.write("b.csv", "");
  folder.write("models.csv", "name,hidden,ffn,layers\nm,0,1,1\n"
                             "Huge,9000000000000000000,1,1\n");
  Diagnostics diags;
  auto rows = readData(folder.name(), diags);
  ASSERT_TRUE(rows) << print(diags);
  rows->layers = data.layers;
  EXPECT_THAT(print(diags),
              testing::AllOf(
                  HasSubstr("b.csv: warning: is left out: it is empty"),
                  HasSubstr("models.csv: warning: line 2: is left out: it "
                            "must be name, hidden, ffn and layers, sizes of at "
                            "least 1")));
  ASSERT_EQ(rows->rows.size(), 3u);
  EXPECT_EQ(predict(rows->rows[0], *rows, machines).skipped,
            "has 3 fields, the header has 16");
  EXPECT_TRUE(predict(rows->rows[1], *rows, machines).predicted);
  EXPECT_EQ(predict(rows->rows[2], *rows, machines).skipped,
            "a core would have more than any has room for");
}

/// A row on a machine that is not there, in a wrong unit, or with sizes that
/// cannot be read has no prediction.
TEST_F(FidelityTest, RowsThatCannotBeAreSkippedWithAReason) {
  struct Case {
    const char *row, *reason;
  };
  const std::string layer = "X,WSE-3,LLaMA3-8B,decode,";
  const Case cases[] = {
      {"2000,2000,,,,,4096,1,cycles_per_layer,,cycles,",
       "2000 x 2000 cores are more than the 755 x 1170 of wse3"},
      {"1,1,,,,,4096,1,cycles_per_layer,,cycles,", "a core would hold"},
      {"7,7,,,,,4096,1,cycles_per_layer,,cycles,", "a core would hold"},
      {"420,420,,,,10/0/10,4096,1,cycles_per_layer,,cycles,",
       "its tile '10/0/10' is not 3 sizes of at least 1"},
      {"420,420,,,,10/35,4096,1,cycles_per_layer,,cycles,",
       "its tile '10/35' is not 3 sizes of at least 1"},
      {"420,420,,,,,4096,1,cycles_per_layer,15,us,",
       "its unit is 'us', cycles_per_layer is in cycles"},
      {"420,420,,,,,4096,1,tokens_per_s,,tokens/s,",
       "the clock of its source is not known; a column clock_ghz gives it"},
  };
  Folder folder;
  std::string text = kHeader;
  for (const Case &test : cases)
    text += layer + test.row + "\n";
  folder.write("a.csv", text);
  Diagnostics diags;
  auto rows = readData(folder.name(), diags);
  ASSERT_TRUE(rows) << print(diags);
  rows->layers = data.layers;
  rows->models = data.models;
  ASSERT_EQ(rows->rows.size(), std::size(cases));
  for (size_t i = 0; i < std::size(cases); ++i) {
    Prediction prediction = predict(rows->rows[i], *rows, machines);
    EXPECT_FALSE(prediction.predicted) << cases[i].row;
    EXPECT_THAT(prediction.skipped, HasSubstr(cases[i].reason));
  }
}

/// Seconds need the clock of their source, cycles none; a layer without a
/// system is one like any other.
TEST_F(FidelityTest, TokensFollowTheClockOfTheirSource) {
  auto tokens = [&](const std::string &note) {
    Row row;
    for (auto [column, value] :
         {std::pair("machine", "WSE-3"),
          std::pair("kernel_or_model", "LLaMA3-8B"),
          std::pair("phase", "decode"), std::pair("grid_p_x", "420"),
          std::pair("grid_p_y", "420"), std::pair("seq_or_context", "4096"),
          std::pair("metric", "tokens_per_s"), std::pair("unit", "tokens/s")})
      row.fields.emplace_back(column, value);
    row.fields.emplace_back("note", note);
    return predict(row, data, machines).predicted.value_or(0);
  };
  EXPECT_GT(tokens("system=WaferLLM"), 0);
  EXPECT_DOUBLE_EQ(tokens("at 0.85 GHz") / tokens("system=WaferLLM"),
                   0.85 / 1.1);
  Row row = data.rows.front();
  for (const Row &given : data.rows)
    if (given.text("metric") == "cycles_per_layer" &&
        predict(given, data, machines).use == Use::Predict)
      row = given;
  for (auto &[column, text] : row.fields)
    if (column == "note")
      text = "";
  EXPECT_EQ(predict(row, data, machines).use, Use::Predict);
}

TEST(RowsTest, LinesAndOpenQuotesAreNamed) {
  Folder folder;
  folder.write("a.csv", std::string(kHeader) +
                            "\n\n\"X\nY\",WSE-3,,,,,,,,,,,,,,\n"
                            "X,WSE-3\n"
                            "X,WSE-3,\"open,,,,,,,\nX,WSE-3\n");
  llvm::SmallString<128> sub(folder.name());
  llvm::sys::path::append(sub, "x.csv");
  ASSERT_FALSE(llvm::sys::fs::create_directory(sub));
  Diagnostics diags;
  auto rows = readData(folder.name(), diags);
  ASSERT_TRUE(rows) << print(diags);
  EXPECT_THAT(print(diags),
              HasSubstr("x.csv: warning: is left out: it is a folder"));
  ASSERT_EQ(rows->rows.size(), 3u);
  EXPECT_EQ(rows->rows[0].line, 4);
  EXPECT_EQ(rows->rows[1].line, 6);
  EXPECT_EQ(rows->rows[1].problem, "has 2 fields, the header has 16");
  EXPECT_EQ(rows->rows[2].line, 7);
  EXPECT_EQ(rows->rows[2].problem,
            "has a quote on line 7 that is never closed");
}

TEST(RowsTest, ErrorsNameTheFolder) {
  Folder folder;
  EXPECT_THAT(folder.errors(), HasSubstr("holds no .csv file"));
  Diagnostics diags;
  EXPECT_FALSE(readData(folder.name() + "/none", diags));
  EXPECT_THAT(print(diags), HasSubstr("cannot be read: "));
}

} // namespace
