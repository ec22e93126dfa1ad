#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# eval.sh TALLY FOLDER: `tally eval` on small files, beside what it must print.
set -eu

tally=$1 folder=$2
case $tally in /*) ;; *) tally=$PWD/$tally ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$folder"/* "$work"
cd "$work"
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run STATUS ARGUMENTS...: standard output in `out`, standard error in `err`.
run() {
    wanted=$1
    shift
    status=0
    "$tally" eval "$@" >out 2>err || status=$?
    if [ "$status" -ne "$wanted" ]; then
        fail "exit status $status instead of $wanted: eval $*"
        cat err
    fi
}

# same FILE WHAT: standard output is the same as before.
same() { cmp -s out "$1" || { fail "$2"; diff "$1" out | head -20; }; }
says() { grep -qF -- "$2" "$1" || { fail "$1 does not say: $2"; head -20 "$1"; }; }
silent_on() { ! grep -qF -- "$2" "$1" || fail "$1 says: $2"; }

# ---- golden outputs ----
run 0 kudos.yaml events.csv
same events.table "the table"
run 0 kudos.yaml events.csv --format csv
same events.out.csv "the CSV"
says err "as a live programme: refused for"
run 0 kudos.yaml events.csv --format json
same events.out.jsonl "the JSON Lines"
run 1 kudos.yaml bad.csv --format csv
sed '/^as a live/d' err >refusals
cmp -s refusals bad.errors || { fail "the refusals"; diff bad.errors refusals || true; }
run 1 reads.yaml rows.csv --format csv
same rows.out.csv "reading by the policy's reads"
says err "rows.csv:6:1: date \`9\` is not in the other file"
says err "kudos-files: 2 of 3 published sums reproduced"
says err "secret 1"
run 0 kudos.yaml events.csv --plot plot.svg
cmp -s plot.svg events.svg || fail "the picture"
[ "$(echo plot.svg*)" = plot.svg ] || fail "something is left beside the picture"

# ---- a statement also says which of the subject's own rows were refused ----
cat >own.csv <<'END'
event,subject,at,hours
thanks,anna,2026-01-05,4.5
thanks,anna,2026-01-06,999
thanks,berta,2026-01-06,888
END
run 1 kudos.yaml own.csv --subject anna
says out "Refused, and without effect"
# shellcheck disable=SC2016
says out 'own.csv:3:24: hours `999`'
silent_on out 888
run 1 kudos.yaml own.csv --subject anna --format json
# shellcheck disable=SC2016
says out '"refused": ["Record own.csv:3:24: hours `999`'
says out '"lines": ['

# ---- a correction of when something happened ----
cat >moved.csv <<'END'
event,subject,at,id,of,corrected-at,hours
thanks,anna,2026-01-05,1,,,4
correction,anna,2026-01-20,2,1,2025-12-05,
END
run 0 kudos.yaml moved.csv --subject anna --as-of 2026-01-31
says out "2025-12-05  thanks"

# ---- one answer, whatever the order and the container ----
run 0 kudos.yaml events.csv --format csv
mv out first
{ head -1 events.csv; tail -n +2 events.csv | sort -r; } >shuffled.csv
run 0 kudos.yaml shuffled.csv --format csv
same first "the order of rows matters"
{ head -1 events.csv; tail -n +2 events.csv | sort -t, -k2,2; } >by-text.csv
run 0 kudos.yaml by-text.csv --format csv
same first "the order of subjects matters"
head -6 events.csv >part1.csv
{ head -1 events.csv; tail -n +7 events.csv; } >part2.csv
run 0 kudos.yaml part2.csv part1.csv --format csv
same first "several files differ from one"
gzip -k events.csv
run 0 kudos.yaml events.csv.gz --format csv
same first "gzip differs"
status=0
"$tally" eval kudos.yaml - --format csv <events.csv >out 2>err || status=$?
[ "$status" -eq 0 ] || fail "standard input: exit status $status"
same first "standard input differs"
sed 's/$/\r/' events.csv >crlf.csv
run 0 kudos.yaml crlf.csv --format csv
same first "CRLF differs"
run 0 kudos.yaml events.csv --format csv --limit-rows 2
same first "--limit-rows cuts CSV"
cat >events.jsonl <<'END'
{"event":"thanks","subject":"anna","at":"2026-01-05","id":"1","hours":4.5,"kind":"big"}
{"event":"thanks","subject":"anna","at":"2026-01-06","id":2,"hours":8.0,"kind":"small"}
{"event":"thanks","subject":"anna","at":"2026-02-01","id":"3","hours":"1.5"}
{"event":"visit","subject":"anna","at":"2026-02-02","id":"4","hours":null}
{"specversion":"1.0","type":"thanks","source":"x","subject":"Berg, Ute","time":"2026-01-05T10:00:00+02:00","id":"5","data":{"hours":2.0,"kind":"big"}}
{"event":"visit","subject":"7","at":"2026-01-09","id":"6"}
{"event":"visit","subject":"007","at":"2026-01-09","id":"7"}
{"event":"visit","subject":"70","at":"2026-03-01","id":"8"}
{"id":"9","event":"thanks","subject":"70","at":"2026-03-01","kind":"small","hours":12}
{"event":"visit","subject":"anna","at":"2026-03-02","id":"10"}
END
run 0 kudos.yaml events.jsonl --format csv
same first "JSON Lines differ"
for round in 1 2 3; do
    run 0 kudos.yaml events.csv
    same events.table "run $round differs from the first"
done

# ---- many at once gives what one at a time gives ----
sed '/^report:/d' kudos.yaml >plain.yaml
run 0 kudos.yaml shuffled.csv --format csv
sed 's/,[^,]*$//' out >general
run 0 plain.yaml shuffled.csv --format csv
same general "columns differ from the general way"
run 0 plain.yaml events.csv --format csv
same general "streamed columns differ from the general way"

# ---- records about records, whether streamed or gathered ----
run 1 kudos.yaml records.csv --format csv
mv out first
says first "anna,scored,5,1005,no tier,0"
says first "berta,scored,7,1007,no tier,0"
says err "records.csv:7:1: 6: "
says err "records.csv:9:1: 7: "
{ sed -n 1p records.csv; sed -n 4p records.csv; sed '1d;4d' records.csv; } >mixed.csv
run 1 kudos.yaml mixed.csv --format csv
same first "gathered records about records differ from streamed ones"

# ---- what is asked ----
run 0 kudos.yaml events.csv --subject anna
says out "Statement of anna"
silent_on out "Berg"
run 1 kudos.yaml events.csv --subject nobody
says err "the files know no subject 'nobody'"
run 0 kudos.yaml events.csv --as-of 2026-01-05 --format csv
says out "anna,scored,9,1009,no tier,1"
run 0 kudos.yaml events.csv --explain --format json
[ "$(wc -l <out)" -eq 5 ] || fail "a statement is not one line of JSON"
run 1 reads.yaml rows.csv --misses
says out "rows.csv:3: Faro/Rua B: computed 10, published 11"
[ "$(grep -c published out)" -eq 3 ] || fail "--misses lists more than the misses"
run 1 reads.yaml rows.csv --misses --format csv
says out "rows.csv,3,Faro/Rua B,10,11"
printf 'who,when,h,result\nanna,05/01/2026,4.5,9\nberta,06/01/2026,1,3\n' >named.csv
run 0 kudos.yaml named.csv --map event=thanks --map subject=who --map at=when --map hours=h \
    --map dates=DD/MM/YYYY --expect score=result
says out "kudos: 1 of 2 published results reproduced"

# ---- faults ----
run 1 kudos.yaml bad.csv --strict
says err "stopped at the first refused row"
[ ! -s out ] || fail "--strict prints results"
run 1 refused.yaml events.csv
says err "R9 (2)"
[ ! -s out ] || fail "a refused policy gives results"
run 3 kudos.yaml missing.csv
says err "missing.csv: No such file"
run 3 kudos.yaml kudos.yaml
says err "there is no column \`event\` among "
says err "--map event=COLUMN"
: >empty.csv
run 3 kudos.yaml empty.csv
says err "empty.csv: the file is empty"
# What files hold is printed, never obeyed by a terminal.
printf 'subject,event,at,hours,kind,odd\302\233\na\302\233m,visit,2026-01-05,,,\nb\342\200\256,visit,2026-01-05,,,\nc,\302\2332J,2026-01-05,,,\nd,visit,\033[2J,,,\ne,visit,2026-01-05,\302\205,,\n' >obeyed.csv
run 1 kudos.yaml obeyed.csv
says err "obeyed.csv:3:1: the subject is too long, not UTF-8, or has control characters"
says err "5 of 5 rows refused"
! grep -q "$(printf '\302[\200-\237]\|\033\|\342\200\256')" err || fail "a file's control characters are printed"
printf 'who,when,result\nanna,2026-01-05,\302\2332J\n' >published.csv
run 0 kudos.yaml published.csv --map event=visit --map subject=who --map at=when \
    --expect score=result --misses
says out "no score: ..2J 1"
head -c 60 events.csv.gz >cut.csv.gz
run 3 kudos.yaml cut.csv.gz
says err "the gzip data ends too early"
run 3 missing.yaml events.csv
run 2 kudos.yaml
run 2
run 2 kudos.yaml events.csv --what
run 2 kudos.yaml events.csv ./events.csv
says err "./events.csv is named twice"
run 2 kudos.yaml - -
run 2 - -
run 3 kudos.yaml .
: >empty.yaml
run 1 empty.yaml events.csv
# Reports keep their columns where the first subject cannot be computed.
cat >failing.yaml <<'END'
tallystick: 1
programme: failing
title: Failing
subjects: members
events:
  e: {x: 0..9000000000000}
let:
  square: sum(x of e) * sum(x of e)
  twice: 2 * sum(x of e)
report: [square, twice]
END
printf 'subject,event,at,x\na,e,2026-01-05,9000000000000\nb,e,2026-01-05,3\n' >failing.csv
run 1 failing.yaml failing.csv --format csv
printf 'subject,square,twice\na,,\nb,9,6\n' >wanted
same wanted "reports after a subject that fails"
says err "subject a: a number leaves its range"
# Exit statuses of the other commands.
status_of() {
    wanted=$1
    shift
    status=0
    "$tally" "$@" >out 2>err || status=$?
    [ "$status" -eq "$wanted" ] || fail "exit status $status instead of $wanted: $*"
}
for command in check test explain hash freeze; do
    status_of 3 policy "$command" missing.yaml
    status_of 3 policy "$command" .
    status_of 1 policy "$command" empty.yaml
    status_of 2 policy "$command"
    status_of 2 policy "$command" --what
done
# Options may stand behind the files, as those of eval may.
status_of 1 policy check kudos.yaml --live
says out "refused under"
status_of 0 policy check kudos.yaml --format json kudos.yaml
says out '"unused'
status_of 0 policy test kudos.yaml --format=json
says out '['
for command in check test; do
    status_of 2 policy "$command" kudos.yaml --what
    status_of 2 policy "$command" kudos.yaml --format
    status_of 0 policy "$command" kudos.yaml --help
    says out "Usage: tally policy $command"
done
status_of 3 policy check kudos.yaml missing.yaml empty.yaml
# Colours on a terminal only, and not where NO_COLOR is set.
if command -v script >/dev/null; then
    escape=$(printf '\033')
    NO_COLOR='' script -qc "$tally policy check empty.yaml" /dev/null >coloured </dev/null || true
    NO_COLOR=1 script -qc "$tally policy check empty.yaml" /dev/null >plain </dev/null || true
    says coloured "${escape}[1m"
    says plain "there is no policy"
    silent_on plain "$escape"
    status_of 1 policy check empty.yaml
    silent_on out "$escape"
fi
status_of 3 policy freeze kudos.yaml -o /nonexistent/frozen.json
if [ -c /dev/full ]; then
    for command in 'policy check kudos.yaml' 'policy explain kudos.yaml' 'policy hash kudos.yaml' \
        'policy freeze kudos.yaml' 'policy schema' 'policy words' 'eval kudos.yaml events.csv' \
        'eval kudos.yaml events.csv --explain' 'eval --help' --help version; do
        status=0
        # shellcheck disable=SC2086
        "$tally" $command >/dev/full 2>err || status=$?
        [ "$status" -eq 3 ] || fail "exit status $status on a full disk: $command"
    done
fi
run 2 kudos.yaml events.csv --format xml
run 2 kudos.yaml events.csv --as-of 2026-02-30
run 2 kudos.yaml events.csv --map nothing=x
run 2 kudos.yaml events.csv --expect happiness=id
run 0 --help
says out "Usage: tally eval"
run 3 kudos.yaml events.csv --plot /nonexistent/plot.svg
says err "/nonexistent/plot.svg cannot be written"
# A link is followed and a pipe is written into: a rename would replace them.
: >target.svg
ln -s target.svg link.svg
run 0 kudos.yaml events.csv --plot link.svg
[ -L link.svg ] || fail "--plot replaced a link"
cmp -s target.svg events.svg || fail "--plot through a link"
mkfifo pipe.svg
timeout 20 cat pipe.svg >piped.svg &
run 0 kudos.yaml events.csv --plot pipe.svg
wait || true
[ -p pipe.svg ] || fail "--plot replaced a pipe"
cmp -s piped.svg events.svg || fail "--plot into a pipe"

[ "$failures" -eq 0 ] || { echo "$failures failures"; exit 1; }
