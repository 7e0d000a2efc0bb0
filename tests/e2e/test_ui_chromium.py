"""``llmeval ui`` as people start it, in Debian's chromium: a label by keyboard, hostile text, nothing that leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from pytest_llmeval.records import Score
from tests.e2e import chromium
from tests.e2e.pages import NEW, answered, labels, write_project
from tests.e2e.servers import eventually, free_port
from tests.unit.sessions import REGRESSED, RELEVANCE, session

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]

# Markdown first: behind a tag Streamlit would take the whole line for one of HTML.
PLANTED = (
    "![x](http://127.0.0.1:64999/md.png) [here](javascript:document.title='planted') :red[no] $x$ \u202e\x1b[2J "
    "<script>document.title='planted'</script>"
    "<img src=http://127.0.0.1:64999/x.png onerror=\"document.title='planted'\">"
)
# Imported by every Python that the server starts: what would leave this machine is written down, and refused.
_GUARD = """
import os, socket
connect = socket.socket.connect
def guarded(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{address}\\n")
        raise OSError("this machine has no network")
    return connect(self, address)
socket.socket.connect = guarded
"""
FAINT = Path(__file__).with_name("faint.js").read_text(encoding="utf-8")
PAGES = {"": "Sessions", "compare": "Compare", "try": "Try a prompt", "label": "Label", "agreement": "Agreement"}


class Served:
    """A project whose pages are served."""

    def __init__(self, root, port, process):
        self.root, self.process = root, process
        self.url = f"http://127.0.0.1:{port}"

    @property
    def left(self) -> str:
        """Where anything tried to connect to that is not this machine."""
        log = self.root / "left.txt"
        return log.read_text(encoding="utf-8") if log.exists() else ""


@pytest.fixture
def serve(tmp_path):
    """Start ``llmeval ui`` on a project, and end it."""
    started = []

    def start(*more):
        (tmp_path / "guard").mkdir()
        (tmp_path / "guard" / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
        root, port = write_project(tmp_path, *more), free_port()
        entry = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"
        command = [sys.executable, "-P", "-c", entry, "ui", "--rootdir", str(root), "--port", str(port)]
        path = os.pathsep.join([str(tmp_path / "guard"), *filter(None, [os.environ.get("PYTHONPATH")])])
        own = {"PYTHONPATH": path, "GUARD_LOG": str(root / "left.txt"), "USER": "ada"}
        # A person's own settings do not turn anything on.
        own |= {"STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true", "GIT_CONFIG_GLOBAL": "/dev/null"}
        with (tmp_path / "ui.log").open("w") as log:
            process = subprocess.Popen(command, env=os.environ | own, cwd=root, stdout=log, stderr=log)  # noqa: S603
        started.append(process)
        served = Served(root, port, process)
        assert eventually(lambda: urlopen(f"{served.url}/_stcore/health").status == 200)  # noqa: S310 - our own
        return served

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window; what it asks for is kept."""
    with chromium.window(1280, 1600) as browser:
        yield browser


def until(look):
    """Wait for a page to have drawn something, and return it."""
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    passing = (NoSuchElementException, StaleElementReferenceException)
    return WebDriverWait(None, 60, poll_frequency=0.2, ignored_exceptions=passing).until(lambda _: look())


def text(browser) -> str:
    """Return what a person can read."""
    return browser.find_element("tag name", "body").text


def opened(browser, served, page: str) -> None:
    """Open a page, and wait until it is drawn to its end."""
    browser.get(f"{served.url}/{page}")
    until(lambda: PAGES[page] in [one.text for one in browser.find_elements("tag name", "h1")])
    until(lambda: browser.find_elements("css selector", "[data-test-script-state=notRunning]"))


def asked_for(browser) -> list[str]:
    """Return the addresses that the browser has asked for since it was last looked at."""
    found = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requests = [one["params"] for one in found if one["method"] == "Network.requestWillBeSent"]
    sockets = [one["params"] for one in found if one["method"] == "Network.webSocketCreated"]
    return [*(one["request"]["url"] for one in requests), *(one["url"] for one in sockets)]


def begin(browser) -> None:
    """Leave the page of the test before, which goes on looking for its server, and forget what it asked for."""
    browser.get("about:blank")
    asked_for(browser)


def foreign(urls: list[str], served: Served) -> list[str]:
    """Return the addresses that are not the server's own."""
    own = (served.url, served.url.replace("http", "ws"), "data:", "blob:")
    return [url for url in urls if not url.startswith(own)]


def test_an_answer_is_labelled_by_keyboard(browser, serve):
    """One key pressed in a browser: the line stands in the file, and then the score is seen."""
    served = serve()
    begin(browser)
    opened(browser, served, "label")
    until(lambda: "Judge it by relevance" in text(browser) and "left; ada" in text(browser))
    assert "shares" not in text(browser)

    _press(browser, "b", lambda: "You said: Bad" in text(browser))
    assert "shares" in text(browser)
    (line,) = labels(served.root)
    assert ("relevance", 0.0, "ada", NEW) == tuple(line[name] for name in ("metric", "label", "who", "session"))

    _press(browser, "n", lambda: "You said" not in text(browser) and "Judge it by" in text(browser))
    assert [] == foreign(asked_for(browser), served)
    assert "" == served.left


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_in_any_light(browser, serve, scheme):
    """Text, marked words too, stands out from its ground by 4.5 to 1 at least, as WCAG 2.2 (1.4.3) asks."""
    served = serve()
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [feature]})
    try:
        for page in ("", "compare", "label"):
            opened(browser, served, page)
            until(lambda: browser.find_elements("css selector", ".llmeval"))
            ground = browser.execute_script("return getComputedStyle(document.querySelector('.stApp')).backgroundColor")
            assert ("rgb(255, 255, 255)" == ground) is (scheme == "light")
            assert [] == browser.execute_script(FAINT), page
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_hostile_text_does_nothing_on_any_page(browser, serve):
    """Markup, Markdown and scripts in answers, questions, names, reasons, metrics and labels stay text."""
    served = serve(*_hostile())
    labelled = {"metric": PLANTED, "output": PLANTED, "label": 1, "who": PLANTED, "why": PLANTED}
    (served.root / "labels.jsonl").write_text(json.dumps(labelled) + "\n", encoding="utf-8")
    begin(browser)
    for page in PAGES:
        opened(browser, served, page)
        until(lambda: "javascript:" in browser.page_source)
        for one in browser.find_elements("css selector", "[role=tab], [data-testid=stExpander] summary"):
            one.click()
        for number in range(len(browser.find_elements("css selector", "[data-testid=stSelectbox] input"))):
            _open_options(browser, number)
        assert browser.title == "llmeval", page
        planted = "img[src*='127.0.0.1:64999'], a[href^='javascript'], [onerror], .llmeval script, .llmeval img"
        assert [] == browser.find_elements("css selector", planted), page
        assert [] == foreign(asked_for(browser), served), page
    assert "" == served.left


