//===- Rows.h - Measured rows as they stand in CSV files --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cycles that others measured, one row for one number (data/measured/README.md
// gives the columns). A row keeps every field as it was written.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FIDELITY_ROWS_H
#define INLAY_FIDELITY_ROWS_H

#include "inlay/Fidelity/Layer.h"
#include "inlay/Support/Diagnostic.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inlay::fidelity {

/// One line of a CSV file.
struct Row {
  std::string file;    ///< name without folder
  int line = 0;        ///< where it begins, 1-based
  std::string problem; ///< why it cannot be used; empty: nothing
  std::vector<std::pair<std::string, std::string>> fields; ///< column, text

  /// The text of a column; empty where the file has no such column.
  const std::string &text(const std::string &column) const;
  /// The number in a column; nullopt where it is empty or no number.
  std::optional<double> number(const std::string &column) const;
};

/// Real dims of a model, from models.csv.
struct ModelDims {
  int64_t hidden = 0;
  int64_t ffn = 0;
  int64_t layers = 0;
};

/// All CSV files of a folder.
struct Data {
  std::vector<Row> rows; ///< by file name, then line
  std::map<std::string, ModelDims> models;
  /// What builds the layers that rows are about; without it they are skipped.
  std::shared_ptr<Layers> layers;
};

/// One record of CSV text.
struct CsvRecord {
  int line = 0; ///< where it begins, 1-based
  std::vector<std::string> fields;
  int openQuote = 0; ///< line of a quote that is never closed; 0: none
};

/// Splits CSV text (RFC 4180: quotes, doubled quotes, line ends in quotes). An
/// empty line is no record.
std::vector<CsvRecord> parseCsv(const std::string &text);

/// Reads every *.csv of `directory` that has the columns of data/measured, and
/// its models.csv. A folder or file that cannot be read is an error. A file
/// that is empty or lacks these columns, a folder named like a file, and a
/// record of models.csv that is wrong, are left out with a warning; a row with
/// another number of fields or a quote that nothing closes has a `problem`.
std::optional<Data> readData(const std::string &directory, Diagnostics &diags);

} // namespace inlay::fidelity

#endif // INLAY_FIDELITY_ROWS_H
