#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: run.sh install DIRECTORY
#        run.sh DIRECTORY CASES KAT COUNT SEED
#
# Installs the packages of package-lock.json into the directory, unless they are
# there, and lets the second verifier judge COUNT presentations.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

install_packages() {
    mkdir -p "$1"
    if cmp -s "$here/package-lock.json" "$1/installed"; then
        return 0
    fi
    cp "$here/package.json" "$here/package-lock.json" "$1/"
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    cp "$here/package-lock.json" "$1/installed"
}

if [ "$1" = install ]; then
    install_packages "$2"
    exit 0
fi
directory=$1 cases=$2 kat=$3 count=$4 seed=$5
install_packages "$directory"
cp "$here/verify.mjs" "$directory/"
echo "seed $seed"
"$cases" "$count" "$seed" >"$directory/cases-$count"
node "$directory/verify.mjs" "$kat" "$count" <"$directory/cases-$count"
rm -f "$directory/cases-$count"
