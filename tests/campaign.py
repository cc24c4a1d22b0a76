#!/usr/bin/python3
"""Runs the long campaigns and writes their figures into the table of tests/README.md.

usage: campaign.py [--list | --table] [NAME...]

tests/campaign.json has a row a campaign: its command, what of it `make check` runs, and figures with
their goals. Several commands are a list; each is run, whatever became of those before it, and prints
`figure: ID VALUE` for each figure; "{gcc}", "{asan}" and "{fuzz}" in it are the builds' directories. What was
printed counts, also of a command that fails. The table keeps the figures of campaigns that were not run this time, each with its day;
what is not as it should be is bold there, and named above it. --table only writes it anew.
SIGINT: the campaign that runs has heard it, too, and tells what it has; no other is begun. Exit status 1: a command
failed, a figure is missing or does not reach its goal.
"""
import argparse
import datetime
import json
import operator
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent
TABLE = TESTS / "README.md"
BEGIN, END = "<!-- campaign: made by `make campaign` -->", "<!-- end -->"
GOAL = {">=": operator.ge, "<=": operator.le, "==": operator.eq}
FAILED = " **(failed)**"  # beside a campaign's name
NOT_RUN, NOT_TOLD = "not run", "no figure"  # in place of what was measured


def builds():
    build = os.environ.get("SOJOURN_BUILD", "build")
    return {"gcc": build, "asan": f"{build}/asan", "fuzz": f"{build}/fuzz"}


def run(command, name):
    """The figures that a command printed, by id, and its exit status."""
    figures, start = {}, time.monotonic()
    print(f"campaign: {name}: {command}", flush=True)
    child = subprocess.Popen(command.format(**builds()), shell=True, cwd=TESTS.parent, stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        print(line, end="", flush=True)
        found = re.match(r"(?:# )?figure: (\S+) (\S+)", line)
        if found:
            figures[found[1]] = float(found[2])
    code = child.wait()
    print(f"campaign: {name}: exit status {code} after {time.monotonic() - start:.0f} s", flush=True)
    return figures, code


def show(value):
    return f"{value:,.0f}" if value.is_integer() else f"{value:,}"  # nan, too: a slope of too few points


def reached(goal, shown):
    """What the table says of a figure: yes, or why not, in bold."""
    if shown in (NOT_RUN, NOT_TOLD):
        return f"**{shown}**"
    sign, wanted = goal.split()
    return "yes" if GOAL[sign](float(shown.replace(",", "")), float(wanted)) else "**no**"


def inside(text):
    """Before the table, the table, behind it."""
    before, rest = text.split(BEGIN)
    return before, *rest.split(END, 1)


def old_rows():
    """What stands in the table: by figure id (measured, day), and the campaigns that failed."""
    header, measured, failed = [], {}, set()
    for line in inside(TABLE.read_text())[1].splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if cells[0] == "campaign":
            header = cells
        row = dict(zip(header, cells))
        if row.get("figure", "").startswith("`"):
            measured[row["figure"].strip("`")] = (row["measured"], row["on"])
            if row["campaign"].endswith(FAILED):
                failed.add(row["campaign"].removesuffix(FAILED))
    return measured, failed


def rows_of(campaigns, measured, failed):
    for campaign in campaigns:
        name, check = campaign["campaign"], campaign["check"]
        if name in failed:
            name += FAILED
        for figure, wanted in campaign["figures"].items():
            value, day = measured.get(figure, (NOT_RUN, ""))
            yield name, figure, wanted, value, day, check
            name = check = ""


def red(rows, failed):
    """The line above the table."""
    state = {figure: reached(wanted["goal"], value).strip("*") for _, figure, wanted, value, _, _ in rows}
    told = []
    for what, said in ((f"Not reached: {{}} of {len(state)} figures", "no"), ("Not run: {}", NOT_RUN), ("Not told: {}", NOT_TOLD)):
        figures = [f"`{f}`" for f, s in state.items() if s == said]
        told += [f"{what.format(len(figures))} ({', '.join(figures)})."] if figures else []
    told += [f"Campaigns that ended with an error: {', '.join(sorted(failed))}."] if failed else []
    return f"**{' '.join(told)}**" if told else f"All {len(state)} figures reach their goals."


def write(campaigns, measured, failed):
    failed = failed & {c["campaign"] for c in campaigns}
    lines = [red(rows_of(campaigns, measured, failed), failed), "",
             "| campaign | figure | goal | measured | reached | on | what `make check` runs of it |", "|---|---|---|---|---|---|---|"]
    for name, figure, wanted, value, day, check in rows_of(campaigns, measured, failed):
        lines.append(f"| {name} | `{figure}` | {wanted['what']}: {wanted['goal']} | {value} | {reached(wanted['goal'], value)} | {day} | {check} |")
    before, _, after = inside(TABLE.read_text())
    TABLE.write_text("\n".join([before + BEGIN, *lines, END + after]))


def run_row(row, campaigns):
    """Its figures go into the table; gives what is short of its goals, in words."""
    name, today, short, figures = row["campaign"], str(datetime.date.today()), [], {}
    for command in [row["command"]] if isinstance(row["command"], str) else row["command"]:
        told, code = run(command, name)
        figures.update(told)
        if code != 0:
            short.append(f"{name}: exit status {code}: {command}")
    measured, failed = old_rows()  # now: another campaign may have ended meanwhile
    (failed.add if short else failed.discard)(name)
    for figure, wanted in row["figures"].items():
        value = show(figures[figure]) if figure in figures else NOT_TOLD
        measured[figure] = (value, today)
        if reached(wanted["goal"], value) != "yes":
            short.append(f"{figure}: {value} and not {wanted['goal']}")
    write(campaigns, measured, failed)
    return short


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    campaigns = json.loads((TESTS / "campaign.json").read_text())
    unknown = set(args.names) - {row["campaign"] for row in campaigns}
    if unknown:
        sys.exit(f"no such campaign: {', '.join(sorted(unknown))}; --list shows them")
    if args.list:
        print("\n".join(row["campaign"] for row in campaigns))
        return 0
    if args.table:
        write(campaigns, *old_rows())
        return 0
    short = []
    stopped = []
    signal.signal(signal.SIGINT, lambda *_: stopped.append("interrupted: what comes after it was not run"))
    for row in campaigns:
        if not stopped and (not args.names or row["campaign"] in args.names):
            short += run_row(row, campaigns) + stopped
    print("\n".join(short) or "every goal is reached")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
