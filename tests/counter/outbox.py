#!/usr/bin/python3
"""Registrations on their way: a folder, an HTTP server, a hospital's FHIR server that knows the person otherwise."""
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from rig import ROOT, Counter, free_port

PERSON = {"surname": "HÅKANSSON", "given-names": "IDA", "birth-date": "1990-08-12", "insurance-number": "UT 99/1"}
CASES = []


def case(function):
    CASES.append(function)
    return function


class Target(http.server.BaseHTTPRequestHandler):
    """What it got, and how it answers."""
    got, known, status, answer, found = [], [], 201, {}, 200

    def reply(self, status, o):
        body = json.dumps(o).encode()
        self.send_response(status)
        if status == 307:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        Target.got.append(("GET", self.path, self.headers.get("Authorization"), None))
        self.reply(Target.found, {"resourceType": "Bundle", "entry": [{"resource": r} for r in Target.known]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Target.got.append(("POST", self.path, self.headers.get("Authorization"), body))
        self.reply(Target.status, Target.answer)

    def log_message(self, *_):
        pass


def add(c, fields, target):
    code, r = c.ask("POST", "/registrations", {"fields": fields, "target": target})
    assert code == 201, r
    return r["id"]


def settled(c, number, state, seconds=6):
    get = lambda: c.ask("GET", f"/registrations/{number}")[1]
    end = time.monotonic() + seconds
    while get()["state"] != state:
        assert time.monotonic() < end, get()
        time.sleep(0.02)
    return get()


@case
def a_folder_gets_whole_files(c, folder):
    number = add(c, PERSON, "folder")
    settled(c, number, "Sent")
    assert [p.name for p in folder.iterdir()] == [f"registration-{number}.json"]
    o = json.loads((folder / f"registration-{number}.json").read_text())
    assert o["fields"] == PERSON and o["source"] == "manual" and o["registration"] == number


@case
def a_folder_that_is_away_is_tried_again(c, folder):
    folder.rename(folder.with_suffix(".away"))
    number = add(c, PERSON, "folder")
    c.wait(lambda: c.ask("GET", f"/registrations/{number}")[1]["attempts"] > 0)
    r = c.ask("GET", f"/registrations/{number}")[1]
    assert r["state"] == "New" and r["reason"]["id"] == "SJ-1313", r
    folder.with_suffix(".away").rename(folder)
    assert c.ask("POST", f"/registrations/{number}/send")[0] == 200
    assert settled(c, number, "Sent")["reason"] is None


@case
def a_server_gets_the_mapped_form_with_its_token(c, _):
    Target.got.clear()
    Target.answer = {"id": "p1"}
    number = add(c, PERSON, "hospital")
    assert settled(c, number, "Verified")
    get, post = Target.got
    assert get[0] == "GET" and get[1] == "/Patient?identifier=urn:sojourn:insurance-number%7CUT%2099%2F1", get
    assert post[2] == "Bearer secret-of-the-hospital" and post[3] == {
        "resourceType": "Patient", "active": True, "name": [{"use": "official", "family": "HÅKANSSON", "given": ["IDA"]}],
        "identifier": [{"system": "urn:sojourn:insurance-number", "value": "UT 99/1"}], "birthDate": "1990-08-12"}, post[3]


@case
def what_the_map_requires_and_nobody_gave_is_incomplete(c, _):
    Target.got.clear()
    number = add(c, {k: v for k, v in PERSON.items() if k != "insurance-number"}, "hospital")
    r = c.ask("GET", f"/registrations/{number}")[1]
    assert r["state"] == "Incomplete" and r["note"] == "missing: insurance-number" and Target.got == [], r
    c.ask("PUT", f"/registrations/{number}", {"fields": PERSON, "target": "hospital"})
    settled(c, number, "Verified")


@case
def differences_block_until_somebody_has_seen_them(c, _):
    Target.known = [{"name": [{"family": "Håkansson", "given": ["IDA"]}], "birthDate": "1990-08-21"}]
    Target.got.clear()
    number = add(c, {**PERSON, "surname": "Håkansson"}, "hospital")
    r = settled(c, number, "Incomplete")
    assert r["reason"]["id"] == "SJ-1315" and r["differences"] == {"birth-date": {"ours": "1990-08-12", "theirs": "1990-08-21"}}, r
    assert [g[0] for g in Target.got] == ["GET"]
    assert c.ask("POST", f"/registrations/{number}/send", {"override": True})[0] == 200
    settled(c, number, "Verified")
    Target.known = []


@case
def a_refusal_is_shown_and_not_repeated(c, _):
    Target.status = 422
    number = add(c, PERSON, "hospital")
    r = settled(c, number, "Incomplete")
    assert r["reason"]["id"] == "SJ-1314" and r["note"] == "HTTP 422" and r["attempts"] == 1, r
    Target.status = 503
    c.ask("POST", f"/registrations/{number}/send")
    c.wait(lambda: c.ask("GET", f"/registrations/{number}")[1]["attempts"] > 0)
    assert c.ask("GET", f"/registrations/{number}")[1]["reason"]["id"] == "SJ-1313"
    Target.status = 201


@case
def a_file_that_cannot_take_its_name_leaves_nothing(c, folder):
    number = 1 + max(r["id"] for r in c.ask("GET", "/registrations")[1]["registrations"])
    (folder / f"registration-{number}.json").mkdir()
    assert add(c, PERSON, "folder") == number
    c.wait(lambda: c.ask("GET", f"/registrations/{number}")[1]["attempts"] > 0)
    assert not list(folder.glob(".*")), list(folder.iterdir())
    assert c.ask("DELETE", f"/registrations/{number}")[0] == 200


@case
def who_cannot_be_looked_up_is_not_posted(c, _):
    for Target.found in (401, 400, 302):
        Target.got.clear()
        r = settled(c, add(c, PERSON, "hospital"), "Incomplete")
        assert r["reason"]["id"] == "SJ-1314" and r["note"] == f"lookup: HTTP {Target.found}", r
        assert [g[0] for g in Target.got] == ["GET"], Target.got
    Target.found = 404
    settled(c, add(c, PERSON, "hospital"), "Verified")
    Target.found = 200


@case
def a_redirection_is_not_followed(c, _):
    Target.status = 307
    Target.got.clear()
    r = settled(c, add(c, PERSON, "hospital"), "Incomplete")
    assert r["note"] == "HTTP 307" and "/elsewhere" not in [g[1] for g in Target.got], (r, Target.got)
    Target.status = 201


@case
def without_its_token_nothing_is_sent(c, folder):
    token = folder.parent / "token"
    token.rename(folder.parent / "token.away")
    Target.got.clear()
    number = add(c, PERSON, "hospital")
    c.wait(lambda: c.ask("GET", f"/registrations/{number}")[1]["attempts"] > 0)
    r = c.ask("GET", f"/registrations/{number}")[1]
    assert "token_file" in r["note"] and r["reason"]["id"] == "SJ-1313" and Target.got == [], (r, Target.got)
    (folder.parent / "token.away").rename(token)
    c.ask("DELETE", f"/registrations/{number}")


@case
def a_server_that_cannot_prove_itself_gets_nothing(c, _):
    before = len(Target.got)
    number = add(c, PERSON, "impostor")
    c.wait(lambda: c.ask("GET", f"/registrations/{number}")[1]["attempts"] > 0)
    r = c.ask("GET", f"/registrations/{number}")[1]
    assert r["reason"]["id"] == "SJ-1313" and "certificate" in r["note"].lower() and len(Target.got) == before, r
    c.ask("DELETE", f"/registrations/{number}")


@case
def a_target_that_is_none_is_refused(c, _):
    for target in ("nowhere", "", 1, "hospital" * 20):
        code, r = c.ask("POST", "/registrations", {"fields": PERSON, "target": target})
        assert code == 400 and r["error"]["name"] == "no-target", (target, r)


@case
def a_server_that_hangs_does_not_hold_the_end_up(c, _):
    add(c, PERSON, "hanging")
    time.sleep(0.3)
    begun = time.monotonic()
    c.stop()
    assert time.monotonic() - begun < 3
    c.start()
    c.login()


@case
def a_server_that_is_away_does_not_stop_the_desk(c, _):
    number = add(c, PERSON, "away")
    c.wait(lambda: c.ask("GET", f"/registrations/{number}")[1]["attempts"] > 0)
    assert c.ask("GET", f"/registrations/{number}")[1]["reason"]["id"] == "SJ-1313"


@case
def what_somebody_has_to_look_at_stands_first(c, _):
    states = [r["state"] for r in c.ask("GET", "/registrations")[1]["registrations"]]
    waiting = states.count("Incomplete")
    assert 0 < waiting < len(states) and states[:waiting] == ["Incomplete"] * waiting, states


@case
def everything_survives_a_restart(c, _):
    before = c.ask("GET", "/registrations")[1]["registrations"]
    c.stop()
    c.start()
    c.login()
    after = c.ask("GET", "/registrations")[1]["registrations"]
    assert [r["id"] for r in after] == [r["id"] for r in before] and len(after) > 5


@case
def what_is_over_is_erased(c, _):
    c.stop()
    text = c.conf.read_text()
    c.conf.write_text(text.replace("[counter]\n", "[counter]\nretention = 1s\nactivity = 1s\n"))
    c.start()
    c.login()
    number = add(c, {"surname": "SHORTLIVED"}, "folder")
    time.sleep(1.2)
    c.stop()
    c.start()
    c.login()
    c.wait(lambda: c.ask("GET", f"/registrations/{number}")[0] == 404)
    assert b"SHORTLIVED" not in b"".join(f.read_bytes() for f in (c.dir / "state").glob("counter.db*"))


def impostor(folder):
    """A server whose certificate nobody has signed but itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", folder / "tls.key", "-out", folder / "tls.crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    server.handle_error = lambda *_: None
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sojourn-outbox-")) / "drop"
    folder.mkdir()
    (folder.parent / "token").write_text("secret-of-the-hospital\n")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    other = impostor(folder.parent)
    for s in (server, other):
        threading.Thread(target=s.serve_forever, daemon=True).start()
    hanging = socket.create_server(("127.0.0.1", 0))  # takes connections, and says nothing
    c = Counter(f"[target folder]\nfolder = {folder}\n[target hospital]\nurl = http://127.0.0.1:{server.server_port}/Patient\n"
                f"map = {ROOT}/tools/counter/fhir-patient.json\ntoken_file = {folder.parent}/token\n[target away]\nurl = http://127.0.0.1:{free_port()}/\n"
                f"[target impostor]\nurl = https://localhost:{other.server_port}/\n[target hanging]\nurl = http://127.0.0.1:{hanging.getsockname()[1]}/\n")
    c.login()
    print(f"1..{len(CASES)}")
    failed = 0
    for number, function in enumerate(CASES, 1):
        try:
            function(c, folder)
            print(f"ok {number} {function.__name__}", flush=True)
        except Exception as e:
            failed += 1
            print(f"# {type(e).__name__}: {str(e)[:1500]}\nnot ok {number} {function.__name__}", flush=True)
    if c.stop() != 0:
        failed += 1
        print("# " + (c.dir / "log").read_text().replace("\n", "\n# "))
    server.shutdown()
    other.shutdown()
    hanging.close()
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
