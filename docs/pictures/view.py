"""Make ``view.png``: the page of ``llmeval ui`` on which answers are labelled, as chromium shows it.

From the root of the repository, in an environment with ``.[ui]`` and selenium, and with Debian's chromium and
chromium-driver::

    python docs/pictures/view.py
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "example_tests"
PARTS = ("pytest.ini", "shop.py", "test_support.py", "cases", "prompts")
SIZE = (1120, 860)
_PATIENCE_S = 60
_ENTRY = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"


def main() -> None:
    """Run one module of the suite, serve its pages, and take the picture of one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in PARTS:
            copy = shutil.copytree if (EXAMPLES / part).is_dir() else shutil.copy
            copy(EXAMPLES / part, folder / part)
        (folder / "recordings").mkdir()
        shutil.copy(EXAMPLES / "recordings" / "test_support.jsonl", folder / "recordings")
        run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--llmeval-cache=replay"]
        subprocess.run(run, cwd=folder, check=False)
        port = _free_port()
        serve = [sys.executable, "-c", _ENTRY, "ui", "--rootdir", str(folder), "--port", str(port)]
        environment = os.environ | {"USER": "anna", "GIT_CONFIG_GLOBAL": os.devnull}
        with subprocess.Popen(serve, cwd=folder, env=environment) as server:
            try:
                _take(f"http://127.0.0.1:{port}/label")
            finally:
                server.terminate()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _take(page: str) -> None:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.ui import WebDriverWait

    _wait_for(page)
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or sys.exit("chromium is not installed")
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={SIZE[0]},{SIZE[1] + 140}"):
        options.add_argument(argument)
    with webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver"))) as window:
        window.get(page)
        WebDriverWait(window, _PATIENCE_S).until(lambda _: "left; anna" in window.page_source)
        time.sleep(1)  # what moves in has come to rest
        window.save_screenshot(str(HERE / "view.png"))


def _wait_for(page: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            with urlopen(page):  # noqa: S310 - our own
                return
        except URLError:
            time.sleep(0.2)
    sys.exit("the pages were not served")


if __name__ == "__main__":
    main()
