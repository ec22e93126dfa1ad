#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# refusals.sh TALLY EXAMPLES/schemes: each row of refusals.tsv is refused by
# `tally policy check --live` under the right and with the code it names.
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
printf '%d refusals asked for, %d not as expected\n' "$rows" "$failed"
[ "$rows" -gt 0 ] && [ "$failed" -eq 0 ]
