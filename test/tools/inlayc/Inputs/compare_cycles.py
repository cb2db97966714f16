"""FIRST SECOND: whether a step of the first plan takes no more cycles than one of the second."""

import json
import sys

first, second = (json.load(open(path))["estimate"]["latency"]["total"] for path in sys.argv[1:])
assert first <= second, (first, second)
