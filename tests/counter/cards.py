#!/usr/bin/python3
"""The counter with eID cards in a lab: reading, wrong CAN, a card that is taken, pcscd that goes and comes back."""
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from rig import BUILD, Counter

SOJOURN = BUILD / "bin/sojourn"
CASES = []


def case(function):
    CASES.append(function)
    return function


class Lab:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sojourn-lab-")) / "lab"
        self.run("lab", "--eid", "--dir", self.dir)
        (self.dir / "journal").mkdir()
        self.run("evidence", "operator-key", "--plain", "--out", f"{self.dir}/office.key", "--public", f"{self.dir}/journal/operator.pub")
        self.environment = {"PCSCLITE_CSOCK_NAME": f"{self.dir}/pcscd.comm"}

    @staticmethod
    def run(*arguments):
        return subprocess.run([SOJOURN, *arguments], check=True, capture_output=True, text=True, env=dict(os.environ, SOJOURN_CONFIG="/dev/null"))

    def counter(self, service, folder, journal=False, prefix=BUILD):
        conf = f"terminal = {self.dir}/{folder}\n" + (f"journal = {self.dir}/journal\n" if journal else "")
        c = Counter(conf, cards=(["--service", service, "--trust", f"{self.dir}/trust"], self.environment), prefix=prefix)
        c.login()
        return c

    def can(self):
        return (self.dir / "card-01.can").read_text().strip()

    def process(self, name):
        for p in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (p / "comm").read_text().strip() == name and str(self.dir).encode() in (p / "cmdline").read_bytes():
                    return int(p.name)
            except OSError:
                pass
        return None

    def down(self):
        subprocess.run([SOJOURN, "lab", "down", "--dir", self.dir], capture_output=True)


def ask(c, kind="can", value=None):
    access = {"kind": kind} if value is None else {"kind": kind, "value": value}
    code, answer = c.ask("POST", "/verifications", {"consent": True, "access": access})
    assert code == 202, answer
    return c.finished(answer["id"])


def place(c, wanted, seconds=30):
    c.wait(lambda: c.place() == wanted, seconds)


@case
def hotel_check_in_reads_its_row_and_the_card_keeps_the_rest(lab, c):
    place(c, "card")
    v = ask(c, value=lab.can())
    assert v["verdict"] == "genuine" and v["enforcedBy"] == "card" and v["source"] == "eid", v
    data = {d["name"]: d["value"] for d in v["data"]}
    assert data["document-number"] == "SJ0000001" and "address" not in data and v["portrait"]["state"] == "drawn", v
    print(f"# {v['apdus']} APDUs, {v['wallMs']} ms")


@case
def a_reading_becomes_a_registration_with_all_of_it(lab, c):
    v = ask(c, value=lab.can())
    code, r = c.ask("POST", "/registrations", {"verification": v["id"]})
    assert code == 201 and set(r["fields"]) == {d["name"] for d in v["data"]}, r


@case
def the_service_and_trust_are_told(lab, c):
    s = c.ask("GET", "/state")[1]
    assert s["service"]["name"] == "hotel check-in" and s["service"]["access"] == "can" and not s["training"]
    assert "portrait" in s["service"]["rights"] and s["trust"]["reason"] is None, s


@case
def a_wrong_can_has_its_id_and_gives_nothing(lab, c):
    v = ask(c, value="000000" if lab.can() != "000000" else "000001")
    assert v["verdict"] == "none" and v["reason"]["id"] == "SJ-1201" and v["data"] == [], v


@case
def a_card_that_is_taken_is_gone_at_once_and_comes_back(lab, c):
    lab.run("lab", "take", "--dir", lab.dir)
    place(c, "no-card")
    lab.run("lab", "put", "--dir", lab.dir)
    place(c, "card")
    assert ask(c, value=lab.can())["verdict"] == "genuine"


@case
def a_card_that_is_pulled_while_reading_is_told(lab, c):
    for attempt in range(10):  # where the reader has not got to the card yet, it takes the next one
        card = lab.process("sojourn-card")
        os.kill(card, signal.SIGSTOP)  # it lies there and is slow
        number = c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "can", "value": lab.can()}})[1]["id"]
        time.sleep(0.1 * (attempt + 1))
        assert c.ask("GET", f"/verifications/{number}")[1]["phase"] == "reading"
        os.kill(card, signal.SIGKILL)
        v = c.finished(number)
        c.wait(lambda: lab.process("sojourn-card") not in (None, card))
        place(c, "card")
        if v["verdict"] != "genuine":
            assert v["verdict"] == "none" and v["data"] == [], v
            if v["reason"]["id"] == "SJ-0501":
                return
    raise AssertionError("it was never pulled in time")


@case
def waiting_for_a_card_can_be_cancelled(lab, c):
    lab.run("lab", "take", "--dir", lab.dir)
    place(c, "no-card")
    number = c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "can", "value": lab.can()}})[1]["id"]
    c.ask("DELETE", f"/verifications/{number}")
    assert c.finished(number)["reason"]["id"] == "SJ-0104"
    lab.run("lab", "put", "--dir", lab.dir)
    place(c, "card")


