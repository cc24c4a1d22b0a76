#!/usr/bin/python3
"""The counter's door and API, without a card: one TAP case a behaviour."""
import ctypes
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from rig import ANSWERS, BUILD, GUEST, ROOT, Counter, free_port

API = json.loads((ROOT / "tools/counter/openapi.json").read_text())
TD1 = "I<UTOU24SJ01174<<<<<<<<<<<<<<<\n9008124F3405051UTO<<<<<<<<<<<<\nHAKANSSON<<IDA<LOVISA<<<<<<<<<"


def check_digit(text):
    return str(sum((7, 3, 1)[i % 3] * (0 if c == "<" else int(c, 36)) for i, c in enumerate(text)) % 10)


def zone(number="U24SJ0117", birth="900812", expiry="340505"):
    """A TD1 zone with check digits that hold."""
    first = "I<UTO" + number + check_digit(number) + "<" * 15
    second = birth + check_digit(birth) + "F" + expiry + check_digit(expiry) + "UTO" + "<" * 11
    return "\n".join([first, second + check_digit(first[5:] + second[:7] + second[8:15] + second[18:29]),
                      "HAKANSSON<<IDA<LOVISA<<<<<<<<<"])


# --- the description against the answers ----------------------------------------------

def operation(method, path):
    for pattern, methods in API["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", r"\\d+", pattern), path):
            return methods.get(method.lower())
    return None


def described(method, path, status, answer):
    """The answer is one that openapi.json describes for this operation."""
    o = operation(method, path)
    assert o, f"{method} {path} is not described"
    response = o["responses"].get(str(status))
    assert response, f"{method} {path}: {status} is not described"
    if "$ref" in response:
        response = API["components"]["responses"][response["$ref"].split("/")[-1]]
    schema = response["content"].get("application/json", {}).get("schema")
    if schema:
        jsonschema.Draft202012Validator({**schema, "components": API["components"]}).validate(answer)
    return answer


class Described(Counter):
    seen = set()

    def ask(self, method, path, body=None, **headers):
        status, answer = super().ask(method, path, body, **headers)
        if operation(method, path):
            described(method, path, status, answer)
            self.seen.add((method, re.sub(r"\d+", "{id}", path)))
        return status, answer


CASES = []


def case(function):
    CASES.append(function)
    return function


def status(c, *arguments, **headers):
    return c.ask(*arguments, **headers)[0]


# --- the door ------------------------------------------------------------------------------

@case
def a_code_is_good_once_and_another_takes_its_place(c):
    code = c.address().split("#code=")[1]
    assert c.ask("POST", "/login", {"code": code})[0] == 200
    assert c.ask("POST", "/login", {"code": code}, Authorization="")[0] == 401
    assert c.address().split("#code=")[1] != code
    assert (c.dir / "state/address").stat().st_mode & 0o777 == 0o600


@case
def without_a_token_nothing_is_told(c):
    for method, path in [("GET", "/state"), ("GET", "/events"), ("POST", "/verifications"), ("GET", "/verifications/1/portrait"),
                         ("GET", "/registrations"), ("DELETE", "/registrations/1"), ("GET", "/activity"), ("POST", "/manual"), ("GET", "/nothing")]:
        for token in ("", "Bearer ", "Bearer x", "Bearer " + "A" * 43, "Bearer " + c.token[:-1], "Bearer " + c.token + "x", "Basic " + c.token):
            assert status(c, method, path, {} if method == "POST" else None, Authorization=token) == 401, (method, path, token)


@case
def a_page_of_another_origin_is_refused(c):
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{c.port}", f"http://127.0.0.1:{c.port + 1}", f"http://127.0.0.1:{c.port}.evil.example",
                   f"http://localhost:{c.port}", f"http://[::1]:{c.port}"):  # where somebody else may listen
        assert status(c, "GET", "/state", Origin=origin) == 403, origin
        assert status(c, "POST", "/verifications", {}, Origin=origin) == 403, origin
    assert status(c, "GET", "/state", Sec_Fetch_Site="cross-site") == 403
    assert status(c, "GET", "/state", Sec_Fetch_Site="same-site") == 403
    assert status(c, "GET", "/state", Origin=f"http://127.0.0.1:{c.port}", Sec_Fetch_Site="same-origin") == 200


