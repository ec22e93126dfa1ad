#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The examples that run a programme do what they say, in small.
#
# usage: village.sh TALLY SOURCE_ROOT
set -eu

tally=$1 root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/examples/village/village.sh" --members 25 --tally "$tally" "$work/village" >"$work/out" || {
    cat "$work/out" >&2
    exit 1
}
for words in 'statements equal the engine' 'result=whole' 'came back and begin at 1 000'; do
    grep -q "$words" "$work/out" || { echo "village.sh does not say '$words'" >&2; cat "$work/out" >&2; exit 1; }
done
# What it published is what it has: every row of the newest snapshot, computed again.
village=$work/village/programme
"$tally" log publish "$village" --once --without-witnesses --now 2026-01-06T01:00:00Z >"$work/out" 2>&1 || {
    cat "$work/out" >&2
    exit 1
}
"$tally" audit "$village/log" --vkey "$("$tally" log key "$village")" --private "$village" >"$work/out" || {
    cat "$work/out" >&2
    exit 1
}
for words in 'result=passed' 'ledger=checked' '[1-9][0-9]* rows' '[1-9][0-9]* opened, [1-9][0-9]* erased'; do
    grep -q "$words" "$work/out" || { echo "the audit does not say '$words'" >&2; cat "$work/out" >&2; exit 1; }
done
"$root/examples/inspections-live/inspections.sh" --businesses 3 --tally "$tally" "$work/inspections" \
    >"$work/out"
grep -q '^3 of 3 statements equal the published score' "$work/out" || {
    cat "$work/out" >&2
    exit 1
}
