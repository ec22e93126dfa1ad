#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: record.sh BENCH_RECORD POLICY
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$2" "$folder/programme"
