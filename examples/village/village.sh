#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build a village: generated members with wallets, keys and receipts, a year of signed events
# from four sources, mistakes put right, late records, leavers and rejoiners; then hold every member's
# result against the engine alone.
#
# usage: village.sh [--members N] [--tally PROGRAM] [DIR]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
members=3000 tally=tally dir=village
while [ $# -gt 0 ]; do
  case $1 in
    --members) members=$2; shift 2 ;;
    --tally) tally=$2; shift 2 ;;
    -h|--help) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "village.sh: no such option: $1" >&2; exit 2 ;;
    *) dir=$1; shift ;;
  esac
done
[ ! -e "$dir" ] || { echo "village.sh: $dir is there already; name another folder" >&2; exit 2; }
mkdir -p "$dir"
programme=$dir/programme wallets=$dir/wallets
sources="parks-office transit river-wardens tool-library"
rejoiners=$((members / 500 + 1))
at() { printf '2025-01-01T%s:00Z' "$1"; }

echo "1. The council makes the programme."
"$tally" init "$programme" --origin points.riverside.example --policy "$here/policy.yaml" \
  --simulated-clock "$(at 00:00)" >"$dir/init.txt"
for source in $sources; do
  did=$("$tally" source key "$dir/$source.key" | grep -o 'did:key:[[:alnum:]]*')
  "$tally" source add "$programme" "$source" "$did" --now "$(at 00:10)" >/dev/null
done

echo "2. $members residents join: each agrees to the notice and holds a receipt signed by both."
"$tally" roll issue "$programme" --count $((members + rejoiners)) --now "$(at 00:20)" >"$dir/tokens"
head -n "$members" "$dir/tokens" >"$dir/tokens.first"
tail -n "$rejoiners" "$dir/tokens" >"$dir/tokens.later"
"$tally" wallet new --generated "$members" "$wallets" >/dev/null
"$tally" wallet join --all --tokens "$dir/tokens.first" --now "$(at 00:30)" "$wallets" "$programme" \
  >"$dir/joined.txt"

echo "3. They hand their cards to the sources: another handle on each."
mkdir "$dir/cards"
for source in $sources; do
  "$tally" wallet card --all --source "$source" --now "$(at 00:40)" "$wallets" "$programme" |
    grep '^TALLY-CARD' >"$dir/cards/$source"
done

echo "4. A year of events, sent by four sources in signed batches."
python3 "$here/generate.py" "$dir/cards" "$dir/events" "$members" 42
send() { # MONTH
  next_month=$(($1 + 1)) year=2025
  [ "$next_month" -le 12 ] || { next_month=1; year=2026; }
  hour=6
  for source in $sources; do
    "$tally" submit "$dir/events/$(printf %02d "$1")/$source.jsonl" --source-key "$dir/$source.key" \
      --programme "$programme" --no-progress \
      --now "$year-$(printf %02d "$next_month")-03T0$hour:00:00Z" >>"$dir/submitted.txt" 2>&1
    hour=$((hour + 1))
  done
  grep "^$(printf %02d "$1") " "$dir/events/leavers" | while read -r _ who; do
    "$tally" wallet leave --member "$who" --now "$year-$(printf %02d "$next_month")-04T00:00:00Z" \
      "$wallets" "$programme" >>"$dir/left.txt"
  done
}
month=1
while [ "$month" -le 12 ]; do send "$month"; month=$((month + 1)); done

echo "5. Some who left come back, with new keys and nothing to gain."
"$tally" wallet new --generated "$rejoiners" "$dir/rejoined" >/dev/null
"$tally" wallet join --all --tokens "$dir/tokens.later" --now 2026-01-05T00:00:00Z "$dir/rejoined" \
  "$programme" >>"$dir/joined.txt"

echo "6. Every member reads the own statement; the engine alone computes the same from the events."
"$tally" wallet statement --all --now 2026-01-06T00:00:00Z "$wallets" "$programme" >"$dir/statements.txt"
"$tally" wallet statement --all --now 2026-01-06T00:00:00Z "$dir/rejoined" "$programme" \
  >"$dir/statements.rejoined.txt"
"$tally" eval "$here/policy.yaml" "$dir/events/oracle.jsonl" --as-of 2026-01-06T00:00:00Z \
  --format csv --no-progress >"$dir/engine.csv" 2>"$dir/engine.txt"
python3 "$here/compare.py" "$dir" "$members"

echo "7. The ledger is whole; the month's tables list nobody."
"$tally" check "$programme"
"$tally" summary "$programme" --now 2026-01-06T00:00:00Z
