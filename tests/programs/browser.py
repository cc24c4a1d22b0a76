"""Chromium by ChromeDriver: the few commands of the WebDriver protocol (W3C) that the tests need."""
import json
import re
import subprocess
import time
import urllib.error
import urllib.request

from rig import free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    def __init__(self, language="en", dark=False, size=(1440, 1000)):
        self.port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = None
        for _ in range(100):
            try:
                self.command("GET", "/status")
                break
            except OSError:
                time.sleep(0.1)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--lang={language}",
                     f"--window-size={size[0]},{size[1]}", "--force-color-profile=srgb", "--hide-scrollbars"]
        if dark:
            arguments.append("--force-dark-mode")
        answer = self.command("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments, "prefs": {"intl.accept_languages": language}}}}})
        self.session = answer["sessionId"]
        self.devtools("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)
        self.devtools("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self.dark(dark)

    def command(self, method, path, body=None):
        path = path if self.session is None else f"/session/{self.session}{path}"
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as r:
                return json.load(r)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError(json.load(e)["value"]["message"][:600]) from None

    def devtools(self, name, **parameters):
        return self.command("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def dark(self, on):
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def go(self, address):
        self.command("POST", "/url", {"url": address})

    def js(self, text, *arguments):
        return self.command("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def wait(self, text, seconds=10):
        """Until the expression is true; gives its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.js(f"return {text}")
            if value:
                return value
            assert time.monotonic() < end, f"waited in vain: {text}\n{self.js('return document.body.innerText')}"
            time.sleep(0.02)

    def find(self, selector):
        return self.command("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def on(self, selector, what, body=None):
        """The page may draw an element anew between finding and using it."""
        for _ in range(20):
            try:
                return self.command("POST", f"/element/{self.find(selector)}/{what}", body)
            except AssertionError as e:
                error = e
                if not re.search("stale element|no such element|not clickable|intercepted", str(e)):
                    raise
                time.sleep(0.05)
        raise error

    def click(self, selector):
        self.on(selector, "click")

    def type(self, selector, text):
        self.on(selector, "value", {"text": text})

    def keys(self, text, pause=0):
        """Keys to whatever has the focus."""
        actions = []
        for key in text:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
            if pause:
                actions.append({"type": "pause", "duration": pause})
        self.command("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.innerText ?? null", selector)

    def log(self):
        return self.command("POST", "/se/log", {"type": "browser"})

    def picture(self, path):
        import base64
        path.write_bytes(base64.b64decode(self.command("GET", "/screenshot")))

    def close(self):
        try:
            self.command("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
