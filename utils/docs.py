#!/usr/bin/env python3
"""Regenerates the reference pages: of dialects and passes from TableGen, of inlayc from its --help; and the figures that
pages quote, each in a block that names the command it is the output of.

With --check it changes nothing, prints what has drifted and exits with status 1.
"""

import argparse
import difflib
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LLVM = pathlib.Path("/usr/lib/llvm-22")
REMEDY = "run './dev docs' and commit the result"


def tblgen(td, *arguments):
    command = [str(LLVM / "bin/mlir-tblgen"), *arguments, "-I", str(ROOT), "-I", str(LLVM / "include"),
               "-I", str(td.parent), str(td)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dialect_name(td):
    """The dialect's mnemonic, read from its definition beside the ops."""
    for path in sorted(td.parent.glob("*.td")):
        match = re.search(r'let name\s*=\s*"([^"]+)"', path.read_text())
        if match:
            return match.group(1)
    raise SystemExit(f"{td}: no dialect definition beside it")


def dialect_pages():
    """Yields (path, text): one page of ops, attributes and types for each dialect, one of passes."""
    for folder in sorted((ROOT / "dialects").iterdir()):
        name = folder.name
        ops = folder / "IR" / f"{name}Ops.td"
        if ops.exists():
            text = tblgen(ops, "-gen-dialect-doc", f"-dialect={dialect_name(ops)}")
            yield ROOT / "docs/dialects" / f"{name}.md", text
        passes = folder / "Transforms" / "Passes.td"
        if passes.exists():
            text = f"# Passes of the {name} level\n\n" + tblgen(passes, "-gen-pass-doc")
            yield ROOT / "docs/dialects" / f"{name}Passes.md", text


def tool_page(inlayc):
    help_text = subprocess.run([str(inlayc), "--help"], check=True, capture_output=True, text=True).stdout
    return f"# inlayc\n\nWhat `inlayc --help` prints.\n\n```\n{help_text}```\n"


def replaced(text, path, name, figures):
    """A page with the block between its two marks replaced."""
    begin, end = f"<!-- figures: {name} -->\n", "<!-- end of figures -->"
    before, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise SystemExit(f"{path}: has no block of figures '{name}'")
    return before + begin + figures + rest[rest.index(end):]


def figure_pages(binaries):
    """Yields (path, text) of the pages whose figures commands print."""
    path = ROOT / "docs/kimi-k2.6.md"
    sys.path.insert(0, str(ROOT / "bench"))
    import public  # pylint: disable=import-outside-toplevel
    yield path, replaced(path.read_text(), path, "./dev bench public", public.kimi_block(binaries / "inlayc"))
    path = ROOT / "docs/cost-model.md"
    tables = subprocess.run([str(binaries / "inlay-bench"), "fidelity", "--data", str(ROOT / "data/measured")], check=True,
                            capture_output=True, text=True).stdout
    errors = tables[tables.index("Mean absolute errors"):tables.index("\nSkipped")].replace("  wrong:", "- wrong:")
    layers = [line for line in tables.splitlines() if re.match(r"\| (scalar|predict) .*cycles_per_layer", line)]
    head = next(line for line in tables.splitlines() if line.startswith("| use |"))
    rows = "\n".join([head, "|---" * head.count(" |") + "|"] + layers)
    text = replaced(path.read_text(), path, "./dev bench fidelity", f"{errors}\nEvery layer row\n\n{rows}\n")
    yield path, text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin", help="folder of inlayc")
    options = parser.parse_args()

    pages = dict(dialect_pages())
    pages[ROOT / "docs/inlayc.md"] = tool_page(options.bin / "inlayc")
    pages.update(figure_pages(options.bin))
    drifted = False
    for path, text in sorted(pages.items()):
        old = path.read_text() if path.exists() else ""
        if old == text:
            continue
        drifted = True
        if options.check:
            name = str(path.relative_to(ROOT))
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True), name, name, n=1))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    stale = sorted(set((ROOT / "docs/dialects").glob("*.md")) - set(pages))
    for path in stale:
        drifted = True
        print(f"{path.relative_to(ROOT)}: documents nothing that exists")
        if not options.check:
            path.unlink()
    if options.check and drifted:
        print(f"docs have drifted: {REMEDY}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
