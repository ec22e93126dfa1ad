#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh [--once]: what Tallystick does, on real inspections, a made-up village
# and a programme that runs. `./dev demo` builds first and calls this; TALLY is the program shown.
set -eu

examples=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
tally=${TALLY:-tally}
out=${TALLY_DEMO_OUT:-$examples/../build/demo}

for argument in "$@"; do
    case $argument in
    --once) ;;
    *) echo "usage: demo.sh [--once]" >&2; exit 2 ;;
    esac
done
mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd)

title() {
    if [ -t 1 ]; then
        printf '\n\033[1m%s\033[0m\n\n' "$*"
    else
        printf '\n%s\n\n' "$*"
    fi
}

# Without the verdict on running it as a programme: these are other people's schemes.
evaluate() {
    "$tally" eval "$@" >"$out/text"
    sed '/^as a live programme: /d' "$out/text"
}

statement() {
    evaluate "$@" >"$out/statement"
    sed '/ reproduced$/d' "$out/statement"
}

title "1  San Francisco: violations in, scores out, compared with what the city published"
evaluate "$examples/sf-inspections/policy.yaml" "$examples/sf-inspections/inspections.csv" \
    "$examples/sf-inspections/violations.csv" --limit-rows 3 --plot "$out/sf-inspections.svg"

title "2  Why one business has its score"
statement "$examples/sf-inspections/policy.yaml" "$examples/sf-inspections/inspections.csv" \
    "$examples/sf-inspections/violations.csv" --subject 1641/20160212

title "3  Norwich: food hygiene ratings, where one bad part limits the whole"
sed -n '/^grade:/,/^reads:/{/^reads:/d;p;}' "$examples/food-hygiene-norwich/policy.yaml"
echo
evaluate "$examples/food-hygiene-norwich/policy.yaml" "$examples/food-hygiene-norwich/ratings.csv" \
    --limit-rows 3 --plot "$out/food-hygiene-norwich.svg"

title "4  Green points of a village of 3,000 (made up): trees, journeys by public transport, the river"
"$tally" policy check --live "$examples/green-points/policy.yaml"
python3 "$examples/green-points/generate.py" >"$out/green-points.csv"
"$tally" eval "$examples/green-points/policy.yaml" "$out/green-points.csv" --as-of 2026-11-21 --limit-rows 3 \
    --plot "$out/green-points.svg"

title "5  What a member of the village reads"
statement "$examples/green-points/policy.yaml" "$out/green-points.csv" --as-of 2026-11-21 --subject m0106

title "6  The same as a programme that runs: wallets, receipts, signed batches, leaving (200 members)"
rm -rf "$out/village"
"$examples/village/village.sh" --members 200 --tally "$tally" "$out/village"

title "7  What a member of that programme reads, and a copy of everything, checked by itself"
now=2026-01-07T00:00:00Z
"$tally" wallet statement --member 11 --now $now "$out/village/wallets" "$out/village/programme"
rm -f "$out/village/export.json"
"$tally" wallet export --member 11 --to "$out/village/export.json" --now $now \
    "$out/village/wallets" "$out/village/programme"
"$tally" verify-export "$out/village/export.json"

title "8  The programme's public log, published and audited"
"$tally" log publish "$out/village/programme" --once --without-witnesses --now $now
"$tally" log key "$out/village/programme" >"$out/village/log.vkey"
"$tally" audit "$out/village/programme/log" --vkey "$out/village/log.vkey"

rm -f "$out/text" "$out/statement"
title "Pictures of the distributions, ready to publish"
printf '%s\n' "$out/sf-inspections.svg" "$out/food-hygiene-norwich.svg" "$out/green-points.svg"
title "Bigger: examples/village/village.sh (3,000 members), examples/inspections-live/inspections.sh"
