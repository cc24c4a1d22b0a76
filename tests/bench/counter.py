#!/usr/bin/python3
"""Rows of the counter for the bench, as JSON in FILE; a row that lacks something says so in "skip"."""
import http.client
import json
import pathlib
import shutil
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "counter"), str(HERE.parent / "programs")]
from browser import Browser
from rig import Counter

TAPS, DRAWN, PAGES = 10000, 100, 15
ASK = {"consent": True, "access": {"kind": "can", "value": "123456"}}
# Before any script of the page: when it says that it is ready, when a verdict stands there.
WATCH = """new MutationObserver(() => {
    if (!window.readyAt && document.documentElement?.dataset.ready) window.readyAt = performance.now();
    if (!window.shownAt && document.querySelector(".verdict")) window.shownAt = Date.now();
}).observe(document, { attributes: true, childList: true, subtree: true });"""


def memory(c):
    before = c.memory() * 1024
    connection = http.client.HTTPConnection("127.0.0.1", c.port, timeout=10)
    headers, body = {"Authorization": f"Bearer {c.token}", "Content-Type": "application/json"}, json.dumps(ASK)
    for _ in range(TAPS):
        status = 0
        while status != 202:  # the one before is not over
            connection.request("POST", "/api/v1/verifications", body, headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
    c.card("genuine")
    for _ in range(DRAWN):
        v = c.finished(c.ask("POST", "/verifications", ASK)[1]["id"])
        assert v["portrait"]["state"] == "drawn", v
        c.ask("GET", f"/verifications/{v['id']}/portrait")
    c.card("genuine", portrait=None)
    return {"value": c.memory() * 1024, "floor": before, "unit": "bytes", "note": f"after {TAPS} taps and {DRAWN} with portraits; target: 30 MB; floor: before the first"}


def fetched(c, paths):
    """All that the page fetches, over one connection, in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", c.port, timeout=10)
    start = time.monotonic()
    for path in paths:
        connection.request("GET", path, headers={"Authorization": f"Bearer {c.token}"})
        connection.getresponse().read()
    return (time.monotonic() - start) * 1000


def loaded(b):
    """The page that the browser shows, loaded again and again, in ms."""
    times = []
    for _ in range(PAGES):
        b.command("POST", "/refresh")
        times.append(b.wait("window.readyAt"))
    return times


def page(c, b, empty):
    times = loaded(b)
    paths = b.js("return performance.getEntriesByType('resource').map((e) => new URL(e.name).pathname)")
    paths = ["/"] + [path for path in paths if not path.endswith("/events")]  # which never end
    floor = empty + statistics.median(fetched(c, paths) for _ in range(PAGES))
    return {"value": statistics.median(times), "floor": floor, "unit": "ms",
            "note": f"headless Chromium, to the desk that takes a card, p50 of {PAGES}, the slowest {max(times):.0f}; target: 200; floor: an empty page, and its files by one connection"}


def tap(c, b):
    shown, heard = [], []
    for _ in range(PAGES):
        b.command("POST", "/refresh")
        b.wait("window.readyAt")
        start = time.time() * 1000
        number = c.ask("POST", "/verifications", ASK)[1]["id"]
        c.finished(number)
        heard.append(time.time() * 1000 - start)
        shown.append(b.wait("window.shownAt") - start)
        c.ask("DELETE", f"/verifications/{number}")
    return {"value": statistics.median(shown), "floor": statistics.median(heard), "unit": "ms",
            "note": f"from the request to the verdict on the page, of a card that answers at once, p50 of {PAGES}, the slowest {max(shown):.0f}; target: 100; floor: to a program"}


def main():
    rows = {}
    c = Counter()
    try:
        c.login()
        c.card("genuine", portrait=None)
        rows["counter.rss"] = memory(c)
        c.ask("DELETE", f"/verifications/{c.ask('GET', '/state')[1]['verification']['id']}")
        if shutil.which("chromium") and shutil.which("chromedriver"):
            b = Browser()
            try:
                b.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
                b.go("data:text/html,<html data-ready=1>")
                b.wait("window.readyAt")
                empty = statistics.median(loaded(b))
                b.go(c.address())
                b.wait("window.readyAt")
                rows["counter.page.wall"] = page(c, b, empty)
                rows["counter.tap.wall"] = tap(c, b)
            finally:
                b.close()
        else:
            rows["counter.page.wall"] = rows["counter.tap.wall"] = {"skip": "no Chromium with its driver"}
    finally:
        c.stop()
    pathlib.Path(sys.argv[1]).write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
