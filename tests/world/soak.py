"""What tests/world/soak runs in its folder: the daemons, the cards, and who watches them."""
import json
import os
import pathlib
import queue
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "counter"))
from rig import ANSWERS, BUILD, Counter, free_port

SOAK = pathlib.Path(os.environ["SOAK"])
PORT = int(os.environ["PCSCD_PORT"])
SAMPLE_S = 2
AWAY_S = 0.2  # pcscd, in its hurry, looks for cards every 10 ms; on a busy machine later
TAP_S = 30
WINDOWS = 20  # of the second half of the time
LAST_WINDOWS = 5  # in which descriptors are as few as at the beginning
DRAWN = 20  # each so many-th document at the page has a portrait drawn
PAGE_S, DESK_S = 0.05, 0.1  # between two documents, for others to have the machine
BEGINNING_S = 180  # what is held by then is what is held
FIRST_CARDS = 20  # before them it is not all there yet
over, gone = threading.Event(), threading.Event()  # nobody is served any more; then no card lies there any more


def start(*argv, **more):
    return subprocess.Popen([BUILD / "bin/sojourn", *argv], cwd=SOAK, stderr=subprocess.DEVNULL, **more)


class Card:
    """A process that lives on, and what lays it on a reader and takes it away when it is done with: `done` holds."""

    def __init__(self, slot, done):
        self.slot, self.port, self.done = slot, free_port(), done
        self.process = start("card", "run", f"{slot}.card", "--link", "listen", "--port", str(self.port), stdout=subprocess.DEVNULL)
        self.events, self.count, self.missed = queue.Queue(), 0, 0
        self.wanted = threading.Event()
        self.wanted.set()

    def present(self, until):
        """Passes on what either says until the queue brings an event."""
        ends = []
        for port in (self.port, PORT + self.slot):
            s = socket.create_connection(("127.0.0.1", port))
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ends.append(s)
        with selectors.DefaultSelector() as both:
            for i in (0, 1):
                both.register(ends[i], selectors.EVENT_READ, ends[1 - i])
            while self.events.empty() and time.monotonic() < until and not gone.is_set():
                for key, _ in both.select(0.01):
                    data = key.fileobj.recv(65536)
                    key.fileobj.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                    key.data.sendall(data)
        for s in ends:
            s.close()

    def come_and_go(self):
        while not gone.is_set():
            if not self.wanted.wait(AWAY_S):
                continue
            try:
                self.present(time.monotonic() + TAP_S)
            except OSError:
                time.sleep(0.02)  # it has not yet seen that it was taken away
                continue
            try:
                event = self.events.get_nowait()
                assert self.done(event), event
                self.count += 1
            except queue.Empty:
                if not over.is_set():
                    self.missed += 1
                    print(f"card {self.slot}: nobody was done with it", flush=True)
            time.sleep(AWAY_S)


class Gate:
    def __init__(self, cards):
        self.cards = cards
        self.process = start("gate", "run", "--state", "state", "--trust", "trust", "--open-file", "opened",
                             "--reader", "Test PCD 00 00", "--reader", "Test PCD 00 01", stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if event.get("event") == "tap" and "decision" in event:
                self.cards[int(event["reader"][-1])].events.put(event)


class Desk:
    """A counter, and a clerk who reads one document after the other and forgets each."""

    def __init__(self, counter, can):
        self.counter, self.can, self.count = counter, can, 0
        self.counter.login()
        self.process = self.counter.child

    def lies(self, place):
        c = self.counter
        try:
            c.wait(lambda: over.is_set() or c.ask("GET", "/state")[1]["reader"]["place"] == place, 60)
        except AssertionError as e:
            raise AssertionError(f"no {place}: {c.ask('GET', '/state')}") from e
        return not over.is_set()

    def read(self):
        c = self.counter
        status, answer = c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "can", "value": self.can}})
        assert status == 202, answer
        v = c.finished(answer["id"])
        assert v["verdict"] == "genuine", v
        c.ask("DELETE", f"/verifications/{answer['id']}")
        self.count += 1
        return v


class Page(Desk):
    """A script answers: the page, its states and their memory, many times as often as a card could be read."""

    def __init__(self):
        super().__init__(Counter(folder=SOAK / "page"), "123456")

    def serve(self):
        c = self.counter
        while not over.is_set():
            drawn = self.count % DRAWN == 0
            c.tell(answer=ANSWERS["genuine"] if drawn else {**ANSWERS["genuine"], "portrait": None})
            c.tell(reader="card")
            if self.lies("card"):
                self.read()
            c.tell(reader="no-card")
            self.lies("no-card")
            time.sleep(PAGE_S)


class Reading(Desk):
    """The card on the desk's reader, through pcscd: PACE, terminal and chip, passive authentication, all data."""

    def __init__(self, card):
        folder = SOAK / "counter"
        super().__init__(Counter(f"terminal = {SOAK}/desk\njournal = {folder}/journal\nreader = Desk PCD 00 00\n", folder=folder,
                                 cards=(["--service", "hotel check-in", "--trust", SOAK / "trust"], {})), (SOAK / "can").read_text().strip())
        self.card = card

    def serve(self):
        while self.lies("card"):
            v = self.read()
            assert v["source"] == "eid" and v["enforcedBy"] == "card" and v["portrait"]["state"] == "drawn" and v["evidence"] is None, v
            self.card.wanted.clear()
            self.card.events.put(v)
            self.lies("no-card")
            time.sleep(DESK_S)
            self.card.wanted.set()


