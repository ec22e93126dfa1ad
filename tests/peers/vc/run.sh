#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: run.sh install DIRECTORY
#        run.sh DIRECTORY CASES
#
# Installs the packages of package-lock.json into the directory, unless they are
# there, and exchanges credentials with them.
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
directory=$1 cases=$2
case $cases in /*) ;; *) cases=$PWD/$cases ;; esac
install_packages "$directory"
cp "$here/exchange.mjs" "$directory/"
node "$directory/exchange.mjs" "$cases"
