//===- Reader.cpp - Reads and checks ONNX files ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checker.h"
#include "Decoder.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace inlay;
using namespace inlay::onnx::file;
using llvm::StringRef;
using llvm::Twine;

static void reportTooLarge(uint64_t bytes, Diagnostics &diags) {
  diags
      .inputError("", "has " + formatBytes(bytes) +
                          "; a model file holds at "
                          "most " +
                          formatBytes(kMaxFileBytes))
      .notes.push_back("save the model with its weights as external data");
}

/// What the bytes are instead of a model.
static void reportNoModel(StringRef bytes, bool beganWell,
                          const WireError &error, Findings &findings) {
  if (bytes.starts_with("version https://git-lfs"))
    return findings.inputError("",
                               "is a pointer of Git LFS in place of the model",
                               "fetch the file itself with 'git lfs pull'");
  if (!beganWell)
    return findings.inputError("", "is not an ONNX model",
                               "give an .onnx file, or a config.json");
  if (error.truncated)
    return findings.inputError("",
                               "is truncated: at byte " +
                                   formatCount(error.offset) + ", " +
                                   error.message,
                               "fetch or export the file again");
  findings.inputError("",
                      "is damaged: at byte " + formatCount(error.offset) +
                          ", " + error.message,
                      "fetch or export the file again");
}

std::optional<std::string> inlay::onnx::file::readBytes(const Model &model,
                                                        const Tensor &tensor) {
  std::optional<uint64_t> size = tensor.numBytes();
  if (!size)
    return std::nullopt;
  if (tensor.storage == Storage::Raw && tensor.data.size() == *size)
    return tensor.data.str();
  if (tensor.storage != Storage::External || !model.folder)
    return std::nullopt;
  llvm::SmallString<256> path(*model.folder);
  llvm::sys::path::append(path, tensor.location);
  auto file = llvm::MemoryBuffer::getFileSlice(path, *size, tensor.offset);
  if (!file || (*file)->getBufferSize() != *size)
    return std::nullopt;
  return (*file)->getBuffer().str();
}

std::optional<Model>
inlay::onnx::file::parseModel(llvm::MemoryBufferRef buffer,
                              std::optional<StringRef> folder,
                              Diagnostics &diags) {
  Model model;
  model.fileName =
      llvm::sys::path::filename(buffer.getBufferIdentifier()).str();
  diags.setFile(model.fileName);
  if (folder)
    model.folder = folder->empty() ? "." : folder->str();
  StringRef bytes = buffer.getBuffer();
  if (bytes.size() > kMaxFileBytes) {
    reportTooLarge(bytes.size(), diags);
    return std::nullopt;
  }
  Findings findings(diags);
  if (bytes.empty()) {
    findings.inputError("", "is empty, not an ONNX model",
                        "fetch or export the file again");
    return std::nullopt;
  }
  WireError error;
  Decoder decoder(bytes.begin(), error);
  bool beganWell = decoder.decodeModel(bytes, model);
  if (!beganWell || error.set) {
    reportNoModel(bytes, beganWell, error, findings);
    return std::nullopt;
  }
  if (decoder.isTooDeep()) {
    findings.inputError(
        "", "nests graphs or types more than " + Twine(kMaxNesting) + " deep",
        "export the model with its functions and branches "
        "less deep in each other");
    return std::nullopt;
  }
  Checker(folder, findings).check(model);
  findings.finish();
  if (findings.any())
    return std::nullopt;
  return model;
}

std::optional<Model> inlay::onnx::file::readModel(StringRef path,
                                                  Diagnostics &diags) {
  diags.setFile(path.str());
  llvm::sys::fs::file_status status;
  std::error_code failure = llvm::sys::fs::status(path, status);
  if (!failure && llvm::sys::fs::is_directory(status))
    failure = std::make_error_code(std::errc::is_a_directory);
  if (failure) {
    diags.inputError("", "cannot be read: " + failure.message());
    return std::nullopt;
  }
  // A pipe or a device might never end.
  if (!llvm::sys::fs::is_regular_file(status)) {
    diags.inputError("", "cannot be read: not a file, but a pipe or a device");
    return std::nullopt;
  }
  if (status.getSize() > kMaxFileBytes) {
    reportTooLarge(status.getSize(), diags);
    return std::nullopt;
  }
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    diags.inputError("", "cannot be read: " + buffer.getError().message());
    return std::nullopt;
  }
  std::optional<Model> model =
      parseModel(**buffer, llvm::sys::path::parent_path(path), diags);
  if (model)
    model->buffer = std::move(*buffer);
  return model;
}
