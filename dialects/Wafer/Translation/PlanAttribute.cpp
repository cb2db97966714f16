//===- PlanAttribute.cpp - A plan as an attribute, and back ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/PlanAttribute.h"

#include "mlir/IR/Builders.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace inlay;
namespace json = llvm::json;

static Attribute toAttr(const json::Value &value, Builder &builder) {
  if (const json::Object *object = value.getAsObject()) {
    SmallVector<NamedAttribute> members;
    for (const auto &member : *object)
      members.push_back(builder.getNamedAttr(StringRef(member.first),
                                             toAttr(member.second, builder)));
    return builder.getDictionaryAttr(members);
  }
  if (const json::Array *array = value.getAsArray()) {
    auto isInteger = [](const json::Value &element) {
      return element.getAsInteger().has_value();
    };
    if (!array->empty() && llvm::all_of(*array, isInteger)) {
      SmallVector<int64_t> integers;
      for (const json::Value &element : *array)
        integers.push_back(*element.getAsInteger());
      return builder.getDenseI64ArrayAttr(integers);
    }
    SmallVector<Attribute> elements;
    for (const json::Value &element : *array)
      elements.push_back(toAttr(element, builder));
    return builder.getArrayAttr(elements);
  }
  if (auto text = value.getAsString())
    return builder.getStringAttr(*text);
  if (auto flag = value.getAsBoolean())
    return builder.getBoolAttr(*flag);
  if (auto integer = value.getAsInteger())
    return builder.getI64IntegerAttr(*integer);
  return builder.getF64FloatAttr(value.getAsNumber().value_or(0));
}

/// Kinds of attributes that no plan has become null, which no field is.
static json::Value toJson(Attribute attribute) {
  return llvm::TypeSwitch<Attribute, json::Value>(attribute)
      .Case([](DictionaryAttr members) {
        json::Object object;
        for (NamedAttribute member : members)
          object[member.getName().getValue()] = toJson(member.getValue());
        return json::Value(std::move(object));
      })
      .Case([](DenseI64ArrayAttr integers) {
        json::Array array;
        for (int64_t integer : integers.asArrayRef())
          array.push_back(integer);
        return json::Value(std::move(array));
      })
      .Case([](ArrayAttr elements) {
        json::Array array;
        for (Attribute element : elements)
          array.push_back(toJson(element));
        return json::Value(std::move(array));
      })
      .Case([](BoolAttr flag) { return json::Value(flag.getValue()); })
      .Case([](StringAttr text) { return json::Value(text.getValue()); })
      .Case([](FloatAttr number) {
        return json::Value(number.getValueAsDouble());
      })
      .Case([](IntegerAttr integer) {
        return integer.getValue().isSignedIntN(64)
                   ? json::Value(integer.getValue().getSExtValue())
                   : json::Value(nullptr);
      })
      .Default([](Attribute) { return json::Value(nullptr); });
}

DictionaryAttr inlay::wafer::toAttribute(const plan::Plan &plan,
                                         MLIRContext *context) {
  Builder builder(context);
  // What `toJson` wrote is JSON.
  json::Value value = llvm::cantFail(json::parse(plan::toJson(plan)));
  return cast<DictionaryAttr>(toAttr(value, builder));
}

FailureOr<plan::Plan> inlay::wafer::fromAttribute(DictionaryAttr attribute,
                                                  ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << toJson(attribute);
  inlay::Diagnostics diags;
  std::optional<plan::Plan> plan = plan::fromJson(text, diags);
  if (plan)
    return std::move(*plan);
  for (const inlay::Diagnostic &diag : diags.all())
    module.emitError() << "'" << kPlanAttrName << "': " << diag.subject << " "
                       << diag.message;
  return failure();
}
