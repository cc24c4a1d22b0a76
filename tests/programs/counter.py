#!/usr/bin/python3
"""The counter's page in headless Chromium: one TAP case a behaviour; `--pictures DIR` keeps one of each state."""
import json
import os
import re
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "counter"), str(HERE)]
from browser import Browser
from rig import ANSWERS, GUEST, Counter
from api import zone
from cards import Lab, place

AUDIT = (HERE / "audit.js").read_text()
PICTURES = pathlib.Path(sys.argv[2]) if sys.argv[1:2] == ["--pictures"] else None
ENTER, TAB, SPACE, ESCAPE = "\ue007", "\ue004", " ", "\ue00c"
CASES = []


def case(function):
    CASES.append(function)
    return function


class Page:
    def __init__(self, counter, **options):
        self.c = counter
        self.b = Browser(**options)
        self.language = options.get("language", "en")
        self.faults = []

    def open(self):
        self.b.go(self.c.address())
        self.b.wait("document.documentElement.dataset.ready")

    def fresh(self):
        """Nobody is at the desk; the card waits."""
        self.b.js("document.querySelectorAll('dialog').forEach((d) => d.close())")
        self.b.click("#tab-desk")
        while True:
            v = self.c.ask("GET", "/state")[1]["verification"]
            if v["phase"] == "idle":
                break
            self.c.ask("DELETE", f"/verifications/{v['id']}")
        self.b.wait("document.querySelector('.empty .pulse:not(.busy)') && document.querySelector('#face')")
        self.b.js("""for (const tick of ["face", "consent"]) if (document.getElementById(tick).checked) document.getElementById(tick).click();
            const s = document.getElementById("secret"); s.value = ""; s.dispatchEvent(new Event("input"));""")

    def steps(self):
        for tick in ("#face", "#consent"):
            if not self.b.js("return document.querySelector(arguments[0]).checked", tick):
                self.b.click(tick)

    def read(self, name, secret="123456", **more):
        self.fresh()
        self.c.card(name, **more)
        self.steps()
        self.b.type("#secret", secret)
        self.b.click("#read")
        self.b.wait("document.querySelector('.verdict')")
        if ANSWERS[name].get("portrait") and name != "bad-picture":
            self.b.wait("document.querySelector('#portrait img')?.complete")
        return self

    def verdict(self):
        return self.b.js("return document.querySelector('.verdict')?.dataset.verdict")

    def shown_id(self):
        return self.b.text("#reason-id")

    def keep(self, name):
        """Looks for barriers, and keeps the picture."""
        found = self.b.js(AUDIT + "\nreturn audit();")
        self.faults += [f"{name}: {text}" for text in found]
        if PICTURES:
            time.sleep(0.25)
            self.b.picture(PICTURES / f"{name}.png")


# --- coming in ------------------------------------------------------------------------------

@case
def the_code_leaves_the_address_and_a_reload_stays_in(p):
    p.open()
    assert p.b.js("return location.href") == f"http://127.0.0.1:{p.c.port}/"
    p.b.command("POST", "/refresh")
    p.b.wait("document.documentElement.dataset.ready == 'yes'")
    assert p.b.js("return document.cookie") == ""


@case
def without_a_code_the_page_is_locked_and_says_how(p):
    token = p.b.js("return sessionStorage.getItem('sojourn-token')")
    p.b.js("sessionStorage.clear()")
    p.b.command("POST", "/refresh")
    p.b.wait("document.documentElement.dataset.ready == 'locked'")
    assert "sojourn counter url" in p.b.text("main")
    p.keep("locked")
    p.b.js("sessionStorage.setItem('sojourn-token', arguments[0])", token)
    p.b.command("POST", "/refresh")
    p.b.wait("document.documentElement.dataset.ready == 'yes'")


@case
def the_page_is_ready_after_each_load(p):  # how soon: `make bench`
    for _ in range(7):
        p.b.command("POST", "/refresh")
        p.b.wait("document.documentElement.dataset.ready == 'yes'")
        assert p.b.js("return performance.getEntriesByName('ready').length") == 1  # the desk is drawn


