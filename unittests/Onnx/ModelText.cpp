//===- ModelText.cpp - Models of the tests, written as text ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelText.h"

#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include "google/protobuf/text_format.h"
#include "onnx/onnx_pb.h"

using namespace inlay;
using namespace inlay::onnx::file;

std::string inlay::onnx::file::encode(const std::string &text) {
  ::onnx::ModelProto model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model));
  return model.SerializeAsString();
}

std::string inlay::onnx::file::encodeGraph(const std::string &graph) {
  return encode("ir_version: 8 opset_import { domain: '' version: 17 }"
                "opset_import { domain: 'com.microsoft' version: 1 }"
                "graph { " +
                graph + " }");
}

Model inlay::onnx::file::parseSound(const std::string &bytes) {
  Diagnostics diags;
  std::optional<Model> model = parseModel(
      llvm::MemoryBufferRef(bytes, "folder/model.onnx"), std::nullopt, diags);
  EXPECT_TRUE(model);
  EXPECT_FALSE(diags.hasErrors());
  return model ? std::move(*model) : Model();
}

std::string
inlay::onnx::file::printFindings(const std::string &bytes,
                                 std::optional<llvm::StringRef> folder) {
  Diagnostics diags;
  std::optional<Model> model = parseModel(
      llvm::MemoryBufferRef(bytes, "folder/model.onnx"), folder, diags);
  EXPECT_EQ(model.has_value(), !diags.hasErrors());
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  return text;
}
