//===- Families.h - The families of models that are known -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One reader for each family of configs. `readCommon` reads what all spell the
// same way; a family's reader adds the rest. None checks whether sizes fit
// together: `checkSpec` does, for all alike.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_MODELGEN_FAMILIES_H
#define INLAY_LIB_MODELGEN_FAMILIES_H

#include "ConfigReader.h"

namespace inlay::modelgen {

struct Family {
  const char *modelType;
  /// Name for people.
  const char *name;
  /// What its class in transformers makes of absent fields, as JSON. Sizes that
  /// every published config has are not among them: without these a config is
  /// of no model.
  const char *defaults;
  void (*read)(ConfigReader &config, ModelSpec &spec);
};

/// All families, sorted by `modelType`.
llvm::ArrayRef<Family> getFamilies();

/// Sizes, norms, embeddings, activation type; the layers have no experts yet.
void readCommon(ConfigReader &config, ConfigReader &outer, ModelSpec &spec);

/// Heads of multi-head and grouped-query attention.
void readGroupedAttention(ConfigReader &config, ModelSpec &spec);

/// `rope_theta` and `rope_scaling` (or `rope_parameters`) for heads of which
/// `dims` channels rotate. YaRN's correction of the softmax scale, which
/// DeepSeek has and others have not, is the result: 1 where there is none.
double readRotary(ConfigReader &config, ModelSpec &spec, int64_t dims);

void readLlama(ConfigReader &config, ModelSpec &spec);
void readMistral(ConfigReader &config, ModelSpec &spec);
void readQwen2(ConfigReader &config, ModelSpec &spec);
void readQwen3(ConfigReader &config, ModelSpec &spec);
void readMixtral(ConfigReader &config, ModelSpec &spec);
void readQwen2Moe(ConfigReader &config, ModelSpec &spec);
void readQwen3Moe(ConfigReader &config, ModelSpec &spec);
void readGptOss(ConfigReader &config, ModelSpec &spec);
void readDeepSeek(ConfigReader &config, ModelSpec &spec);
void readGlm4Moe(ConfigReader &config, ModelSpec &spec);
void readLlama4(ConfigReader &config, ModelSpec &spec);

/// Sigmoid router with selection bias and shared experts, as DeepSeek-V3 spells
/// them; also the first dense layers.
void readSigmoidExperts(ConfigReader &config, ModelSpec &spec);

/// Native storage from `quantization_config`.
void readQuantization(ConfigReader &config, ModelSpec &spec);

} // namespace inlay::modelgen

#endif // INLAY_LIB_MODELGEN_FAMILIES_H
