//===- Svg.h - A small writer of SVG ----------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rectangles, lines and labels in a drawing whose units are cores. Numbers are
// printed in a fixed form, so that equal drawings have equal bytes.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_REPORT_SVG_H
#define INLAY_LIB_REPORT_SVG_H

#include <string>

namespace inlay::report {

/// Replaces the five characters that XML reserves.
std::string escapeXml(const std::string &text);

/// A rectangle in cores, origin in the north-west corner.
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

/// An SVG element under construction.
class Svg {
public:
  /// A drawing of `width` by `height` cores, shown `pixels` wide.
  Svg(double width, double height, double pixels);

  /// `tooltip` may be empty.
  void rect(const Box &box, const std::string &cssClass,
            const std::string &style, const std::string &tooltip);

  /// A label in the middle of `box`, left out where it would not be readable.
  void label(const Box &box, const std::string &text);

  /// The finished element.
  std::string str() const;

private:
  double pixelsPerCore;
  std::string body;
  std::string head;
};

} // namespace inlay::report

#endif // INLAY_LIB_REPORT_SVG_H
