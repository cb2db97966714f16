//===- Format.h - Numbers as people read them -------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One spelling of each kind of number in diagnostics, tables and reports.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_FORMAT_H
#define INLAY_SUPPORT_FORMAT_H

#include <cstdint>
#include <string>

namespace inlay {

/// 1234567 -> "1,234,567".
std::string formatCount(int64_t value);

/// 52416 -> "52,416 B".
std::string formatBytes(int64_t bytes);

/// Totals of a machine or model in decimal units: 595e9 -> "595.0 GB".
std::string formatTotalBytes(double bytes);

/// JSON holds UTF-8 only, the names of a model may be any bytes: what is no
/// UTF-8 becomes U+FFFD.
std::string toUtf8(const std::string &bytes);

/// ceil(a / b) for a >= 0, b > 0.
constexpr int64_t ceilDiv(int64_t a, int64_t b) { return a / b + (a % b != 0); }

} // namespace inlay

#endif // INLAY_SUPPORT_FORMAT_H
