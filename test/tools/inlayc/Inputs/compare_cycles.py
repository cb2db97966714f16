"""FIRST SECOND [TIMES]: whether a step of the first plan takes no more cycles than one of the second, times so much."""

import json
import sys

first, second = (json.load(open(path))["estimate"]["latency"]["total"] for path in sys.argv[1:3])
times = float(sys.argv[3]) if len(sys.argv) > 3 else 1
assert first <= times * second, (first, second)
