//===- UpgradeOpset.cpp - Nodes in the form of a later opset --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the changelog of the ONNX operators, opsets 7 to 25: a step for each
// change of form or of a default. Changes that only add types, optional inputs
// or attributes with a default of "as before" need none.
//
//===----------------------------------------------------------------------===//

#include "UpgradeOpset.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace inlay::onnx;

namespace {

/// One node on its way to a later opset.
class Upgrader {
public:
  Upgrader(NodeOp node, int64_t from, int64_t to)
      : node(node), builder(node), from(from), to(to) {}

  /// Whether there is such a form, which the node then has.
  bool run() {
    StringRef type = node.getOpType();
    if (crosses(9) && type == "BatchNormalization" && !upgradeNorm())
      return false;
    if (crosses(9) && type == "Scan")
      return false; // had a batch dim
    if (crosses(10) && type == "Upsample")
      return upgradeUpsample();
    if (crosses(10) && type == "Slice")
      moveToInputs({"starts", "ends", "axes"}, 1);
    if (crosses(10) && type == "TopK")
      moveToInputs({"k"}, 1);
    if (crosses(11) && type == "Resize")
      return false; // rounded in a way that later versions do not have
    if (crosses(11) && type == "Scatter")
      node.setOpType("ScatterElements");
    if (crosses(11) && type == "Clip")
      moveToInputs({"min", "max"}, 1);
    if (crosses(11) && type == "Pad")
      moveToInputs({"pads", "value"}, 1);
    if (crosses(12) && type == "Dropout")
      remove("ratio"); // counts in training only
    if (crosses(13) && !upgradeAxes(type))
      return false;
    if (crosses(14) && type == "BatchNormalization" &&
        node.getOutputs().size() > 1)
      return false; // outputs of training, which are others now
    if (crosses(16) && type == "RoiAlign")
      setDefault("coordinate_transformation_mode", "output_half_pixel");
    if (crosses(18) && isReduction(type))
      moveToInputs({"axes"}, 1);
    if (crosses(20) && type == "GridSample")
      renameModes();
    return true;
  }

private:
  /// Whether the node is older than a version of its operator that is not
  /// younger than the opset it goes to.
  bool crosses(int64_t version) const {
    return from < version && version <= to;
  }

  static bool isReduction(StringRef type) {
    return type.starts_with("Reduce") && type != "ReduceSum";
  }

  /// Axes became an input; softmax and its like no longer flatten.
  bool upgradeAxes(StringRef type) {
    if (type == "Squeeze" || type == "Unsqueeze" || type == "ReduceSum")
      moveToInputs({"axes"}, 1);
    if (type == "Split")
      moveToInputs({"split"}, 1);
    if (type == "Softmax" || type == "LogSoftmax" || type == "Hardmax")
      return flattenAround();
    return true;
  }

  //===--------------------------------------------------------------------===//
  // Attributes
  //===--------------------------------------------------------------------===//

  void setAttributes(ArrayRef<NamedAttribute> attributes) {
    node.setNodeAttrsAttr(attributes.empty()
                              ? DictionaryAttr()
                              : builder.getDictionaryAttr(attributes));
  }

  void remove(StringRef name) {
    NamedAttrList attributes(node.getNodeAttrsAttr());
    attributes.erase(name);
    setAttributes(attributes.getAttrs());
  }

  void set(StringRef name, Attribute value) {
    NamedAttrList attributes(node.getNodeAttrsAttr());
    attributes.set(name, value);
    setAttributes(attributes.getAttrs());
  }

  void setDefault(StringRef name, StringRef value) {
    if (!node.getNodeAttr(name))
      set(name, builder.getStringAttr(value));
  }

  /// A number or list as a constant; numbers in the element type of the data.
  Value toConstant(Attribute value) {
    DenseElementsAttr elements;
    if (auto ints = dyn_cast<DenseI64ArrayAttr>(value)) {
      auto type = RankedTensorType::get(ints.size(), builder.getI64Type());
      elements = DenseElementsAttr::get(type, ints.asArrayRef());
    } else if (auto integer = dyn_cast<IntegerAttr>(value)) {
      auto type = RankedTensorType::get(1, builder.getI64Type());
      elements = DenseElementsAttr::get(type, integer.getInt());
    } else if (auto number = dyn_cast<FloatAttr>(value)) {
      Type element = getElementTypeOrSelf(node.getInput(0).getType());
      if (!isa<FloatType>(element))
        return {};
      auto type = RankedTensorType::get({}, element);
      elements = DenseElementsAttr::get(
          type,
          Attribute(builder.getFloatAttr(element, number.getValueAsDouble())));
    }
    if (!elements)
      return {};
    return ConstantOp::create(builder, node.getLoc(),
                              cast<ElementsAttr>(elements));
  }

