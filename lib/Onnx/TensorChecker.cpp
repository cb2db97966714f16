//===- TensorChecker.cpp - What a sound tensor of an ONNX model must be ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checker.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace inlay;
using namespace inlay::onnx::file;
using llvm::StringRef;
using llvm::Twine;

TensorChecker::TensorChecker(std::optional<StringRef> folder,
                             Findings &findings)
    : findings(findings) {
  if (folder)
    this->folder = folder->empty() ? "." : folder->str();
}

static std::string formatDims(llvm::ArrayRef<int64_t> dims) {
  return "[" +
         llvm::join(llvm::map_range(
                        dims, [](int64_t dim) { return std::to_string(dim); }),
                    ", ") +
         "]";
}

void TensorChecker::check(Subject subject, const Tensor &tensor) {
  if (!isKnownDataType(tensor.dataType))
    return findings.inputError(
        subject(), "has the unknown element type " + Twine(tensor.dataType),
        "known are 1 (FLOAT) to 26 (INT2)");
  for (int64_t dim : tensor.dims)
    if (dim < 0)
      return findings.inputError(
          subject(), "has a negative dim: " + formatDims(tensor.dims),
          "write the sizes that its data have");
  std::optional<uint64_t> needed = tensor.numBytes();
  if (!needed)
    return findings.inputError(subject(),
                               "has more elements than 64 bits count: " +
                                   formatDims(tensor.dims),
                               "write the sizes that its data have");
  if (tensor.storage == Storage::External)
    return checkExternal(subject, tensor, *needed);
  return checkInline(subject, tensor, *needed);
}

/// What to do where data and type of a tensor do not fit each other.
static constexpr const char *kOtherData =
    "its type and dims must be those of its data: export the model again";

