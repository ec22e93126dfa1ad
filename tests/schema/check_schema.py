#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema accepts every example policy and refuses what it should.

check_schema.py ROOT: needs python3-jsonschema and python3-ruamel.yaml."""
import copy
import glob
import json
import os
import sys

import jsonschema
from ruamel.yaml import YAML

root = sys.argv[1]
with open(os.path.join(root, "schema/policy.schema.json"), encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)


def plain(value):
    """YAML's dates, numbers with their own text and so on, as JSON has them."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [plain(item) for item in YAML(typ="safe", pure=True).load_all(file)]


failures = 0
checked = 0
paths = sorted(glob.glob(os.path.join(root, "examples/**/*.yaml"), recursive=True))
for path in paths:
    for number, document in enumerate(documents(path), 1):
        checked += 1
        for error in validator.iter_errors(document):
            failures += 1
            where = "/".join(str(part) for part in error.absolute_path)
            print(f"{os.path.relpath(path, root)}, document {number}, {where}: {error.message[:200]}")

# Each change makes a valid policy invalid.
valid = documents(os.path.join(root, "examples/food-hygiene-norwich/policy.yaml"))[0]
CHANGES = {
    "an unknown key at the top": lambda d: d.update(camera="yes"),
    "no subjects": lambda d: d.pop("subjects"),
    "another language version": lambda d: d.update(tallystick=2),
    "a sponsor of no class": lambda d: d.update(sponsor="anybody"),
    "an unknown key in an award": lambda d: d.update(awards={"a": {"for": "inspection", "points": 1, "bonus": 2}}),
    "an award without points": lambda d: d.update(awards={"a": {"for": "inspection"}}),
    "a benefit of no class": lambda d: d.update(
        benefits={"b": {"class": "housing", "needs": "t", "without-points": "x", "non-members": "y"}}),
    "a head that is none": lambda d: d.update(let={"x": {"most of": []}, "grade": 3, "score": []}),
    "a test without a name": lambda d: d.update(tests=[{"expect": {"grade": 1}}]),
}
for name, change in CHANGES.items():
    changed = copy.deepcopy(valid)
    change(changed)
    if validator.is_valid(changed):
        failures += 1
        print(f"the schema accepts {name}")

print(f"{checked} documents and {len(CHANGES)} changes checked, {failures} wrong")
sys.exit(1 if failures or checked == 0 else 0)
