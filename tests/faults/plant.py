#!/usr/bin/python3
"""Plants the faults of tests/faults/*.faults one by one in a copy of the tree, and sees who notices.

usage: plant.py [--check | --list | --again] [WORDS...]

A fault is a piece of a file's text ("-") and what stands there instead ("+"), and the tests that look after that
file: each is built with the sanitizers and run until the first fails, hangs or dies. What was found out is
kept in $SOJOURN_BUILD/faults/results.json, so that a run that was cut off goes on; --again forgets it. WORDS: only faults
with these in their names. --check: the data alone, without building.

Prints a line a fault, who was not caught, and `figure: faults.planted N`, `figure: faults.caught.percent N`.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = (ROOT / os.environ.get("SOJOURN_BUILD", "build")).resolve()
WORK = BUILD / "faults"
TREE = WORK / "tree"
RESULTS = WORK / "results.json"
OUT = "build/asan"
MAKE = ["make", "-s", "-j2", f"BUILD={OUT}", "SANITIZE=-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer",
        "FORTIFY=", "FRAME=", "OPT=-O1 -g", "WERROR="]
SECONDS = 150
LEAST = 60


def parse(path):
    fault = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("fault: "):
            fault = {"name": line[7:], "class": path.stem, "at": f"{path.name}:{number}", "old": [], "new": []}
            yield fault
        elif line.startswith(("file: ", "tests: ")):
            key, value = line.split(": ", 1)
            fault[key] = [shlex.split(v) for v in value.split(";")] if key == "tests" else value
        elif line.startswith(("-", "+")):
            fault["old" if line[0] == "-" else "new"].append(line[1:])
        elif line and not line.startswith("#"):
            sys.exit(f"{path.name}:{number}: neither fault, file, tests, -, + nor #: {line}")


def faults():
    return [f for path in sorted(HERE.glob("*.faults")) for f in parse(path)]


def old_of(fault):
    return "\n".join(fault["old"])


def planted(fault):
    return (ROOT / fault["file"]).read_text().replace(old_of(fault), "\n".join(fault["new"]))


def complaints(every):
    """What the data alone can be wrong in."""
    names = [f["name"] for f in every]
    if len(every) < LEAST:
        yield f"{len(every)} faults: there are to be {LEAST}"
    for f in every:
        path = ROOT / f.get("file", "")
        if names.count(f["name"]) > 1:
            yield f"{f['at']}: two faults of this name"
        if not path.is_file():
            yield f"{f['at']}: {f.get('file')} is not there"
        elif (n := path.read_text().count(old_of(f))) != 1 or not f["old"]:
            yield f"{f['at']}: its text stands {n} times in {f['file']}: {f['name']}"
        elif planted(f) == path.read_text():
            yield f"{f['at']}: it changes nothing"
        for program, *_ in f.get("tests", []):
            if not (ROOT / "tests" / f"{program}.c").is_file():
                yield f"{f['at']}: there is no test {program}"
        if not f.get("tests"):
            yield f"{f['at']}: no test looks after {f.get('file')}"


def copy_tree():
    """The tree as it is here, committed or not; what was built there before stays."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    names = {n.decode() for n in listed.split(b"\0") if n and (ROOT / n.decode()).is_file()}
    for name in sorted(names):
        to = TREE / name
        if not to.exists() or to.read_bytes() != (ROOT / name).read_bytes():
            to.parent.mkdir(parents=True, exist_ok=True)
            fresh = not to.exists()
            shutil.copy2(ROOT / name, to)
            if not fresh:
                os.utime(to)
    for path in list(TREE.rglob("*")):
        if path.is_file() and not path.is_relative_to(TREE / "build") and str(path.relative_to(TREE)) not in names:
            path.unlink()
    if not (TREE / OUT).exists() and (BUILD / "asan/obj").exists():
        (TREE / OUT).parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", BUILD / "asan", TREE / OUT], check=True)


