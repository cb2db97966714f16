"""Reads what --explain prints and works every formula out: each must give the cycles that stand before it, and all of them
the kernel's."""

import re
import sys

UNITS = "operations|wavelets|instructions|operands|exponentials|divides|stages|hops|words|GB/s|GHz|B"
# What a formula is of: "two-tree over 8 cores:", "gather along x:", "broadcast:".
HEADS = r"[,;]? ?([a-z][a-z -]* over \d+ cores|(gather|shift|shuffle) along [xy]|broadcast): "


def value(formula):
    formula = re.sub(HEADS, " + ", formula)
    formula = re.sub(r" to (start|change the axis)", "", formula)
    formula = re.sub(r" while (it is made|\w+ works)", "", formula)
    formula = re.sub(rf" ({UNITS})(?![a-z])", "", formula)
    return eval(re.sub(r" x ", " * ", formula), {"__builtins__": {}, "max": max})


def main():
    total, added = None, 0
    for line in sys.stdin.read().splitlines():
        if match := re.match(r"kernel '.*: ([\d,]+) cycles", line):
            total = float(match[1].replace(",", ""))
        elif match := re.match(r" +([\d,]+) +[\d.]+%  ([^:]+(?:: (?:input|largest|all-reduce over [xy]))*): (.*)$", line):
            cycles, result = float(match[1].replace(",", "")), value(match[3])
            assert abs(result - cycles) <= 0.51 + 1e-4 * cycles, (line, result)
            added += result
    assert total is not None and added > 0, "no kernel is explained"
    assert abs(added - total) <= 1 + 1e-4 * total, (added, total)
    print(f"{added:,.0f} cycles, as the kernel says")


if __name__ == "__main__":
    main()
