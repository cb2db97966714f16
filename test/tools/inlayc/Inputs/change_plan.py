#!/usr/bin/env python3
"""Prints a plan with one number changed: change_plan.py PLAN path.to.it=NUMBER."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    plan = json.load(file)
path, _, number = sys.argv[2].partition("=")
*owners, last = [int(key) if key.isdigit() else key for key in path.split(".")]
owner = plan
for key in owners:
    owner = owner[key]
owner[last] = json.loads(number)
json.dump(plan, sys.stdout)
