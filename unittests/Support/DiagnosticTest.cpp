//===- DiagnosticTest.cpp -------------------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Diagnostic.h"

#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace inlay;

namespace {

TEST(DiagnosticsTest, ExitStatusIsTheWorstFault) {
  Diagnostics diags;
  EXPECT_EQ(diags.exitStatus(), 0);
  diags.warning("", "harmless");
  EXPECT_EQ(diags.exitStatus(), 0);
  diags.inputError("", "bad");
  EXPECT_EQ(diags.exitStatus(), 1);
  diags.capacityError("", "too big");
  EXPECT_EQ(diags.exitStatus(), 2);
}

TEST(DiagnosticsTest, PrintsFileSubjectMessageAndNotes) {
  Diagnostics diags;
  diags.setFile("model.onnx");
  diags.inputError("node 'a'", "is wrong").notes = {"try b"};
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  EXPECT_EQ(text, "model.onnx: error: node 'a': is wrong\n  note: try b\n");
}

TEST(DiagnosticsTest, NamesCommandNoTerminal) {
  Diagnostics diags;
  diags.inputError("node '\x1b[2J\n'", "first\nsecond \x7f").notes = {"\a"};
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  EXPECT_EQ(text, "error: node '\\x1B[2J\\x0A': first\nsecond \\x7F\n"
                  "  note: \\x07\n");
}

} // namespace