# --- verdicts -------------------------------------------------------------------------------------

@case
def a_tap_appears_without_being_asked_for(p):  # how soon: `make bench`
    p.c.card("genuine", portrait=None)
    for _ in range(10):
        p.fresh()
        number = p.c.ask("POST", "/verifications", {"consent": True, "access": {"kind": "can", "value": "123456"}})[1]["id"]
        p.c.finished(number)
        p.b.wait("document.querySelector('.verdict') !== null")
        assert p.verdict() == "genuine"


@case
def genuine_shows_word_sign_portrait_and_only_the_fields(p):
    p.read("genuine")
    assert p.verdict() == "genuine" and p.b.text("#verdict") == "Genuine" and p.shown_id() is None
    assert p.b.js("return [...document.querySelectorAll('.value')].map((e) => e.innerText)") == list(GUEST.values())
    assert p.b.js("return document.querySelector('#portrait img').naturalWidth") > 300
    assert p.b.js("return document.querySelector('.verdict svg') !== null")
    p.keep("genuine")


@case
def each_outcome_shows_its_id_and_what_to_do(p):
    for name in ("copy", "undecided", "revoked", "expired", "forged", "chip-copied", "wrong-can", "pulled", "not-a-document", "stale"):
        p.read(name)
        assert p.verdict() == ANSWERS[name]["verdict"], name
        assert p.shown_id() == ANSWERS[name]["reason"], name
        assert len(p.b.text(".verdict .action")) > 10, name
        p.keep(name)


@case
def a_portrait_that_is_refused_is_no_silent_blank(p):
    p.read("bad-picture")
    p.b.wait("document.querySelector('#portrait').innerText.includes('SJ-1316')")
    p.keep("portrait-refused")


@case
def a_clock_that_is_behind_is_told(p):
    p.read("clock")
    assert "SJ-1104" in p.b.text(".result")


@case
def a_reading_that_is_not_recorded_is_told(p):
    p.read("genuine", evidence="SJ-1310")
    assert "not recorded" in p.b.text(".result .notice") and "SJ-1310" in p.b.text(".result .notice")
    p.keep("not-recorded")


@case
def no_button_fails_in_silence(p):
    p.read("genuine")
    p.b.js("window.real = fetch; window.fetch = (path, init) => real(path.replace('/face', '/nothing'), init)")
    p.b.click("#face-same")
    p.b.wait("document.querySelector('#notices').innerText.includes('There is no such thing')")
    p.keep("trouble")
    p.b.js("window.fetch = real")
    p.b.click("#trouble-close")
    p.b.wait("!document.querySelector('#trouble-close')")


@case
def a_wrong_number_is_typed_anew_and_the_rest_kept(p):
    p.read("wrong-can")
    now = p.b.js("return [face.checked, consent.checked, secret.value, document.activeElement.id]")
    assert now == [True, True, "", "secret"], now
    p.c.card("genuine")
    p.b.keys("654321" + ENTER)
    p.b.wait("document.querySelector('.verdict')?.dataset.verdict == 'genuine'")


@case
def the_service_goes_and_comes_back(p):
    p.fresh()
    p.c.tell(reader="no-service")
    p.b.wait("document.querySelector('#notices').innerText.includes('SJ-0301')")
    p.keep("no-service")
    p.c.tell(reader="no-reader")
    p.b.wait("document.querySelector('#notices').innerText.includes('SJ-0302')")
    p.keep("no-reader")
    p.c.tell(reader="no-card")
    p.b.wait("!document.querySelector('#notices .bad')")
    p.keep("ready")


@case
def trust_that_is_stale_is_told_before_a_card_comes(p):
    p.c.tell(trust="SJ-1108", reader="no-card")
    p.b.wait("document.querySelector('#notices').innerText.includes('SJ-1108')", 15)
    p.keep("trust-stale")
    p.c.tell(trust="SJ-0000", reader="no-card")
    p.b.wait("!document.querySelector('#notices').innerText.includes('SJ-1108')", 15)


