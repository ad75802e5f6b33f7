"""Headless Chromium by its own driver: the W3C protocol over HTTP, with nothing but Python's library."""

import base64
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"enter": "\ue007", "escape": "\ue00c", "up": "\ue013", "down": "\ue015", "delete": "\ue017"}


class Driver:
    """One chromedriver process; ends with the block."""

    def __enter__(self):
        binary = shutil.which("chromedriver")
        if not binary:
            raise SystemExit("chromedriver is missing (apt-get install chromium-driver)")
        self.process = subprocess.Popen([binary, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        for line in self.process.stdout:
            if "port " in line and "success" in line:
                self.url = f"http://127.0.0.1:{line.rsplit('port ', 1)[1].strip().rstrip('.')}"
                return self
        raise SystemExit("chromedriver did not start")

    def __exit__(self, *_):
        # its browsers too, also those of a test that failed
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Failed(Exception):
    pass


class Browser:
    """A window of its own, with storage of its own."""

    def __init__(self, driver, name, width=1280, height=800, dark=False):
        self.name = name
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", f"--window-size={width},{height}"]
        answer = self.request("POST", f"{driver.url}/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.base = f"{driver.url}/session/{answer['sessionId']}"
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        if width < 500:
            self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)
        self.devtools("Network.enable")

    @staticmethod
    def request(method, url, body=None):
        data = None if body is None and method == "GET" else json.dumps(body or {}).encode()
        try:
            request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Failed(json.load(error)["value"]["message"]) from None
        except OSError as error:
            raise Failed(f"chromedriver does not answer: {error}") from None

    def command(self, method, path, body=None):
        return self.request(method, self.base + path, body)

    def devtools(self, name, **parameters):
        return self.command("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def offline(self, is_offline):
        self.devtools("Network.emulateNetworkConditions", offline=is_offline, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def open(self, url):
        self.command("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def all(self, selector):
        return [e[ELEMENT] for e in self.command("POST", "/elements", {"using": "css selector", "value": selector})]

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", selector)

    def type(self, selector, text):
        def act():
            for element in self.all(selector)[:1]:
                self.command("POST", f"/element/{element}/value", {"text": text})
                return True
        self.wait(f"{selector} can be typed in", act)

    def press(self, keys):
        self.command("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            action for key in keys for action in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]}]})

    def click(self, selector, text=None):
        """Found and clicked in one attempt: what is drawn anew in between is found again."""
        def act():
            for element in self.all(selector):
                if text is None or self.command("GET", f"/element/{element}/text").strip() == text:
                    self.command("POST", f"/element/{element}/click")
                    return True
        self.wait(f"{selector} {text or ''} can be clicked", act)

    def wait(self, what, condition, seconds=180):
        """Until the condition holds; the deadline is generous, as it only bounds a failing test."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if found := condition():
                    return found
            except Failed:
                pass
            time.sleep(0.05)
        self.picture(f"/tmp/parlor-web-{self.name}.png")
        raise Failed(f"{self.name}: it never happened: {what} (see /tmp/parlor-web-{self.name}.png; {self.complaints()})")

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.command("GET", "/screenshot")))

    def complaints(self):
        return [entry["message"] for entry in self.command("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]

    def close(self):
        self.request("DELETE", self.base)
