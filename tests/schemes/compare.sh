#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# compare.sh TALLY LINE FOLDER FILE...: `tally eval` on the folder's policy and
# files prints the line, twice the same output, and nothing is refused.
set -eu

tally=$(realpath "$1") line=$2 folder=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$folder"

status=0
"$tally" eval policy.yaml "$@" >"$work/first" 2>"$work/errors" || status=$?
"$tally" eval policy.yaml "$@" >"$work/second" 2>/dev/null || true
if [ "$status" -ne 0 ]; then
    echo "exit status $status"
    head -n 20 "$work/errors"
    exit 1
fi
cmp "$work/first" "$work/second"
if ! cat "$work/first" "$work/errors" | grep -qxF "$line"; then
    echo "missing: $line"
    cat "$work/first" "$work/errors" | grep -F reproduced || tail -n 20 "$work/first"
    exit 1
fi
