//===- GenerateTest.cpp - Generated models are sound and the same every time
//-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Configs.h"

#include "inlay/Onnx/Model.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <map>

using namespace inlay;
using namespace inlay::modelgen;
using onnx::file::DataType;

namespace {

ModelSpec read(const std::string &config) {
  Diagnostics diags;
  std::optional<ModelSpec> spec = readConfig(config, diags);
  EXPECT_TRUE(spec) << print(diags);
  return spec.value_or(ModelSpec());
}

GeneratedModel generate(const ModelSpec &spec, Encoding encoding,
                        bool random = false, uint64_t seed = 0) {
  Diagnostics diags;
  GenerateOptions options;
  options.encoding = encoding;
  options.randomWeights = random;
  options.seed = seed;
  std::optional<GeneratedModel> model = generateModel(spec, options, diags);
  EXPECT_TRUE(model) << print(diags);
  return model ? std::move(*model) : GeneratedModel();
}

/// Reads the file back: names resolve, sizes of external data fit.
onnx::file::Model parse(const GeneratedModel &generated) {
  Diagnostics diags;
  std::optional<onnx::file::Model> model = onnx::file::parseModel(
      llvm::MemoryBufferRef(generated.model, "model.onnx"), std::nullopt,
      diags);
  EXPECT_TRUE(model) << print(diags);
  return model ? std::move(*model) : onnx::file::Model();
}

std::map<std::string, int> countOps(const onnx::file::Model &model) {
  std::map<std::string, int> counts;
  for (const onnx::file::Node &node : model.graph.nodes)
    ++counts[node.opType.str()];
  return counts;
}

const onnx::file::Tensor *find(const onnx::file::Model &model,
                               llvm::StringRef name) {
  for (const onnx::file::Tensor &tensor : model.graph.initializers)
    if (tensor.name == name)
      return &tensor;
  ADD_FAILURE() << "no initializer " << name.str();
  return nullptr;
}

class GenerateTest
    : public testing::TestWithParam<std::tuple<const char *, Encoding>> {};

TEST_P(GenerateTest, IsSound) {
  auto [config, encoding] = GetParam();
  GeneratedModel generated = generate(read(config), encoding);
  onnx::file::Model model = parse(generated);
  EXPECT_EQ(int64_t(model.graph.nodes.size()), generated.nodes);
  EXPECT_TRUE(generated.data.empty());

  // Weights lie side by side in one file, each used, and add up.
  uint64_t end = 0;
  std::set<std::string> used;
  for (const onnx::file::Node &node : model.graph.nodes)
    for (llvm::StringRef input : node.inputs)
      used.insert(input.str());
  for (const onnx::file::Tensor &tensor : model.graph.initializers) {
    EXPECT_EQ(tensor.location, "model.onnx.data");
    EXPECT_EQ(tensor.offset, end) << tensor.name.str();
    end += tensor.length;
    EXPECT_TRUE(used.count(tensor.name.str())) << tensor.name.str();
  }
  EXPECT_EQ(int64_t(end), generated.totals.bytes());

  // Node names are unique: constraints and plans go by them.
  std::set<std::string> names;
  for (const onnx::file::Node &node : model.graph.nodes)
    EXPECT_TRUE(names.insert(node.name.str()).second) << node.name.str();
}

TEST_P(GenerateTest, IsTheSameEveryTime) {
  auto [config, encoding] = GetParam();
  ModelSpec spec = read(config);
  GeneratedModel first = generate(spec, encoding, true, 7);
  GeneratedModel second = generate(spec, encoding, true, 7);
  EXPECT_EQ(first.model, second.model);
  EXPECT_EQ(first.data, second.data);
  EXPECT_EQ(int64_t(first.data.size()), first.totals.bytes());
  EXPECT_NE(first.data, generate(spec, encoding, true, 8).data);
}

TEST_P(GenerateTest, CountsTheSameInEveryEncoding) {
  auto [config, encoding] = GetParam();
  ModelSpec spec = read(config);
  ModelTotals totals = generate(spec, encoding).totals;
  ModelTotals contrib = generate(spec, Encoding::Contrib).totals;
  EXPECT_EQ(totals.parameters(), contrib.parameters());
  EXPECT_EQ(totals.activeParameters(), contrib.activeParameters());
}

INSTANTIATE_TEST_SUITE_P(
    All, GenerateTest,
    testing::Combine(testing::Values(kMixtral, kDeepSeek, kGptOss, kLlama4),
                     testing::Values(Encoding::Contrib, Encoding::Stacked,
                                     Encoding::Unrolled)));

TEST(GenerateTest, FollowsTheNamesOfGenAI) {
  onnx::file::Model model = parse(generate(read(kMixtral), Encoding::Contrib));
  auto counts = countOps(model);
  EXPECT_EQ(counts["MoE"], 2);
  EXPECT_EQ(counts["GroupQueryAttention"], 2);
  EXPECT_EQ(counts["SimplifiedLayerNormalization"], 1);
  EXPECT_EQ(counts["SkipSimplifiedLayerNormalization"], 4);
  const onnx::file::Tensor *fc1 =
      find(model, "model.layers.1.moe.experts.gate_up_proj.weight");
  ASSERT_TRUE(fc1);
  EXPECT_EQ(fc1->dims, (llvm::SmallVector<int64_t, 4>{4, 64, 64}));
  EXPECT_EQ(model.graph.inputs[0].name, "input_ids");
  EXPECT_EQ(model.graph.inputs[2].name, "past_key_values.0.key");
  EXPECT_EQ(model.graph.inputs[2].type.dims[3].symbol, "kv_cache_dim");
  EXPECT_EQ(model.graph.outputs[0].name, "logits");
  EXPECT_EQ(model.graph.outputs[0].type.dataType, int32_t(DataType::Float));
}

TEST(GenerateTest, PacksFourBits) {
  ModelSpec spec = read(kMixtral);
  Diagnostics diags;
  ASSERT_TRUE(setWeightFormats({"int4"}, spec, diags));
  onnx::file::Model model = parse(generate(spec, Encoding::Contrib));
  using Dims = llvm::SmallVector<int64_t, 4>;
  EXPECT_EQ(
      find(model, "model.layers.0.moe.experts.gate_up_proj.qweight")->dims,
      (Dims{4, 64, 32}));
  EXPECT_EQ(find(model, "model.layers.0.moe.experts.down_proj.scales")->dims,
            (Dims{4, 64, 1}));
  EXPECT_EQ(find(model, "lm_head.MatMul.weight_Q4")->dims, (Dims{96, 2, 16}));

  model = parse(generate(spec, Encoding::Stacked));
  const onnx::file::Tensor *down =
      find(model, "model.layers.0.moe.experts.down_proj.weight");
  EXPECT_EQ(down->type(), DataType::Int4);
  EXPECT_EQ(down->dims, (Dims{4, 64, 32}));
  EXPECT_EQ(countOps(model)["MatMulNBits"], 0);
  EXPECT_EQ(countOps(parse(generate(spec, Encoding::Unrolled)))["MatMulNBits"],
            // 4 projections and 4 experts of 3 in each layer, and the head
            2 * (4 + 4 * 3) + 1);
}

TEST(GenerateTest, KeepsBlocksOfFp8Whole) {
  ModelSpec spec =
      read(with(with(kDeepSeek, "moe_intermediate_size", "128").c_str(),
                "hidden_size", "200"));
  Diagnostics diags;
  ASSERT_TRUE(setWeightFormats({"fp8"}, spec, diags));
  onnx::file::Model model = parse(generate(spec, Encoding::Contrib));
  const onnx::file::Tensor *fc1 =
      find(model, "model.layers.1.moe.experts.gate_up_proj.qweight");
  EXPECT_EQ(fc1->type(), DataType::Float8E4M3FN);
  using Dims = llvm::SmallVector<int64_t, 4>;
  EXPECT_EQ(fc1->dims, (Dims{8, 256, 200}));
  EXPECT_EQ(find(model, "model.layers.1.moe.experts.gate_up_proj.scales")->dims,
            (Dims{8, 2, 2}));
}

TEST(GenerateTest, NamesBlocksThatDoNotFit) {
  ModelSpec spec = read(with(kMixtral, "intermediate_size", "48"));
  Diagnostics diags;
  ASSERT_TRUE(setWeightFormats({"experts=int4"}, spec, diags));
  EXPECT_FALSE(generateModel(spec, {}, diags));
  EXPECT_EQ(print(diags),
            "error: model: intermediate_size 48 is no multiple of "
            "32, the block of int4 experts\n"
            "  note: another storage takes any size, e.g. "
            "--weights=experts=bf16\n"
            "  note: with this storage --expert-intermediate 32 "
            "or 64 fits\n");
}

TEST(GenerateTest, NamesSquaresThatDoNotFit) {
  ModelSpec spec = read(with(kMixtral, "intermediate_size", "48"));
  Diagnostics diags;
  ASSERT_TRUE(setWeightFormats({"fp8"}, spec, diags));
  EXPECT_FALSE(generateModel(spec, {}, diags));
  EXPECT_EQ(print(diags),
            "error: model: intermediate_size 48 is no multiple of 128, the "
            "block of fp8 experts\n"
            "  note: --encoding stacked or unrolled takes any size; here "
            "another storage does, e.g. --weights=experts=bf16\n"
            "  note: with this storage --expert-intermediate 128 fits\n");
  Diagnostics others;
  GenerateOptions options;
  options.encoding = Encoding::Stacked;
  EXPECT_TRUE(generateModel(spec, options, others)) << print(others);
}

TEST(GenerateTest, DescribesEveryStorage) {
  for (const char *format :
       {"bf16", "f32", "fp16", "fp8", "int4", "mxfp4", "nvfp4"}) {
    ModelSpec spec = read(with(kMixtral, "intermediate_size", "128"));
    Diagnostics diags;
    ASSERT_TRUE(
        setWeightFormats({std::string("experts=") + format}, spec, diags));
    std::optional<GeneratedModel> model = generateModel(spec, {}, diags);
    ASSERT_TRUE(model) << print(diags);
    EXPECT_THAT(describeModel(spec, *model), testing::HasSubstr(format));
  }
}

TEST(GenerateTest, RefusesTooManyUnrolledExperts) {
  std::string config = with(kMixtral, "num_hidden_layers", "100");
  ModelSpec spec = read(with(config.c_str(), "num_local_experts", "16384"));
  Diagnostics diags;
  GenerateOptions options;
  options.encoding = Encoding::Unrolled;
  EXPECT_FALSE(generateModel(spec, options, diags));
  EXPECT_EQ(print(diags),
            "error: model: 1638400 experts in all are too many to write one by "
            "one, at most 262144\n"
            "  note: use --encoding=contrib or --encoding=stacked\n");
}

TEST(GenerateTest, RefusesLargeRandomWeights) {
  ModelSpec spec = read(with(kMixtral, "vocab_size", "2000000"));
  spec.hidden = 512;
  Diagnostics diags;
  GenerateOptions options;
  options.randomWeights = true;
  EXPECT_FALSE(generateModel(spec, options, diags));
  EXPECT_THAT(print(diags),
              testing::HasSubstr("random weights take 4.1 GB, at most 1.1 GB "
                                 "are made"));
}

} // namespace
