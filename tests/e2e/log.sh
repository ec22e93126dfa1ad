#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `tally log` and `tally witness` from outside: a log without a programme, witnesses
# over HTTP and by files, a change of keys, serving, proofs, two publishers, killing.
#
# usage: log.sh TALLY
set -eu

tally=$1
case $tally in /*) ;; *) tally=$PWD/$tally ;; esac
work=$(mktemp -d)
children=
end() {
    for child in $children; do kill "$child" 2>/dev/null || true; done
    rm -rf "$work"
}
trap end EXIT
cd "$work"

fail() { echo "log.sh: $*" >&2; exit 1; }
# says STATUS WORDS COMMAND...: ends with that status and says so.
says() {
    wanted=$1 words=$2 status=0
    shift 2
    "$@" >answer 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || { cat answer >&2; fail "$* ended with $status instead of $wanted"; }
    [ -z "$words" ] || grep -q -e "$words" answer || { cat answer >&2; fail "$* does not say: $words"; }
}
audit() { "$tally" audit programme/log --vkey "$vkey" "$@" >answer || { cat answer >&2; fail "the audit fails"; }; }
# Wait for the line with the port that a server prints.
port_of() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if grep -qs '^listening' "$1"; then sed -n 's/^listening on port //p' "$1"; return; fi
        sleep 0.1
    done
    fail "$1: no server"
}
get() { curl -s -S --path-as-is "$@"; }
record=abababababababababababababababababababababababababababababababab

# A log.
says 2 'name a folder' "$tally" log new
says 1 'is no origin' "$tally" log new bad --origin 'not an origin'
"$tally" log new programme --origin log.example.org/x >vkey
vkey=$(cat vkey)
[ "$(stat -c %a programme/keys/log.key)" = 600 ] || fail "the key can be read by others"
says 1 'there is something already\|already' "$tally" log new programme --origin log.example.org/x
says 0 "$vkey" "$tally" log key programme
says 1 'witnesses is missing' "$tally" log publish programme --once
says 0 'public=17' "$tally" log publish programme --once --without-witnesses
says 0 '^17$' "$tally" log append programme --record "$record"
says 0 'new=0 public=17' "$tally" log publish programme --once --without-witnesses
audit
grep -q 'documents=checked' answer || fail "the documents are not checked"
audit --private programme
cp programme/log/checkpoint saved

# Witnesses: one serves, one gets files. Both must cosign.
"$tally" witness new w1 --name witness.example.org/1 >w1.vkey
"$tally" witness new w2 --name witness.example.org/2 >w2.vkey
"$tally" witness serve w1 --log "$vkey" --listen 127.0.0.1:0 >w1.out &
children="$children $!"
port=$(port_of w1.out)
{
    echo "witness one $(cat w1.vkey) http://127.0.0.1:$port/"
    echo "witness two $(cat w2.vkey) file:exchange"
    echo "group both all one two"
    echo "quorum both"
} >programme/witnesses
says 1 'write .quorum none. there' "$tally" log publish programme --once --without-witnesses
sleep 1

# A new beat: the clock's hour is long, so the log is asked for a shorter one.
# A beat of one second, whatever the hour: published in this one or the next.
beat() { "$tally" log publish programme --every 1s >published 2>&1 & child=$!; sleep 1.3; kill "$child"; wait "$child" || true; }
beat
grep -q 'the quorum of witnesses is not met' published || { cat published >&2; fail "published below the quorum"; }
cmp -s saved programme/log/checkpoint || fail "the checkpoint changed below the quorum"
[ -f programme/exchange/request ] || fail "there is no request to carry"
says 1 '' "$tally" witness cosign w2 --log "$vkey" programme/exchange/request -o programme/exchange/response
grep -q '^409$' programme/exchange/response || fail "a witness that holds nothing does not say 409"
sed "1s/.*/old 0/;2,/^\$/{/^\$/!{1!d}}" programme/exchange/request >first
says 0 '' "$tally" witness cosign w2 --log "$vkey" first -o programme/exchange/cosigned
mv programme/exchange/cosigned programme/exchange/response
# Only the witnesses are asked once more: the hour's beat is over.
{
    grep '^witness one' programme/witnesses
    echo "witness two $(cat w2.vkey) file:exchange"
    echo "group any any one two"
    echo "quorum any"
} >easier
mv easier programme/witnesses
beat
grep -q 'cosigned=[12]' published || { cat published >&2; fail "not published with a quorum"; }
audit --witnesses programme/witnesses --max-age 100 --saved saved
says 1 'required witnesses\|quorum' "$tally" audit programme/log --vkey "$vkey" --witness "$(cat w2.vkey)" --witness "$(cat w1.vkey)" --quorum 2

# A publisher that runs while another does. flock(1) stands for the other.
says 1 'another publisher holds' flock programme/log-state/lock "$tally" log publish programme --once

