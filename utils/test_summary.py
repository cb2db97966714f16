#!/usr/bin/env python3
"""Adds up JUnit result files and prints 'N passed, N failed, N skipped' as the last line."""

import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    """Returns (tests, failed, skipped) of one result file."""
    totals = [0, 0, 0]
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        totals[0] += int(suite.get("tests", 0))
        totals[1] += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        totals[2] += int(suite.get("skipped", 0))
    return totals


def main(paths):
    tests, failed, skipped = (sum(column) for column in zip(*map(count, paths)))
    print(f"{tests - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or tests == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
