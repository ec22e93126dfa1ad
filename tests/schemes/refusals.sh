#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# refusals.sh TALLY EXAMPLES/schemes: each row of refusals.tsv is refused by
# `tally policy check --live` under the right and with the code it names. What
# may never be asked about persons (R9, 1 to 9) even `tally eval` refuses.
set -eu

tally=$(realpath "$1") schemes=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rows=0 failed=0

fail() { printf '%s\n' "$*"; failed=$((failed + 1)); }

tab=$(printf '\t')
while IFS=$tab read -r file edit right code why; do
    case $file in '#'* | '') continue ;; esac
    rows=$((rows + 1))
    case $edit in
    -) cp "$schemes/$file" "$work/policy.yaml" ;;
    persons) sed 's/^subjects: organisations/subjects: members/' "$schemes/$file" >"$work/policy.yaml" ;;
    *) sed "$edit" "$schemes/$file" >"$work/policy.yaml" ;;
    esac
    if [ "$edit" != - ] && cmp -s "$schemes/$file" "$work/policy.yaml"; then
        fail "$file: the edit '$edit' changes nothing"
        continue
    fi
    status=0
    "$tally" policy check --live --format json "$work/policy.yaml" >"$work/out" 2>&1 || status=$?
    if [ "$status" -ne 1 ]; then
        fail "$file: exit status $status where a refusal was expected ($right: $why)"
        sed 's/^/    /' "$work/out" | head -n 20
    elif ! tr '{' '\n' <"$work/out" | grep "\"code\": *\"$code\"" | grep -q "\"right\": *\"$right\""; then
        fail "$file ($edit): not refused under $right $code: $why"
    fi
done <"$schemes/refusals.tsv"

# Every published scheme can be evaluated: none is about what eval refuses.
printf 'event,subject,at\n' >"$work/none.csv"
for file in "$schemes"/*.yaml; do
    "$tally" eval "$file" "$work/none.csv" >"$work/out" 2>&1 || {
        fail "$(basename "$file"): eval refuses a published scheme"
        grep 'refused under' "$work/out" || cat "$work/out"
    }
done

# The published scheme evaluates; with court orders and family among its words it does not.
printf 'event,subject,at,hours,kind,stipended\nservice,ann,2024-06-01,8,community,no\n' >"$work/events.csv"
cp "$schemes/s08-volunteer-award.yaml" "$work/policy.yaml"
"$tally" eval "$work/policy.yaml" "$work/events.csv" >"$work/out" 2>&1 || fail "eval refuses s08 as it stands"
grep -q 'as a live programme: refused' "$work/out" || fail "eval does not print the live verdict of s08"
sed 's/kind: one of community, other/kind: one of community, court-ordered, own family/' \
    "$schemes/s08-volunteer-award.yaml" >"$work/policy.yaml"
status=0
"$tally" eval "$work/policy.yaml" "$work/events.csv" >"$work/out" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "eval of a policy about court orders ends with $status"
grep -q 'refused under R9' "$work/out" || fail "eval does not name R9"
printf '%d refusals asked for, %d not as expected\n' "$rows" "$failed"
[ "$rows" -gt 0 ] && [ "$failed" -eq 0 ]