# Proofs.
"$tally" log proof programme 0 --vkey "$vkey" -o proof
head -n 1 proof | grep -q '^c2sp.org/tlog-proof@v1$' || fail "no proof"
says 3 'cannot be made' "$tally" log proof programme 0 -o proof
says 1 'not published yet' "$tally" log proof programme 1000000
says 2 'index of an entry' "$tally" log proof programme 00

# Serving.
"$tally" log serve-dir programme --listen 127.0.0.1:0 >s.out &
children="$children $!"
base=http://127.0.0.1:$(port_of s.out)
get -i "$base/checkpoint" >answer
grep -q '^HTTP/1.1 200' answer || fail "no checkpoint"
grep -qi '^content-type: text/plain; charset=utf-8' answer || fail "the type of the checkpoint"
grep -qi '^cache-control: max-age=5.$' answer || fail "how long the checkpoint is kept"
grep -qi '^access-control-allow-origin: \*' answer || fail "other pages may not read it"
tile=$(cd programme/log && find tile/0 -type f | tail -n 1)
get -i "$base/$tile" -o answer
grep -aqi '^content-type: application/octet-stream' answer || fail "the type of a tile"
grep -aqi '^cache-control: max-age=31536000, immutable' answer || fail "how long a tile is kept"
get "$base/$tile" | cmp - "programme/log/$tile" || fail "the tile is another"
get "$base/documents/0" | cmp - programme/log/documents/0 || fail "the document is another"
echo secret >programme/log/secret
ln -s ../keys/log.key programme/log/documents/5
for path in /secret /../keys/log.key /tile/../secret /%2e%2e/keys/log.key /documents/5 /documents/../secret \
    /tile/0 / /checkpoint/ //checkpoint /tile/0/000.p/256 /.tmp-x; do
    get -i "$base$path" >answer
    grep -q '^HTTP/1.1 404' answer || { head -n 1 answer >&2; fail "$path is served"; }
    grep -qi '^cache-control: no-store' answer || fail "$path: a 404 is kept"
done
rm programme/log/secret programme/log/documents/5
get -i -X POST -d x "$base/checkpoint" | grep -q '^HTTP/1.1 405' || fail "POST"
get -I "$base/checkpoint" | grep -q '^HTTP/1.1 200' || fail "HEAD"
get -i -X POST --data-binary 'nonsense' "http://127.0.0.1:$port/add-checkpoint" | grep -q '^HTTP/1.1 400' || fail "nonsense"
head -c 200000 /dev/zero | get -i -X POST --data-binary @- "http://127.0.0.1:$port/add-checkpoint" |
    grep -q '^HTTP/1.1 413' || fail "too much"
get -i "http://127.0.0.1:$port/add-checkpoint" | grep -q '^HTTP/1.1 405' || fail "GET of a witness"

# A new key.
echo 'quorum none' >programme/witnesses
says 1 'no change of keys' "$tally" log rotate-key programme --finish
"$tally" log rotate-key programme >new.vkey 2>/dev/null
says 1 'has begun already' "$tally" log rotate-key programme
says 1 'not signed by the new key' "$tally" log rotate-key programme --finish
beat
audit
"$tally" audit programme/log --vkey "$(cat new.vkey)" --saved saved >answer && fail "the new key signed what is old"
"$tally" audit programme/log --vkey "$(cat new.vkey)" --vkey "$vkey" --saved saved >answer || { cat answer >&2; fail "both keys"; }
grep -q '1 key changes' answer || fail "the change is not in the log"
says 0 'the old key is gone' "$tally" log rotate-key programme --finish
beat
"$tally" audit programme/log --vkey "$(cat new.vkey)" >answer || { cat answer >&2; fail "the new key alone"; }
vkey=$(cat new.vkey)

# Killed again and again, while a reader checks what is there.
for i in 1 2 3 4; do
    "$tally" log append programme --record "$record" --record "$record" >/dev/null
    "$tally" log publish programme --every 1s >/dev/null 2>&1 &
    child=$!
    sleep "0.$i"
    kill -9 "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
    audit
    cp programme/log/checkpoint "saved.$i"
done
sleep 1
beat
mkdir history
cp saved.* history/
audit --saved history --private programme
grep -q 'saved=4' answer || fail "the history is not compared"

# Somebody alters the log, or sets it back.
cp -r programme copy
size=$(sed -n 2p copy/log/checkpoint) # below 256: one tile holds all
printf 'x' | dd of="copy/log/tile/0/000.p/$size" bs=1 seek=3 conv=notrunc status=none
says 1 'altered' "$tally" log publish copy --once
rm -rf copy
cp -r programme copy
head -c -100 programme/log-state/heads >copy/log-state/heads
says 1 'newer than the last signed head' "$tally" log publish copy --once
echo "tally log and tally witness do what they say"
