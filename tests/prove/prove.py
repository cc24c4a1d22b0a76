#!/usr/bin/python3
"""Proves with Frama-C's WP that the functions of each tests/prove/*.c make no run-time error, and keep their contracts.

usage: prove.py [-j N] [UNIT...]

A unit is the contracts and the source itself; "only: NAME..." in its head names the functions of that source that are
proved. Contracts are tried, too: that what a function requires, what it calls ensures and what a loop keeps does not
contradict itself, as anything follows from that. "refused: NAME: OLD => NEW" in the head is a fault: with NEW in the place
of OLD in the source the function must not be proved. SOJOURN_BUILD is where why3's configuration goes. Exit status 1: a goal is
not proved, a contract contradicts itself, or a fault is proved.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WP = ["-machdep", "gcc_x86_64", "-wp", "-wp-rte", "-wp-prover", "z3,cvc4", "-wp-cache", "none"]
# Of code that is never reached what is called and looped tells; each statement would take ten times as long.
TRY = ["-wp-smoke-tests", "-wp-no-smoke-dead-code", "-wp-smoke-timeout", "1"]
CPP = "-I. -Imiddleware -Imiddleware/include -Icard-sim -std=c17 -D'__attribute__(x)='"


def environment():
    """Provers as why3 finds them, in the build's directory and not the user's."""
    home = pathlib.Path(os.environ.get("SOJOURN_BUILD", "build")).resolve() / "prove"
    home.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ, HOME=str(home))
    found = subprocess.run(["why3", "config", "detect"], env=env, capture_output=True, text=True)
    if found.returncode != 0:
        sys.exit(f"why3 finds no prover: {found.stderr}")
    return env


def source_of(unit):
    """The source that a unit includes, by the name that it is included by, and where it is."""
    name = re.findall(r'^#include "(.*\.c)"$', unit.read_text(), re.M)[-1]
    return name, next(path for top in ("middleware", "card-sim") if (path := ROOT / top / name).is_file())


def run(unit, env, jobs, timeout, only, more=(), first=""):
    """What Frama-C says; `first`: where it looks first for what the unit includes."""
    own = source_of(unit)[1].parent.relative_to(ROOT)
    command = ["frama-c", *WP, *more, "-wp-par", str(jobs), "-wp-timeout", str(timeout), f"-cpp-extra-args={first}{CPP} -iquote {own}", str(unit.relative_to(ROOT))]
    if only:
        command += ["-wp-fct", ",".join(only)]
    return subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def prove(unit, env, jobs, timeout):
    """Goals of each function, how many contracts were tried, and what was not proved."""
    only = re.findall(r"\w+", " ".join(re.findall(r"^ \* only: (.*)$", unit.read_text(), re.M)))
    out = run(unit, env, jobs, timeout, only, TRY)
    tried = re.findall(r"^\[wp\] \[(\w+)\] Smoke-test typed_(\w+)", out, re.M)
    names = sorted(set(re.findall(r"annotating function (\w+)", out)), key=len, reverse=True)
    goals, wrong = {name: 0 for name in names}, [f"{name}: it contradicts itself" for verdict, name in tried if verdict != "Passed"]
    for goal, verdict in re.findall(r"^\[wp\] \[[^]]*\] Goal typed_(?:\w*?_)??(\w+) : (\w+)", out, re.M):
        name = next((n for n in names if goal == n or goal.startswith(n + "_")), None)
        if verdict != "Valid" or name is None:
            wrong.append(f"{goal}: {verdict}")
        else:
            goals[name] += 1
    total = re.search(r"Proved goals: +(\d+) / (\d+)", out)
    if total is None or total[1] != total[2]:
        wrong.append(f"{unit.name}: {total[0] if total else out}")
    return goals, int(total[1]) - len(tried) if total else 0, len(tried), wrong


def refusals(unit, env, jobs):
    """How many faults were not proved, and what is wrong with the others."""
    refused, wrong = 0, []
    source, path = source_of(unit)
    sound = path.read_text()
    for name, old, new in re.findall(r"^ \* refused: (\w+): (.+) => *(.*)$", unit.read_text(), re.M):
        with tempfile.TemporaryDirectory() as first:
            faulty = pathlib.Path(first, source)
            faulty.parent.mkdir(parents=True)
            faulty.write_text(sound.replace(old, new))
            out = run(unit, env, jobs, 5, [name], first=f"-I{first} ")
        total = re.search(r"Proved goals: +(\d+) / (\d+)", out)
        if sound.count(old) != 1:
            wrong.append(f"{unit.name}: {old} stands {sound.count(old)} times in {source}")
        elif total is None or total[1] == total[2]:
            wrong.append(f"{unit.name}: proved with a fault: {old} => {new}" if total else out)
        else:
            refused += 1
    return refused, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count())
    parser.add_argument("-t", type=int, default=60, help="seconds a goal and prover")
    parser.add_argument("units", nargs="*", metavar="UNIT")
    args = parser.parse_args()
    env, functions, goals, tries, refused, unproved = environment(), {}, 0, 0, 0, []
    for unit in sorted(HERE.glob("*.c")):
        if args.units and unit.stem not in args.units:
            continue
        of_unit, proved, tried, wrong = prove(unit, env, args.j, args.t)
        no, more = refusals(unit, env, args.j)
        print(f"{unit.stem}: {proved} goals, {tried} contracts tried, {no} faults refused", flush=True)
        for name, n in sorted(of_unit.items()):
            if name not in functions:
                print(f"  {name}: {n}")
                functions[name] = n
        goals, tries, refused = goals + proved, tries + tried, refused + no
        unproved += wrong + more
    print("\n".join(unproved))
    print(f"figure: proofs.functions {len(functions)}\nfigure: proofs.goals {goals}\nfigure: proofs.tried {tries}")
    print(f"figure: proofs.refused {refused}\nfigure: proofs.unproved {len(unproved)}")
    return 1 if unproved else 0


if __name__ == "__main__":
    sys.exit(main())
