#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: crash.sh CRASH_AUDIT TALLY
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "$2" "$work" || { cat "$work/answer" >&2; exit 1; }
