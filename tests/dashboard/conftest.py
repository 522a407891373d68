"""The engine of the examples, and pages in a headless Chromium that note whatever goes wrong in them."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
BROWSERS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
PATIENCE = 120


class Server:
    """A running example."""

    def __init__(self, name, *arguments, bind="127.0.0.1:0"):
        program = TARGET / "debug" / "examples" / name
        command = [program, "--bind", bind, *arguments]
        self.process = subprocess.Popen(
            [str(part) for part in command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        said = ""
        for line in self.process.stderr:
            said += line
            if "on http://" in line:
                self.address = line.split("on http://")[1].strip()
                self.url = f"http://{self.address}"
                break
        else:
            raise AssertionError(f"{name} ended before it served: {said}")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path, body):
        head = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), head)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def wait_until(self, what):
        """Waits until `what`, which is asked again and again, is true."""
        deadline = time.monotonic() + PATIENCE
        while not what(self):
            assert time.monotonic() < deadline, self.get("/status/batches")
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        assert self.process.wait(60) == 0


def engine(data, *stream, **options):
    """An engine that keeps its data in this folder."""
    return Server("engine", "--data-dir", data, *stream, **options)


def all_trained(server):
    health = server.get("/health")
    return health["models_trained"] == health["models_total"] == 9


@pytest.fixture(scope="session")
def replay(tmp_path_factory):
    """An engine in the middle of a long stream, a thousand records a second."""
    stream = ["--rows", "900000", "--rate", "1000", "--speed", "1"]
    server = engine(tmp_path_factory.mktemp("replay"), *stream)
    server.wait_until(all_trained)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """An engine that has read the sample to its end, or else a simulated stream."""
    sample = os.environ.get("RETAIL_SAMPLE")
    stream = ["--input", sample] if sample else ["--rows", "60000"]
    server = engine(tmp_path_factory.mktemp("finished"), *stream)
    server.wait_until(lambda server: all_trained(server) and not server.get("/status/batches")["running"])
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    path = os.environ.get("RETAIL_TEST_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        # Without one on the machine, the one that Playwright has installed. As root, Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


NOTE_VIOLATIONS = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
    window.shifts = 0;
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifts += shift.value;
    }).observe({ type: "layout-shift", buffered: true });
"""


class Opener:
    """Opens pages, and looks in the end whether anything went wrong in them."""

    def __init__(self, browser):
        self.browser = browser
        self.contexts = []
        self.pages = []
        self.problems = []
        self.hosts = set()
        #: Parts of what the console may say.
        self.expected = []

    def __call__(self, url, width=1440, scheme="light", before=None):
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", locale="de-DE"
        )
        self.contexts.append(context)
        context.add_init_script(NOTE_VIOLATIONS)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        if before:
            before(page)
        page.goto(url)
        self.pages.append(page)
        return page

    def console(self, message):
        if message.type in ("error", "warning") and not any(part in message.text for part in self.expected):
            self.problems.append(f"console: {message.text}")

    def check(self):
        for page in self.pages:
            assert page.evaluate("window.violations") == []
        for context in self.contexts:
            context.close()
        assert self.problems == []
        assert len(self.hosts) == 1, self.hosts


@pytest.fixture
def opened(browser):
    opener = Opener(browser)
    yield opener
    opener.check()


@pytest.fixture(scope="session")
def screenshots():
    folder = Path(os.environ.get("RETAIL_TEST_SCREENSHOTS", TARGET / "dashboard" / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
