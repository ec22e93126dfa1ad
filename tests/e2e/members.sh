#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# members.sh TALLY: from the roll to the certificate: members join a programme, hand out
# cards, get events, renew, change keys, leave; the store is swept, backed up and restored.
set -eu

tally=$1
case $tally in /*) ;; *) tally=$PWD/$tally ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0
t0=2026-03-02T09:00:00Z
t1=2026-03-10T09:00:00Z
origin=green.riverside.example/points

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run STATUS ARGUMENTS...: standard output in `out`, standard error in `err`.
run() {
    wanted=$1
    shift
    status=0
    setsid -w "$tally" "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || {
        fail "exit status $status instead of $wanted: $*"
        cat out err
    }
}

says() { grep -qF -- "$2" "$1" || { fail "$1 does not say: $2"; head -20 "$1"; }; }
is() { [ "$1" = "$2" ] || fail "$3: $1 instead of $2"; }
# Bytes of the programme's folder, in any of its files.
holds() { grep -rqF -- "$1" village; }

cat >policy.yaml <<'END'
tallystick: 1
programme: green-points
title: Green points
purpose: Thank residents who plant trees and share tools.
contact: green@riverside.example
sponsor: association
subjects: members
members: adults
keeps-events: 24 months
sources:
  parks-office: {events: [tree-planted], rate: 10 per calendar day}
  tool-library: {events: [tool-returned], rate: 5 per calendar day}
events:
  tree-planted: {is: shared-place care, trees: 1..50}
  tool-returned: {is: loan returned, item: id}
awards:
  trees:
    for: tree-planted
    points: 20 * trees
    expires: after 24 months
    because: Trees planted, and seen by the parks office.
END

# ---- a programme, its sources, its roll ----
run 0 init village --origin "$origin" --policy policy.yaml --simulated-clock "$t0"
run 0 source key parks.key
parks=$(grep -o 'did:key:z[A-Za-z0-9]*' out | head -n 1)
run 0 source add village parks-office "$parks" --now "$t0"
run 0 source key tools.key
run 0 source add village tool-library "$(grep -o 'did:key:z[A-Za-z0-9]*' out | head -n 1)" --now "$t0"
run 0 roll issue village --count 5 --now "$t0"
mv out tokens
is "$(wc -l <tokens)" 5 "tokens issued"
is "$(sort -u tokens | wc -l)" 5 "different tokens"

# ---- joining ----
(umask 077 && echo 'four trees by the canal' >passphrase)
run 0 wallet new --words words --passphrase-file passphrase person
run 1 wallet join --tokens tokens --passphrase-file passphrase --now "$t0" person village
says err E_NOT_AVAILABLE # a pilot takes nobody who is somebody
run 0 wallet new --generated 4 members
run 2 wallet join --tokens tokens --now "$t0" members village
says err '--member N or --all'
run 1 wallet join --now "$t0" --member 0 members village
says err 'no enrolment token'
run 0 wallet join --tokens tokens --now "$t0" --member 0 members village
says out "Joined $origin as did:key:"
says out 'until 2028-03-02'
ana=$(grep -o 'did:key:z[A-Za-z0-9]*' out | head -n 1)
holds "$ana" || fail "a member's key is not found where it should be"
run 1 wallet join --tokens tokens --now "$t0" --member 1 members village
says err E_TOKEN # the first was used
tail -n 4 tokens >rest
run 0 wallet join --tokens rest --now "$t0" --all members village
run 1 wallet join --tokens rest --now "$t0" --member 2 members village
says err 'member already'

# ---- receipts ----
run 0 wallet receipts --member 0 members village
says out 'participation  2026-03-02 to 2028-03-02  rules 1'
record=$(cut -d ' ' -f 1 out)
run 0 wallet receipts --member 0 --record "$record" --to receipt.json members village
run 0 receipt verify receipt.json
says out 'signed     by both'
says out "$ana (generated: no person)"
run 1 receipt verify receipt.json --programme-did "$parks"
says out result=invalid
sed 's/"payload":"e/"payload":"f/' receipt.json >altered.json
run 1 receipt verify altered.json
says out result=invalid
run 3 receipt verify nowhere.json

# ---- cards, and events about whom they name ----
run 0 wallet card --source parks-office --member 0 members village
card=$(cat out)
handle=$(echo "$card" | cut -d ' ' -f 5)
run 0 wallet card --source tool-library --member 0 members village
[ "$(cut -d ' ' -f 5 out)" != "$handle" ] || fail "two sources get one handle"
run 0 wallet card --source parks-office --qr --svg card.svg --member 0 members village
says out '██'
says card.svg '<svg xmlns'
run 1 wallet card --source nobody --member 0 members village
run 0 wallet card --source parks-office --all members village
is "$(grep -c '^TALLY-CARD 1 ' out)" 4 "cards of all"
cat >trees.jsonl <<END
{"id":"t1","type":"tree-planted","at":"2026-03-05","subject":"handle:$handle","trees":3}
{"id":"t2","type":"tree-planted","at":"2026-03-05","subject":"handle:aaaaaaaaaaaaaaaaaaaaaaaaaa","trees":1}
{"id":"t3","type":"tree-planted","at":"2026-03-01","subject":"handle:$handle","trees":1}
END
run 1 submit trees.jsonl --programme village --source-key parks.key --now "$t1"
cat out err >said
is "$(grep -c E_NOT_RECORDED said)" 2 "tR1_neg, tR3_neg: an unknown member and one before joining look alike"
run 0 check village
says out result=whole

# ---- keys ----
run 0 wallet rotate --member 1 --now "$t1" members village
says out 'now knows you as did:key:'
cp members old-copy
run 0 wallet rotate --member 1 --now "$t1" members village
run 1 wallet consent --member 1 --now "$t1" old-copy village
says err E_NOT_RECORDED # the other device's key is nobody's now
run 0 wallet rotate --recovery --member 1 --now "$t1" old-copy village
run 0 wallet consent --member 1 --now "$t1" old-copy village
says out Renewed:

# ---- backup, leaving, and what is left ----
run 0 backup village --now "$t1"
backup=$(cat out)
is "$(stat -c %a "$backup")" 600 "mode of a backup"
run 2 wallet leave --member 0 --now 9999-12-31T00:00:00Z members village
says err 'no instant for a clock' # what has to be gone by then would be beyond the calendar
# Another process writes: leaving waits for it.
flock -n village/ledger.db.lock sleep 1 &
sleep 0.2
run 0 wallet leave --member 0 --now "$t1" members village
wait
says out 'Done. Gone by 2026-03-13, from backups by 2026-04-09.'
says out '1 events, 1 receipts'
! holds "$ana" || { [ "$(grep -rlF -- "$ana" village)" = "$backup" ] || fail "tR32_neg: $(grep -rlF -- "$ana" village) hold who left"; }
run 0 wallet leave --member 0 --now "$t1" members village
says out 'Nothing is recorded under this key'
printf '%s\n' '{"id":"t4","type":"tree-planted","at":"2026-03-10","subject":"handle:'"$handle"'","trees":1}' >late.jsonl
run 1 submit late.jsonl --programme village --source-key parks.key --now 2026-03-10T09:00:01Z
cat out err >said
says said E_NOT_RECORDED # tR2_neg: an event one second later
run 0 wallet withdraw --member 2 --record "$(setsid -w "$tally" wallet receipts --member 2 members village | cut -d ' ' -f 1)" --now "$t1" members village
says out 'Done. Gone by'
run 0 check village
says out result=whole

# ---- restore ----
run 1 restore "$backup" village --now "$t1"
says err '--replace'
mv village/erasures kept
run 1 restore "$backup" village --replace --now "$t1"
says err 'erasures'
mv kept village/erasures
cp -p village/erasures kept
: >village/erasures
run 1 restore "$backup" village --replace --now "$t1"
says err 'was cut' # tR32_neg: who left would come back
run 1 check village
says out result=damaged
mv kept village/erasures
run 0 restore "$backup" village --replace --now "$t1"
says out 'erased again: 2 members'
says out 'parks-office: its batches from number 2 on'
! grep -qF -- "$ana" village/ledger.db || fail "tR32_neg: a restore brings back who left"
run 0 check village
says out result=whole

# ---- restoring behind a published log: it goes on, and was never rewritten ----
run 0 init ahead --origin ahead.example/points --policy policy.yaml --simulated-clock "$t0"
run 0 roll issue ahead --count 2 --now "$t0"
mv out ahead-tokens
run 0 wallet new --generated 2 others
run 0 wallet join --tokens ahead-tokens --member 0 --now "$t0" others ahead
run 0 backup ahead --now "$t0"
backup=$(cat out)
run 0 wallet leave --member 0 --now "$t1" others ahead
run 0 log publish ahead --once --without-witnesses --now "$t1"
heads=$(cksum <ahead/log-state/heads)
run 0 restore "$backup" ahead --replace --now "$t1"
says out 'erased again: 1 members'
says out 'taken over from the log: '
is "$(cksum <ahead/log-state/heads)" "$heads" "the publisher's heads after a restore"
run 0 check ahead
run 0 log publish ahead --once --without-witnesses --now 2026-03-11T09:00:00Z
run 0 audit ahead/log --vkey "$(grep -o '"log-key":"[^"]*"' ahead/log/documents/0 | cut -d '"' -f 4)" --documents ahead/log/documents
says out result=passed

# ---- a store that was cut ----
mkdir cut
cp -Rp village/. cut
head -c 20000 village/ledger.db >cut/ledger.db
rm -f cut/ledger.db-*
run 1 check cut
says err 'put a backup in its place'

# ---- sweeping ----
run 0 sweep village --now 2026-04-01T09:00:00Z
says out 'backups=0 rewritten=yes'
run 0 sweep village --now 2026-04-10T09:00:00Z
says out 'backups=1 rewritten=no'
! holds "$ana" || fail "tR32_neg: $(grep -rlF -- "$ana" village) still hold who left"
run 0 sweep village --now 2029-01-01T00:00:00Z
run 0 check village
says out result=whole

# ---- help ----
for command in "roll issue" "receipt verify" sweep backup restore "wallet join" "wallet card" \
    "wallet consent" "wallet receipts" "wallet withdraw" "wallet rotate" "wallet leave"; do
    # One word each.
    # shellcheck disable=SC2086
    run 0 $command --help
    says out "Usage: tally $command"
    # shellcheck disable=SC2086
    run 2 $command --no-such-option x y z
done

[ "$failures" -eq 0 ] || { echo "members.sh: $failures failures"; exit 1; }
