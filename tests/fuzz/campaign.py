#!/usr/bin/python3
"""Runs harnesses under libFuzzer or AFL++ for long, and keeps what they found.

usage: campaign.py [options] [HARNESS...]

Each harness runs until it has had its executions and then found nothing new for --quiet seconds, or
until the budget is used up: all take turns, those that had the least first. Corpora, counts and what
crashed a harness stay in --work, so that the next run goes on from there. With --pack the corpora are
minimised into one file, which `make check` replays (mutate -c). Figures are of all runs in --work.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

ENTRY_MAX = 4096  # bytes of an input that is worth keeping in the project


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/fuzz"), help="with tests/fuzz/libfuzzer and mutate")
    p.add_argument("--afl", type=pathlib.Path, help="a build by afl-clang-fast: AFL++ instead of libFuzzer")
    p.add_argument("--work", type=pathlib.Path, help="default: campaign, beside the harness")
    p.add_argument("--executions", type=int, default=10_000_000, help="of each parser")
    p.add_argument("--stateful", type=int, default=2_000_000, help="of each stateful harness")
    p.add_argument("--quiet", type=int, default=600, help="seconds without new coverage")
    p.add_argument("--slice", type=int, default=60, help="seconds of one turn")
    p.add_argument("--budget", type=int, help="seconds for everything")
    p.add_argument("--pack", type=pathlib.Path, metavar="FILE", help="only minimise the corpora into this")
    p.add_argument("--room", type=int, default=8192, help="bytes of each harness in the packed file")
    p.add_argument("names", nargs="*", metavar="HARNESS")
    return p.parse_args()


class Campaign:
    def __init__(self, args):
        self.args = args
        self.harness = (args.afl or args.build) / "tests/fuzz/libfuzzer"
        self.mutate = args.build / "tests/fuzz/mutate"
        self.work = args.work or args.build / "campaign"
        self.state_file = self.work / "state.json"
        listed = subprocess.run([self.mutate, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.kinds = dict(line.split() for line in listed.splitlines())
        unknown = set(args.names) - set(self.kinds)
        if unknown:
            sys.exit(f"no such harness: {', '.join(sorted(unknown))}; {self.mutate} --list tells them")
        self.names = [n for n in self.kinds if not args.names or n in args.names]
        self.work.mkdir(parents=True, exist_ok=True)
        self.state = json.loads(self.state_file.read_text()) if self.state_file.exists() else {}
        subprocess.run([self.mutate, "--seeds", self.work / "seeds"], check=True)
        for name in self.names:
            self.state.setdefault(name, {"executions": 0, "afl": 0, "coverage": 0, "quiet": 0.0})
            self.corpus(name).mkdir(parents=True, exist_ok=True)
        (self.work / "crashes").mkdir(exist_ok=True)

    def corpus(self, name):
        return self.work / "corpus" / name

    def save(self):
        fresh = self.state_file.with_suffix(".new")
        fresh.write_text(json.dumps(self.state, indent=1))
        fresh.rename(self.state_file)

    def crashes(self, name=""):
        return sorted((self.work / "crashes").glob(f"{name}{'+' if name else ''}*"))

    def environment(self, name):
        asan = "detect_leaks=1:abort_on_error=1:symbolize=" + ("0" if self.args.afl else "1")
        return dict(os.environ, SOJOURN_FUZZ=name, ASAN_OPTIONS=asan, UBSAN_OPTIONS="print_stacktrace=1",
                    AFL_SKIP_CPUFREQ="1", AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_UI="1", AFL_NO_AFFINITY="1")

    def wanted(self, name):
        s, a = self.state[name], self.args
        if a.afl:
            return a.stateful - s["afl"]
        least = a.stateful if self.kinds[name] == "stateful" else a.executions
        return max(least - s["executions"], 1 if s["quiet"] < a.quiet else 0)

    def turn(self, name, seconds):
        """One slice of libFuzzer."""
        s = self.state[name]
        command = [self.harness, f"-max_total_time={seconds}", "-print_final_stats=1", "-max_len=16384", "-rss_limit_mb=4096", "-timeout=60",
                   f"-artifact_prefix={self.work}/crashes/{name}+", self.corpus(name), self.work / "seeds" / name]
        start = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment(name), text=True, errors="replace")
        units = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        covered = [int(n) for n in re.findall(r"cov: (\d+)", done.stderr)]
        s["executions"] += int(units[1]) if units else 0
        grew = bool(covered) and covered[-1] > s["coverage"]
        s["coverage"] = max([s["coverage"], *covered])
        s["quiet"] = 0.0 if grew else s["quiet"] + time.monotonic() - start
        if done.returncode != 0:
            (self.work / f"{name}.log").write_text(done.stderr)

    def turn_afl(self, name, seconds):
        s, out = self.state[name], self.work / "afl" / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        command = ["afl-fuzz", "-i", self.work / "seeds" / name, "-o", out, "-V", str(seconds), "-m", "none", "-t", "10000+", "--", self.harness]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment(name), text=True, errors="replace")
        stats = out / "default/fuzzer_stats"
        if not stats.exists():
            sys.exit(f"{name}: afl-fuzz did not run\n{done.stdout[-2000:]}")
        s["afl"] += int(re.search(r"execs_done\s*: (\d+)", stats.read_text())[1])
        for folder, to in (("queue", self.corpus(name)), ("crashes", self.work / "crashes"), ("hangs", self.work / "crashes")):
            for f in (out / "default" / folder).glob("id*"):
                shutil.copy(f, to / (f"afl-{f.name[3:9]}" if folder == "queue" else f"{name}+{f.name}"))

    def run(self):
        end = time.monotonic() + (float("inf") if self.args.budget is None else self.args.budget)
        key = "afl" if self.args.afl else "executions"
        while True:
            left = [n for n in self.names if self.wanted(n) > 0 and not self.crashes(n)]
            if self.args.afl:
                left = [n for n in left if self.kinds[n] == "stateful"]
            if not left or time.monotonic() >= end:
                break
            name = min(left, key=lambda n: self.state[n][key])
            seconds = max(1, int(min(self.args.slice, end - time.monotonic())))
            (self.turn_afl if self.args.afl else self.turn)(name, seconds)
            s = self.state[name]
            print(f"{name}: {s[key]} executions, {s['coverage']} edges, nothing new for {s['quiet']:.0f} s{', CRASH' if self.crashes(name) else ''}", flush=True)
            self.save()

    def report(self):
        counts = {kind: [self.state[n]["executions"] for n in self.names if self.kinds[n] == kind] for kind in ("parser", "stateful")}
        afl = [self.state[n]["afl"] for n in self.names if self.kinds[n] == "stateful"]
        if self.args.afl:
            print(f"figure: fuzz.afl.least {min(afl, default=0)}")
            print(f"figure: fuzz.afl.crashes {len(self.crashes())}")
        else:
            print(f"figure: fuzz.harnesses {sum(self.state[n]['executions'] > 0 for n in self.names)}")
            print(f"figure: fuzz.executions.least {min(counts['parser'], default=0)}")
            print(f"figure: fuzz.stateful.least {min(counts['stateful'], default=0)}")
            print(f"figure: fuzz.executions.all {sum(map(sum, counts.values()))}")
            print(f"figure: fuzz.crashes {len(self.crashes())}")
        for crash in self.crashes():
            print(f"crash: {crash}")

    def reach(self, name):
        """Edges that each file of the corpus reaches, by path: libFuzzer writes them down when it merges."""
        into, notes = self.work / "small" / name, self.work / "small" / f"{name}.notes"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        notes.unlink(missing_ok=True)
        subprocess.run([self.harness, "-merge=1", f"-merge_control_file={notes}", f"-max_len={ENTRY_MAX}", into, self.corpus(name), self.work / "seeds" / name],
                       env=self.environment(name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        lines = notes.read_text().splitlines()
        files = lines[2:2 + int(lines[0])]
        edges = {}
        for line in lines[2 + len(files):]:
            word, *numbers = line.split()
            if word == "COV":
                edges.setdefault(files[int(numbers[0])], set()).update(numbers[1:])
        return edges

    def pack(self):
        """As few inputs as reach every edge, the one with most new ones next."""
        with open(self.args.pack, "wb") as out:
            for name in self.names:
                edges, seen, room = self.reach(name), set(), self.args.room
                while edges and room > 0:
                    path = max(edges, key=lambda p: (len(edges[p] - seen), -os.path.getsize(p)))
                    if not edges[path] - seen:
                        break
                    seen |= edges.pop(path)
                    data = pathlib.Path(path).read_bytes()[:ENTRY_MAX]
                    room -= len(data)
                    out.write(struct.pack(">B", len(name)) + name.encode() + struct.pack(">I", len(data)) + data)
        print(f"{self.args.pack}: {self.args.pack.stat().st_size} bytes")


def main():
    args = options()
    campaign = Campaign(args)
    if args.pack:
        campaign.pack()
        return 0
    campaign.run()
    campaign.report()
    return 1 if campaign.crashes() else 0


if __name__ == "__main__":
    sys.exit(main())
