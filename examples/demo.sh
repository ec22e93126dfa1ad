#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh [--once]: what Tallystick does, on real inspections and a made-up
# village. `./dev demo` builds first and calls this; TALLY is the program to show.
set -eu

examples=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
tally=${TALLY:-tally}
out=${TALLY_DEMO_OUT:-$examples/../build/demo}

for argument in "$@"; do
    case $argument in
    --once) ;;
    *) echo "usage: demo.sh [--once]" >&2; exit 2 ;;
    esac
done
mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd)

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || title() { printf '\n%s\n' "$*"; }

# Results that differ from what was published are no failure of the demo.
evaluate() { "$tally" eval "$@" || [ $? -eq 1 ]; }

title "San Francisco: inspections and violations in, scores out, compared with what the city published"
evaluate "$examples/sf-inspections/policy.yaml" "$examples/sf-inspections/inspections.csv" \
    "$examples/sf-inspections/violations.csv" --plot "$out/sf-inspections.svg" >"$out/sf-inspections.txt"