@case
def no_answer_allows_other_origins(c):
    for path in ("/", "/app.js", "/api/v1/state", "/api/v1/login"):
        _, headers, _ = c.raw("OPTIONS" if "login" in path else "GET", path, headers={"Origin": f"http://127.0.0.1:{c.port}"})
        assert not [name for name in headers if name.lower().startswith("access-control")], headers


@case
def a_name_that_is_not_its_own_is_refused(c):
    for host in ("evil.example", f"evil.example:{c.port}", "127.0.0.1", f"127.0.0.1:{c.port + 1}", f"0.0.0.0:{c.port}"):
        assert c.raw("GET", "/", headers={"Host": host})[0] == 421, host
    assert c.raw("GET", "/", headers={"Host": f"localhost:{c.port}"})[0] == 200


@case
def every_answer_carries_the_strict_headers(c):
    for path in ("/", "/app.js", "/style.css", "/api/v1/state", "/nothing"):
        _, headers, _ = c.raw("GET", path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store" and headers["Cross-Origin-Resource-Policy"] == "same-origin"


@case
def the_page_has_nothing_inline_and_nothing_from_elsewhere(_):
    for file in (ROOT / "tools/counter/page").iterdir():
        text = file.read_text()
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), file
        assert "innerHTML" not in text and "eval(" not in text, file
        assert not re.search(r"<script(?![^>]*src)|<style|\son\w+=\"|\sstyle=\"", text), file


@case
def oversized_and_broken_requests_are_refused(c):
    token = {"Authorization": f"Bearer {c.token}"}
    json_type = {**token, "Content-Type": "application/json"}
    assert c.raw("POST", "/api/v1/manual", b"x" * 70000, json_type)[0] == 413
    assert c.raw("POST", "/api/v1/manual", b"{}", token)[0] == 415
    assert c.raw("POST", "/api/v1/manual", b"{}", {**token, "Content-Type": "text/plain"})[0] == 415
    for body in (b"{", b"[]", b"1", b'{"mrz": 1}', b'{"mrz": "a", "mrz": "b"}', b'{"mrz": "\\u0000"}', b"\xff", b'{"mrz": "' + b"A" * 200 + b'"}', b'{"more": 1}'):
        assert c.raw("POST", "/api/v1/manual", body, json_type)[0] == 400, body
    assert c.raw("GET", "/api/v1/state", b"{}", json_type)[0] == 400
    assert c.raw("PATCH", "/api/v1/state", headers=token)[0] == 405
    assert c.raw("PUT", "/", headers=token)[0] == 405
    for path in ("/../etc/passwd", "/%2e%2e/openapi.json", "/api/v1/registrations/99999999999999", "/api/v1/registrations/1/1/send", "/" + "a" * 300):
        assert c.raw("GET", path, headers=token)[0] == 404, path
    assert c.raw("POST", "/api/v1/manual", headers={**json_type, "Transfer-Encoding": "chunked"})[0] == 411


@case
def bytes_that_are_no_request_do_no_harm(c):
    for junk in (b"\x00" * 100, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"b" * 20000):
        with socket.create_connection(("127.0.0.1", c.port), 1) as s:
            s.sendall(junk)
            try:
                s.shutdown(socket.SHUT_WR)
                answer = s.recv(4096)
            except OSError:  # closed or reset already, or it waits for the rest
                answer = b""
            assert answer == b"" or re.match(rb"HTTP/1\.[01] 4\d\d", answer), (junk[:20], answer[:40])
    assert status(c, "GET", "/state") == 200


@case
def it_listens_on_loopback_alone(c):
    lines = pathlib.Path("/proc/net/tcp").read_text().split("\n") + pathlib.Path("/proc/net/tcp6").read_text().split("\n")
    own = [line.split()[1] for line in lines if f":{c.port:04X} " in line and " 0A " in line]
    assert own == [f"0100007F:{c.port:04X}"], own


@case
def a_second_counter_leaves_the_first_alone(c):
    before = c.address()
    r = subprocess.run([BUILD / "bin/sojourn", "counter", "run", "-c", c.conf, "--script", c.fifo], capture_output=True, text=True,
                       timeout=10, env={"SOJOURN_CONFIG": "/dev/null", "PATH": "/usr/bin"})
    assert r.returncode == 9 and "SJ-0903" in r.stderr, r.stderr
    assert c.address() == before


