"""Make ``html-report.png``: the example suite with a worse prompt, as chromium shows its report.

From the root of the repository, in an environment with ``.[html]``, and with Debian's chromium::

    python docs/pictures/html_report.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "example_tests"
PARTS = ("pytest.ini", "shop.py", "test_support.py", "cases", "prompts")
SIZE = (1120, 1880)


def main() -> None:
    """Run one module of the suite, and take the picture of its report."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in PARTS:
            copy = shutil.copytree if (EXAMPLES / part).is_dir() else shutil.copy
            copy(EXAMPLES / part, folder / part)
        shutil.copytree(EXAMPLES / "baselines" / "test_support", folder / "baselines" / "test_support")
        (folder / "recordings").mkdir()
        shutil.copy(EXAMPLES / "recordings" / "test_support.jsonl", folder / "recordings")
        _run(folder, "prompts/support.md")  # a past, so that there is a trend
        _run(folder, "prompts/support_worse.md", "--llmeval-report=html:report.html")
        _take(chromium, folder)


def _run(folder: Path, prompt: str, *flags: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--llmeval-cache=replay", "--llmeval-gate=pr", *flags]
    subprocess.run(command, cwd=folder, env=os.environ | {"SUPPORT_PROMPT": prompt}, check=False)


def _take(chromium: str, folder: Path) -> None:
    size = ",".join(map(str, SIZE))
    flags = ["--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={size}"]
    target = f"--screenshot={HERE / 'html-report.png'}"
    page = (folder / "report.html").as_uri()
    subprocess.run([chromium, *flags, f"--user-data-dir={folder / 'profile'}", target, page], check=True)


if __name__ == "__main__":
    main()