def test_a_page_of_somebody_else_cannot_speak_to_it_and_nobody_is_asked_who_we_are(serve):
    """A foreign origin is refused, and not by asking a server on the network for this machine's address."""
    import asyncio

    import aiohttp

    served = serve()

    async def speak(origin):
        async with aiohttp.ClientSession() as client:
            try:
                async with client.ws_connect(f"{served.url}/_stcore/stream", headers={"Origin": origin}):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    assert [101, 403] == [asyncio.run(speak(origin)) for origin in (served.url, "http://example.org")]
    assert "" == served.left


def test_whoever_ends_the_command_ends_the_server(serve):
    """There is one process: no server stays behind when a terminal is closed."""
    served = serve()
    served.process.send_signal(signal.SIGTERM)
    served.process.wait(timeout=30)
    with pytest.raises(OSError, match="refused"):
        urlopen(f"{served.url}/_stcore/health")  # noqa: S310 - our own


def _press(browser, key: str, has_done) -> None:
    """Press a key until it has done what it does: a page that is still being drawn does not listen yet."""
    from selenium.webdriver.common.action_chains import ActionChains

    def look():
        if has_done():
            return True
        ActionChains(browser).send_keys(key).pause(2).perform()
        return has_done()

    until(look)


def _open_options(browser, number: int) -> None:
    """Let a field show what can be chosen, and close it again."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    field = browser.find_elements("css selector", "[data-testid=stSelectbox] input")[number]
    if field.is_displayed():
        ActionChains(browser).move_to_element(field).click().pause(0.2).send_keys(Keys.ESCAPE).perform()


def _hostile():
    """Two sessions, so that there is a line over time, and something to compare."""
    one = answered("a", (0.1, 0.9), PLANTED)
    trials = tuple(
        replace(
            trial,
            checks=tuple(
                replace(check, score=Score(metric=PLANTED, value=check.value, reason=PLANTED)) for check in trial.checks
            ),
            calls=tuple(
                replace(call, request=replace(call.request, messages=({"role": "user", "content": PLANTED},)))
                for call in trial.calls
            ),
            error=PLANTED,
        )
        for trial in one.trials
    )
    id_ = one.id._replace(test=f"t.py::{PLANTED}", case=PLANTED)
    result = replace(one, trials=trials, id=id_, nodeid=PLANTED, suite=PLANTED, tags=(PLANTED,))
    said = replace(REGRESSED, sentences=(f"REGRESSED {PLANTED}",))
    summary = replace(RELEVANCE, suite=PLANTED, metric=PLANTED)
    first = session(
        id="20260301T120000Z-ee",
        results=(result,),
        branch=PLANTED,
        verdict=said,
        exit_line=PLANTED,
        summaries=(summary,),
    )
    return replace(first, id="20260228T120000Z-ff", verdict=None), first
