#!/usr/bin/python3
"""Runs harnesses under libFuzzer or AFL++ for long, and keeps what they found.

usage: campaign.py [options] [HARNESS...]

Each harness runs until it has had its executions and then, for --quiet seconds, no parser of its room
(parsers_ROOM.c), which take turns, has reached anything new, or until the budget is used up: --jobs of them
at once, those that have the smallest part of their executions first. HARNESS may be "parser" or "stateful":
all of these. Corpora, counts and what crashed a harness stay in --work, so that the next run goes on from
there. Without them it begins with the packed corpus of the project, and with --counts at what that file says
was run elsewhere. With --fast three turns of four
have no sanitisers, several times as many executions a second; a harness is done after a turn that has them,
which runs all that the others found again, and after 10,000 executions with them. With --pack the corpora are
minimised into one file, which `make check` replays (mutate -c), and --counts is written as well. Figures are
of all runs in --work, and of what it was begun with. --unreached tells the places that the corpora do not reach,
in functions that they do enter: what no seed leads to stays quiet for ever.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

PACKED = pathlib.Path(__file__).with_name("corpus")
ENTRY_MAX = 4096  # bytes of an input that is worth keeping in the project
SANITISED = 10_000  # executions with sanitisers, whatever runs without them
ORDERS = 5  # in which a corpus is read, to see whether it reaches the same
# Freed memory is watched until 4 MiB more were freed, and it is told who allocated it by a few frames: with ASan's
# own numbers most of the time goes into fresh pages. Whoever looks into a crash runs it with these.
ASAN = "detect_leaks=1:abort_on_error=1:quarantine_size_mb=4:thread_local_quarantine_size_kb=64:malloc_context_size=3:allocator_release_to_os_interval_ms=-1"


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/fuzz"), help="with tests/fuzz/libfuzzer and mutate")
    p.add_argument("--fast", type=pathlib.Path, help="a build without sanitisers, with a tests/fuzz/libfuzzer-ROOM for each")
    p.add_argument("--afl", type=pathlib.Path, help="such a build by afl-clang-fast: AFL++ instead of libFuzzer")
    p.add_argument("--work", type=pathlib.Path, help="default: campaign, beside the harness")
    p.add_argument("--executions", type=int, default=10_000_000, help="of each parser")
    p.add_argument("--stateful", type=int, default=2_000_000, help="of each stateful harness")
    p.add_argument("--quiet", type=float, default=600, help="seconds of processor time of a room's parsers without new coverage")
    p.add_argument("--slice", type=int, default=60, help="seconds of one turn")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), help="harnesses at once")
    p.add_argument("--budget", type=float, help="seconds for everything")
    p.add_argument("--pack", type=pathlib.Path, metavar="FILE", help="only minimise the corpora into this")
    p.add_argument("--counts", type=pathlib.Path, metavar="FILE", help="what was run on other machines, a line a harness")
    p.add_argument("--room", type=int, default=8192, help="bytes of each harness in the packed file")
    p.add_argument("--unreached", action="store_true", help="only tell what the corpora do not reach")
    p.add_argument("names", nargs="*", metavar="HARNESS")
    return p.parse_args()


class Campaign:
    def __init__(self, args):
        self.args = args
        self.mutate = args.build / "tests/fuzz/mutate"
        self.work = args.work or args.build / "campaign"
        self.state_file = self.work / "state.json"
        listed = subprocess.run([self.mutate, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
        rows = [line.split() for line in listed.splitlines()]
        self.kinds, self.rooms = {r[0]: r[1] for r in rows}, {r[0]: r[2] for r in rows}
        unknown = set(args.names) - set(self.kinds) - {"parser", "stateful"}
        if unknown:
            sys.exit(f"no such harness: {', '.join(sorted(unknown))}; {self.mutate} --list tells them")
        self.names = [n for n in self.kinds if not args.names or {n, self.kinds[n]} & set(args.names)]
        self.work.mkdir(parents=True, exist_ok=True)
        mark = self.work / "with-counts"
        if self.state_file.exists():
            if args.counts and not mark.exists():
                sys.exit(f"{self.state_file} was begun without --counts, which would be lost: remove {self.work}, or leave --counts out")
            self.state, packed = json.loads(self.state_file.read_text()), {}
        else:
            self.state, packed = json.loads(args.counts.read_text()) if args.counts else {}, self.packed()
            if args.counts:
                mark.touch()
        self.finds = collections.Counter()  # by room, of its parsers
        subprocess.run([self.mutate, "--seeds", self.work / "seeds"], check=True)
        for name in self.kinds:
            self.state.setdefault(name, {"executions": 0, "afl": 0, "coverage": 0, "quiet": 0.0})
            self.state[name].setdefault("fast", 0)  # turns without sanitisers since the last with them
            self.state[name].setdefault("sanitised", 0)  # of its executions; older states did not count them
        for name in self.names:
            self.corpus(name).mkdir(parents=True, exist_ok=True)
            for i, data in enumerate(packed.get(name, [])):
                (self.corpus(name) / f"packed-{i}").write_bytes(data)
        (self.work / "crashes").mkdir(exist_ok=True)

    def harness(self, name):
        """The one with sanitisers, and the one without, or both the same."""
        with_all = self.args.build / "tests/fuzz/libfuzzer"
        return with_all, self.args.fast / f"tests/fuzz/libfuzzer-{self.rooms[name]}" if self.args.fast else with_all

    def corpus(self, name):
        return self.work / "corpus" / name

    @staticmethod
    def packed():
        """Inputs of each harness in the project's corpus."""
        inputs, data, at = {}, PACKED.read_bytes(), 0
        while at < len(data):
            end = at + 1 + data[at]
            size, = struct.unpack_from(">I", data, end)
            inputs.setdefault(data[at + 1:end].decode(), []).append(data[end + 4:end + 4 + size])
            at = end + 4 + size
        return inputs

    def save(self, file):
        fresh = file.with_suffix(".new")
        fresh.write_text("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(s)}" for n, s in sorted(self.state.items())) + "\n}\n")
        fresh.rename(file)

    def crashes(self, name=""):
        return sorted((self.work / "crashes").glob(f"{name}{'+' if name else ''}*"))

    def environment(self, name):
        return dict(os.environ, SOJOURN_FUZZ=name, ASAN_OPTIONS=f"{ASAN}:symbolize={0 if self.args.afl else 1}", UBSAN_OPTIONS="print_stacktrace=1",
                    AFL_SKIP_CPUFREQ="1", AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_UI="1", AFL_NO_AFFINITY="1", AFL_AUTORESUME="1",
                    AFL_HANG_TMOUT="60000")  # as libFuzzer has it: a key of RSA takes seconds beside others

    def done(self, name):
        """Part of its executions, of the time in which nothing may be found, and whether all was run with sanitisers."""
        s, a = self.state[name], self.args
        least = a.stateful if a.afl or self.kinds[name] == "stateful" else a.executions
        quiet = 0 if a.afl or self.kinds[name] == "stateful" else a.quiet / len(self.beside(name))
        sanitised = a.afl or (s["fast"] == 0 and s["sanitised"] >= SANITISED)
        return min(s["afl" if a.afl else "executions"] / least, 1), min(s["quiet"] / quiet, 1) if quiet else 1, 1 if sanitised else 0

    def beside(self, name):
        """The parsers of its room, which share the time in which none may find anything."""
        return [n for n in self.kinds if self.rooms[n] == self.rooms[name] and self.kinds[n] == "parser"]

    def longest(self, name):
        """Bytes of an input: twice the longest valid one; small ones may still grow."""
        return max(4096, 2 * max(f.stat().st_size for f in (self.work / "seeds" / name).iterdir()))

    def common(self, name):
        """Of each run of libFuzzer, which lets inputs grow by and by only when it is told so, if mutations are ours."""
        return [f"-max_len={self.longest(name)}", "-len_control=100", "-rss_limit_mb=4096", "-timeout=60", "-report_slow_units=60", "-entropic=0", "-reload=0",
                f"-artifact_prefix={self.work}/crashes/{name}+", self.corpus(name), self.work / "seeds" / name]

    def turn(self, name, seconds):
        """One slice of libFuzzer. It looks for leaks after each input in the first, and at the end of the others; its choice
        of inputs by entropy costs more than it finds where an input touches much."""
        s = self.state[name]
        leaks = 1 if s["executions"] == 0 else 0
        with_all, fast = self.harness(name)
        harness = fast if leaks == 0 and s["fast"] < 3 and self.done(name)[:2] != (1, 1) else with_all
        command = [harness, f"-max_total_time={seconds}", "-print_final_stats=1", f"-detect_leaks={leaks}", *self.common(name)]
        room = self.rooms[name]
        finds = self.finds[room]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment(name), text=True, errors="replace")
        told = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        units = re.search(r"number_of_executed_units: (\d+)", told)
        # While it reads its corpus, it tells of what that reaches so far.
        covered = [int(n) for n in re.findall(r"(?:INITED|NEW|REDUCE|RELOAD|pulse|DONE) +cov: (\d+)", told[max(told.find("INITED"), 0):])]
        s["executions"] += int(units[1]) if units else 0
        s["sanitised"] += int(units[1]) if units and harness == with_all else 0
        grew = bool(covered) and covered[-1] > covered[0]  # of a build's own edges: the first is what the corpus reaches
        s["coverage"] = covered[-1] if covered else s["coverage"]
        s["fast"] = s["fast"] + 1 if harness != with_all else 0
        if grew and self.kinds[name] == "parser":
            self.finds[room] += 1
            for n in self.beside(name):
                self.state[n]["quiet"] = 0.0
        elif finds == self.finds[room]:  # none beside it has meanwhile found something
            s["quiet"] += used.ru_utime + used.ru_stime  # beside other programs it has less than what goes by
        if process.returncode != 0:
            (self.work / f"{name}.log").write_text(told)
            if not self.crashes(name):
                (self.work / f"crashes/{name}+log").write_text(told)

    def turn_afl(self, name, seconds):
        """One slice of AFL++. Its queue stays in --work; it begins with what libFuzzer found, as few files as `pack` would take."""
        s, out = self.state[name], self.work / "afl" / name
        stats, begin = out / "default/fuzzer_stats", self.work / "begin" / name
        had = self.afl_executions(stats)
        out.parent.mkdir(exist_ok=True)
        if not begin.exists():
            begin.mkdir(parents=True)
            for path in self.fewest(name):
                shutil.copy(path, begin)
        command = ["afl-fuzz", "-i", begin, "-o", out, "-V", str(seconds), "-m", "none", "-t", "10000+", "--", self.args.afl / f"tests/fuzz/libfuzzer-{self.rooms[name]}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment(name), text=True, errors="replace")
        has = self.afl_executions(stats)
        if has is None:
            sys.exit(f"{name}: afl-fuzz did not run\n{done.stdout[-2000:]}")
        s["afl"] += has - had if had is not None and has >= had else has
        for folder, to in (("queue", self.corpus(name)), ("crashes", self.work / "crashes"), ("hangs", self.work / "crashes")):
            for f in [f for f in (out / "default" / folder).glob("id*") if ",orig:" not in f.name]:
                shutil.copy(f, to / (f"afl-{f.name[3:9]}" if folder == "queue" else f"{name}+{f.name}"))

    @staticmethod
    def afl_executions(stats):
        return int(re.search(r"execs_done\s*: (\d+)", stats.read_text())[1]) if stats.exists() else None

    def next(self, running):
        """Who takes the next turn; None: nobody needs one."""
        left = [n for n in self.names if n not in running and self.done(n) < (1, 1, 1) and not self.crashes(n)]
        if self.args.afl:
            left = [n for n in left if self.kinds[n] == "stateful"]
        return min(left, key=self.done, default=None)

    def told(self, name):
        s, crash = self.state[name], ", CRASH" if self.crashes(name) else ""
        print(f"{name}: {s['afl' if self.args.afl else 'executions']} executions, {s['coverage']} edges, nothing new for {s['quiet']:.0f} s{crash}", flush=True)
        self.save(self.state_file)

    def run(self):
        end = time.monotonic() + (float("inf") if self.args.budget is None else self.args.budget)
        turn, running = self.turn_afl if self.args.afl else self.turn, {}
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            while True:
                while len(running) < self.args.jobs and time.monotonic() < end and (name := self.next(running)):
                    running[name] = pool.submit(turn, name, max(1, int(min(self.args.slice, end - time.monotonic()))))
                if not running:
                    break
                concurrent.futures.wait(running.values(), return_when=concurrent.futures.FIRST_COMPLETED)
                for name in [n for n, f in running.items() if f.done()]:
                    running.pop(name).result()
                    self.told(name)

    def unsteady(self, name):
        """Does what the corpus reaches depend on its order? Then places that only the first to come reaches count as finds."""
        reached = set()
        for seed in range(1, ORDERS + 1):
            told = subprocess.run([self.harness(name)[1], "-runs=0", f"-seed={seed}", "-prefer_small=0", *self.common(name)],
                                  env=self.environment(name), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace").stderr
            found = re.search(r"INITED +cov: (\d+)", told)
            reached.add(found and found[1])
        return len(reached) > 1 or None in reached

    def unreached(self, name):
        """Lines of places, by file and function. A place in a loop that was unrolled counts as often as it was."""
        command = [self.harness(name)[1], "-runs=0", "-print_coverage=1", *self.common(name)]
        told = subprocess.run(command, env=self.environment(name), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace").stdout
        function, reached, places, missing = "", 0, 0, collections.defaultdict(list)
        for line in told.splitlines():
            if found := re.match(r"COVERED_FUNC: hits: \d+ edges: (\d+)/(\d+) (\S+)", line):
                function, reached, places = found[3], reached + int(found[1]), places + int(found[2])
            elif found := re.search(r"UNCOVERED_PC: .*?([^/ ]+):(\d+)", line):
                missing[found[1], function].append(found[2])
        if places == 0:
            sys.exit(f"{name}: no coverage was told\n{told[-2000:]}")
        print(f"{name}: {reached} of {places} places")
        for (file, function), lines in sorted(missing.items()):
            print(f"  {file} {function} {' '.join(lines)}")

    def report(self):
        counts = {kind: [self.state[n]["executions"] for n in self.names if self.kinds[n] == kind] for kind in ("parser", "stateful")}
        afl = [self.state[n]["afl"] for n in self.names if self.kinds[n] == "stateful"]
        if self.args.afl:
            print(f"figure: fuzz.afl.least {min(afl, default=0)}")
            print(f"figure: fuzz.afl.crashes {len(self.crashes())}")
        else:
            rooms = [self.beside(n) for n in {self.rooms[n]: n for n in self.names if self.kinds[n] == "parser"}.values()]
            quiet = sum(all(self.done(n)[:2] == (1, 1) for n in room) for room in rooms)
            print(f"figure: fuzz.rooms {len(rooms)}")
            print(f"figure: fuzz.quiet.percent {100 * quiet / max(len(rooms), 1):.1f}")
            with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
                parsers = [n for n in self.names if self.kinds[n] == "parser"]
                unsteady = [n for n, is_so in zip(parsers, pool.map(self.unsteady, parsers)) if is_so]
            print(f"figure: fuzz.unsteady {len(unsteady)} {' '.join(unsteady)}".rstrip())
            print(f"figure: fuzz.harnesses {sum(self.state[n]['executions'] > 0 for n in self.names)}")
            print(f"figure: fuzz.executions.least {min(counts['parser'], default=0)}")
            print(f"figure: fuzz.stateful.least {min(counts['stateful'], default=0)}")
            print(f"figure: fuzz.sanitised.least {min((self.state[n]['sanitised'] for n in self.names), default=0)}")
            print(f"figure: fuzz.crashes {len(self.crashes())}")
        for crash in self.crashes():
            print(f"crash: {crash}")

    def reach(self, name):
        """Edges that each file of the corpus reaches, by path: libFuzzer writes them down when it merges."""
        into, notes = self.work / "small" / name, self.work / "small" / f"{name}.notes"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        notes.unlink(missing_ok=True)
        subprocess.run([self.args.build / "tests/fuzz/libfuzzer", "-merge=1", f"-merge_control_file={notes}", f"-max_len={ENTRY_MAX}", into, self.corpus(name), self.work / "seeds" / name],
                       env=self.environment(name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        lines = notes.read_text().splitlines()
        files = lines[2:2 + int(lines[0])]
        edges = {}
        for line in lines[2 + len(files):]:
            word, *numbers = line.split()
            if word == "COV":
                edges.setdefault(files[int(numbers[0])], set()).update(numbers[1:])
        return edges

    def fewest(self, name, room=float("inf")):
        """As few inputs as reach every edge, the one with most new ones next."""
        edges, seen = self.reach(name), set()
        while edges and room > 0:
            path = max(edges, key=lambda p: (len(edges[p] - seen), -os.path.getsize(p)))
            if not edges[path] - seen:
                break
            seen |= edges.pop(path)
            room -= min(os.path.getsize(path), ENTRY_MAX)
            yield path

    def pack(self):
        with open(self.args.pack, "wb") as out:
            for name in self.names:
                for path in self.fewest(name, self.args.room):
                    data = pathlib.Path(path).read_bytes()[:ENTRY_MAX]
                    out.write(struct.pack(">B", len(name)) + name.encode() + struct.pack(">I", len(data)) + data)
        if self.args.counts:
            self.save(self.args.counts)
        print(f"{self.args.pack}: {self.args.pack.stat().st_size} bytes")


def main():
    args = options()
    campaign = Campaign(args)
    if args.unreached:
        for name in campaign.names:
            campaign.unreached(name)
        return 0
    if args.pack:
        campaign.pack()
        return 0
    campaign.run()
    campaign.report()
    return 1 if campaign.crashes() else 0


if __name__ == "__main__":
    sys.exit(main())
