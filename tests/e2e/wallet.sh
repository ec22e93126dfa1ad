#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `tally wallet` as a member uses it, without a terminal.
#
# usage: wallet.sh TALLY
set -eu

tally=$1
case $tally in /*) ;; *) tally=$PWD/$tally ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
umask 022

fail() { echo "wallet.sh: $*" >&2; exit 1; }

# expect STATUS PATTERN COMMAND...: it ends with this status and says the pattern.
expect() {
    wanted=$1 pattern=$2 status=0
    shift 2
    "$@" >said 2>&1 </dev/null || status=$?
    cat said >>all-said
    [ "$status" -eq "$wanted" ] || { cat said >&2; fail "status $status, not $wanted: $*"; }
    grep -q -- "$pattern" said || { cat said >&2; fail "does not say '$pattern': $*"; }
}

# No terminal, also where the test is run from one.
run() { setsid -w "$tally" wallet "$@"; }

(umask 077 && echo 'four trees by the canal' >passphrase && echo 'another passphrase' >wrong)

expect 3 'no terminal' run new mine
[ ! -e mine ] || fail "a wallet without words was left"
expect 0 'a new wallet' run new --words words --passphrase-file passphrase mine
[ "$(stat -c %a mine words | tr '\n' ' ')" = '600 600 ' ] || fail "modes"
[ "$(wc -w <words)" -eq 24 ] || fail "not 24 words"
expect 3 'exists already' run new --words more --passphrase-file passphrase mine
[ ! -e more ] || fail "words of no wallet"

expect 0 'No programme yet' run show --passphrase-file passphrase mine
expect 0 'No programme yet' sh -c "setsid -w '$tally' wallet show --passphrase-fd 5 mine 5<passphrase"
expect 1 'does not open' run show --passphrase-file wrong mine
chmod 644 passphrase
expect 1 'mode 644' run show --passphrase-file passphrase mine
chmod 600 passphrase
chmod 640 mine
expect 0 'warning: others' run show --passphrase-file passphrase mine
chmod 600 mine
echo short >passphrase-short
chmod 600 passphrase-short
expect 1 '10 characters' run new --words more --passphrase-file passphrase-short second
[ ! -e second ] || fail "a wallet with a short passphrase"

# A copy is a wallet; the words make one with the same words.
expect 0 'read back' run backup --to copy --passphrase-file passphrase mine
expect 0 'No programme yet' run show --passphrase-file passphrase copy
expect 3 'exists already' run backup --to copy --passphrase-file passphrase mine
expect 0 'restored' run restore --words words --passphrase-file wrong again
expect 0 'the 24 words' run backup --words again-words --passphrase-file wrong again
cmp words again-words || fail "other words came back"
sed 's/^[a-z]* /wrongly /' words >bad-words
chmod 600 bad-words
expect 1 'word 1 is not of the list' run restore --words bad-words --passphrase-file wrong third
[ ! -e third ] || fail "a wallet of wrong words"
expect 2 'say --to' run backup --passphrase-file passphrase mine
expect 2 'no such option here' run show --words words mine
expect 2 'name the file' run show

# Generated members are nobody, and say so.
expect 0 'NOT sealed' run new --generated 40 village
expect 0 '40 generated members' run show village
head -c 60 village | grep -q 'NOT-SEALED-NOT-PERSONS' || fail "a generated set that does not say so"
expect 1 'generated members' run backup --to copy2 --passphrase-file passphrase village

# No two words in their order, and no passphrase, in any output but the file asked for.
tr ' ' '\n' <words | paste -d ' ' - - >pairs
! grep -q -F -f pairs all-said || fail "words were said"
! grep -a -q 'four trees' mine copy all-said || fail "a passphrase was written"
echo "wallet.sh: passed"
