//===- AttrTest.cpp - Attributes of inlay_wafer made in C++ ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What no text can say: attributes whose parameters have the wrong form.
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/IR/Wafer.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace inlay::wafer;

namespace {

class AttrTest : public ::testing::Test {
protected:
  AttrTest()
      : builder(&context),
        handler(&context, [this](Diagnostic &diag) { message = diag.str(); }) {
    context.loadDialect<WaferDialect>();
  }

  DenseF64ArrayAttr numbers(size_t count) {
    return builder.getDenseF64ArrayAttr(std::vector<double>(count, 1));
  }

  template <typename Attr, typename... Args> Attr make(Args... args) {
    auto loc = UnknownLoc::get(&context);
    return Attr::getChecked([&] { return emitError(loc); }, &context, args...);
  }

  MLIRContext context;
  Builder builder;
  std::string message;
  ScopedDiagnosticHandler handler;
};

TEST_F(AttrTest, CyclesAreSeven) {
  ASSERT_TRUE(make<CyclesAttr>(numbers(7)));
  EXPECT_EQ(make<CyclesAttr>(numbers(7)).getTotal(), 7);
  EXPECT_FALSE(make<CyclesAttr>(numbers(6)));
  EXPECT_EQ(message, "there are 7 numbers, got 6");
}

TEST_F(AttrTest, BoundsAreSix) {
  ASSERT_TRUE(make<BoundAttr>(numbers(6)));
  EXPECT_EQ(make<BoundAttr>(numbers(6)).getCycles(), 1);
  EXPECT_FALSE(make<BoundAttr>(numbers(4)));
  EXPECT_EQ(message, "there are 6 numbers, got 4");
}

TEST_F(AttrTest, FiguresAreDoubles) {
  StringAttr text = builder.getStringAttr("B");
  EXPECT_TRUE(make<FigureAttr>(builder.getF64FloatAttr(1), text, text, false));
  EXPECT_FALSE(make<FigureAttr>(builder.getF32FloatAttr(1), text, text, false));
  EXPECT_EQ(
      message,
      "a figure is a finite f64 and not negative, got 1.000000e+00 : f32");
}

} // namespace
