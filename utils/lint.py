#!/usr/bin/env python3
"""The rules of the house that a script can check. Prints every breach; exit status 1 if any.

  format      clang-format-22 leaves every C++ file as it is
  header      every C++ file opens with the licence header and names itself
  length      no source file above 1,000 lines
  layers      an algorithm library never includes MLIR; a dialect never includes a tool
  order       no range-for over a container whose order is not fixed
  passes      every pass is named in a RUN line
  errors      every error text occurs in a test
  places      no path of one machine, no registry host
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 1000
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
MLIR_FREE = re.compile(r"^(include/inlay|lib)/(Support|Onnx|Target|Model|Cost|Partition|Sharding|"
                       r"Check|Experts|Fidelity|Floorplan|Routing|Memory|ModelGen|Schedule|Plan|Report)/")
UNORDERED = re.compile(r"\b(DenseMap|SmallDenseMap|DenseSet|SmallPtrSet|StringMap|StringSet|"
                       r"unordered_map|unordered_set)\s*<[^;]*?>\s+(\w+)\s*[;{(=]")
# The last line: what files call their own helpers around the others.
ERROR_CALL = re.compile(r"\b(emitError|emitOpError|inputError|capacityError|emitCapacityError|internalError|"
                        r"createStringError|emitWarning|warning|attachNote|notes\.push_back|notes\.emplace_back|"
                        r"fail|report|reject|error)\((?!\)\))")
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
STATEMENT = re.compile(r'(?:[^;"]|"(?:[^"\\\n]|\\.)*")*')
FOREIGN = re.compile(r"/(?:work|farm|root|tmp/bash_jobs)/|deb\.debian\.org|pypi\.org|registry\.npmjs")


def tracked(*patterns):
    output = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for path in output.splitlines() if (ROOT / path).is_file()]


def read(path):
    return (ROOT / path).read_text(errors="replace")


def check_format(files):
    result = subprocess.run(["clang-format-22", "--dry-run", "--Werror", *files],
                            cwd=ROOT, capture_output=True, text=True)
    for path in sorted(set(re.findall(r"^([^:\n]+):\d+:\d+: error", result.stderr, re.M))):
        yield f"{path}: not formatted; run './dev format'"


def check_header(files):
    for path in files:
        lines = read(path).splitlines()
        head = "\n".join(lines[:8])
        if SPDX not in head or pathlib.Path(path).name not in lines[0]:
            yield f"{path}: the licence header is missing or names another file"


def check_length(files):
    for path in files:
        lines = read(path).count("\n")
        if lines > MAX_LINES:
            yield f"{path}: {lines} lines, at most {MAX_LINES}"


def check_layers(files):
    for path in files:
        for include in re.findall(r'#include ["<]([^">]+)[">]', read(path)):
            if MLIR_FREE.match(path) and include.startswith(("mlir/", "dialects/")):
                yield f"{path}: includes {include}, but this library is free of MLIR"
            if path.startswith(("dialects/", "lib/", "include/")) and include.startswith("tools/"):
                yield f"{path}: includes {include}; libraries point down only"


def check_order(files):
    for path in files:
        text = read(path)
        for name in {match.group(2) for match in UNORDERED.finditer(text)}:
            if re.search(rf"for \([^;:()]*:\s*\*?{name}\)", text):
                yield f"{path}: range-for over '{name}', whose order is not fixed"


def test_text():
    paths = tracked("test", "unittests")
    return "\n".join(read(path) for path in paths if path.endswith((".mlir", ".test", ".cpp", ".py")))


def check_passes(tests):
    runs = "\n".join(line for line in tests.splitlines() if "RUN:" in line or "inlay-opt" in line)
    for path in tracked("*Passes.td"):
        for name in re.findall(r'def \w+\s*:\s*\w*Pass<"([^"]+)"', read(path)):
            if not re.search(rf"(?:--?|[(,\"'\s]){re.escape(name)}\b", runs):
                yield f"{path}: pass '{name}' is named in no RUN line"


def error_statements(text):
    """Yields (line, statement) for each call that reports an error, up to its ';'."""
    for match in ERROR_CALL.finditer(text):
        end = STATEMENT.match(text, match.end()).end()
        yield text.count("\n", 0, match.start()) + 1, text[match.end():end]


def fixed_words(statement):
    """The runs of fixed words of the message, format fields and quotes cut off."""
    joined = re.sub(r'(?<!\\)"\s*\n?\s*"', "", statement)
    for literal in STRING.findall(joined):
        for piece in re.split(r"\{[^{}]*\}|\\.|'", literal):
            yield " ".join(piece.split())


def check_errors(files, tests):
    words = " ".join(re.sub(r'"\s*\n?\s*"', "", tests).split())
    for path in files:
        if path.startswith("unittests/"):
            continue
        seen = set()
        for line, statement in error_statements(read(path)):
            for text in fixed_words(statement):
                if len(text) >= 8 and text not in words and text not in seen:
                    seen.add(text)
                    yield f"{path}:{line}: no test expects '{text}'"


def check_places():
    for path in tracked():
        if path == "utils/lint.py" or path.endswith((".onnx", ".data", ".pb", ".png")):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if FOREIGN.search(line):
                yield f"{path}:{number}: names a place of one machine: {line.strip()[:80]}"


def main():
    cpp = tracked("*.cpp", "*.h")
    sources = tracked("*.cpp", "*.h", "*.td", "*.py")
    breaches = [*check_format(cpp), *check_header(cpp), *check_length(sources), *check_layers(cpp),
                *check_order(cpp), *check_places()]
    tests = test_text()
    breaches += [*check_passes(tests), *check_errors(cpp, tests)]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