# --- readings ----------------------------------------------------------------------------------

@case
def every_verdict_comes_with_its_id_and_exactly_its_data(c):
    for name, answer in ANSWERS.items():
        v = c.read(name)
        assert v["verdict"] == answer["verdict"], v
        assert (v["reason"] or {}).get("id") == answer.get("reason"), v
        assert {d["name"]: d["value"] for d in v["data"]} == answer.get("data", {}), v


@case
def every_failure_reaches_the_page_with_what_to_do(c):
    ids = re.findall(r"^\t(SJ_\w+) = ([1-9]\d*),", (ROOT / "middleware/include/sojourn/failure.h").read_text(), re.M)
    chinese = json.loads((ROOT / "tools/counter/page/zh.json").read_text())
    for _, number in ids:
        name = f"SJ-{int(number):04d}"
        c.card("pulled", reason=name)
        v = c.finished(c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "none"}})[1]["id"])
        assert v["reason"]["id"] == name and v["reason"]["text"] and v["reason"]["action"], v
        assert all(chinese["failures"].get(name, [])) and f"contact.{v['reason']['contact']}" in chinese, name


@case
def the_page_has_all_words_in_both_languages(c):
    english, chinese = (json.loads((ROOT / f"tools/counter/page/{name}.json").read_text()) for name in ("en", "zh"))
    assert not set(english) - set(chinese), set(english) - set(chinese)
    services = json.loads(subprocess.run([BUILD / "bin/sojourn", "service", "list", "--json"], capture_output=True, text=True, check=True,
                                         env=dict(os.environ, SOJOURN_CONFIG="/dev/null")).stdout)["services"]
    assert len(services) == 35
    for service in services:
        assert f"service.{service['name']}" in chinese, service["name"]
        assert not [r for r in service["rights"] if r != "valid" and not (f"right.{r}" in english and f"right.{r}" in chinese)], service
    code = re.sub(r"(?m)^\s*//.*", "", "".join(f.read_text() for f in (ROOT / "tools/counter/page").glob("*.js")))
    used = set(re.findall(r"""\bt\("([\w.-]+)\"""", code))
    assert len(used) > 60 and not used - set(english), used - set(english)


@case
def no_consent_no_reading(c):
    access = {"kind": "can", "value": "123456"}
    for body in ({"access": access}, {"consent": False, "access": access}, {"consent": "true", "access": access}):
        assert status(c, "POST", "/verifications", body) == 400


@case
def what_is_typed_wrongly_troubles_no_card(c):
    for kind, value in (("can", "12345"), ("can", "1234567"), ("can", "12345x"), ("mrz", "I<UTO"), ("pin", "12345"), ("pin", "12345a")):
        code, answer = c.ask("POST", "/verifications", {"consent": True, "access": {"kind": kind, "value": value}})
        assert code == 422 and answer["error"]["reason"]["id"] == "SJ-1204", answer
    for access in ({"kind": "word", "value": "1"}, {"value": "1"}, {"kind": "can"}, {"kind": "can", "value": "123456", "x": 1}, 1):
        assert status(c, "POST", "/verifications", {"consent": True, "access": access}) == 400
    assert c.read("genuine", value=zone().replace("\n", ""), kind="mrz")["verdict"] == "genuine"


@case
def one_reading_at_a_time_and_it_can_be_cancelled(c):
    c.card("genuine", delay=5000)
    body = {"consent": True, "access": {"kind": "can", "value": "123456"}}
    number = c.ask("POST", "/verifications", body)[1]["id"]
    assert status(c, "POST", "/verifications", body) == 409
    assert c.ask("GET", f"/verifications/{number}")[1]["phase"] == "reading"
    assert status(c, "DELETE", f"/verifications/{number}") == 200
    assert c.finished(number)["reason"]["id"] == "SJ-0104"


@case
def no_card_no_reader_no_service_each_says_so(c):
    for place, wanted in (("no-card", "SJ-0401"), ("no-reader", "SJ-0302"), ("no-service", "SJ-0301")):
        c.tell(reader=place, answer={})
        c.wait(lambda: c.place() == place)
        reason = c.ask("GET", "/state")[1]["reader"]["reason"]
        assert place == "no-card" or reason["id"] == wanted
        number = c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "none"}})[1]["id"]
        assert c.finished(number)["reason"]["id"] == wanted
    c.tell(reader="card")
    c.wait(lambda: c.ask("GET", "/state")[1]["reader"]["reason"] is None)


