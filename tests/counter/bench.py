#!/usr/bin/python3
"""Figures of the counter, one a line: id, value, unit. What no browser is there for is left out."""
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "programs")]
from rig import Counter

ACCESS = {"consent": True, "access": {"kind": "can", "value": "123456"}}


def median(values):
    return sorted(values)[len(values) // 2]


def page(c, rows):
    """How long the page takes until its first step can be ticked, and a verdict until it is on the screen."""
    from browser import Browser
    b = Browser()
    try:
        b.go(c.address())
        b.wait("document.querySelector('#read')")
        ready, shown = [], []
        for _ in range(7):
            b.command("POST", "/refresh")
            b.wait("document.documentElement.dataset.ready == 'yes'")
            ready.append(b.js("return performance.getEntriesByName('ready')[0].startTime"))
        c.login()
        for _ in range(15):
            b.js("""window.shown = 0; new MutationObserver((_, o) => {
                if (document.querySelector('.verdict')) { window.shown = Date.now(); o.disconnect(); } })
                .observe(document.querySelector('main'), { childList: true, subtree: true })""")
            number = c.ask("POST", "/verifications", ACCESS)[1]["id"]
            while c.ask("GET", f"/verifications/{number}")[1]["phase"] != "done":
                pass
            heard = time.time() * 1000
            shown.append(max(0, b.wait("window.shown") - heard))
            c.ask("DELETE", f"/verifications/{number}")
            b.wait("!document.querySelector('.verdict')")
        rows.append(("counter.page.wall", median(ready), "ms"))
        rows.append(("counter.tap.wall", median(shown), "ms"))
    finally:
        b.close()


def taps(c, count, rows):
    """Memory after so many readings, each with its portrait drawn and fetched."""
    for _ in range(count):
        v = c.finished(c.ask("POST", "/verifications", ACCESS)[1]["id"])
        assert v["verdict"] == "genuine" and v["portrait"]["state"] == "drawn", v
        c.ask("GET", f"/verifications/{v['id']}/portrait")
    rows.append(("counter.rss", c.memory() * 1024, "bytes"))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    c, rows = Counter(), []
    try:
        c.card("genuine")
        if shutil.which("chromium") and shutil.which("chromedriver"):
            page(c, rows)
        c.login()
        taps(c, count, rows)
    finally:
        c.stop()
    for name, value, unit in rows:
        print(name, f"{value:.1f}", unit)


if __name__ == "__main__":
    main()