/// Inline data have as many bytes, or numbers, as the dims say.
void TensorChecker::checkInline(Subject subject, const Tensor &tensor,
                                uint64_t needed) {
  int64_t count = *tensor.numElements();
  auto describe = [&] {
    return (Twine(getDataTypeName(tensor.type())) + " " +
            formatDims(tensor.dims))
        .str();
  };
  switch (tensor.storage) {
  case Storage::None:
    if (count != 0)
      findings.inputError(subject(),
                          "has neither data nor the name of an external file",
                          "export the model with its weights, or with the "
                          "places of external ones");
    return;
  case Storage::Raw:
    if (tensor.length != needed || tensor.type() == DataType::String)
      findings.inputError(subject(),
                          "holds " + formatBytes(tensor.length) + ", " +
                              describe() + " needs " + formatBytes(needed),
                          kOtherData);
    return;
  case Storage::Varint: {
    // The last byte of a varint is the one without the top bit.
    int64_t numbers =
        llvm::count_if(tensor.data, [](char byte) { return !(byte & 0x80); });
    unsigned bits = getDataTypeBits(tensor.type());
    int64_t expected = bits < 8 ? static_cast<int64_t>(needed) : count;
    if (numbers != expected)
      findings.inputError(subject(),
                          "holds " + formatCount(numbers) + " numbers, " +
                              describe() + " needs " + formatCount(expected),
                          kOtherData);
    return;
  }
  case Storage::Message: {
    llvm::SmallVector<uint64_t> bits;
    llvm::SmallVector<StringRef> strings;
    if (!readElements(tensor, bits) && !readStrings(tensor, strings))
      findings.inputError(subject(),
                          "does not hold the " + formatCount(count) +
                              " elements that " + describe() + " needs",
                          kOtherData);
    return;
  }
  case Storage::External:
    return;
  }
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

void TensorChecker::checkExternal(Subject subject, const Tensor &tensor,
                                  uint64_t needed) {
  if (tensor.type() == DataType::String)
    return findings.inputError(subject(),
                               "holds strings, which cannot be external data",
                               "save strings inside the model");
  constexpr uint64_t limit = INT64_MAX;
  if (tensor.offset > limit || tensor.length > limit ||
      tensor.offset + tensor.length > limit)
    return findings.inputError(
        subject(),
        "the offset or length of its external data is negative, too large or "
        "no number",
        "write the bytes at which they begin and that they have");
  if (tensor.length != needed)
    return findings.inputError(
        subject(),
        "its external data have " + formatBytes(tensor.length) + ", " +
            getDataTypeName(tensor.type()) + " " + formatDims(tensor.dims) +
            " needs " + formatBytes(needed),
        kOtherData);
  const ExternalFile &file = lookupFile(subject, tensor.location);
  if (!file.usable || !file.present)
    return;
  if (tensor.offset + tensor.length > file.bytes)
    return findings.inputError(
        subject(),
        "its external data end at byte " +
            formatCount(tensor.offset + tensor.length) + " of '" +
            tensor.location + "', which has " + formatBytes(file.bytes),
        "the file is incomplete; fetch it again, or remove it to plan without "
        "weights");
  std::string problem = file.index ? file.index->check(tensor) : "";
  if (!problem.empty())
    findings.inputError(
        subject(), "its external data in '" + tensor.location + "' " + problem,
        "offset and length count bytes of the whole file, its "
        "header included; export the model again");
}

const TensorChecker::ExternalFile &
TensorChecker::lookupFile(Subject subject, StringRef location) {
  auto [entry, isNew] = files.try_emplace(location);
  if (isNew)
    entry->second = examineFile(subject, location);
  return entry->second;
}

/// External data lie in the folder of the model: a model from elsewhere must
/// not be able to name any other file of the machine.
TensorChecker::ExternalFile TensorChecker::examineFile(Subject subject,
                                                       StringRef location) {
  namespace path = llvm::sys::path;
  constexpr const char *remedy =
      "external data must lie in the folder of the model or below it";
  ExternalFile file;
  if (location.empty() || location.contains('\0')) {
    findings.inputError(subject(), "its external data have no file name",
                        remedy);
    return file;
  }
  if (path::is_absolute(location, path::Style::posix) ||
      path::is_absolute(location, path::Style::windows)) {
    findings.inputError(
        subject(),
        "its external data have the absolute path '" + location + "'", remedy);
    return file;
  }
  if (llvm::is_contained(
          llvm::make_range(path::begin(location, path::Style::windows),
                           path::end(location)),
          "..")) {
    findings.inputError(subject(),
                        "its external data leave the model's folder: '" +
                            location + "'",
                        remedy);
    return file;
  }
  file.usable = true;
  if (!folder)
    return file;

  llvm::SmallString<256> whole(*folder), real, realFolder;
  path::append(whole, location);
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(whole, status))
    return file; // Absent weights are normal.
  if (!llvm::sys::fs::is_regular_file(status)) {
    findings.inputError(subject(),
                        "its external data '" + location +
                            "' are not a regular file",
                        "copy them into a file, or remove it to plan without "
                        "weights");
    file.usable = false;
    return file;
  }
  if (!llvm::sys::fs::real_path(whole, real) &&
      !llvm::sys::fs::real_path(*folder, realFolder)) {
    if (!realFolder.ends_with("/"))
      realFolder += "/";
    if (!real.starts_with(realFolder)) {
      findings.inputError(subject(),
                          "its external data '" + location +
                              "' are a link out of the model's folder",
                          remedy);
      file.usable = false;
      return file;
    }
  }
  file.present = true;
  file.bytes = status.getSize();
  if (location.ends_with_insensitive(".safetensors"))
    readIndex(subject, location, whole.str().str(), file);
  return file;
}

/// The file must be what its name says.
void TensorChecker::readIndex(Subject subject, StringRef location,
                              const std::string &path, ExternalFile &file) {
  std::string error;
  file.index = SafetensorsIndex::read(path, file.bytes, error);
  if (file.index)
    return;
  file.usable = false;
  findings.inputError(subject(),
                      "its external data '" + location + "' " + error,
                      "the file is damaged; fetch it again, or remove it to "
                      "plan without weights");
}