@case
def the_portrait_is_a_png_or_refused_with_an_id(c):
    v = c.read("genuine")
    code, headers, data = c.raw("GET", f"/api/v1/verifications/{v['id']}/portrait", headers={"Authorization": f"Bearer {c.token}"})
    assert code == 200 and headers["Content-Type"] == "image/png" and data[:8] == b"\x89PNG\r\n\x1a\n"
    v = c.read("bad-picture")
    assert v["portrait"]["state"] == "refused" and v["portrait"]["reason"]["id"] == "SJ-1316" and v["verdict"] == "genuine"
    assert status(c, "GET", f"/verifications/{v['id']}/portrait") == 404


@case
def every_thread_has_given_up_what_it_does_not_need(c):
    threads = list(pathlib.Path(f"/proc/{c.child.pid}/task").iterdir())
    for thread in threads:
        held = dict(line.split(":\t") for line in (thread / "status").read_text().splitlines())
        assert held["Seccomp"] == "2" and held["NoNewPrivs"] == "1", held
    assert len(threads) > 3


@case
def a_file_that_is_not_among_its_own_is_not_read(c):
    landlock = ctypes.CDLL(None).syscall(444, None, 0, 1) > 0
    if not landlock:
        print("# SKIPPED: a_file_that_is_not_among_its_own_is_not_read: this kernel has no Landlock")
        return
    v = c.read("genuine", elsewhere=True)
    assert v["verdict"] == "genuine" and v["portrait"]["state"] == "none", v["portrait"]


@case
def a_forgery_shows_no_portrait(c):
    v = c.read("forged", portrait=ANSWERS["genuine"]["portrait"])
    assert v["portrait"]["state"] == "none"


@case
def what_was_read_is_gone_when_it_is_dropped(c):
    v = c.read("genuine")
    assert status(c, "DELETE", f"/verifications/{v['id']}") == 200
    assert status(c, "GET", f"/verifications/{v['id']}") == 404
    assert status(c, "GET", f"/verifications/{v['id']}/portrait") == 404
    assert status(c, "POST", "/registrations", {"verification": v["id"]}) == 409


@case
def pages_hear_of_everything_by_themselves(c):
    connection = http.client.HTTPConnection("127.0.0.1", c.port, timeout=5)
    connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {c.token}"})
    stream = connection.getresponse()
    assert stream.getheader("Content-Type") == "text/event-stream"

    def event():
        while True:
            line = stream.fp.readline().decode().strip()
            if line.startswith("event: "):
                return line[7:], json.loads(stream.fp.readline().decode()[6:])
    c.tell(reader="no-card")
    while event()[1].get("reader", {}).get("place") != "no-card":
        pass
    c.card("genuine", portrait=None)
    c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "can", "value": "123456"}})
    while event()[1].get("verdict") != "genuine":
        pass
    connection.close()


def listen(c):
    """A stream of events, or None where there are too many."""
    s = socket.create_connection(("127.0.0.1", c.port), 5)
    s.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{c.port}\r\nAuthorization: Bearer {c.token}\r\n\r\n".encode())
    if b" 200 " in s.recv(15):
        return s
    s.close()
    return None


@case
def streams_are_few_and_come_free_again(c):
    streams = [listen(c) for _ in range(20)]
    told = [s for s in streams if s]
    assert 14 <= len(told) <= 16 and None in streams, len(told)
    for s in told:
        s.close()

    def free():
        c.tell(reader="no-card")  # whatever is published finds out who has gone
        c.tell(reader="card")
        time.sleep(0.1)
        s = listen(c)
        return s is not None and s.close() is None
    c.wait(free)


@case
def asking_for_the_head_of_a_stream_holds_none(c):
    assert c.raw("HEAD", "/api/v1/events", headers={"Authorization": f"Bearer {c.token}"})[0] == 404


