"""What tests/world/soak runs in its folder: the daemons, the cards, and who watches them."""
import json
import os
import pathlib
import queue
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "counter"))
from rig import ANSWERS, BUILD, Counter

SOAK = pathlib.Path(os.environ["SOAK"])
PORT = int(os.environ["PCSCD_PORT"])
SAMPLE_S = 2
TWO_LOOKS_S = 0.1  # pcscd, in its hurry, looks for cards every 10 ms
TAP_S = 10
WINDOWS = 20  # of the second half of the time
DRAWN = 20  # each so many-th document at the counter has a portrait drawn
PACE_S = 0.01  # between documents at the counter, for others to have the machine
over = threading.Event()


def start(*argv, **more):
    return subprocess.Popen([BUILD / "bin/sojourn", *argv], cwd=SOAK, stderr=subprocess.DEVNULL, **more)


class Card:
    """A process that lives on, and what lays it on a reader and takes it away."""

    def __init__(self, slot):
        self.slot, self.port = slot, PORT + 2 + slot
        self.process = start("card", "run", f"{slot}.card", "--link", "listen", "--port", str(self.port), stdout=subprocess.DEVNULL)
        self.taps, self.count, self.missed = queue.Queue(), 0, 0

    def present(self, until):
        """Passes on what either says until the queue brings a tap."""
        ends = []
        for port in (self.port, PORT + self.slot):
            s = socket.create_connection(("127.0.0.1", port))
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ends.append(s)
        with selectors.DefaultSelector() as both:
            for i in (0, 1):
                both.register(ends[i], selectors.EVENT_READ, ends[1 - i])
            while self.taps.empty() and time.monotonic() < until:
                for key, _ in both.select(0.01):
                    data = key.fileobj.recv(65536)
                    key.fileobj.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                    key.data.sendall(data)
        for s in ends:
            s.close()

    def come_and_go(self):
        while not over.is_set():
            try:
                self.present(time.monotonic() + TAP_S)
            except OSError:
                time.sleep(0.02)  # it has not yet seen that it was taken away
                continue
            try:
                event = self.taps.get_nowait()
                assert event["decision"] == "open", event
                self.count += 1
            except queue.Empty:
                self.missed += 1
            time.sleep(TWO_LOOKS_S)


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
                self.cards[int(event["reader"][-1])].taps.put(event)


class Desk:
    def __init__(self):
        self.counter, self.count = Counter(folder=SOAK / "counter"), 0
        self.counter.login()
        self.process = self.counter.child

    def serve(self):
        c, ask = self.counter, {"consent": True, "access": {"kind": "can", "value": "123456"}}
        while not over.is_set():
            drawn = self.count % DRAWN == 0
            c.tell(answer=ANSWERS["genuine"] if drawn else {**ANSWERS["genuine"], "portrait": None})
            c.tell(reader="card")
            c.wait(lambda: c.ask("GET", "/state")[1]["reader"]["place"] == "card", 60)
            status, answer = c.ask("POST", "/verifications", ask)
            assert status == 202, answer
            v = c.finished(answer["id"])
            assert v["verdict"] == "genuine", v
            c.ask("DELETE", f"/verifications/{answer['id']}")
            c.tell(reader="no-card")
            c.wait(lambda: c.ask("GET", "/state")[1]["reader"]["place"] == "no-card", 60)
            self.count += 1
            time.sleep(PACE_S)


def holdings(pid):
    """(bytes of memory of its own, not of files; descriptors)"""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kib = sum(int(status.split(f"{kind}:")[1].split()[0]) for kind in ("RssAnon", "RssShmem"))
    return kib * 1024, len(os.listdir(f"/proc/{pid}/fd"))


def least(samples):
    """Of each window its middle in cards, and the least memory and descriptors: what comes and goes is no growth."""
    size = max(1, len(samples) // WINDOWS)
    windows = [samples[i:i + size] for i in range(0, len(samples) - size + 1, size)]
    return [((w[0][0] + w[-1][0]) / 2, min(s[1] for s in w), min(s[2] for s in w)) for w in windows]


def slope(points):
    """Bytes for each thousand cards more: the median of all pairs' (Theil and Sen), which one step does not move."""
    pairs = [(y - x[1]) / (n - x[0]) for i, x in enumerate(points) for n, y, _ in points[i + 1:] if n > x[0]]
    return statistics.median(pairs) * 1000 if pairs else float("nan")


def watch(seconds, watched):
    """watched: name -> (pid, how many cards); gives name -> [(cards, bytes, descriptors)]."""
    samples = {name: [] for name in watched}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(SAMPLE_S)
        for name, (pid, count) in watched.items():
            samples[name].append((count(), *holdings(pid)))
    return samples


def main():
    seconds = float(sys.argv[1]) * 60
    (SOAK / "counter").mkdir()
    cards = [Card(0), Card(1)]
    gate, desk = Gate(cards), Desk()
    threads = [threading.Thread(target=f) for f in (cards[0].come_and_go, cards[1].come_and_go, desk.serve)]
    for t in threads:
        t.start()
    samples = watch(seconds, {
        "counter": (desk.process.pid, lambda: desk.count),
        "gate": (gate.process.pid, lambda: cards[0].count + cards[1].count),
        "card": (cards[0].process.pid, lambda: cards[0].count),
        "pcscd": (int(os.environ["PCSCD_PID"]), lambda: cards[0].count + cards[1].count)})
    alive = all(t.is_alive() for t in threads) and all(p.poll() is None for p in (desk.process, gate.process, cards[0].process, cards[1].process))
    over.set()
    for t in threads:
        t.join()
    desk.counter.stop()
    for p in (gate.process, cards[0].process, cards[1].process):
        p.terminate()
        p.wait()
    growth = 0
    for name, all_of_them in samples.items():
        points = least(all_of_them[len(all_of_them) // 2:])
        kib = slope(points) / 1024
        print(f"{name}: {all_of_them[-1][0]} cards, {all_of_them[0][1] // 1024} KiB; warm after {points[0][0]:.0f}, then",
              *(y // 1024 for _, y, _ in points), f"KiB; {points[0][2]} descriptors, then {points[-1][2]}")
        print(f"figure: soak.{name}.slope {kib:.2f}\nfigure: soak.{name}.cards {all_of_them[-1][0]}")
        if name != "pcscd":
            growth = max(growth, points[-1][2] - points[0][2])
    print(f"figure: soak.descriptors {growth}\nfigure: soak.missed {cards[0].missed + cards[1].missed}\nfigure: soak.hours {seconds / 3600:.2f}")
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main())