def make(tests):
    run = subprocess.run([*MAKE, *sorted({f"{OUT}/tests/{t[0]}" for t in tests})], cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return None if run.returncode == 0 else run.stdout


def watch(child):
    """Ends it at the first case that fails: there is no need of the others."""
    for line in child.stderr:
        if b"[  FAILED  ]" in line and child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def holds(test):
    """Whether the test passes. One that hangs does not; it goes with all that it started."""
    env = dict(os.environ, SOJOURN_BUILD=str(TREE / OUT), ASAN_OPTIONS="detect_leaks=1:abort_on_error=1", UBSAN_OPTIONS="print_stacktrace=1")
    child = subprocess.Popen([TREE / OUT / "tests" / test[0], *test[1:]], cwd=TREE, env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    threading.Thread(target=watch, args=(child,), daemon=True).start()
    try:
        return child.wait(SECONDS) == 0
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return False


def try_fault(fault):
    """Who caught it; "": nobody. Exits where it cannot be planted."""
    path = TREE / fault["file"]
    sound = path.read_text()
    path.write_text(planted(fault))
    try:
        for test in fault["tests"]:
            why = make([test])
            if why is not None:
                sys.exit(f"{fault['at']}: it does not compile:\n{why}")
            if not holds(test):
                return shlex.join(test)
        return ""
    finally:
        path.write_text(sound)


def key_of(fault):
    texts = [json.dumps(fault, sort_keys=True), (ROOT / fault["file"]).read_text(), *((ROOT / "tests" / f"{t[0]}.c").read_text() for t in fault["tests"])]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def sound_key(test):
    texts = [p.read_bytes() for top in ("middleware", "card-sim", "pkcs11") for p in sorted((ROOT / top).rglob("*.[ch]"))]
    return hashlib.sha256(b"\0".join([*texts, (ROOT / "tests" / f"{test[0]}.c").read_bytes()])).hexdigest()


def prove_tests(every, results):
    """A test that fails without a fault says nothing."""
    known = results.setdefault("sound", {})
    tests = [shlex.split(t) for t in sorted({shlex.join(t) for f in every for t in f["tests"]})]
    keys = {shlex.join(t): sound_key(t) for t in tests}
    due = [t for t in tests if known.get(shlex.join(t)) != keys[shlex.join(t)]]
    why = make(due) if due else None
    if why is not None:
        sys.exit(f"the tests do not build:\n{why}")
    bad = [shlex.join(t) for t in due if not holds(t)]
    if bad:
        sys.exit(f"these fail without a fault: {', '.join(bad)}")
    known.update({shlex.join(t): keys[shlex.join(t)] for t in due})


def plant(chosen, results):
    due = [f for f in chosen if results.get(f["name"], {}).get("key") != key_of(f)]
    if due:
        copy_tree()
        prove_tests(due, results)
    for f in due:
        results[f["name"]] = {"key": key_of(f), "by": try_fault(f)}
        RESULTS.write_text(json.dumps(results, indent=1))
        by = results[f["name"]]["by"]
        print(f"{f['class']}: {f['name']}: {'caught by ' + by if by else 'NOT CAUGHT'}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("words", nargs="*", metavar="WORDS")
    args = parser.parse_args()
    every = faults()
    wrong = list(complaints(every))
    if args.check or wrong:
        print("".join(f"# {w}\n" for w in wrong), end="")
        print(f"1..1\n{'not ok' if wrong else 'ok'} 1 {len(every)} faults can be planted")
        return bool(wrong)
    chosen = [f for f in every if all(w in f["name"] for w in args.words)]
    if args.list:
        print("\n".join(f"{f['class']}: {f['name']}" for f in chosen))
        return 0
    WORK.mkdir(parents=True, exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() and not args.again else {}
    plant(chosen, results)
    missed = [f for f in chosen if not results[f["name"]]["by"]]
    for f in missed:
        print(f"not caught: {f['class']}: {f['name']} ({f['at']})")
    print(f"figure: faults.planted {len(chosen)}")
    print(f"figure: faults.caught.percent {100 * (len(chosen) - len(missed)) / max(len(chosen), 1):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