@case
def reading_can_be_stopped_by_key(p):
    p.fresh()
    p.c.card("genuine", delay=20000)
    p.steps()
    p.b.type("#secret", "123456")
    p.b.click("#read")
    p.b.wait("document.querySelector('#cancel')")
    p.keep("reading")
    p.b.keys(ESCAPE)
    p.b.wait("document.querySelector('#reason-id')?.innerText == 'SJ-0104'")


# --- the guided order, keys alone, a scanner ---------------------------------------------------------

@case
def the_order_is_face_consent_number_read(p):
    p.fresh()
    p.b.click("#read")
    assert p.b.js("return document.activeElement.id") == "face"
    p.b.click("#face")
    p.b.click("#read")
    assert p.b.js("return document.activeElement.id") == "consent"
    p.keep("steps")
    p.b.click("#consent")
    p.b.click("#read")
    assert p.b.js("return document.activeElement.id") == "secret"


@case
def the_whole_check_in_by_keys_alone(p):
    p.c.card("genuine")
    p.fresh()
    p.b.js("document.querySelector('#face').focus()")
    p.b.keys(SPACE + TAB + SPACE + TAB + "123456" + ENTER)
    p.b.wait("document.querySelector('#portrait img')?.complete")
    assert p.b.js("return document.activeElement.id") == "verdict"
    p.b.keys(TAB)
    assert p.b.js("return document.activeElement.id") == "face-same", p.b.js("return document.activeElement.outerHTML")
    p.b.keys(ENTER)
    p.b.wait("document.querySelector('#face-same[aria-pressed=true]') && !document.querySelector('#register').disabled")
    for _ in range(20):
        if p.b.js("return document.activeElement.id") == "register":
            break
        p.b.keys(TAB)
    p.b.keys(ENTER)
    p.b.wait("document.activeElement.id == 'companion'")
    p.keep("registered")


@case
def a_scanner_types_a_zone_wherever_the_focus_is(p):
    p.c.card("genuine")
    p.fresh()
    p.steps()
    p.b.js("document.activeElement.blur()")
    p.b.keys(zone().replace("\n", ENTER) + ENTER)
    p.b.wait("document.querySelector('.verdict')?.dataset.verdict == 'genuine'")


@case
def a_half_zone_does_not_start_a_reading(p):
    p.fresh()
    p.steps()
    p.b.type("#secret", "I<UTOU24SJ01")
    p.b.keys(ENTER)
    p.b.wait("document.querySelector('#secret-problem')")
    assert p.verdict() is None


@case
def copying_takes_one_button(p):
    p.read("genuine")
    p.b.click("#copy-document-number")
    p.b.wait("document.querySelector('#copy-document-number').classList.contains('copied')")
    assert p.b.js("return await navigator.clipboard.readText()") == GUEST["document-number"]
    p.b.click("#copy-all")
    p.b.wait("document.querySelector('#copy-all').classList.contains('copied')")
    assert p.b.js("return await navigator.clipboard.readText()") == "\t".join(GUEST.values())


# --- registrations -------------------------------------------------------------------------------------

@case
def registering_wants_the_face_compared_and_companions_follow(p):
    p.read("genuine")
    assert p.b.js("return register.disabled")
    p.b.click("#face-same")
    p.b.wait("!document.querySelector('#register').disabled")
    p.b.click("#register")
    p.b.wait("document.querySelector('#companion')")
    head = p.c.ask("GET", "/registrations")[1]["registrations"][0]
    p.b.click("#companion")
    p.b.wait("document.querySelector('.party')")
    p.keep("companion")
    p.steps()
    p.b.type("#secret", "123456")
    p.b.click("#read")
    p.b.wait("document.querySelector('#face-same')")
    p.b.click("#face-same")
    p.b.wait("!document.querySelector('#register').disabled")
    p.b.click("#register")
    p.b.wait("document.querySelector('.saved')")
    assert p.c.ask("GET", "/registrations")[1]["registrations"][0]["party"] == head["id"]
    p.b.click("#next")
    p.b.wait("!document.querySelector('.party')")


