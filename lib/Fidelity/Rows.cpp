//===- Rows.cpp - Measured rows as they stand in CSV files ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Fidelity/Rows.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include "fmt/format.h"

#include <cmath>
#include <set>

using namespace inlay;
using namespace inlay::fidelity;

const std::string &Row::text(const std::string &column) const {
  static const std::string kEmpty;
  for (const auto &[name, value] : fields)
    if (name == column)
      return value;
  return kEmpty;
}

std::optional<double> Row::number(const std::string &column) const {
  double value = 0;
  llvm::StringRef trimmed = llvm::StringRef(text(column)).trim();
  if (trimmed.empty() || trimmed.getAsDouble(value) || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::vector<CsvRecord> inlay::fidelity::parseCsv(const std::string &text) {
  std::vector<CsvRecord> records;
  CsvRecord record;
  std::string field;
  int line = 1, quotedFrom = 0;
  record.line = line;
  bool isQuoted = false, hasField = false;
  auto endField = [&] {
    record.fields.push_back(std::move(field));
    field.clear();
    hasField = true;
  };
  auto endRecord = [&] {
    if (hasField || !field.empty()) {
      endField();
      records.push_back(std::move(record));
    }
    record = {};
    record.line = line + 1;
    hasField = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (isQuoted) {
      if (c != '"')
        field += c;
      else if (i + 1 < text.size() && text[i + 1] == '"')
        field += text[++i];
      else
        isQuoted = false;
    } else if (c == '"') {
      isQuoted = hasField = true;
      quotedFrom = line;
    } else if (c == ',') {
      endField();
    } else if (c == '\n') {
      endRecord();
    } else if (c != '\r') {
      field += c;
    }
    line += c == '\n';
  }
  if (isQuoted)
    record.openQuote = quotedFrom;
  endRecord();
  return records;
}

namespace {

/// What a file of rows must have.
constexpr llvm::StringLiteral kColumns[] = {"machine",  "kernel_or_model",
                                            "phase",    "grid_p_x",
                                            "grid_p_y", "m",
                                            "k",        "n",
                                            "tile",     "seq_or_context",
                                            "metric",   "value"};

class Reader {
public:
  Reader(Data &data, Diagnostics &diags) : data(data), diags(diags) {}

  bool readFile(const std::string &path) {
    diags.setFile(path);
    if (llvm::sys::fs::is_directory(path)) {
      diags.warning("", "is left out: it is a folder");
      return true;
    }
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
    if (!buffer) {
      diags.inputError("", "cannot be read: " + buffer.getError().message());
      return false;
    }
    llvm::StringRef text = (*buffer)->getBuffer();
    text.consume_front("\xef\xbb\xbf"); // a byte order mark
    auto records = parseCsv(text.str());
    std::string name = llvm::sys::path::filename(path).str();
    if (records.empty())
      diags.warning("", "is left out: it is empty");
    else if (name == "models.csv")
      readModels(records);
    else
      readRows(name, records);
    return true;
  }

private:
  using Records = std::vector<CsvRecord>;

  /// A table without the columns is another table, and no reason to stop.
  bool checkColumns(const std::vector<std::string> &header) {
    std::vector<std::string> missing;
    for (llvm::StringRef column : kColumns)
      if (!llvm::is_contained(header, column))
        missing.push_back(column.str());
    if (missing.empty())
      return true;
    diags.warning("", "is left out: it has no column " +
                          llvm::join(missing, ", ") +
                          "; data/measured/README.md lists the columns");
    return false;
  }

  void readRows(const std::string &name, const Records &records) {
    const std::vector<std::string> &header = records.front().fields;
    if (!checkColumns(header))
      return;
    for (size_t i = 1; i < records.size(); ++i) {
      Row row;
      row.file = name;
      const std::vector<std::string> &fields = records[i].fields;
      row.line = records[i].line;
      if (records[i].openQuote > 0)
        row.problem = fmt::format("has a quote on line {} that is never closed",
                                  records[i].openQuote);
      else if (fields.size() != header.size())
        row.problem = fmt::format("has {} fields, the header has {}",
                                  fields.size(), header.size());
      for (size_t c = 0; c < header.size(); ++c)
        row.fields.emplace_back(header[c], c < fields.size() ? fields[c] : "");
      data.rows.push_back(std::move(row));
    }
  }

  /// name, hidden, ffn, layers
  void readModels(const Records &records) {
    for (size_t i = 1; i < records.size(); ++i) {
      ModelDims dims;
      const std::vector<std::string> &record = records[i].fields;
      if (record.size() != 4 ||
          llvm::StringRef(record[1]).getAsInteger(10, dims.hidden) ||
          llvm::StringRef(record[2]).getAsInteger(10, dims.ffn) ||
          llvm::StringRef(record[3]).getAsInteger(10, dims.layers) ||
          dims.hidden < 1 || dims.ffn < 1 || dims.layers < 1) {
        diags.warning(fmt::format("line {}", records[i].line),
                      "is left out: it must be name, hidden, ffn and layers, "
                      "sizes of at least 1");
        continue;
      }
      data.models[record[0]] = dims;
    }
  }

  Data &data;
  Diagnostics &diags;
};

} // namespace

std::optional<Data> inlay::fidelity::readData(const std::string &directory,
                                              Diagnostics &diags) {
  diags.setFile(directory);
  std::set<std::string> paths;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error))
    if (llvm::sys::path::extension(it->path()) == ".csv")
      paths.insert(it->path());
  if (error) {
    diags.inputError("", "cannot be read: " + error.message());
    return std::nullopt;
  }
  if (paths.empty()) {
    diags.inputError("", "holds no .csv file");
    return std::nullopt;
  }
  Data data;
  Reader reader(data, diags);
  bool isValid = true;
  for (const std::string &path : paths)
    isValid &= reader.readFile(path);
  if (!isValid)
    return std::nullopt;
  return data;
}
