#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# submit.sh TALLY: a source sends files of events to a programme of organisations:
# in three forms, with refusals, again, interrupted at any moment, and later.
set -eu

tally=$1
case $tally in /*) ;; *) tally=$PWD/$tally ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0
now=2026-03-20T09:00:00Z
origin=inspections.city.example/grades

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run STATUS ARGUMENTS...: standard output in `out`, standard error in `err`.
run() {
    wanted=$1
    shift
    status=0
    "$tally" "$@" >out 2>err || status=$?
    [ "$status" -eq "$wanted" ] || {
        fail "exit status $status instead of $wanted: $*"
        cat err
    }
}

# send STATUS ARGUMENTS...: tally submit to the programme.
send() {
    wanted=$1
    shift
    run "$wanted" submit "$@" --programme city --source-key office.key --now "$now"
}

says() { grep -qF -- "$2" "$1" || { fail "$1 does not say: $2"; head -20 "$1"; }; }
silent() { [ ! -s "$1" ] || { fail "$1 is not empty"; head "$1"; }; }
# How many events the replies say were admitted, and how many batches were answered.
answered() {
    python3 - "$1" <<'END'
import base64, glob, json, sys
admitted = batches = 0
for path in glob.glob(sys.argv[1] + "/*.reply"):
    body = open(path).read().split(".")[1]
    promise = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    admitted, batches = admitted + promise["admitted"], batches + 1
print(admitted, batches)
END
}
is() { [ "$1" = "$2" ] || fail "$3: $1 instead of $2"; }

# ---- a programme about premises ----
cat >policy.yaml <<'END'
tallystick: 1
programme: inspections
title: Inspections of premises
purpose: Tell guests what the last inspection found.
contact: inspections@city.example
sponsor: public body
subjects: organisations
basis: the city's published inspection results
keeps-events: 24 months
sources:
  inspectorate: {events: [inspection, void, correction], rate: 1000 per calendar day}
events:
  inspection:
    is: public inspection
    reference: id
    hygiene: one of 0, 5, 10
let:
  last: latest inspection
grade:
  not rated: no inspection
  good: last.hygiene <= 5
  poor: otherwise
END
run 0 init city --origin "$origin" --policy policy.yaml --simulated-clock 2026-03-01T00:00:00Z
run 0 source key office.key
did=$(sed -n 's/.*\(did:key:z[0-9A-Za-z]*\).*/\1/p' out | head -1)
run 0 source add city inspectorate "$did" --now "$now"
{
    echo id,name,register,reference,day
    for i in 1 2 3; do echo "r-$i,Place $i,food business register,FB/$i,2026-01-0$i"; done
} >places.csv
run 0 organisation add city places.csv --now "$now"

# ---- the three forms ----
cat >one.csv <<'END'
id,type,at,subject,reference,hygiene
c-1,inspection,2026-03-02,org:r-1,I/1,5

