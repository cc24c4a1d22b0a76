"""A counter that a script answers for, and what asks it."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SOJOURN_BUILD", ROOT / "build")).resolve()
FACE = str(ROOT / "tools/demo/face.jpg")
GUEST = {"surname": "HÅKANSSON", "given-names": "IDA LOVISA", "nationality": "UTO", "birth-date": "1990-08-12",
         "document-number": "U24SJ0117", "expiry": "2034-05-05", "home-passport": "UTO P4481207"}
ALL_PASSED = [1, 1, 1, 1, 1, 1]
ANSWERS = {
    "genuine": {"verdict": "genuine", "checks": ALL_PASSED, "data": GUEST, "portrait": FACE, "absent": ["entry-records"]},
    "copy": {"verdict": "copy-not-excluded", "reason": "SJ-1401", "checks": [1, 1, 1, 3, 1, 1], "data": GUEST, "portrait": FACE, "eid": False},
    "undecided": {"verdict": "undecided", "reason": "SJ-1402", "checks": [1, 1, 3, 0, 1, 0], "data": GUEST, "portrait": FACE},
    "revoked": {"verdict": "expired", "reason": "SJ-0811", "checks": [1, 1, 1, 1, 1, 2], "data": GUEST, "portrait": FACE},
    "expired": {"verdict": "expired", "reason": "SJ-0801", "checks": [1, 1, 1, 1, 2, 1], "data": GUEST, "portrait": FACE},
    "forged": {"verdict": "not-genuine", "reason": "SJ-0702", "checks": [1, 1, 2, 0, 0, 0]},
    "chip-copied": {"verdict": "not-genuine", "reason": "SJ-0705", "checks": [1, 1, 1, 2, 0, 0]},
    "wrong-can": {"verdict": "none", "reason": "SJ-1201"},
    "wrong-pin": {"verdict": "none", "reason": "SJ-1205"},
    "pulled": {"verdict": "none", "reason": "SJ-0501"},
    "not-a-document": {"verdict": "none", "reason": "SJ-0601"},
    "stale": {"verdict": "undecided", "reason": "SJ-1105", "checks": [1, 1, 1, 1, 1, 3], "data": GUEST, "portrait": FACE},
    "clock": {"verdict": "genuine", "checks": ALL_PASSED, "data": GUEST, "portrait": FACE, "clockBehind": True},
    "bad-picture": {"verdict": "genuine", "checks": ALL_PASSED, "data": GUEST, "portrait": __file__},
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Counter:
    def __init__(self, config="", folder=None, cards=None, prefix=BUILD):
        """cards: arguments and environment of a counter that reads real cards; prefix: where its programs are."""
        self.cards, self.prefix = cards, prefix
        self.dir = pathlib.Path(folder or tempfile.mkdtemp(prefix="sojourn-counter-"))
        self.port = free_port()
        self.fifo = self.dir / "script"
        if not self.fifo.exists():
            os.mkfifo(self.fifo)
        self.conf = self.dir / "counter.conf"
        self.conf.write_text(f"[counter]\nport = {self.port}\nstate = {self.dir}/state\n" + config)
        self.start()

    def start(self):
        self.log = open(self.dir / "log", "ab")
        self.child = subprocess.Popen(
            ["sojourn", "counter", "run", "-c", self.conf, *(self.cards[0] if self.cards else ["--script", self.fifo])],
            executable=self.prefix / "libexec/sojourn/sojourn-counter", stdout=self.log, stderr=self.log,
            env=dict(os.environ, SOJOURN_CONFIG="/dev/null", LANG="C.UTF-8", **(self.cards[1] if self.cards else {})))
        address = self.dir / "state/address"
        before = address.stat().st_mtime_ns if address.exists() else 0
        for _ in range(400):
            if self.child.poll() is not None:
                raise SystemExit((self.dir / "log").read_text())
            if address.exists() and address.stat().st_mtime_ns != before:
                break
            time.sleep(0.02)
        self.script = open(self.fifo, "w") if not self.cards else None
        self.token = None

    def address(self):
        return (self.dir / "state/address").read_text().strip()

    def login(self):
        status, answer = self.ask("POST", "/login", {"code": self.address().split("#code=")[1]})
        assert status == 200, answer
        self.token = answer["token"]
        return self.token

    def tell(self, **line):
        picture = (line.get("answer") or {}).get("portrait")
        if picture and not (line["answer"].pop("elsewhere", False)):  # it reads none but those beside the script
            line["answer"] = {**line["answer"], "portrait": shutil.copy(picture, self.dir)}
        self.script.write(json.dumps(line) + "\n")
        self.script.flush()

    def card(self, name=None, **more):
        """Lays a card on the reader in place of the one that is there; it will answer so."""
        self.tell(reader="no-card")
        self.wait(lambda: self.place() == "no-card")
        if name:
            self.tell(answer={**ANSWERS[name], **more})
        self.tell(reader="card")
        self.wait(lambda: self.place() == "card")  # lines are heard in their order: the answer was, too

    def place(self):
        return self.ask("GET", "/state")[1]["reader"]["place"]

    @staticmethod
    def wait(condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.01)

    def raw(self, method, path, body=None, headers=None):
        """(status, headers, bytes)"""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()
        finally:
            c.close()

    def ask(self, method, path, body=None, **headers):
        h = {k.replace("_", "-"): v for k, v in headers.items()}
        if self.token and "Authorization" not in h:
            h["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            h["Content-Type"] = "application/json"
            body = json.dumps(body)
        status, _, data = self.raw(method, "/api/v1" + path, body, h)
        return status, json.loads(data) if data[:1] == b"{" else data

    def read(self, name, value="123456", kind="can", **more):
        """A whole reading; its verification."""
        self.card(name, **more)
        status, answer = self.ask("POST", "/verifications", {"consent": True, "access": {"kind": kind, "value": value}})
        assert status == 202, answer
        return self.finished(answer["id"])

    def finished(self, number):
        while True:
            status, v = self.ask("GET", f"/verifications/{number}")
            assert status == 200, v
            if v["phase"] == "done" and v["portrait"]["state"] != "coming":
                return v
            time.sleep(0.005)

    def memory(self):
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0])

    def stop(self, how=signal.SIGTERM):
        if self.script:
            self.script.close()
        self.child.send_signal(how)
        code = self.child.wait(10)
        self.log.close()
        return code