@case
def each_reading_leaves_a_record_without_names(lab, c):
    r = subprocess.run([SOJOURN, "evidence", "list", "--json", "--journal", f"{lab.dir}/journal"], capture_output=True, text=True,
                       env=dict(os.environ, SOJOURN_CONFIG="/dev/null"))
    assert r.returncode == 0 and r.stdout.count("hotel check-in") >= 3 and "SJ0000001" not in r.stdout, r.stdout + r.stderr


def records(lab):
    return Lab.run("evidence", "list", "--json", "--journal", f"{lab.dir}/journal").stdout.count("hotel check-in")


@case
def a_reading_that_the_journal_does_not_take_says_so(lab, c):
    before = records(lab)
    with sqlite3.connect(lab.dir / "journal/journal.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        v = ask(c, value=lab.can())
        other.execute("ROLLBACK")
    assert v["verdict"] == "genuine" and v["evidence"]["id"] == "SJ-0902", v  # it waited for the other
    assert "journal" in (c.dir / "log").read_text() and records(lab) == before
    assert ask(c, value=lab.can())["evidence"] is None and records(lab) == before + 1


@case
def a_pin_service_takes_the_pin_and_not_the_can(lab, _):
    c = lab.counter("bank account opening", "bank")
    try:
        place(c, "card")
        assert c.ask("GET", "/state")[1]["service"]["access"] == "pin"
        v = ask(c, "pin", (lab.dir / "card-01.pin").read_text().strip())
        assert v["verdict"] == "genuine" and "address" in {d["name"] for d in v["data"]}, v
        assert ask(c, value=lab.can())["reason"]["id"] == "SJ-1211"
    finally:
        c.stop()


def installed_elsewhere(folder):
    """The counter in another place, with programs of its own beside it."""
    programs = folder / "libexec/sojourn"
    programs.mkdir(parents=True)
    for name in ("sojourn-counter", "sojourn-portrait", "sojourn-signed"):
        shutil.copy(BUILD / "libexec/sojourn" / name, programs)
    for name in ("lib", "share"):
        (folder / name).symlink_to(BUILD / name)
    return programs / "sojourn-signed"


def with_a_fault(program):
    """Its bytes, with what no processor executes where the parser of CMS begins."""
    tell = lambda *words: subprocess.run(words + (program,), check=True, capture_output=True, text=True).stdout
    at = int(re.search(r"^(\w+) [Tt] sj_cms_parse$", tell("nm"), re.M)[1], 16)
    text = re.search(r" \.text +PROGBITS +(\w+) (\w+)", tell("readelf", "-SW"))
    at += int(text[2], 16) - int(text[1], 16)
    whole = program.read_bytes()
    return whole[:at] + (b"\x0f\x0b" * 2 if platform.machine() in ("x86_64", "i686") else bytes(4)) + whole[at + 4:]


@case
def a_fault_in_the_parser_of_cms_ends_one_reading_and_no_more(lab, _):
    prefix = lab.dir / "elsewhere"
    program = installed_elsewhere(prefix)
    whole, faulty = program.read_bytes(), with_a_fault(program)
    c = lab.counter("hotel check-in", "hotel-check-in", prefix=prefix)
    try:
        place(c, "card")
        for parser, verdict, reason in ((whole, "genuine", None), (faulty, "none", "SJ-0612"), (whole, "genuine", None)):
            with open(program, "r+b") as f:  # in its place: no other file may be run
                f.write(parser)
            v = ask(c, value=lab.can())
            assert v["verdict"] == verdict and (v["reason"] or {}).get("id") == reason, v
            assert (v["data"] == []) == (reason is not None), v
        assert c.child.poll() is None
    finally:
        c.stop()


@case
def pcscd_goes_and_comes_back(lab, c):
    """The last case: the lab ends with its pcscd."""
    can, path = lab.can(), lab.environment["PCSCLITE_CSOCK_NAME"]
    os.kill(lab.process("pcscd"), signal.SIGKILL)
    place(c, "no-service")
    assert c.ask("GET", "/state")[1]["reader"]["reason"]["id"] == "SJ-0301"
    assert ask(c, value=can)["verdict"] == "none"
    c.wait(lambda: not lab.dir.exists())
    lab.dir.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        fd = listener.fileno()
        child = subprocess.Popen(["bash", "-c", f"[ {fd} = 3 ] || exec 3<&{fd}; LISTEN_PID=$$ LISTEN_FDS=1 PATH=$PATH:/usr/sbin exec pcscd --foreground -c {lab.dir}"],
                                 start_new_session=True, pass_fds=(fd,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        place(c, "no-reader", 15)
        assert c.ask("GET", "/state")[1]["reader"]["reason"]["id"] == "SJ-0302"
    finally:
        child.terminate()
        child.wait()


def main():
    lab = Lab()
    c = None
    failed = 0
    print(f"1..{len(CASES)}")
    try:
        c = lab.counter("hotel-check-in", "hotel-check-in", journal=True)
        for number, function in enumerate(CASES, 1):
            try:
                function(lab, c)
                print(f"ok {number} {function.__name__}", flush=True)
            except Exception as e:
                failed += 1
                print(f"# {type(e).__name__}: {str(e)[:1500]}\nnot ok {number} {function.__name__}", flush=True)
    finally:
        if c and c.stop() != 0:
            failed += 1
            print("# the counter did not end cleanly\n# " + (c.dir / "log").read_text().replace("\n", "\n# "))
        lab.down()
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
