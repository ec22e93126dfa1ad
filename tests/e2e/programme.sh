#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A programme from the command line: making it, its sources, its versions, its log.
#
# usage: programme.sh TALLY
set -eu

tally=$1
case $tally in /*) ;; *) tally=$PWD/$tally ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

fail() {
    echo "FAILED: $1" >&2
    failures=$((failures + 1))
}

# expect STATUS NAME COMMAND...: run, compare the exit status; output is in `out`, what is said in `err`.
expect() {
    wanted=$1 name=$2
    shift 2
    status=0
    "$@" >out 2>err || status=$?
    if [ "$status" -ne "$wanted" ]; then
        fail "$name: status $status, not $wanted"
        cat out err >&2
    fi
}

says() {
    grep -q -- "$1" out err || {
        fail "$2: does not say '$1'"
        cat out err >&2
    }
}

cat >v1.yaml <<'YAML'
tallystick: 1
programme: green-points
title: Green points
purpose: Thank residents who plant trees and share tools.
contact: green@riverside.example
sponsor: association
subjects: members
keeps-events: 24 months
sources:
  parks-office: {events: [tree-planted], rate: 10 per calendar day}
events:
  tree-planted: {is: shared-place care, trees: 1..50}
awards:
  trees:
    for: tree-planted
    points: 20 * trees
    expires: after 24 months
    because: Trees planted, and seen by the parks office.
YAML

origin=green.riverside.example/points
t0=2026-03-02T09:00:00Z

# ---- init ----
expect 2 "init without a policy" "$tally" init p --origin "$origin"
expect 3 "init with a missing file" "$tally" init p --origin "$origin" --policy none.yaml
sed 's/^purpose:.*//' v1.yaml >silent.yaml
expect 1 "tR28_neg: no purpose" "$tally" init p --origin "$origin" --policy silent.yaml
says 'silent.yaml:' "a refusal has its place"
says R28 "a refusal names the right"
[ ! -e p ] || fail "a refused programme is there"
expect 1 "init with a scheme in the origin" "$tally" init p --origin "https://$origin" --policy v1.yaml
expect 0 init "$tally" init p --origin "$origin" --policy v1.yaml --simulated-clock "$t0"
says 'tally source add p parks-office' "init says what is next"
says pilot "init says that it is a pilot"
for key in operator programme log; do
    [ "$(stat -c %a p/keys/$key.key)" = 600 ] || fail "$key.key is not private"
done
expect 1 "init over a programme" "$tally" init p --origin "$origin" --policy v1.yaml

# ---- a kill leaves nothing or everything ----
for delay in 0.001 0.003 0.01 0.02 0.03 0.05 0.08 0.12; do
    rm -rf k .k.tally-init
    "$tally" init k --origin "$origin" --policy v1.yaml >/dev/null 2>&1 &
    pid=$!
    sleep "$delay"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if [ -e k ]; then
        expect 0 "killed after $delay s: whole" "$tally" programme k
    else
        expect 0 "killed after $delay s: made anew" "$tally" init k --origin "$origin" --policy v1.yaml
    fi
    [ ! -e .k.tally-init ] || fail "killed after $delay s: something is left over"
done

# ---- the public record ----
expect 0 programme "$tally" programme p
says "$origin" "the record names the origin"
says 'R30  Disputes' "the record lists what is not enforced"
expect 0 "programme as JSON" "$tally" programme p --format json --rules
python3 - out <<'PY' || fail "the record is no JSON with its rules"
import json, sys
record = json.load(open(sys.argv[1]))
assert record["pilot"] and record["clock"] == "simulated" and record["rules"]
assert any(right["right"] == "R30" for right in record["not-enforced"])
assert "members" not in json.dumps([key for key in record])
PY
expect 1 "no programme there" "$tally" programme .
says 'tally init' "it says how to make one"

# ---- sources ----
expect 0 "source key" "$tally" source key a.key
a=$(cat out)
expect 0 "source key" "$tally" source key b.key
b=$(cat out)
expect 1 "a key file is not overwritten" "$tally" source key a.key
expect 1 "a simulated clock wants --now" "$tally" source add p parks-office "$a"
says 'with --now' "it says so"
expect 0 "source add" "$tally" source add p parks-office "$a" --now "$t0"
expect 1 "tR10_neg: undeclared" "$tally" source add p cameras "$b" --now "$t0"
says E_SOURCE "an undeclared source is refused"
expect 0 "source request" "$tally" source request a.key b.key --origin "$origin" -o message --now "$t0"
expect 0 "source rotate by message" "$tally" source rotate p --message message --now "$t0"
says "$b" "the new key is the present one"
expect 1 "the message counts once" "$tally" source rotate p --message message --now "$t0"
expect 0 "source revoke" "$tally" source revoke p parks-office --from 1 --now "$t0"
expect 0 "source list" "$tally" source list p
says revoked "the list says revoked"

