#!/usr/bin/python3
"""A batch whose workers, database and cards are killed at random moments; then every card is
asked, and held against the register.

batch_kills.py [--cards N] [--kills N] [--workers N] [--sqlite] [--seed N] [--keep]
"""
import argparse
import collections
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("SOJOURN_BUILD", "build"))
SOJOURN = f"{BUILD}/bin/sojourn"
ASKER = f"{BUILD}/tests/power/asker"
PG_BIN = (sorted(glob.glob("/usr/lib/postgresql/*/bin")) or ["none"])[-1]
PORT = 5499


def sh(*argv, check=True, **more):
    return subprocess.run(argv, check=check, text=True, capture_output=True, **more)


class Server:
    """PostgreSQL with a data directory of its own, on a Unix socket there."""

    def __init__(self, base):
        self.base = base
        self.data = f"{base}/pg"
        self.user = "postgres" if os.getuid() == 0 else None
        self.process = None
        os.makedirs(self.data, mode=0o700)
        if self.user:
            shutil.chown(base, self.user)
            shutil.chown(self.data, self.user)
        sh(f"{PG_BIN}/initdb", "-D", self.data, "-A", "trust", "-U", "sojourn", "-N", user=self.user,
           cwd=base)
        self.where = f"host={base} port={PORT} user=sojourn dbname=postgres"

    def start(self):
        log = open(f"{self.base}/pg.log", "ab")
        self.process = subprocess.Popen(
            [f"{PG_BIN}/postgres", "-D", self.data, "-k", self.base, "-p", str(PORT), "-h", "",
             "-c", "max_connections=40"],
            stdout=log, stderr=log, user=self.user, cwd=self.base, start_new_session=True)
        for _ in range(300):
            if self.sql("SELECT 1") == ["1"]:
                return
            time.sleep(0.1)
        sys.exit("PostgreSQL does not start: see pg.log")

    def sql(self, text):
        done = sh("psql", "-h", self.base, "-p", str(PORT), "-U", "sojourn", "-d", "postgres", "-At",
                  "-c", text, check=False)
        return done.stdout.split("\n")[:-1] if done.returncode == 0 else None

    def backends(self):
        out = sh("ps", "-o", "pid=,args=", "--ppid", str(self.process.pid), check=False).stdout
        return [int(line.split()[0]) for line in out.splitlines() if "sojourn" in line]

    def kill(self):
        if random.random() < 0.5:
            backends = self.backends()
            try:
                if backends:
                    os.kill(random.choice(backends), signal.SIGKILL)
                    return "a backend of the database"
            except ProcessLookupError:
                return None
        children = sh("ps", "-o", "pid=", "--ppid", str(self.process.pid), check=False).stdout.split()
        for pid in [self.process.pid] + [int(c) for c in children]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        time.sleep(random.random() * 0.1)
        self.start()
        return "the database"

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()


class File:
    """The register in SQLite, which nobody can kill."""

    def __init__(self, path):
        self.path = path
        self.where = None

    def start(self):
        pass

    stop = start

    def sql(self, text):
        done = sh("sqlite3", "-readonly", "-cmd", ".timeout 5000", self.path, text, check=False)
        return done.stdout.split("\n")[:-1] if done.returncode == 0 else None


