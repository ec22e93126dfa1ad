#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# policy_diff.sh TALLY ROOT: `tally policy diff` and `tally version --charter`.
set -eu

tally=$1 root=$2
case $tally in /*) ;; *) tally=$PWD/$tally ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/examples/green-points/policy.yaml" "$work/old.yaml"
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
    "$tally" "$@" >out 2>err || status=$?
    if [ "$status" -ne "$wanted" ]; then
        fail "exit status $status instead of $wanted: $*"
        cat err
    fi
}
says() { grep -qF -- "$2" "$1" || { fail "$1 does not say: $2"; head -20 "$1"; }; }

# ---- the same, better, worse ----
run 0 policy diff old.yaml old.yaml
says out "Nothing that the policy does was changed."

sed 's/points: 5 \* hours/points: 6 * hours/; s/at-most: 40 per/at-most: 48 per/' old.yaml >better.yaml
run 0 policy diff old.yaml better.yaml
says out "better   awards.river.points"
says out "\`river\` was worth 5 × hours and is now worth 6 × hours."
says out "better.yaml:45:13"
says out "2 better, 0 neutral, 0 worse: as a whole better."

sed 's/from: 1030/from: 1040/; s/^title: .*/title: Points/' old.yaml >worse.yaml
run 1 policy diff old.yaml worse.yaml
says out "Worse: it cannot be shown that all who gained it still do; it reaches older events."
says out "0 better, 1 neutral, 1 worse: as a whole worse."

# ---- a rule that is stopped ----
sed '/^  river:$/,/^    because: A day with/d; /^      river: Um dia/d' old.yaml >stopped.yaml
run 1 policy diff old.yaml stopped.yaml
says out "\`river\` is no longer given for later events."
says out "it only stops a rule"

# ---- JSON ----
run 1 policy diff --format json old.yaml worse.yaml
python3 - out <<'PYTHON' || fail "the JSON"
import json, sys
found = json.load(open(sys.argv[1], encoding="utf-8"))
changes = {change["path"]: change for change in found["changes"]}
assert found["label"] == "worse" and found["stops"] is False and set(changes) == {"title", "tiers.sapling.gain"}, found
tier = changes["tiers.sapling.gain"]
assert tier["reach"] == "record" and tier["why"] and tier["before"] == "1030" and tier["after"] == "1040", tier
assert tier["line"] == 51 and tier["keepable"] is True, tier
assert changes["title"]["label"] == "neutral" and "why" not in changes["title"], changes["title"]
PYTHON

# ---- the next document alone, and frozen files ----
hash=$("$tally" policy hash old.yaml | cut -d' ' -f1)
{ printf 'from: 2027-01-01\nprevious: %s\nmigrate:\n  tiers: {sapling: seedling}\n' "$hash"
  sed 's/^  sapling:/  seedling:/; s/needs: sapling/needs: seedling/' old.yaml | sed '/^tests:/,$d'; } >next.yaml
run 0 policy diff old.yaml next.yaml
says out "The tier \`sapling\` is now called \`seedling\`."
says out "next.yaml:54:3"
"$tally" policy freeze old.yaml -o old.frozen
run 0 policy diff old.frozen better.yaml
says out "as a whole better"
run 0 policy diff old.yaml - <better.yaml

# ---- refused ----
sed 's/^programme: .*/programme: other/' old.yaml >other.yaml
run 1 policy diff old.yaml other.yaml
says err "the policies are of two programmes"
run 2 policy diff old.yaml
run 2 policy diff --format xml old.yaml old.yaml
run 2 policy diff old.yaml old.yaml old.yaml
run 3 policy diff old.yaml nowhere.yaml
echo "nonsense" >broken.yaml
run 1 policy diff old.yaml broken.yaml
run 0 policy diff --help

# ---- the charter ----
run 0 version --charter
says out "R25 NOTICE_DAYS_MIN: 30 days of notice of a worse version, at least"
[ "$(sed -n '1s/^charter //p' out)" = "$(tail -n +2 out | sha256sum | cut -d' ' -f1)" ] || fail "the charter's hash"
grep -q "prose: $(sha256sum "$root/docs/charter/charter.md" | cut -d' ' -f1)" out || fail "the charter's prose"
run 2 version --chart

[ "$failures" -eq 0 ] || exit 1
