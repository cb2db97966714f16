//===- Svg.cpp - A small writer of SVG ------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Svg.h"

#include "fmt/core.h"

#include <algorithm>

using namespace inlay::report;

/// The smallest letters that a person can read, in pixels.
static constexpr double kSmallestFont = 7;
static constexpr double kLargestFont = 14;
/// Width of a letter of the label font, as a part of its height.
static constexpr double kLetterAspect = 0.6;

std::string inlay::report::escapeXml(const std::string &text) {
  std::string result;
  for (char c : text) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    case '\'':
      result += "&#39;";
      break;
    default:
      result += c;
    }
  }
  return result;
}

Svg::Svg(double width, double height, double pixels)
    : pixelsPerCore(pixels / width),
      head(fmt::format("<svg viewBox=\"0 0 {:.2f} {:.2f}\" width=\"{:.0f}\" "
                       "height=\"{:.0f}\">\n",
                       width, height, pixels, height * pixels / width)) {}

void Svg::rect(const Box &box, const std::string &cssClass,
               const std::string &style, const std::string &tooltip) {
  body += fmt::format(
      "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" "
      "class=\"{}\"",
      box.x, box.y, box.width, box.height, escapeXml(cssClass));
  if (!style.empty())
    body += fmt::format(" style=\"{}\"", escapeXml(style));
  if (tooltip.empty())
    body += "/>\n";
  else
    body += fmt::format("><title>{}</title></rect>\n", escapeXml(tooltip));
}

void Svg::label(const Box &box, const std::string &text) {
  if (text.empty())
    return;
  // Upright boxes are labelled along their longer side.
  bool upright = box.height > 1.5 * box.width;
  double along = (upright ? box.height : box.width) * pixelsPerCore;
  double across = (upright ? box.width : box.height) * pixelsPerCore;
  double pixels = std::min({kLargestFont, across * 0.8,
                            along / (kLetterAspect * double(text.size()))});
  if (pixels < kSmallestFont)
    return;
  double x = box.x + box.width / 2;
  double y = box.y + box.height / 2;
  std::string turn =
      upright ? fmt::format(" transform=\"rotate(-90 {:.2f} {:.2f})\"", x, y)
              : "";
  body += fmt::format("<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{:.3f}\"{}>"
                      "{}</text>\n",
                      x, y, pixels / pixelsPerCore, turn, escapeXml(text));
}

std::string Svg::str() const { return head + body + "</svg>\n"; }
