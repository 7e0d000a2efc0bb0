"""A window of Debian's chromium, light, of which pictures are taken."""

from __future__ import annotations

import base64
import io
import shutil
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

_PATIENCE_S = 60
_N_COLOURS = 256


class Window:
    """Chromium without a screen; a context manager."""

    def __enter__(self) -> Self:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if not (chromium and driver):
            raise SystemExit("apt-get install chromium chromium-driver")
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
            options.add_argument(flag)
        self._driver = webdriver.Chrome(options=options, service=Service(driver))
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.quit()

    def take(self, path: Path, url: str, *, width: int, height: int, until: str = "", act: str = "") -> None:
        """Take a picture of the top of a page.

        Args:
            path: of the picture, a PNG.
            url: of the page.
            width: of the page and the picture, in pixels.
            height: of the picture at most; a shorter page makes a shorter picture.
            until: a text that the page must show first.
            act: a script that opens what is to be seen.
        """
        from PIL import Image
        from selenium.webdriver.support.ui import WebDriverWait

        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self._driver.get(url)
        if until:
            WebDriverWait(self._driver, _PATIENCE_S).until(lambda it: until in it.find_element("tag name", "body").text)
        if act:
            self._driver.execute_script(act)
            time.sleep(1)  # pages draw what was opened
        shown = self._driver.execute_script("return Math.ceil(document.documentElement.getBoundingClientRect().height)")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, shown) or height, "scale": 1}
        taken = self._driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
        # A page has few colours, and a picture of few colours is a third as large. The rare ones are what it is about.
        Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB").quantize(
            _N_COLOURS, Image.Quantize.MAXCOVERAGE
        ).save(path, optimize=True)
