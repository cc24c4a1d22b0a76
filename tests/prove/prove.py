#!/usr/bin/python3
"""Proves with Frama-C's WP that the functions of each tests/prove/*.c make no run-time error, and keep their contracts.

usage: prove.py [-j N] [UNIT...]

A unit is the contracts and the source itself; "only: NAME..." in its head names the functions of that source that are
proved. SOJOURN_BUILD is where why3's configuration goes. Exit status 1: a goal is not proved.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WP = ["-machdep", "gcc_x86_64", "-wp", "-wp-rte", "-wp-prover", "z3,cvc4", "-wp-cache", "none"]
CPP = "-I. -Imiddleware -Imiddleware/include -Icard-sim -Icard-sim/applets/piv -std=c17 -D'__attribute__(x)='"


def environment():
    """Provers as why3 finds them, in the build's directory and not the user's."""
    home = pathlib.Path(os.environ.get("SOJOURN_BUILD", "build")).resolve() / "prove"
    home.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ, HOME=str(home))
    found = subprocess.run(["why3", "config", "detect"], env=env, capture_output=True, text=True)
    if found.returncode != 0:
        sys.exit(f"why3 finds no prover: {found.stderr}")
    return env


def prove(unit, env, jobs, timeout):
    """Goals of each function, and what was not proved."""
    only = re.findall(r"\w+", " ".join(re.findall(r"^ \* only: (.*)$", unit.read_text(), re.M)))
    command = ["frama-c", *WP, "-wp-par", str(jobs), "-wp-timeout", str(timeout), f"-cpp-extra-args={CPP}", str(unit.relative_to(ROOT))]
    if only:
        command += ["-wp-fct", ",".join(only)]
    out = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    names = sorted(set(re.findall(r"annotating function (\w+)", out)), key=len, reverse=True)
    goals, wrong = {name: 0 for name in names}, []
    for goal, verdict in re.findall(r"^\[wp\] \[[^]]*\] Goal typed_(?:\w*?_)??(\w+) : (\w+)", out, re.M):
        name = next((n for n in names if goal == n or goal.startswith(n + "_")), None)
        if verdict != "Valid" or name is None:
            wrong.append(f"{goal}: {verdict}")
        else:
            goals[name] += 1
    total = re.search(r"Proved goals: +(\d+) / (\d+)", out)
    if total is None or total[1] != total[2]:
        wrong.append(f"{unit.name}: {total[0] if total else out}")
    return goals, int(total[1]) if total else 0, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count())
    parser.add_argument("-t", type=int, default=60, help="seconds a goal and prover")
    parser.add_argument("units", nargs="*", metavar="UNIT")
    args = parser.parse_args()
    env, functions, goals, unproved = environment(), {}, 0, []
    for unit in sorted(HERE.glob("*.c")):
        if args.units and unit.stem not in args.units:
            continue
        of_unit, proved, wrong = prove(unit, env, args.j, args.t)
        print(f"{unit.stem}: {proved} goals", flush=True)
        for name, n in sorted(of_unit.items()):
            if name not in functions:
                print(f"  {name}: {n}")
                functions[name] = n
        goals += proved
        unproved += wrong
    print("\n".join(unproved))
    print(f"figure: proofs.functions {len(functions)}\nfigure: proofs.goals {goals}\nfigure: proofs.unproved {len(unproved)}")
    return 1 if unproved else 0


if __name__ == "__main__":
    sys.exit(main())
