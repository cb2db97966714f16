//===- Kgraph.cpp - Reading cases of the ISPD-2020 contest ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Scanner.h"

#include "inlay/Floorplan/Ispd2020Files.h"

#include <map>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

namespace {

class KgraphReader {
public:
  KgraphReader(std::string_view text, const std::string &name,
               Diagnostics &diags)
      : text(text), diags(diags) {
    problem.name = name;
  }

  std::optional<Problem> run() {
    while (!text.empty()) {
      ++lineNumber;
      size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      readLine(line);
      if (!valid) // the first error explains the others
        return std::nullopt;
    }
    if (isComment)
      fail("the comment that begins with '(*' is never closed; add '*)'");
    for (const char *key :
         {"width", "height", "wdeltat", "wlength", "wadapter", "memlimit"})
      if (valid && !header.count(key))
        fail(fmt::format("the header has no '{}='; add it to the comment at "
                         "the beginning",
                         key));
    if (!valid || !finish())
      return std::nullopt;
    return problem;
  }

private:
  struct Node {
    std::string kind;
    int kernel; ///< -1 for inputs and outputs
  };

  void fail(const std::string &message) {
    valid = false;
    diags.inputError(fmt::format("line {}", lineNumber), message);
  }

  /// Parts of the line in and out of comments.
  void readLine(std::string_view line) {
    while (valid && !line.empty()) {
      size_t at = line.find(isComment ? "*)" : "(*");
      std::string_view part = line.substr(0, at);
      if (isComment)
        readHeader(part);
      else
        readStatement(part);
      if (at == std::string_view::npos)
        return;
      line.remove_prefix(at + 2);
      isComment = !isComment;
    }
  }

  void readHeader(std::string_view line) {
    Scanner scanner(line);
    std::string key(scanner.word());
    if (key.empty() || !scanner.take("="))
      return;
    bool isSide = key == "width" || key == "height";
    bool isKnown = isSide || key == "memlimit" || key == "wdeltat" ||
                   key == "wlength" || key == "wadapter";
    if (!isKnown)
      return;
    std::optional<double> value = scanner.real();
    if (!value || !scanner.atEnd() ||
        (isSide && *value != static_cast<double>(int64_t(*value))))
      return fail(fmt::format("'{}' is not followed by one number between 0 "
                              "and 1e9, but by '{}'",
                              key, quoted(scanner.remaining())));
    header[key] = *value;
  }

  void readStatement(std::string_view line) {
    Scanner scanner(line);
    if (scanner.atEnd())
      return;
    std::optional<std::pair<std::string, int64_t>> from = readNode(scanner);
    if (!from)
      return;
    if (scanner.take(":"))
      readEdge(scanner, *from);
    else
      readKernel(scanner, *from);
  }

  /// kind[number]
  std::optional<std::pair<std::string, int64_t>> readNode(Scanner &scanner) {
    std::string_view shown = scanner.remaining();
    std::string kind(scanner.word());
    std::optional<int64_t> number;
    if (!kind.empty() && scanner.take("["))
      number = scanner.number();
    if (number && scanner.take("]"))
      return std::pair(kind, *number);
    fail(fmt::format("expected a node such as 'conv[3]', found '{}'",
                     quoted(shown)));
    return std::nullopt;
  }

  /// Numbers by upper-case key; lists are skipped.
  bool readArguments(Scanner &scanner, std::map<char, int64_t> &arguments,
                     std::string &name) {
    while (!scanner.atEnd()) {
      std::string_view shown = scanner.remaining();
      std::string key(scanner.word());
      bool isRead = !key.empty() && scanner.take("=");
      if (isRead && scanner.take("[")) {
        isRead = scanner.until(']').has_value();
      } else if (isRead && scanner.take("'")) {
        std::optional<std::string_view> value = scanner.until('\'');
        isRead = value && key == "name";
        if (isRead)
          name = *value;
      } else if (isRead) {
        std::optional<int64_t> value = scanner.number();
        isRead = value && key.size() == 1;
        if (isRead)
          arguments[static_cast<char>(std::toupper(key[0]))] = *value;
      }
      if (!isRead) {
        fail(fmt::format("expected an argument such as 'H=14' (at most 1e9) or "
                         "name='k3', found '{}'",
                         quoted(shown)));
        return false;
      }
    }
    return true;
  }

