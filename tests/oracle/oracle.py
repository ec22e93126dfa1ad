#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A slow evaluator of the policy language, written from docs/policy-language.md and nothing else.

    oracle.py POLICY --events FILE.jsonl --as-of T [--subject S]    one JSON object for each subject
    oracle.py --run-tests POLICY                                    the policy's own tests
"""
import sys

import cli

sys.exit(cli.main())