class Worker:
    def __init__(self, place, number):
        self.place, self.number = place, number
        self.dir = f"{place}/slot-{number}"
        os.makedirs(self.dir, exist_ok=True)
        self.start()

    def pause(self, on):
        """A worker that waits, so that the others do not outrun the killing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def start(self):
        log = open(f"{self.place}/worker-{self.number}.log", "ab")
        self.process = subprocess.Popen(
            [SOJOURN, "issue", "--authority", f"{self.place}/ut", "--worker", "--letters",
             f"{self.place}/letters", "--exec", "--", f"{HERE}/feeder", SOJOURN, self.dir],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def card(self):
        out = sh("ps", "-o", "pid=,args=", "--ppid", str(self.process.pid), check=False).stdout
        return [int(line.split()[0]) for line in out.splitlines() if " feed " in line]

    def kill_card(self):
        for pid in self.card():
            try:
                os.kill(pid, signal.SIGKILL)
                return "a card"
            except ProcessLookupError:
                pass
        return None

    def kill(self):
        if self.process.poll() is not None:
            return None
        self.process.kill()
        self.process.wait()
        time.sleep(random.random() * 0.05)
        self.start()
        return "a worker"


def make_place(options):
    place = tempfile.mkdtemp(prefix="sojourn-kills-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    os.chmod(place, 0o755)
    os.makedirs(f"{place}/letters", mode=0o700)
    sh(SOJOURN, "authority", "init", f"{place}/ut")
    if options.sqlite:
        return place, File(f"{place}/ut/register.db")
    base = f"{place}/server"
    os.makedirs(base)
    server = Server(base)
    server.start()
    with open(f"{place}/ut/registry.json") as f:
        registry = json.load(f)
    registry["register"] = server.where
    with open(f"{place}/ut/registry.json", "w") as f:
        json.dump(registry, f)
    return place, server


def write_holders(place, cards):
    shutil.copy("tools/demo/face.jpg", place)
    with open("tools/demo/holder.json") as f:
        holder = json.load(f)
    with open(f"{place}/holders.jsonl", "w") as f:
        for i in range(cards):
            f.write(json.dumps({**holder, "documentNumber": f"K{i:08d}", "portrait": "face.jpg"}) + "\n")


def run_batch(options, place, register):
    kills = collections.Counter()
    fill = sh(SOJOURN, "issue", "--authority", f"{place}/ut", "--batch", f"{place}/holders.jsonl",
              "--workers", "0", check=False)
    if fill.returncode != 0:
        sys.exit(fill.stdout + fill.stderr)
    start = time.monotonic()
    workers = [Worker(place, n) for n in range(options.workers)]
    done = 0
    while True:
        row = register.sql("SELECT count(*) FROM job WHERE state >= 2")
        done = int(row[0]) if row else done
        if all(w.process.poll() is not None for w in workers):
            if done >= options.cards:
                break
            for w in workers:
                w.start()
        # All of them before the last twentieth: the end is soon over.
        due = done * (options.kills + 1) * 20 // (options.cards * 19) - sum(kills.values())
        workers[0].pause(due > 3 and sum(kills.values()) < options.kills)
        if sum(kills.values()) < options.kills and due >= 0:
            time.sleep(random.random() * 0.08)
            what = random.choices(["worker", "card", "database"],
                                  [4, 4, 0 if options.sqlite else 2])[0]
            victim = random.choice(workers)
            killed = register.kill() if what == "database" else \
                victim.kill() if what == "worker" else victim.kill_card()
            if killed:
                kills[killed] += 1
        else:
            time.sleep(0.05)
        if sys.stderr.isatty():
            print(f"\r{done} of {options.cards} cards, {sum(kills.values())} kills", end="", file=sys.stderr)
    return kills, time.monotonic() - start


def ask(lines, trust="-"):
    """What the asker says of each "FILE CAN": (file, issued, serial, number, exit code)."""
    done = subprocess.run([ASKER, trust], input="\n".join(lines) + "\n", text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [(f[0], f[1] == "issued", f[2], f[3], f[4])
            for f in (line.split() for line in done.stdout.splitlines())]


def can_of(place, number):
    with open(f"{place}/letters/{number}.txt") as f:
        for line in f:
            if line.startswith("Card access number"):
                return line.split(": ")[1].strip()
    return ""


def check(options, place, register):
    """Faults; empty: every holder has one good card, and the register agrees with every card."""
    faults = []
    wrong = register.sql("SELECT count(*) FROM credentials c JOIN cards k ON k.id = c.card "
                         "WHERE (k.state = 2 AND c.status <> 0) OR (k.state = 3 AND c.status <> 2)")[0]
    if wrong != "0":
        faults.append(f"{wrong} credentials: revoked on a good card, or good on a scrapped one")
    rows = [r.split("|") for r in register.sql(
        "SELECT lower({}(serial{})), document, state, id FROM cards ORDER BY id".format(
            *(("hex", "") if options.sqlite else ("encode", ", 'hex'"))))]
    newest = {r[0]: (int(r[1]), int(r[2])) for r in rows}
    issued = collections.Counter(int(r[1]) for r in rows if r[2] == "2")
    documents = register.sql("SELECT id FROM documents WHERE state = 2")
    if len(documents) != options.cards:
        faults.append(f"{len(documents)} of {options.cards} documents are personalised")
    faults += [f"document {d}: {issued[int(d)]} issued cards" for d in documents if issued[int(d)] != 1]
    sh(SOJOURN, "trust", "import", "--trust", f"{place}/trust", "--csca", f"{place}/ut/csca-1.cer")
    files = [f"{place}/{slot}/{name} -" for slot in sorted(os.listdir(place)) if slot.startswith("slot-")
             for name in sorted(os.listdir(f"{place}/{slot}"))]
    number = {int(d): f"K{int(line) - 1:08d}" for d, line in
              (r.split("|") for r in register.sql("SELECT document, line FROM job"))}
    good, spare = {}, []
    for path, locked, serial, _, _ in ask(files):
        document, state = newest.get(serial, (None, None))
        if locked and state == 2:
            good.setdefault(document, []).append(path)
        elif locked and state == 3:
            spare.append((document, path))
        elif locked or state == 2:
            faults.append(f"{path}: {'issued' if locked else 'not issued'}, the register says {state}")
    faults += [f"document {d}: {len(p)} good cards" for d, p in good.items() if len(p) != 1]
    faults += [f"document {d}: no card" for d in documents if int(d) not in good]
    lines = [f"{p[0]} {can_of(place, number[d])}" for d, p in good.items()]
    documents_of = {p[0]: number[d] for d, p in good.items()}
    for path, _, _, told, code in ask(lines, f"{place}/trust"):
        if code != "0" or told != documents_of[path]:
            faults.append(f"{path}: sojourn verify says {code}, number {told}")
    return faults, len(good), len(spare), sum(1 for r in rows if r[2] == "3")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cards", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    random.seed(options.seed)
    place, register = make_place(options)
    print(f"seed {options.seed}, in {place}")
    write_holders(place, options.cards)
    kills, seconds = run_batch(options, place, register)
    print(f"{options.cards} cards in {seconds:.0f} s; killed: " +
          ", ".join(f"{n} times {what}" for what, n in kills.items()))
    faults, good, complete, scrapped = check(options, place, register)
    print(f"{good} good cards, each verified; {scrapped} scrapped in the register, {complete} of "
          "them complete, and revoked")
    for fault in faults[:20]:
        print("FAULT:", fault)
    print(f"figure: batch.cards {good}\nfigure: batch.kills {sum(kills.values())}\nfigure: batch.faults {len(faults)}")
    register.stop()
    if not options.keep and not faults:
        shutil.rmtree(place)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