@case
def it_leaves_no_core(c):
    limits = pathlib.Path(f"/proc/{c.child.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits), limits


@case
def the_log_of_the_shift_names_nobody(c):
    c.read("genuine")
    v = c.read("wrong-can")
    rows = c.ask("GET", "/activity")[1]["activity"]
    assert rows[0]["reason"]["id"] == "SJ-1201" and rows[1]["verdict"] == "genuine"
    text = json.dumps(rows)
    assert not [value for value in GUEST.values() if value in text] and v


def sanitised():
    """A daemon that keeps what is freed for a while."""
    return b"__asan_init" in (BUILD / "libexec/sojourn/sojourn-counter").read_bytes()


def remains(c, text):
    """Where the text stands in the memory of the daemon."""
    found = []
    with open(f"/proc/{c.child.pid}/mem", "rb") as memory:
        for line in pathlib.Path(f"/proc/{c.child.pid}/maps").read_text().splitlines():
            span, mode, *rest = line.split()
            if "rw" in mode and "[vvar" not in line:
                begin, end = (int(n, 16) for n in span.split("-"))
                memory.seek(begin)
                if text in memory.read(end - begin):
                    found.append(line)
    return found


@case
def what_was_typed_and_read_is_wiped_from_memory(c):
    if sanitised():
        return
    typed = zone(number="Q7ZX3W9K2").replace("\n", "")
    v = c.read("genuine", value=typed, kind="mrz", data={"surname": "VANISHINGPERSON"}, portrait=None)
    assert v["data"] == [{"name": "surname", "value": "VANISHINGPERSON"}]
    assert remains(c, b"VANISHINGPERSON") and not remains(c, b"Q7ZX3W9K2")
    assert status(c, "DELETE", f"/verifications/{v['id']}") == 200

    def gone():  # the thread that reads the script knew it, too, and forgets it over other lines
        c.tell(answer=ANSWERS["genuine"], pad="x" * 4000)
        c.tell(reader="card", pad="x" * 4000)
        return not remains(c, b"VANISHINGPERSON")
    c.wait(gone)


@case
def secrets_and_people_are_not_in_the_log_of_the_daemon(c):
    text = (c.dir / "log").read_text() + (c.dir / "state/address").read_text()
    assert c.token not in text and "123456" not in text and "HÅKANSSON" not in text


# --- registrations ---------------------------------------------------------------------------------

@case
def a_reading_becomes_a_registration(c):
    v = c.read("genuine")
    code, r = c.ask("POST", "/registrations", {"verification": v["id"]})
    assert code == 201 and r["fields"] == GUEST and r["state"] == "New" and r["verdict"] == "genuine" and r["source"] == "chip"
    assert c.ask("GET", f"/registrations/{r['id']}")[1]["fields"] == GUEST


@case
def what_is_not_genuine_or_another_face_is_not_registered(c):
    assert status(c, "POST", "/registrations", {"verification": c.read("forged")["id"]}) == 409
    assert status(c, "POST", "/registrations", {"verification": c.read("wrong-can")["id"]}) == 409
    v = c.read("genuine")
    assert status(c, "POST", f"/verifications/{v['id']}/face", {"same": False}) == 200
    assert status(c, "POST", "/registrations", {"verification": v["id"]}) == 409


@case
def companions_belong_to_one_party(c):
    head = c.ask("POST", "/registrations", {"fields": {"surname": "A"}})[1]
    second = c.ask("POST", "/registrations", {"fields": {"surname": "B"}, "party": head["id"]})[1]
    third = c.ask("POST", "/registrations", {"fields": {"surname": "C"}, "party": second["id"]})[1]
    assert second["party"] == third["party"] == head["id"]
    assert status(c, "POST", "/registrations", {"fields": {"surname": "D"}, "party": 999999}) == 409


@case
def a_registration_is_changed_and_erased_beyond_recovery(c):
    r = c.ask("POST", "/registrations", {"fields": {"surname": "ERASABLEPERSON"}})[1]
    r = c.ask("PUT", f"/registrations/{r['id']}", {"fields": {"surname": "ERASABLEPERSON", "sex": "F"}})[1]
    assert r["state"] == "Modified" and r["fields"]["sex"] == "F"
    files = lambda: b"".join(f.read_bytes() for f in (c.dir / "state").glob("counter.db*"))
    assert b"ERASABLEPERSON" in files()
    assert status(c, "DELETE", f"/registrations/{r['id']}") == 200
    assert status(c, "GET", f"/registrations/{r['id']}") == 404 and status(c, "DELETE", f"/registrations/{r['id']}") == 404
    assert b"ERASABLEPERSON" not in files()


@case
def fields_are_texts_of_known_form(c):
    for fields in ({}, {"Surname": "A"}, {"a": 1}, {"a": "x" * 600}, {"a" * 50: "x"}, {f"f{i}": "x" for i in range(41)}, [], "x"):
        assert status(c, "POST", "/registrations", {"fields": fields}) == 400, fields
    assert status(c, "POST", "/registrations", {}) == 400
    assert status(c, "POST", "/registrations", {"fields": {"a": "b"}, "verification": 1}) == 400


@case
def a_typed_zone_is_read_and_its_digits_checked(c):
    good = c.ask("POST", "/manual", {"mrz": zone()})[1]
    assert good["ok"] and good["data"]["document-number"] == "U24SJ0117" and good["data"]["birth-date"] == "1990-08-12", good
    assert good["data"]["given-names"] == "IDA LOVISA" and good["reason"] is None
    for bad, problem in ((zone().replace("U24SJ0117", "U24SJ0118", 1), "number"), (zone().replace("900812", "900813"), "birth"),
                         (zone().replace("340505", "340506"), "expiry"), (zone()[:-5], "size"), (zone().replace("F", "$"), "character")):
        m = c.ask("POST", "/manual", {"mrz": bad})[1]
        assert not m["ok"] and m["problem"] == problem and m["reason"]["id"] == "SJ-1204", m


# --- the end ---------------------------------------------------------------------------------------

@case
def every_operation_was_held_against_its_description(c):
    c.ask("GET", "/registrations")
    r = c.ask("POST", "/registrations", {"fields": {"surname": "A"}})[1]
    c.ask("POST", f"/registrations/{r['id']}/send")
    c.ask("POST", "/logout", {}, Authorization=f"Bearer {Counter.login(c)}")
    c.login()
    wanted = {(m.upper(), p) for p, methods in API["paths"].items() for m in methods}
    missing = wanted - c.seen - {("GET", "/events")}
    assert not missing, missing


@case
def a_token_that_was_given_up_is_worth_nothing(c):
    assert status(c, "POST", "/logout") == 200
    assert status(c, "GET", "/state") == 401
    c.login()


@case
def ten_thousand_taps_leave_memory_bounded(c):
    c.card("genuine", portrait=None)
    taps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    connection = http.client.HTTPConnection("127.0.0.1", c.port, timeout=10)
    h = {"Authorization": f"Bearer {c.token}", "Content-Type": "application/json"}
    body = json.dumps({"consent": True, "access": {"kind": "can", "value": "123456"}})
    for _ in range(taps):
        while True:
            connection.request("POST", "/api/v1/verifications", body, h)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 202:
                break
    print(f"# {taps} taps, {c.memory()} kB")
    assert sanitised() or c.memory() < 30 * 1024


@case
def who_is_slow_is_cut_off(c):
    """It began with the first case, and had its ten seconds meanwhile."""
    c.slow.settimeout(15)
    assert c.slow.recv(100) == b""
    c.slow.close()


@case
def ctrl_c_ends_it_cleanly_while_a_page_listens(c):
    s = http.client.HTTPConnection("127.0.0.1", c.port, timeout=5)
    s.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {c.token}"})
    s.getresponse()
    c.card("genuine", delay=20000)
    c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "can", "value": "123456"}})
    begun = time.monotonic()
    assert c.stop(signal.SIGINT) == 0
    assert time.monotonic() - begun < 10  # the reading would take 20
    assert not (c.dir / "state/address").exists()  # its code opens nothing any more
    s.close()


def main():
    c = Described()
    c.login()
    c.slow = socket.create_connection(("127.0.0.1", c.port), 5)
    c.slow.sendall(b"GET / HTTP/1.1\r\nHost: ")
    print(f"1..{len(CASES)}")
    failed = 0
    for number, function in enumerate(CASES, 1):
        try:
            function(c)
            print(f"ok {number} {function.__name__}", flush=True)
        except Exception as e:
            failed += 1
            print(f"# {type(e).__name__}: {str(e)[:1500]}\nnot ok {number} {function.__name__}", flush=True)
    if c.child.poll() is None:
        c.stop()
    text = (c.dir / "log").read_text()
    if "ERROR: AddressSanitizer" in text or "runtime error" in text or "LeakSanitizer" in text:
        print("# " + text.replace("\n", "\n# ") + "\nnot ok sanitizers")
        failed += 1
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