@case
def another_face_is_not_registered(p):
    p.read("genuine")
    p.b.click("#face-different")
    p.b.wait("document.querySelector('#face-different[aria-pressed=true]') && !document.querySelector('#register')")


@case
def a_dead_chip_is_typed_in_with_check_digits(p):
    p.fresh()
    p.b.click("#manual")
    p.b.type("#zone", zone().replace("900812", "900813"))
    p.b.click("#zone-check")
    p.b.wait("document.querySelector('#zone-told').innerText.includes('birth date')")
    p.keep("manual-wrong")
    p.b.js("document.querySelector('#zone').value = ''")
    p.b.type("#zone", zone())
    p.b.click("#zone-check")
    p.b.wait("document.querySelector('#zone-told.good')")
    assert p.b.js("return document.querySelector('#input-document-number').value") == "U24SJ0117"
    p.keep("manual")
    p.b.click("#dialog-save")
    p.b.wait("!document.querySelector('dialog')")
    assert p.c.ask("GET", "/registrations")[1]["registrations"][0]["source"] == "manual"


@case
def the_outbox_is_edited_and_erased(p):
    p.b.click("#tab-registrations")
    p.b.wait("document.querySelector('tbody tr')")
    p.keep("registrations")
    row = p.c.ask("GET", "/registrations")[1]["registrations"][0]
    p.b.click(f"#edit-{row['id']}")
    p.b.type("#input-surname", "X")
    p.b.click("#dialog-save")
    p.b.wait("document.querySelector('tbody').innerText.includes('Modified')")
    p.b.click(f"#erase-{row['id']}")
    p.keep("erase")
    p.b.click("#erase-yes")
    p.b.wait(f"!document.querySelector('#erase-{row['id']}')")


@case
def the_shift_log_fills_by_itself(p):
    p.b.click("#tab-shift")
    p.b.wait("document.querySelectorAll('tbody tr').length > 10")
    assert not [v for v in GUEST.values() if v in p.b.text("main")]
    p.keep("shift")


@case
def chinese_from_the_start_and_by_a_button(p):
    p.read("revoked")
    p.b.click("#language")
    assert p.b.js("return document.documentElement.lang") == "zh-CN"
    assert p.b.text("#verdict") == "无效" and "吊销" in p.b.text(".verdict")
    assert p.b.text("#read-hint")
    p.keep("chinese-revoked")
    p.read("genuine")
    p.keep("chinese-genuine")
    p.b.click("#tab-registrations")
    p.keep("chinese-registrations")
    p.b.click("#language")
    assert p.b.js("return document.documentElement.lang") == "en"


@case
def dark_and_narrow_are_legible_too(p):
    p.read("genuine")
    p.b.dark(True)
    p.keep("dark-genuine")
    for name in ("copy", "forged", "wrong-can"):
        p.read(name)
        p.keep(f"dark-{name}")
    p.fresh()
    p.keep("dark-ready")
    p.b.dark(False)
    p.b.devtools("Emulation.setDeviceMetricsOverride", width=700, height=1200, deviceScaleFactor=1, mobile=False)
    p.read("genuine")
    assert p.b.js("return document.documentElement.scrollWidth <= innerWidth")
    p.keep("narrow-genuine")
    p.b.devtools("Emulation.setDeviceMetricsOverride", width=1440, height=1000, deviceScaleFactor=1, mobile=False)


@case
def verdicts_are_said_aloud(p):
    p.read("forged")
    p.b.wait("document.querySelector('[role=alert]').innerText.includes('SJ-0702')")
    assert p.b.text("#urgent").startswith("Not genuine.")


