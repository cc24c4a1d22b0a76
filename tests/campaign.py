#!/usr/bin/python3
"""Runs the long campaigns and writes their figures into the table of tests/README.md.

usage: campaign.py [--list] [NAME...]

tests/campaign.json has a row a campaign: its command, what of it `make check` runs, and figures with
their goals. A command prints `figure: ID VALUE` for each; "{gcc}", "{asan}" and "{fuzz}" in it are the
builds' directories. The table keeps the figures of campaigns that were not run this time, each with
its day. Exit status 1: a command failed, a figure is missing or does not reach its goal.
"""
import argparse
import datetime
import json
import operator
import os
import pathlib
import re
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent
TABLE = TESTS / "README.md"
BEGIN, END = "<!-- campaign: made by `make campaign` -->", "<!-- end -->"
GOAL = {">=": operator.ge, "<=": operator.le, "==": operator.eq}


def builds():
    build = os.environ.get("SOJOURN_BUILD", "build")
    return {"gcc": build, "asan": f"{build}/asan", "fuzz": f"{build}/fuzz"}


def run(row):
    """The figures that the command printed, by id; None: it failed."""
    figures, start = {}, time.monotonic()
    print(f"campaign: {row['campaign']}: {row['command']}", flush=True)
    child = subprocess.Popen(row["command"].format(**builds()), shell=True, cwd=TESTS.parent, stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        print(line, end="", flush=True)
        found = re.match(r"(?:# )?figure: (\S+) (\S+)", line)
        if found:
            figures[found[1]] = float(found[2])
    code = child.wait()
    print(f"campaign: {row['campaign']}: exit status {code} after {time.monotonic() - start:.0f} s", flush=True)
    return figures if code == 0 else None


def reached(goal, value):
    sign, wanted = goal.split()
    return GOAL[sign](value, float(wanted))


def show(value):
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"  # nan, too: a slope of too few points


def old_rows():
    """What stands in the table, by figure id: (measured, day)."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 6 and cells[1].startswith("`"):
            rows[cells[1].strip("`")] = (cells[3], cells[4])
    return rows


def write(campaigns, measured):
    lines = ["| campaign | figure | goal | measured | on | what `make check` runs of it |", "|---|---|---|---|---|---|"]
    for row in campaigns:
        for i, (name, figure) in enumerate(row["figures"].items()):
            value, day = measured.get(name, ("not run", ""))
            lines.append(f"| {row['campaign'] if i == 0 else ''} | `{name}` | {figure['what']}: {figure['goal']} | {value} | {day} | {row['check'] if i == 0 else ''} |")
    text = TABLE.read_text()
    before, rest = text.split(BEGIN)
    TABLE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END, 1)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    campaigns = json.loads((TESTS / "campaign.json").read_text())
    unknown = set(args.names) - {row["campaign"] for row in campaigns}
    if unknown:
        sys.exit(f"no such campaign: {', '.join(sorted(unknown))}; --list shows them")
    if args.list:
        print("\n".join(row["campaign"] for row in campaigns))
        return 0
    measured, short = old_rows(), []
    for row in campaigns:
        if args.names and row["campaign"] not in args.names:
            continue
        figures = run(row)
        if figures is None:
            short.append(f"{row['campaign']}: it failed")
            continue
        for name, figure in row["figures"].items():
            if name not in figures:
                short.append(f"{name}: not measured")
            elif not reached(figure["goal"], figures[name]):
                short.append(f"{name}: {figures[name]} and not {figure['goal']}")
            if name in figures:
                measured[name] = (show(figures[name]), str(datetime.date.today()))
        write(campaigns, measured)
    print("\n".join(short) or "every goal is reached")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