def holdings(pid):
    """(bytes of memory of its own, not of files; descriptors), with what children it has just now."""
    proc = pathlib.Path(f"/proc/{pid}")
    try:
        status, descriptors = (proc / "status").read_text(), len(os.listdir(proc / "fd"))
        children = " ".join(p.read_text() for p in proc.glob("task/*/children")).split()
    except OSError:  # it ended just now
        return 0, 0
    if "RssAnon:" not in status:
        return 0, 1  # it is dead, and nobody asked for it
    kib = sum(int(status.split(f"{kind}:")[1].split()[0]) for kind in ("RssAnon", "RssShmem"))
    below = [holdings(child) for child in children]
    return kib * 1024 + sum(b for b, _ in below), descriptors + sum(d for _, d in below)


def least(samples):
    """Of each window its middle in cards, and the least memory and descriptors: what comes and goes is no growth."""
    size = max(1, len(samples) // WINDOWS)
    windows = [samples[i:i + size] for i in range(0, len(samples) - size + 1, size)]
    return [((w[0][0] + w[-1][0]) / 2, min(s[1] for s in w), min(s[2] for s in w)) for w in windows]


def slope(points):
    """Bytes for each thousand cards more: the median of all pairs' (Theil and Sen), which one step does not move."""
    pairs = [(y - x[1]) / (n - x[0]) for i, x in enumerate(points) for n, y, _ in points[i + 1:] if n > x[0]]
    return statistics.median(pairs) * 1000 if pairs else float("nan")


def beginning(samples):
    """The least descriptors of the first minutes, once all is there; a short run's is its first quarter."""
    first = samples[:max(1, min(BEGINNING_S // SAMPLE_S, len(samples) // 4))]
    return min(d for n, _, d in [s for s in first if s[0] >= FIRST_CARDS] or first[-1:])


def watch(seconds, watched, goes_on):
    """watched: name -> (pid, how many cards); gives name -> [(cards, bytes, descriptors)], and the seconds."""
    samples = {name: [] for name in watched}
    begun = time.monotonic()
    while time.monotonic() < begun + seconds and goes_on():
        time.sleep(SAMPLE_S)
        for name, (pid, count) in watched.items():
            samples[name].append((count(), *holdings(pid)))
    return samples, time.monotonic() - begun


def tell(samples, seconds, missed):
    growth = 0
    for name, of_it in samples.items():
        points, first = least(of_it[len(of_it) // 2:]), beginning(of_it)
        kib = slope(points) / 1024
        print(f"{name}: {of_it[-1][0]} cards, {of_it[0][1] // 1024} KiB; warm after {points[0][0]:.0f}, then",
              *(y // 1024 for _, y, _ in points), f"KiB; {first} descriptors, then", *(d for _, _, d in points))
        print(f"figure: soak.{name}.slope {kib:.2f}\nfigure: soak.{name}.cards {of_it[-1][0]}")
        if name != "pcscd":
            growth = max(growth, min(d for _, _, d in points[-LAST_WINDOWS:]) - first)
    print(f"figure: soak.descriptors {growth}\nfigure: soak.missed {missed}\nfigure: soak.hours {seconds / 3600:.2f}")


def main():
    seconds = float(sys.argv[1]) * 60
    asked = []  # to end
    os.setsid()  # what ends the run at a terminal is not for the daemons
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.append(number))
    opened = lambda tap: tap["decision"] == "open"
    cards = [Card(0, opened), Card(1, opened), Card(2, lambda v: v["verdict"] == "genuine")]
    gate, page, reading = Gate(cards), Page(), Reading(cards[2])
    processes = [page.process, reading.process, gate.process, *(c.process for c in cards)]
    threads = [threading.Thread(target=f) for f in (page.serve, reading.serve, *(c.come_and_go for c in cards))]
    for t in threads:
        t.start()
    taps = lambda: cards[0].count + cards[1].count
    well = lambda: all(t.is_alive() for t in threads) and all(p.poll() is None for p in processes)
    samples, seconds = watch(seconds, {
        "counter": (reading.process.pid, lambda: reading.count), "eid": (cards[2].process.pid, lambda: cards[2].count),
        "page": (page.process.pid, lambda: page.count), "gate": (gate.process.pid, taps),
        "card": (cards[0].process.pid, lambda: cards[0].count), "pcscd": (int(os.environ["PCSCD_PID"]), taps)}, lambda: well() and not asked)
    good = well()
    over.set()
    for t in threads[:2]:
        t.join()
    gone.set()
    for t in threads[2:]:
        t.join()
    for desk in (page, reading):
        good = desk.counter.stop() == 0 and good
    for p in (gate.process, *(c.process for c in cards)):
        p.terminate()
        p.wait()
    if all(samples.values()):
        tell(samples, seconds, sum(c.missed for c in cards))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
