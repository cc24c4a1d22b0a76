#!/usr/bin/python3
"""check.py SCHEMA FILE...: prints "accept FILE" or "reject FILE" by python3-jsonschema."""
import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    good = validator.is_valid(json.load(open(path, encoding="utf-8")))
    print("accept" if good else "reject", path)