c-2,inspection,2026-03-02T10:30:00+01:00,org:r-2,I/2,10
END
cat >two.jsonl <<'END'
{"id":"j-1","type":"inspection","at":"2026-03-03","subject":"org:r-1","reference":"I/3","hygiene":0}
{"id":"j-2","type":"void","at":"2026-03-04","subject":"org:r-2","of":"c-2"}
END
cat >three.json <<'END'
[
  {"specversion":"1.0","source":"urn:office","id":"e-1","type":"inspection","time":"2026-03-05T08:00:00Z",
   "subject":"org:r-3","data":{"reference":"I/4","hygiene":5}}
]
END
send 0 one.csv two.jsonl three.json
silent out
says err "5 events in 3 batches: 5 admitted, 0 refused."
is "$(answered office.key.outbox)" "5 3" "answered"
ls office.key.outbox/*.batch >left 2>/dev/null || true
silent left

# ---- what was sent is not sent again ----
send 0 one.csv
says err "one.csv was submitted already, as batches 1 to 1"
says err "0 events in 0 batches"
gzip -k one.csv
send 0 one.csv.gz
says err "was submitted already"
# ---- and where it is, the ledger refuses its events by their ids ----
send 1 --again one.csv
says out "one.csv:2: c-1: E_DUPLICATE"
says out "one.csv:4: c-2: E_DUPLICATE"
says err "2 events in 1 batch: 0 admitted, 2 refused."

# ---- refused events by line, code and right; the others stand ----
cat >four.jsonl <<'END'
{"id":"k-1","type":"inspection","at":"2026-03-06","subject":"org:r-1","reference":"I/5","hygiene":7}
{"id":"k-2","type":"inspection","at":"2026-03-06","subject":"org:r-9","reference":"I/6","hygiene":5}
{"id":"k-3","type":"inspection","at":"2026-03-06","subject":["org:r-1","org:r-2"],"reference":"I/7","hygiene":5}

{"id":"k-4","type":"inspection","at":"2026-03-06","subject":"org:r-1","reference":"I/8","hygiene":5,"cook":"Anna"}
{"id":"k-5","type":"inspection","at":"2026-03-06","subject":"org:r-1","reference":"I/9","hygiene":5}
not json
END
send 1 four.jsonl
says out 'four.jsonl:1: k-1: E_SCHEMA (R8): hygiene: "7" is not one of the field'
says out "four.jsonl:2: k-2: E_NOT_RECORDED"
says out "four.jsonl:3: k-3: E_OTHER_SUBJECT (R11): an event is about one subject"
says out "four.jsonl:5: k-4: E_SCHEMA (R8): inspection has no field \`cook\`"
says out "four.jsonl:7: E_SCHEMA (R8):"
is "$(wc -l <out)" 5 "lines of refusals"
says err "6 events in 1 batch: 1 admitted, 5 refused."

# ---- what cannot be cut is not sent at all ----
printf 'id,type,at,subject,reference,hygiene\nx-1,inspection,2026-03-06,org:r-1,"I\n/1",5\n' >broken.csv
send 1 broken.csv
says err "broken.csv:2: a quote is not closed on its line"
printf 'id,type,at,reference,hygiene\nx-1,inspection,2026-03-06,I/1,5\n' >columns.csv
send 1 columns.csv
says err "there is no column \`subject\`"
send 0 --abandon
send 2 one.csv --form xml
send 2 --number 7 one.csv
send 3 missing.csv
cp one.csv one.txt
send 1 one.txt
says err "say what it is with --form"

# ---- a key that the programme does not know ----
run 0 source key other.key
run 1 submit one.csv --programme city --source-key other.key --now "$now"
says err "E_SOURCE"

# ---- written now, sent later ----
cat >five.csv <<'END'
id,type,at,subject,reference,hygiene
f-1,inspection,2026-03-07,org:r-1,I/11,5
f-2,inspection,2026-03-07,org:r-2,I/12,5
f-3,inspection,2026-03-07,org:r-3,I/13,0
END
run 0 submit five.csv --origin "$origin" --source-key office.key --events-per-batch 2
says err "3 events in 2 batches written to the outbox."
ls office.key.outbox/*.batch >left
is "$(wc -l <left)" 2 "waiting batches"
send 0
says err "3 events in 2 batches: 3 admitted, 0 refused."
run 1 submit five.csv --origin other.example --source-key office.key
says err "choose another with --outbox"
# Another outbox of the same source begins where the programme says.
send 1 --outbox second one.csv
says err "2 events in 1 batch: 0 admitted, 2 refused."
send 1 --again five.csv
says err "has another outbox been used?"

# ---- interrupted at any moment, given again as it was ----
run 0 source key busy.key
did=$(sed -n 's/.*\(did:key:z[0-9A-Za-z]*\).*/\1/p' out | head -1)
run 0 source rotate city inspectorate "$did" --now "$now"
{
    echo id,type,at,subject,reference,hygiene
    i=0
    while [ $i -lt 900 ]; do
        i=$((i + 1))
        echo "m-$i,inspection,2026-03-$((i % 9 + 10))T10:00:00Z,org:r-$((i % 3 + 1)),M/$i,5"
    done
} >many.csv
kills=0
for delay in 0.01 0.02 0.03 0.04 0.05 0.06 0.08 0.10 0.12 0.15 0.18 0.22 0.26 0.30 0.35 0.40; do
    status=0
    timeout -s KILL "$delay" "$tally" submit many.csv --programme city --source-key busy.key \
        --now "$now" --events-per-batch 25 >out 2>err || status=$?
    [ "$status" -eq 137 ] || break
    kills=$((kills + 1))
done
run 0 submit many.csv --programme city --source-key busy.key --now "$now" --events-per-batch 25
is "$(answered busy.key.outbox)" "900 36" "after $kills kills, answered"
[ "$kills" -gt 0 ] || fail "no kill came in time"
run 0 submit many.csv --programme city --source-key busy.key --now "$now"
says err "many.csv was submitted already, as batches"

[ "$failures" -eq 0 ] || exit 1
echo "submit: all good ($kills kills)"