  /// Attributes that became the inputs from `first` on.
  void moveToInputs(ArrayRef<StringRef> names, unsigned first) {
    SmallVector<Value> inputs(node.getInputs());
    inputs.resize(std::min<size_t>(inputs.size(), first));
    Value none;
    for (StringRef name : names) {
      Attribute given = node.getNodeAttr(name);
      Value value = given ? toConstant(given) : Value();
      if (!value) {
        if (!none)
          none = NoneOp::create(builder, node.getLoc());
        value = none;
      }
      inputs.push_back(value);
      remove(name);
    }
    while (inputs.size() > first && isa<NoneType>(inputs.back().getType()))
      inputs.pop_back();
    node.getInputsMutable().assign(inputs);
  }

  //===--------------------------------------------------------------------===//
  // Single operators
  //===--------------------------------------------------------------------===//

  /// Statistics over each element of a sample went away.
  bool upgradeNorm() {
    if (node.getIntAttr("spatial", 1) == 0)
      return false;
    remove("spatial");
    return true;
  }

  /// Upsample is Resize from the corner of each pixel.
  bool upgradeUpsample() {
    Value scales = node.getInput(1);
    if (auto given = node.getNodeAttrOfType<DenseF32ArrayAttr>("scales")) {
      auto type = RankedTensorType::get(given.size(), builder.getF32Type());
      scales = ConstantOp::create(
          builder, node.getLoc(),
          cast<ElementsAttr>(DenseElementsAttr::get(type, given.asArrayRef())));
    }
    if (!scales || to < 11)
      return false;
    remove("scales");
    setDefault("mode", "nearest");
    set("coordinate_transformation_mode", builder.getStringAttr("asymmetric"));
    set("nearest_mode", builder.getStringAttr("floor"));
    node.setOpType("Resize");
    Value none = NoneOp::create(builder, node.getLoc());
    node.getInputsMutable().assign({node.getInput(0), none, scales});
    return true;
  }

  /// Up to opset 12 all dims from `axis` on were one.
  bool flattenAround() {
    auto type = dyn_cast<RankedTensorType>(node.getInput(0).getType());
    if (!type || !type.hasStaticShape())
      return false;
    int64_t rank = type.getRank();
    int64_t axis = node.getIntAttr("axis", 1);
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis > rank)
      return false;
    int64_t rows = 1, columns = 1;
    for (auto [dim, size] : llvm::enumerate(type.getShape()))
      (static_cast<int64_t>(dim) < axis ? rows : columns) *= size;
    set("axis", builder.getI64IntegerAttr(-1));
    auto flat = RankedTensorType::get({rows, columns}, type.getElementType());
    Value input = reshape(node.getInput(0), flat);
    node.getInputsMutable().assign(input);
    Value output = node.getOutputs().front();
    output.setType(flat);
    builder.setInsertionPointAfter(node);
    Value whole = reshape(output, type);
    output.replaceAllUsesExcept(whole, whole.getDefiningOp());
    return true;
  }

  Value reshape(Value value, RankedTensorType type) {
    auto shapeType =
        RankedTensorType::get(type.getRank(), builder.getI64Type());
    Value shape = ConstantOp::create(
        builder, node.getLoc(),
        cast<ElementsAttr>(DenseElementsAttr::get(shapeType, type.getShape())));
    return NodeOp::create(builder, node.getLoc(), TypeRange(type),
                          /*domain=*/"", "Reshape", ValueRange{value, shape})
        .getOutputs()
        .front();
  }

  void renameModes() {
    StringRef mode = node.getStringAttr("mode", "bilinear");
    set("mode", builder.getStringAttr(llvm::StringSwitch<StringRef>(mode)
                                          .Case("bilinear", "linear")
                                          .Case("bicubic", "cubic")
                                          .Default(mode)));
  }

  NodeOp node;
  OpBuilder builder;
  int64_t from, to;
};

} // namespace

LogicalResult inlay::onnx::upgradeNode(NodeOp node, int64_t from, int64_t to) {
  SmallVector<NodeOp> nodes;
  node->walk([&](NodeOp inner) {
    if (inner.getDomain().empty())
      nodes.push_back(inner);
  });
  for (NodeOp inner : nodes) {
    int64_t given = inner.getOwnOpset().value_or(from);
    inner.removeOwnOpsetAttr();
    if (given < to && !Upgrader(inner, given, to).run())
      return inner->emitError()
             << "operator " << inner.getFullName() << " of opset " << given
             << " has no known form in opset " << to
             << ": convert the model to opset " << to;
  }
  return success();
}
