//===- CountsTest.cpp - Parameters of published models --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The expected counts were derived by hand from the published configs: matrices
// (attention, MLPs, experts, router, embedding, head), all (with norms, biases,
// sinks, selection biases), and the matrices that a token is multiplied by.
//
//===----------------------------------------------------------------------===//

#include "Configs.h"

#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::modelgen;

namespace {

struct Published {
  const char *name;
  int64_t matrices;
  int64_t active;
  int64_t all;
};

constexpr Published kPublished[] = {
    {"kimi-k2", 1026407202816, 31686066176, 1026408232448},
    {"kimi-k2.6", 1026407202816, 31686066176, 1026408232448},
    {"deepseek-v3", 671025397760, 36624596992, 671026419200},
    {"qwen3-235b-a22b", 235092836352, 21567635456, 235093634560},
    {"qwen3-32b", 32761446400, 31983534080, 32762123264},
    {"gpt-oss-120b", 116788838400, 5131100160, 116829156672},
    {"gpt-oss-20b", 20907786240, 3607142400, 20914757184},
    {"mixtral-8x7b", 46702526464, 12748587008, 46702792704},
    {"llama-4-maverick", 400711352320, 16149708800, 400711848960},
    {"llama-3.1-8b", 8029995008, 7504658432, 8030261248},
    {"llama-3.1-70b", 70552387584, 69501714432, 70553706496},
    {"llama-3.1-405b", 405849243648, 403747897344, 405853388800},
};

ModelSpec readFile(const std::string &name) {
  auto buffer = llvm::MemoryBuffer::getFile(std::string(INLAY_CONFIGS_DIR "/") +
                                            name + ".json");
  EXPECT_TRUE(bool(buffer)) << name;
  if (!buffer)
    return {};
  Diagnostics diags;
  std::optional<ModelSpec> spec = readConfig((*buffer)->getBuffer(), diags);
  EXPECT_TRUE(spec) << name << ": " << print(diags);
  return spec.value_or(ModelSpec());
}

ModelTotals count(const std::string &name, Encoding encoding) {
  Diagnostics diags;
  GenerateOptions options;
  options.encoding = encoding;
  std::optional<GeneratedModel> model =
      generateModel(readFile(name), options, diags);
  EXPECT_TRUE(model) << name << ": " << print(diags);
  return model ? model->totals : ModelTotals();
}

class CountsTest : public testing::TestWithParam<Published> {};

TEST_P(CountsTest, MatchesTheConfig) {
  for (Encoding encoding : {Encoding::Contrib, Encoding::Stacked}) {
    ModelTotals totals = count(GetParam().name, encoding);
    EXPECT_EQ(totals.matrixParameters(), GetParam().matrices);
    EXPECT_EQ(totals.activeParameters(), GetParam().active);
    EXPECT_EQ(totals.parameters(), GetParam().all);
  }
}

INSTANTIATE_TEST_SUITE_P(Published, CountsTest, testing::ValuesIn(kPublished),
                         [](const auto &info) {
                           std::string name = info.param.name;
                           for (char &c : name)
                             if (!isalnum(static_cast<unsigned char>(c)))
                               c = '_';
                           return name;
                         });

/// Published: 355B, 32B active; 106B, 12B active.
TEST(CountsTest, IsNearThePublishedNumbersOfGlm) {
  ModelTotals large = count("glm-4.5", Encoding::Contrib);
  EXPECT_NEAR(double(large.parameters()), 355e9, 4e9);
  EXPECT_NEAR(double(large.activeParameters()), 32e9, 1e9);
  ModelTotals small = count("glm-4.5-air", Encoding::Contrib);
  EXPECT_NEAR(double(small.parameters()), 106e9, 1e9);
  EXPECT_NEAR(double(small.activeParameters()), 12e9, 1e9);
}

/// 4 bits and a bf16 scale for 32 weights of routed experts, 16 bits for the
/// rest: 594 GB; 595 GB are published.
TEST(CountsTest, CountsTheBytesOfKimi) {
  ModelTotals totals = count("kimi-k2.6", Encoding::Contrib);
  int64_t experts = 1014686023680;
  EXPECT_EQ(totals[WeightClass::Experts].bytes, experts / 2 + experts / 32 * 2);
  int64_t tables = totals[WeightClass::Table].bytes;
  EXPECT_EQ(totals.bytes() - tables - totals[WeightClass::Experts].bytes,
            2 * (totals.parameters() - experts));
}

/// One f32 scale for each 128 x 128 weights.
TEST(CountsTest, CountsTheBytesOfDeepSeek) {
  ModelTotals totals = count("deepseek-v3", Encoding::Unrolled);
  int64_t experts = totals[WeightClass::Experts].parameters;
  EXPECT_EQ(totals[WeightClass::Experts].bytes,
            experts + experts / (128 * 128) * 4);
}

} // namespace
