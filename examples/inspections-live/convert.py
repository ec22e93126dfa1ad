#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The published inspections as what an authority would send: organisations, events, and
the last published score of each business.

usage: convert.py SF-INSPECTIONS OUT"""

import csv
import sys
from pathlib import Path

REGISTER = "San Francisco Department of Public Health: restaurant inspection scores"


def day(text):
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def read(path):
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    scored = [row for row in read(source / "inspections.csv") if row["Score"]]
    visits = {(row["business_id"], row["date"]) for row in scored}
    last = {}
    for row in sorted(scored, key=lambda row: row["date"]):
        last[row["business_id"]] = row
    with (out / "organisations.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("id", "name", "register", "reference", "day"))
        for business, row in last.items():
            rows.writerow((business, f"Business {business}", REGISTER, business, day(row["date"])))
    with (out / "events.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("id", "type", "at", "subject", "reference", "risk"))
        for row in scored:
            visit = f"{row['business_id']}.{row['date']}"
            rows.writerow((f"i{visit}", "inspection", day(row["date"]),
                           f"org:{row['business_id']}", visit, ""))
        for number, row in enumerate(read(source / "violations.csv")):
            if (row["business_id"], row["date"]) not in visits or not row["risk_category"]:
                continue
            rows.writerow((f"v{number}", "violation", day(row["date"]), f"org:{row['business_id']}",
                           f"{row['business_id']}.{row['date']}",
                           row["risk_category"].split()[0].lower()))
    with (out / "published.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerows((business, row["Score"]) for business, row in last.items())


if __name__ == "__main__":
    main()
