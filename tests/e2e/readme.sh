#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# readme.sh TALLY ROOT: what the README shows is what the program does. The
# statement in it is the real one, and its tutorial and programme work when pasted.
set -eu

tally=$(CDPATH="" cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { printf 'readme: %s\n' "$*" >&2; exit 1; }

# The fenced block after the line that begins with $1.
block() {
    awk -v mark="$1" '
        index($0, mark) == 1 { wanted = 1; next }
        wanted && /^```/ { if (inside) exit; inside = 1; next }
        inside { print }' "$root/README.md"
}

block '<!-- statement:' >"$work/shown"
[ -s "$work/shown" ] || fail "it has no statement"
python3 "$root/examples/green-points/generate.py" >"$work/events.csv"
"$tally" eval "$root/examples/green-points/policy.yaml" "$work/events.csv" --as-of 2026-11-21 \
    --subject m0001 2>/dev/null | sed 's/ *$//' >"$work/real"
diff "$work/shown" "$work/real" || fail "its statement is not the real one"

# The tutorial, in a folder of its own, with this build of the program.
block '<!-- tutorial -->' | sed -e "s|^export PATH=.*|export PATH=\"$(dirname "$tally"):\$PATH\"|" \
    -e "s|/tmp/tallystick-tutorial|$work/tutorial|g" >"$work/tutorial.sh"
grep -q 'tally eval' "$work/tutorial.sh" || fail "it has no tutorial"
sh -eu "$work/tutorial.sh" >"$work/out" 2>"$work/err" || { cat "$work/out" "$work/err"; fail "the tutorial stops"; }
for wanted in 'garden.yaml: is a policy' 'garden.yaml: 1 passed, 0 failed' 'ana         25  gardener' \
    '12 points cut by the limit of 20 per calendar month.'; do
    grep -qF "$wanted" "$work/out" || fail "the tutorial does not print: $wanted"
done
grep -q '^events.csv:6:.*hours' "$work/err" || fail "the tutorial's bad row is not reported"

# The programme, likewise. It names a policy of this tree, so it starts there.
block '<!-- programme -->' | sed -e "s|^export PATH=.*|export PATH=\"$(dirname "$tally"):\$PATH\"|" \
    -e "s|/tmp/tallystick-programme|$work/programme|g" >"$work/programme.sh"
grep -q 'tally wallet leave' "$work/programme.sh" || fail "it runs no programme"
(cd "$root" && sh -eu "$work/programme.sh" >"$work/out" 2>"$work/err") || {
    cat "$work/out" "$work/err"
    fail "the programme stops"
}
for wanted in 'points is a programme.' '1 060   sapling     40 more points and you are an oak' \
    'events      1 from 1 batches' 'verify-export: result=same' 'events          0, each opened' \
    'check: result=whole' 'saved=1'; do
    grep -qF "$wanted" "$work/out" || fail "the programme does not print: $wanted"
done
[ "$(grep -c '^audit: result=passed' "$work/out")" = 2 ] || fail "the programme's audits do not pass"
for wanted in 't-2: E_SCHEMA (R8)' 't-3: E_NOT_RECORDED (R1)' '1 admitted, 2 refused'; do
    grep -qF "$wanted" "$work/err" "$work/out" || fail "the programme does not say: $wanted"
done