# ---- versions ----
# version N: a policy from v1.yaml with points and a day, after the newest version
next() {
    hash=$("$tally" policy hash "p/policies/$1.yaml" | tail -n 1 | cut -d ' ' -f 1)
    sed "s/20 \* trees/$2 * trees/" v1.yaml
    printf 'from: %s\nprevious: %s\n' "$3" "$hash"
}
next 1 25 2026-03-02 >better.yaml
expect 0 "policy publish --dry-run" "$tally" policy publish p better.yaml --dry-run
says 'better   awards.trees.points' "the change is shown with its label"
[ ! -e p/policies/2.yaml ] || fail "a dry run published"
expect 1 "another day was asked for" "$tally" policy publish p better.yaml --from 2026-03-05 --now "$t0"
expect 0 "tR25_pos: better today" "$tally" policy publish p better.yaml --now "$t0"
[ -e p/policies/2.yaml ] || fail "no policies/2.yaml"
next 2 5 2026-03-20 >worse.yaml
expect 1 "tR25_neg: worse without notice" "$tally" policy publish p worse.yaml --now "$t0"
says E_NOTICE_PERIOD "it names the code"
says 'worse.yaml:' "it has the place"
next 2 5 2026-04-05 >worse.yaml
expect 0 "tR25_pos: worse with notice" "$tally" policy publish p worse.yaml --now "$t0"

# ---- the log ----
expect 0 "log publish" "$tally" log publish p --once --without-witnesses --now 2026-03-02T10:00:00Z
expect 0 "log publish, the next day" "$tally" log publish p --once --without-witnesses --now 2026-03-03T10:00:00Z
vkey=$("$tally" log key p)
expect 0 audit "$tally" audit p/log --vkey "$vkey" --documents p/log/documents --private p
says 'result=passed' "the audit passes"
says 'documents=checked' "the documents are checked"
says 'ledger=checked' "the ledger is checked"
says '[1-9][0-9]* rows' "the rows of the newest snapshot are opened"
expect 0 "log rotate-key" "$tally" log rotate-key p --now 2026-03-03T11:00:00Z
expect 0 "log publish with both keys" "$tally" log publish p --once --without-witnesses --now 2026-03-03T12:00:00Z
expect 0 "audit with the old key" "$tally" audit p/log --vkey "$vkey" --documents p/log/documents --private p
says 'result=passed' "the audit passes while keys change"
expect 1 "tally log append is not for programmes" "$tally" log append p --policy v1.yaml
expect 0 "the record has the checkpoint" "$tally" programme p
says 'entries, root' "the record has the checkpoint"

# ---- organisations ----
sed -e 's/^subjects: members/subjects: organisations\nbasis: the register of premises/' \
    -e 's/shared-place care, trees: 1..50/public inspection, reference: id, trees: 1..50/' \
    -e 's/Trees planted, and seen by the parks office./What the inspection found./' \
    -e 's/^title: .*/title: Inspections/' \
    -e 's/^purpose: .*/purpose: Tell guests what was found./' \
    -e 's/^programme: .*/programme: inspections/' v1.yaml >org.yaml
expect 0 "init about organisations" "$tally" init o --origin inspections.city.example --policy org.yaml
printf 'id,name,register,reference,day\n17,Café Mar,premises,FB/17,2026-02-01\n18,Bar Sol,premises,FB/18,2026-02-02\n' >orgs.csv
expect 0 "tR35_pos: organisation add FILE" "$tally" organisation add o orgs.csv
says '2 added' "two were added"
expect 0 "the same again" "$tally" organisation add o orgs.csv
says '0 added, 2 were there' "nothing is added twice"
printf 'id,name,register,reference,day\n19,Third,premises,FB/19,2026-02-01\n20,Fourth,premises,,2026-02-01\n' >unsourced.csv
expect 1 "tR35_neg: unsourced" "$tally" organisation add o unsourced.csv
says E_NOT_AN_ORG "it names the code"
says 'unsourced.csv:3' "it names the line"
expect 1 "all of a file or none" "$tally" organisation find o Third
printf 'id,name,register,reference,day\n19,Smith, Sons,premises,FB/19,2026-02-01\n' >shifted.csv
expect 1 "a line with a column too many" "$tally" organisation add o shifted.csv
says 'shifted.csv:2' "it names the line"
expect 1 "tR35_neg: no tokens where nobody joins" "$tally" roll issue o
says E_NOT_AN_ORG "it names the code"
expect 0 "organisation find" "$tally" organisation find o caf
says 'org:17' "the search finds it"
expect 1 "tR35_neg: a programme about members" "$tally" organisation find p
says E_NOT_AN_ORG "members are not searched"

[ "$failures" -eq 0 ]
