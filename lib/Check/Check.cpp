//===- Check.cpp - Whether a plan is legal --------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Canonical.h"
#include "OnnxFile.h"
#include "Rules.h"
#include "Schema.h"

#include "llvm/Support/ErrorHandling.h"

#include <map>

using namespace inlay::checker;
namespace json = llvm::json;
using llvm::StringRef;

/// docs/schema/plan-1.schema.json, put here by the build.
static constexpr char kSchema[] =
#include "PlanSchema.inc"
    ;

/// docs/schema/plan-1.N.schema.json: plans of these versions stay legal.
static constexpr char kSchema0[] =
#include "PlanSchema0.inc"
    ;
static constexpr char kSchema1[] =
#include "PlanSchema1.inc"
    ;

/// LLVM's parser calls itself for every level, so a file of brackets would end
/// the program; plans are not ten levels deep.
static bool isTooDeep(StringRef text) {
  constexpr int kMostDepth = 100;
  int depth = 0;
  bool isString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (isString) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        isString = false;
    } else if (c == '"') {
      isString = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMostDepth)
        return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

static std::optional<json::Value> parse(StringRef text, std::string &problem) {
  if (isTooDeep(text)) {
    problem = "nests more than 100 levels deep";
    return std::nullopt;
  }
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    problem = "is not JSON: " + llvm::toString(value.takeError());
    return std::nullopt;
  }
  if (!value->getAsObject()) {
    problem = "must be one JSON object";
    return std::nullopt;
  }
  return std::move(*value);
}

struct Checker::Impl {
  std::unique_ptr<Schema> schema;                   ///< of the newest version
  std::map<int64_t, std::unique_ptr<Schema>> older; ///< by minor version
  ModelPtr model;
  std::string targetText;
  std::optional<json::Value> target;
};

Checker::Checker() : impl(new Impl) {
  std::string error;
  impl->schema = Schema::parse(kSchema, error);
  impl->older[0] = Schema::parse(kSchema0, error);
  impl->older[1] = Schema::parse(kSchema1, error);
  if (!impl->schema || !impl->older[0] || !impl->older[1])
    llvm::report_fatal_error(StringRef("the schema of plans: " + error));
}

Checker::~Checker() = default;

void Checker::setModel(ModelPtr model) { impl->model = std::move(model); }

bool Checker::setTarget(StringRef text) {
  std::string problem;
  impl->targetText = text.str();
  impl->target = parse(text, problem);
  return impl->target.has_value();
}

std::vector<Violation> Checker::check(StringRef text) const {
  Report report;
  report.begin("schema");
  std::string problem;
  std::optional<json::Value> value = parse(text, problem);
  if (!value) {
    report.fail("", problem);
    return report.take();
  }
  const json::Object *version = value->getAsObject()->getObject("version");
  auto older = impl->older.find(
      version ? version->getInteger("minor").value_or(-1) : -1);
  (older != impl->older.end() ? older->second : impl->schema)
      ->validate(*value, report);
  Plan plan = readPlan(*value->getAsObject());
  report.begin("digest");
  std::string digest = sha256(canonicalJson(*value, "content_sha256"));
  if (digest != plan.contentSha256)
    report.fail("content_sha256", fmt::format("is {}, the content has {}",
                                              plan.contentSha256, digest));
  value.reset(); // much larger than the plan
  std::set<std::string> names;
  for (const Digest &input : plan.digests)
    if (!names.insert(input.name).second)
      report.fail("digest of '" + input.name + "'", "is there twice");
  checkSystem(plan, report);
  checkPlaces(plan, report);
  checkOps(plan, report);
  checkWeights(plan, report);
  checkAccounting(plan, report);
  checkMemory(plan, report);
  checkStreams(plan, report);
  checkRoutes(plan, report);
  checkEstimate(plan, report);
  if (impl->target)
    checkTarget(plan, impl->targetText, *impl->target->getAsObject(), report);
  if (impl->model) {
    checkModel(plan, *impl->model, report);
    checkNodes(plan, *impl->model, report);
  }
  return report.take();
}

std::optional<std::string> inlay::checker::contentDigest(StringRef text) {
  std::string problem;
  std::optional<json::Value> value = parse(text, problem);
  if (!value)
    return std::nullopt;
  return sha256(canonicalJson(*value, "content_sha256"));
}
