#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: run.sh BENCH_RRC DIRECTORY: RRC-V01 beside BBS implementations from npm,
# which are installed into the directory; alone where there is no node or network.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bench=$1 directory=$2

mkdir -p "$directory"
cp "$here/package.json" "$here/package-lock.json" "$here/bench.mjs" "$directory/"
if ! cmp -s "$here/package-lock.json" "$directory/installed"; then
    if ! (cd "$directory" &&
        npm ci --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error >&2); then
        echo "the BBS implementations cannot be installed; RRC-V01 alone"
        exec "$bench"
    fi
    cp "$here/package-lock.json" "$directory/installed"
fi
exec node "$directory/bench.mjs" "$bench"
