#!/usr/bin/python3
"""A batch whose cards are taken out at every command: before the card has it, in the middle of its
answer, and after the answer, that nobody hears. The desk must say so at once. Half of them are put in again next, the others never. Then every card is asked, and
held against the register: finished or scrapped, none in between.

batch_removal.py [--commands N]
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import time

import batch_kills
from batch_kills import SOJOURN, sh

COMMANDS = 60  # two cards' and some
BEFORE, DURING, AFTER = range(3)
LOST = "SJ-0501"
ME = os.path.abspath(__file__)


def cuts_of(commands):
    """(command, when, the same card again next): by turns in a first and in a second card, as a desk
    at which one after the other fails is closed."""
    half = (commands + 1) // 2
    order = [at for pair in zip(range(1, half + 1), range(half + 1, 2 * half + 1)) for at in pair]
    return [(at, when, again) for when in (BEFORE, DURING, AFTER) for again in (False, True) for at in order]


def times_of(path):
    """When each card was taken out, in ns."""
    return [int(line) for line in open(path)] if os.path.exists(path) else []


def take_out(path, last):
    sys.stdout.write(last)
    sys.stdout.flush()
    with open(path, "a") as f:
        print(time.monotonic_ns(), file=f)
    os.close(1)


def work(*argv):
    """The desk: its exit code, what it said, and when it said that a card was lost, in ns."""
    said, lost = [], []
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as desk:
        for line in desk.stderr:
            said.append(line)
            lost += [time.monotonic_ns()] * line.count(LOST)
    return desk.returncode, "".join(said), lost


def card(place, commands):
    """The stack behind a pipe, until the command that is this run's; without one to its end."""
    cuts, path = cuts_of(commands), f"{place}/cuts"
    done = len(times_of(path))
    at, when, _ = cuts[done] if done < len(cuts) else (-1, BEFORE, False)  # never
    again = 0 < done <= len(cuts) and cuts[done - 1][2]
    last = sorted(glob.glob(f"{place}/slot-0/*.card"), key=os.path.getmtime)[-1:] if again else []
    feed = subprocess.Popen([SOJOURN, "card", "feed", f"{place}/slot-0", "--interface", "contact"] + (["--first"] + last if last else []),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    count = 0
    for line in sys.stdin:
        count += line.strip() not in ("on", "off", "reset")
        out = count == at
        if not out or when != BEFORE:
            feed.stdin.write(line)
            answer = feed.stdout.readline()
        if out:
            take_out(path, answer[:len(answer) // 2] if when == DURING else "")
            break
        sys.stdout.write(answer)
        sys.stdout.flush()
    feed.stdin.close()
    feed.wait()


def main():
    if sys.argv[1:2] == ["--card"]:
        return card(sys.argv[2], int(sys.argv[3]))
    parser = argparse.ArgumentParser()
    parser.add_argument("--commands", type=int, default=COMMANDS)
    options = parser.parse_args()
    cuts = cuts_of(options.commands)
    options.cards, options.sqlite = len(cuts) + 10, True
    place, register = batch_kills.make_place(options)
    os.makedirs(f"{place}/slot-0")
    batch_kills.write_holders(place, options.cards)
    sh(SOJOURN, "issue", "--authority", f"{place}/ut", "--batch", f"{place}/holders.jsonl", "--workers", "0")
    code, said, lost = work(SOJOURN, "issue", "--authority", f"{place}/ut", "--worker", "--letters", f"{place}/letters", "--exec", "--",
                            sys.executable, ME, "--card", place, str(options.commands))
    out = times_of(f"{place}/cuts")
    made, told = len(out), len(lost)
    faults, good, complete, scrapped = batch_kills.check(options, place, register)
    if code != 0 or made != len(cuts):
        faults.append(f"{made} of {len(cuts)} cuts; exit code {code}: {said[-300:]}")
    if told != made:
        faults.append(f"{told} times {LOST} for {made} cards taken out")
    took = max([(heard - at) / 1e6 for at, heard in zip(out, lost)], default=0)
    print(f"{good} good cards, each verified; {scrapped} scrapped in the register, {complete} of them complete, and revoked")
    for fault in faults[:20]:
        print("FAULT:", fault)
    print(f"figure: removal.issue.cuts {made}\nfigure: removal.issue.wrong {len(faults)}\nfigure: removal.issue.ms {took:.0f}")
    if not faults:
        shutil.rmtree(place)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