@case
def a_real_card_is_read_by_the_page(p):
    """The whole way: pcscd, an eID card, its terminal, the library, the daemon, the page."""
    lab = Lab()
    c = lab.counter("hotel check-in", "hotel-check-in")
    page = Page.__new__(Page)
    page.c, page.b, page.faults = c, p.b, p.faults
    try:
        place(c, "card")
        page.open()
        page.steps()
        p.b.type("#secret", lab.can())
        p.b.keys(ENTER)
        p.b.wait("document.querySelector('#portrait img')?.complete")
        assert p.verdict() == "genuine" and "SJ0000001" in p.b.text(".data")
        page.keep("real-card")
        lab.run("lab", "take", "--dir", lab.dir)
        p.b.wait("document.querySelector('.chips').innerText.includes('Reader ready')")
    finally:
        c.stop()
        lab.down()
    p.open()
    p.c.login()


@case
def the_holder_types_the_pin_unseen(p):
    os.environ["SOJOURN_COUNTER_SERVICE"] = json.dumps({"name": "bank account opening", "sector": "finance", "access": "pin", "rights": ["valid", "name", "address"]})
    c = Counter()
    del os.environ["SOJOURN_COUNTER_SERVICE"]
    page = Page.__new__(Page)
    page.c, page.b, page.faults = c, p.b, p.faults
    try:
        c.login()
        c.card("genuine")
        page.open()
        page.steps()
        p.b.click("#read")
        p.b.wait("document.activeElement.id == 'pin' && document.activeElement.type == 'password'")
        p.b.keys("12345" + ENTER)
        p.b.wait("document.querySelector('#pin-told').innerText")
        page.keep("pin")
        p.b.keys("6" + ENTER)
        p.b.wait("document.querySelector('.verdict')?.dataset.verdict == 'genuine'")
        assert "123456" not in p.b.js("return document.documentElement.outerHTML") and not p.b.js("return document.querySelector('#pin')")
        c.card("wrong-pin")
        p.b.click("#read")
        p.b.wait("document.querySelector('#pin')")
        p.b.click("#pin-pad")
        p.b.wait("document.querySelector('#reason-id')?.innerText == 'SJ-1205'")
    finally:
        c.stop()
    p.open()
    p.c.login()


@case
def the_daemon_goes_and_comes_back(p):
    p.fresh()
    p.c.stop()
    p.b.wait("document.querySelector('#notices').innerText.includes('does not answer')")
    p.keep("offline")
    p.c.start()
    p.b.wait("document.querySelector('.locked')", 15)  # another start, another token
    p.open()
    p.c.login()


@case
def no_barrier_was_found_in_any_state(p):
    assert not p.faults, "\n".join(sorted(set(p.faults)))


@case
def nothing_was_complained_of_in_the_console(p):
    wrong = [e["message"] for e in p.b.log() if e["level"] == "SEVERE" and " 401 " not in e["message"] and "ERR_CONNECTION_REFUSED" not in e["message"]
             and "ERR_INCOMPLETE_CHUNKED" not in e["message"] and "/nothing " not in e["message"]  # which is asked for above
             and not re.search(r"/verifications/\d+/portrait .* 404 ", e["message"])]  # of a reading that the next case replaced
    assert not wrong, "\n".join(wrong)


def main():
    if PICTURES:
        PICTURES.mkdir(parents=True, exist_ok=True)
    c = Counter()
    c.login()
    c.tell(reader="no-card")
    p = Page(c)
    print(f"1..{len(CASES)}", flush=True)
    failed = 0
    try:
        for number, function in enumerate(CASES, 1):
            try:
                function(p)
                print(f"ok {number} {function.__name__}", flush=True)
            except (AssertionError, KeyError, IndexError, TypeError) as e:
                failed += 1
                text = str(e)[:3000].replace("\n", "\n# ")
                print(f"# {type(e).__name__} at line {e.__traceback__.tb_next.tb_lineno}: {text}\nnot ok {number} {function.__name__}", flush=True)
    finally:
        p.b.close()
        c.stop()
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
