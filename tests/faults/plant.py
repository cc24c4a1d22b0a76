#!/usr/bin/python3
"""Plants the faults of tests/faults/*.faults one by one in a copy of the tree, and sees who notices.

usage: plant.py [--check | --list | --again] [WORDS...]

A fault is a piece of a file's text ("-") and what stands there instead ("+"), and the tests that look after that
file, programs or scripts (bats, Python) with their arguments: each is built with the sanitizers and run until the first fails
or dies. One that hangs has caught nothing, as it may be the machine that is slow; that it hung is told. What was found
out is kept in $SOJOURN_BUILD/faults/results.json, so that a run that was cut off goes on, until a test or its file is
another; --again forgets it. WORDS: only faults with these in what --list says. --check: the data alone, without building.

Prints a line a fault, who was not caught, and `figure: faults.planted N`, `figure: faults.caught.percent N`,
`figure: faults.hung N`: tests that hung, whatever caught the fault.
"""
import argparse
import functools
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


def told(fault):
    return f"{fault['class']}: {fault['name']}"


def old_of(fault):
    return "\n".join(fault["old"])


def planted(fault):
    return (ROOT / fault["file"]).read_text().replace(old_of(fault), "\n".join(fault["new"]))


def is_script(test):
    return test[0].endswith((".bats", ".py"))


def source_of(test):
    return ROOT / "tests" / (test[0] if is_script(test) else f"{test[0]}.c")


def command_of(test):
    if test[0].endswith(".bats"):
        return ["bats", "--tap", *test[1:], TREE / "tests" / test[0]]
    return ["/usr/bin/python3", TREE / "tests" / test[0], *test[1:]] if is_script(test) else [TREE / OUT / "tests" / test[0], *test[1:]]


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
        for test in f.get("tests", []):
            if not source_of(test).is_file():
                yield f"{f['at']}: there is no test {test[0]}"
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


def make(tests, programs=False):
    """Scripts start programs; tests of tools do."""
    wanted = {"all" if is_script(t) else f"{OUT}/tests/{t[0]}" for t in tests} | ({"all"} if programs else set())
    run = subprocess.run([*MAKE, *sorted(wanted)], cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return None if run.returncode == 0 else run.stdout


def watch(child):
    """Ends it at the first case that fails: there is no need of the others."""
    for line in child.stdout or child.stderr:
        if (b"[  FAILED  ]" in line or line.startswith(b"not ok ")) and child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def run_test(test):
    """Whether it "passes", "fails" or "hangs"; then it goes with all that it started."""
    env = dict(os.environ, SOJOURN_BUILD=str(TREE / OUT), SOJOURN_CONFIG="/dev/null", PATH=f"{TREE / OUT / 'bin'}:{os.environ['PATH']}", ASAN_OPTIONS="detect_leaks=1:abort_on_error=1", UBSAN_OPTIONS="print_stacktrace=1")
    # Where it tells which case failed.
    tells, quiet = ("stdout", "stderr") if is_script(test) else ("stderr", "stdout")
    child = subprocess.Popen(command_of(test), cwd=TREE, env=env, stdin=subprocess.DEVNULL, start_new_session=True,
                             **{tells: subprocess.PIPE, quiet: subprocess.DEVNULL})
    threading.Thread(target=watch, args=(child,), daemon=True).start()
    try:
        return "passes" if child.wait(SECONDS) == 0 else "fails"
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return "hangs"


def try_fault(fault):
    """Who caught it ("": nobody), and who hung. Exits where it cannot be planted."""
    path = TREE / fault["file"]
    programs = fault["file"].startswith("tools/")
    sound = path.read_text()
    path.write_text(planted(fault))
    hung = []
    try:
        for test in fault["tests"]:
            why = make([test], programs)
            if why is not None:
                sys.exit(f"{fault['at']}: it does not compile:\n{why}")
            verdict = run_test(test)
            if verdict == "fails":
                return shlex.join(test), hung
            if verdict == "hangs":
                hung.append(shlex.join(test))
        return "", hung
    finally:
        path.write_text(sound)
        if programs or any(is_script(t) for t in fault["tests"]):
            make([], True)  # no program with a fault is left for the next


@functools.cache
def digest_of(*tops):
    """Of all sources there: tests share helpers."""
    texts = [p.read_bytes() for top in tops for kind in ("*.[ch]", "*.bats", "*.py") for p in sorted((ROOT / top).rglob(kind))]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def key_of(fault):
    texts = [json.dumps(fault, sort_keys=True), (ROOT / fault["file"]).read_text(), digest_of("tests")]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def prove_tests(every, results):
    """A test that fails without a fault says nothing."""
    known = results.setdefault("sound", {})
    tests = [shlex.split(t) for t in sorted({shlex.join(t) for f in every for t in f["tests"]})]
    key = digest_of("middleware", "card-sim", "pkcs11", "tools", "tests")
    due = [t for t in tests if known.get(shlex.join(t)) != key]
    why = make(due, True) if due else None
    if why is not None:
        sys.exit(f"the tests do not build:\n{why}")
    bad = [shlex.join(t) for t in due if run_test(t) != "passes"]
    if bad:
        sys.exit(f"these fail without a fault: {', '.join(bad)}")
    known.update({shlex.join(t): key for t in due})


def plant(chosen, results):
    due = [f for f in chosen if results.get(f["name"], {}).get("key") != key_of(f)]
    if due:
        copy_tree()
        prove_tests(due, results)
    for f in due:
        by, hung = try_fault(f)
        results[f["name"]] = {"key": key_of(f), "by": by, "hung": hung}
        RESULTS.write_text(json.dumps(results, indent=1))
        print(f"{told(f)}: {'caught by ' + by if by else 'NOT CAUGHT'}{''.join('; hung: ' + h for h in hung)}", flush=True)


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
    chosen = [f for f in every if all(w in told(f) for w in args.words)]
    if args.list:
        print("\n".join(told(f) for f in chosen))
        return 0
    WORK.mkdir(parents=True, exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() and not args.again else {}
    plant(chosen, results)
    missed = [f for f in chosen if not results[f["name"]]["by"]]
    for f in missed:
        print(f"not caught: {told(f)} ({f['at']})")
    print(f"figure: faults.planted {len(chosen)}")
    print(f"figure: faults.caught.percent {100 * (len(chosen) - len(missed)) / max(len(chosen), 1):.1f}")
    print(f"figure: faults.hung {sum(len(results[f['name']]['hung']) for f in chosen)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
