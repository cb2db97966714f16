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
#include "llvm/Support/ThreadPool.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>

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
  mutable llvm::DefaultThreadPool threads;
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

namespace {

/// Rules that know nothing of each other, each with a report of its own, on all
/// processors. What they find stands in the order in which they were added.
class Parts {
public:
  explicit Parts(llvm::ThreadPoolInterface &threads) : group(threads) {}

  void add(std::function<void(Report &)> check) {
    group.async([check = std::move(check), report = &reports.emplace_back()] {
      check(*report);
    });
  }

  void joinTo(Report &report) {
    group.wait();
    for (Report &part : reports)
      report.append(part.take());
  }

private:
  std::deque<Report> reports;
  llvm::ThreadPoolTaskGroup group;
};

} // namespace

static void checkDigest(const Plan &plan, const json::Value &document,
                        Report &report) {
  report.begin("digest");
  std::string digest = sha256(canonicalJson(document, "content_sha256"));
  if (digest != plan.contentSha256)
    report.fail("content_sha256", fmt::format("is {}, the content has {}",
                                              plan.contentSha256, digest));
  std::set<std::string> names;
  for (const Digest &input : plan.digests)
    if (!names.insert(input.name).second)
      report.fail("digest of '" + input.name + "'", "is there twice");
}

std::vector<Violation> Checker::check(StringRef text) const {
  Report report;
  report.begin("schema");
  std::string problem;
  std::shared_ptr<json::Document> document = parse(text, problem);
  if (!document) {
    report.fail("", problem);
    return report.take();
  }
  const json::Object &object = *document->value().getAsObject();
  const json::Object *version = object.getObject("version");
  auto older = impl->older.find(
      version ? version->getInteger("minor").value_or(-1) : -1);
  const Schema &schema =
      *(older != impl->older.end() ? older->second : impl->schema);
  Plan plan = readPlan(object);
  // What takes long begins first.
  Parts last(impl->threads), routes(impl->threads), first(impl->threads),
      estimate(impl->threads);
  estimate.add([&](Report &part) { checkEstimate(plan, part); });
  routes.add([&](Report &part) { checkRoutes(plan, part); });
  // The document goes when the last of these is done.
  first.add([&, document](Report &part) {
    part.begin("schema");
    schema.validate(document->value(), part);
  });
  first.add([&, document = std::move(document)](Report &part) {
    checkDigest(plan, document->value(), part);
  });
  for (auto check :
       {checkSystem, checkPlaces, checkOps, checkRotationParts, checkWeights,
        checkAccounting, checkMemory, checkStreams, checkHostValues})
    first.add([&plan, check](Report &part) { check(plan, part); });
  if (impl->target)
    last.add([&](Report &part) {
      checkTarget(plan, impl->targetText, *impl->target->value().getAsObject(),
                  part);
    });
  if (impl->model)
    for (auto check :
         {checkModel, checkHostCones, checkNodes, checkValues, checkRotations,
          checkLayouts, checkModelChoices, checkStateRooms})
      last.add([&, check](Report &part) { check(plan, *impl->model, part); });
  for (Parts *parts : {&first, &routes, &estimate, &last})
    parts->joinTo(report);
  return report.take();
}

std::optional<std::string> inlay::checker::contentDigest(StringRef text) {
  std::string problem;
  std::unique_ptr<json::Document> document = parse(text, problem);
  if (!document)
    return std::nullopt;
  return sha256(canonicalJson(document->value(), "content_sha256"));
}
