#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run the San Francisco inspections as a live programme about organisations, on the basis of a public
# record; then hold the statements of businesses against the scores that the city published.
#
# usage: inspections.sh [--tally PROGRAM] [--businesses N] [DIR]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tally=tally dir=inspections count=40
while [ $# -gt 0 ]; do
  case $1 in
    --tally) tally=$2; shift 2 ;;
    --businesses) count=$2; shift 2 ;;
    -h|--help) sed -n '3,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "inspections.sh: no such option: $1" >&2; exit 2 ;;
    *) dir=$1; shift ;;
  esac
done
[ ! -e "$dir" ] || { echo "inspections.sh: $dir is there already; name another folder" >&2; exit 2; }
mkdir -p "$dir"
programme=$dir/programme now=2017-01-01T00:00:00Z

python3 "$here/convert.py" "$here/../sf-inspections" "$dir"
"$tally" init "$programme" --origin inspections.city.example --policy "$here/policy.yaml" \
  --simulated-clock "$now" >"$dir/init.txt"
did=$("$tally" source key "$dir/department.key" | grep -o 'did:key:[[:alnum:]]*')
"$tally" source add "$programme" health-department "$did" --now "$now" >/dev/null
"$tally" organisation add "$programme" "$dir/organisations.csv" --now "$now"
"$tally" submit "$dir/events.csv" --source-key "$dir/department.key" --programme "$programme" \
  --no-progress --now "$now"
"$tally" check "$programme" | tail -n 1

# The last published score of a business, and what its statement says.
same=0 other=0
head -n "$count" "$dir/published.csv" >"$dir/asked.csv"
while IFS=, read -r business score; do
  found=$("$tally" statement "$programme" --subject "org:$business" --format json --now "$now" |
    python3 -c 'import json,sys; print({r["name"]: r["value"] for r in json.load(sys.stdin)["reports"]}["result"])')
  if [ "$found" = "$score" ]; then same=$((same + 1)); else
    other=$((other + 1))
    echo "   $business: published $score, the violations published give $found"
  fi
done <"$dir/asked.csv"
echo "$same of $((same + other)) statements equal the published score."
[ "$same" -gt 0 ]
first=$(head -n 1 "$dir/published.csv" | cut -d, -f1)
"$tally" statement "$programme" --subject "org:$first" --now "$now"