  void readKernel(Scanner &scanner, const std::pair<std::string, int64_t> &id) {
    const std::string &kind = id.first;
    std::map<char, int64_t> arguments;
    Kernel kernel;
    if (!readArguments(scanner, arguments, kernel.name))
      return;
    std::string_view keys;
    if (kind == "conv")
      keys = "HWRSCKT";
    else if (kind == "dblock" || kind == "cblock")
      keys = "HWF";
    else if (kind != "input" && kind != "output")
      return fail(fmt::format("'{}' is none of input, output, conv, dblock and "
                              "cblock",
                              quoted(kind)));
    for (char key : keys)
      if (!arguments.count(key))
        return fail(fmt::format("{} has no argument '{}'; it needs {}", kind,
                                key, fmt::join(keys, " ")));
    int index = keys.empty() ? -1 : static_cast<int>(problem.kernels.size());
    if (!nodes.try_emplace(id.second, Node{kind, index}).second)
      return fail(fmt::format("the number {} is used twice; give each node its "
                              "own",
                              id.second));
    if (keys.empty())
      return;
    addKernel(std::move(kernel), kind, arguments);
  }

  void addKernel(Kernel kernel, const std::string &kind,
                 std::map<char, int64_t> &arguments) {
    Scanner scanner(kernel.name);
    if (scanner.word().empty() || !scanner.atEnd())
      return fail(fmt::format("the name '{}' is not made of letters, digits "
                              "and underscores; add name='k1' or so",
                              quoted(kernel.name)));
    if (!names.try_emplace(kernel.name, lineNumber).second)
      return fail(fmt::format("the name '{}' is used in line {} already",
                              kernel.name, names[kernel.name]));
    if (kind == "conv") {
      kernel.conv = {arguments['H'], arguments['W'], arguments['R'],
                     arguments['S'], arguments['C'], arguments['K'],
                     arguments['T']};
      kernel.strideU = arguments.count('U') ? arguments['U'] : arguments['T'];
    } else {
      kernel.kind = kind == "dblock" ? KernelKind::DBlock : KernelKind::CBlock;
      kernel.imageHeight = arguments['H'];
      kernel.imageWidth = arguments['W'];
      kernel.features = arguments['F'];
    }
    problem.kernels.push_back(std::move(kernel));
  }

  /// The index of a node's kernel, -1 for inputs and outputs.
  int find(const std::pair<std::string, int64_t> &id) {
    auto node = nodes.find(id.second);
    if (node != nodes.end() && node->second.kind == id.first)
      return node->second.kernel;
    fail(fmt::format("{}[{}] is not defined above; define nodes before edges",
                     quoted(id.first), id.second));
    return -1;
  }

  void readEdge(Scanner &scanner,
                const std::pair<std::string, int64_t> &fromNode) {
    scanner.word();
    std::string_view shown = scanner.remaining();
    if (!scanner.take("->"))
      return fail(
          fmt::format("expected '->' and a node, found '{}'", quoted(shown)));
    std::optional<std::pair<std::string, int64_t>> toNode = readNode(scanner);
    if (!toNode)
      return;
    int from = find(fromNode);
    int to = valid ? find(*toNode) : -1;
    if (!valid || from == -1 || to == -1)
      return;
    if (from == to)
      return fail("the edge leads from a node to itself");
    problem.edges.push_back({from, to});
  }

  bool finish() {
    problem.grid = {static_cast<int64_t>(header["width"]),
                    static_cast<int64_t>(header["height"])};
    problem.weights = {header["wdeltat"], header["wlength"],
                       header["wadapter"]};
    problem.memoryLimit = header["memlimit"];
    return problem.check(diags);
  }

  std::string_view text;
  Diagnostics &diags;
  Problem problem;
  bool valid = true;
  bool isComment = false;
  int lineNumber = 0;
  std::map<std::string, double> header;
  std::map<int64_t, Node> nodes;
  std::map<std::string, int> names;
};

} // namespace

std::optional<Problem> ispd2020::readKgraph(std::string_view text,
                                            const std::string &name,
                                            Diagnostics &diags) {
  return KgraphReader(text, name, diags).run();
}
