#!/usr/bin/env python3
"""Says whether a plan is as it was written: digest.py plan.json

`content_sha256` is the SHA-256 of the plan's canonical JSON (RFC 8785) without that member. Only Python's standard
library is used.
"""

import hashlib
import json
import pathlib
import sys


def canonical(value):
    """The text of RFC 8785: one for each value."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    mantissa, _, power = repr(value).partition("e")
    if power and -6 <= int(power) < 0:
        sign, digits = mantissa[: mantissa[0] == "-"], mantissa.replace(".", "").lstrip("-")
        return f"{sign}0.{'0' * (-int(power) - 1)}{digits}"
    return f"{mantissa.removesuffix('.0')}e{int(power):+d}" if power else mantissa


def content_sha256(plan):
    content = {name: value for name, value in plan.items() if name != "content_sha256"}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    plan = json.loads(pathlib.Path(sys.argv[1]).read_text())
    if content_sha256(plan) != plan["content_sha256"]:
        sys.exit(f"{sys.argv[1]} was changed after it was written")
    print(f"{sys.argv[1]} is as it was written")
