#!/usr/bin/python3
"""Runs test programs in parallel, reads their TAP, and counts.

usage: run.py [-j JOBS] [--timeout SECONDS] [--logs DIR] LABEL:COMMAND...

Each job is a shell command that prints TAP (cmocka, bats and the lints do).
A job that runs no case, or fails without a failing case, counts as a failure.
Every skip is printed with its reason; the last line is
`N passed, N failed, N skipped`.
"""
import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

CASE = re.compile(r"^(not )?ok\b\s*\d*\s*(?:-\s*)?(.*)$")
SKIP = re.compile(r"#\s*skip\b\s*(.*)$", re.IGNORECASE)
REASON = re.compile(r"^# SKIPPED: (\S+): (.*)$")


def read_tap(text):
    """Returns (passed, failed names, skipped as (name, reason))."""
    passed, failed, skipped, reasons = 0, [], [], {}
    for line in text.splitlines():
        reason = REASON.match(line)
        if reason:
            reasons[reason[1]] = reason[2]
        case = CASE.match(line)
        if not case:
            continue
        name, skip = case[2], SKIP.search(case[2])
        if skip:
            # bats: "name # skip reason"; cmocka: "# SKIP name", its reason on a line before
            name, reason = SKIP.sub("", name).strip(), skip[1].strip()
            if not name:
                name, reason = reason, reasons.get(reason, "")
            skipped.append((name, reason or "NO REASON GIVEN"))
        elif case[1]:
            failed.append(name)
        else:
            passed += 1
    return passed, failed, skipped


def run(label, command, timeout, logs):
    start = time.monotonic()
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    child = subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=env, start_new_session=True)
    try:
        out, _ = child.communicate(timeout=timeout)
        note = ""
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, _ = child.communicate()
        note = f"no end after {timeout} s"
    text = out.decode(errors="replace")
    with open(os.path.join(logs, label.replace("/", "_") + ".log"), "w") as log:
        log.write(text)
    passed, failed, skipped = read_tap(text)
    if not note and child.returncode != 0 and not failed:
        note = f"exit status {child.returncode}"
    if not note and passed + len(failed) + len(skipped) == 0:
        note = "ran no case"
    if note:
        failed.append(note)
    return label, text, passed, failed, skipped, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=float, default=400)
    parser.add_argument("--logs", required=True)
    parser.add_argument("jobs_list", nargs="+", metavar="LABEL:COMMAND")
    args = parser.parse_args()
    os.makedirs(args.logs, exist_ok=True)

    totals, skips, broken = [0, 0, 0], [], []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        futures = [pool.submit(run, *job.split(":", 1), args.timeout, args.logs)
                   for job in args.jobs_list]
        for future in concurrent.futures.as_completed(futures):
            label, text, passed, failed, skipped, seconds = future.result()
            totals[0] += passed
            totals[1] += len(failed)
            totals[2] += len(skipped)
            skips += [(label, name, why) for name, why in skipped]
            print(f"{'FAILED' if failed else 'ok':6} {label}: {passed} passed, {len(failed)} failed, "
                  f"{len(skipped)} skipped ({seconds:.1f} s)", flush=True)
            if failed:
                broken.append((label, failed))
                print("\n".join("    " + line for line in text.splitlines()[-80:]), flush=True)
    for label, name, why in skips:
        print(f"skipped {label}: {name}: {why}")
    for label, failed in broken:
        for name in failed:
            print(f"failed {label}: {name}")
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
