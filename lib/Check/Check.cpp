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
static constexpr char kSchema2[] =
#include "PlanSchema2.inc"
    ;

/// Null where `text` is no JSON object.
static std::unique_ptr<json::Document> parse(StringRef text,
                                             std::string &problem) {
  std::unique_ptr<json::Document> document =
      json::Document::parse(text, problem);
  if (document && !document->value().getAsObject()) {
    problem = "must be one JSON object";
    return nullptr;
  }
  return document;
}

struct Checker::Impl {
  std::unique_ptr<Schema> schema;                   ///< of the newest version
  std::map<int64_t, std::unique_ptr<Schema>> older; ///< by minor version
  ModelPtr model;
  std::string targetText;
  std::unique_ptr<json::Document> target;
};

Checker::Checker() : impl(new Impl) {
  std::string error;
  impl->schema = Schema::parse(kSchema, error);
  bool isRead = impl->schema != nullptr;
  for (StringRef text : {kSchema0, kSchema1, kSchema2}) {
    auto minor = static_cast<int64_t>(impl->older.size());
    impl->older[minor] = Schema::parse(text, error);
    isRead &= impl->older[minor] != nullptr;
  }
  if (!isRead)
    llvm::report_fatal_error(StringRef("the schema of plans: " + error));
}

Checker::~Checker() = default;

void Checker::setModel(ModelPtr model) { impl->model = std::move(model); }

bool Checker::setTarget(StringRef text) {
  std::string problem;
  impl->targetText = text.str();
  impl->target = parse(impl->targetText, problem);
  return impl->target != nullptr;
}

std::vector<Violation> Checker::check(StringRef text) const {
  Report report;
  report.begin("schema");
  std::string problem;
  std::unique_ptr<json::Document> document = parse(text, problem);
  if (!document) {
    report.fail("", problem);
    return report.take();
  }
  const json::Object &object = *document->value().getAsObject();
  const json::Object *version = object.getObject("version");
  auto older = impl->older.find(
      version ? version->getInteger("minor").value_or(-1) : -1);
  (older != impl->older.end() ? older->second : impl->schema)
      ->validate(document->value(), report);
  Plan plan = readPlan(object);
  report.begin("digest");
  std::string digest =
      sha256(canonicalJson(document->value(), "content_sha256"));
  if (digest != plan.contentSha256)
    report.fail("content_sha256", fmt::format("is {}, the content has {}",
                                              plan.contentSha256, digest));
  document.reset();
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
  checkHostValues(plan, report);
  checkRoutes(plan, report);
  checkEstimate(plan, report);
  if (impl->target)
    checkTarget(plan, impl->targetText, *impl->target->value().getAsObject(),
                report);
  if (impl->model) {
    checkModel(plan, *impl->model, report);
    checkHostCones(plan, *impl->model, report);
    checkNodes(plan, *impl->model, report);
    checkValues(plan, *impl->model, report);
    checkRotations(plan, *impl->model, report);
    checkLayouts(plan, *impl->model, report);
  }
  return report.take();
}

std::optional<std::string> inlay::checker::contentDigest(StringRef text) {
  std::string problem;
  std::unique_ptr<json::Document> document = parse(text, problem);
  if (!document)
    return std::nullopt;
  return sha256(canonicalJson(document->value(), "content_sha256"));
}
