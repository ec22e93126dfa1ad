#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A log that our publisher wrote, read by other people's tools.
#
#   run.sh install PACKAGES                              npm's packages, once
#   run.sh MAKE TALLY PACKAGES|- GO-VERIFIER|-           publish, verify, alter, refuse
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if [ "$1" = install ]; then
    packages=$2
    if ! cmp -s "$here/package-lock.json" "$packages/installed"; then
        mkdir -p "$packages"
        cp "$here/package.json" "$here/package-lock.json" "$packages/"
        (cd "$packages" && npm ci --silent --ignore-scripts --no-audit --no-fund)
        cp "$here/package-lock.json" "$packages/installed"
    fi
    exit 0
fi

make=$1 tally=$2 packages=$3 verifier=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "run.sh: $*" >&2; exit 1; }

vkey=$("$make" "$work/programme" 1200)
log=$work/programme/log
printf 'what goes along' >"$work/extra"
"$tally" log proof "$log" 0 --vkey "$vkey" -o "$work/first"
"$tally" log proof "$log" 700 --vkey "$vkey" --extra "$work/extra" -o "$work/middle"
"$tally" log proof "$log" 1199 -o "$work/late"
"$tally" audit "$log" --vkey "$vkey" >"$work/audit" || { cat "$work/audit"; fail "our own auditor refuses"; }

# all FOLDER KEY FIRST MIDDLE LATE: both verifiers say yes, or both say no to what
# each of them looks at.
go_says() {
    [ "$verifier" != - ] || return 0
    "$verifier" "$1" "$2" "$3" 0 "$4" 700 "$5" 1199 >"$work/answer" 2>&1
}
node_says() {
    [ "$packages" != - ] || return 0
    node "$here/verify.cjs" "$packages" "$1" "$2" "$3" 0 "$4" 700 "$5" 1199 >"$work/answer" 2>&1
}
good() {
    for tool in go_says node_says; do
        "$tool" "$@" || { cat "$work/answer"; fail "$tool: what is good is refused"; }
    done
}
bad() {
    what=$1 tool=$2
    shift 2
    [ "$tool" != go_says ] || [ "$verifier" != - ] || return 0
    [ "$tool" != node_says ] || [ "$packages" != - ] || return 0
    if "$tool" "$@"; then fail "$tool: $what is accepted"; fi
    grep -q '^refused' "$work/answer" || { cat "$work/answer"; fail "$tool: $what ends in no verdict"; }
}
# flip FILE OFFSET: alter one byte.
flip() {
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf '%03o' $(((byte + 1) % 256)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

good "$log" "$vkey" "$work/first" "$work/middle" "$work/late"

other='log.example.org/recognition+f9a09bf2+AWUqGzPU/oQljiv7OZltL94bUENiAVifDwd+wT0woVmd'
bad 'another key' go_says "$log" "$other" "$work/first" "$work/middle" "$work/late"
bad 'another key' node_says "$log" "$other" "$work/first" "$work/middle" "$work/late"
bad 'the proof of another entry' go_says "$log" "$vkey" "$work/middle" "$work/middle" "$work/late"
bad 'the proof of another entry' node_says "$log" "$vkey" "$work/middle" "$work/middle" "$work/late"

# One altered byte in each kind of file.
for file in checkpoint tile/0/000 tile/1/000.p/4 tile/entries/002; do
    cp -r "$log" "$work/copy"
    [ -f "$work/copy/$file" ] || fail "$file is not there"
    flip "$work/copy/$file" 40
    bad "an altered $file" go_says "$work/copy" "$vkey" "$work/first" "$work/middle" "$work/late"
    rm -r "$work/copy"
done
cp -r "$log" "$work/copy"
flip "$work/copy/tile/entries/002" $(((700 - 512) * 46 + 20))
bad 'an altered entry' node_says "$work/copy" "$vkey" "$work/first" "$work/middle" "$work/late"
# In the middle of a hash, and of the signed root.
sed '5s/^./-/' "$work/middle" >"$work/altered"
bad 'an altered proof' node_says "$log" "$vkey" "$work/first" "$work/altered" "$work/late"
bad 'an altered proof' go_says "$log" "$vkey" "$work/first" "$work/altered" "$work/late"
echo "a log of ours is read by other people's tools, and refused when altered"
