"""``llmeval ui``: the pages for people who do not write code, served by Streamlit in a process of its own."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.label.arguments import add_labels, label_file
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    from pytest_llmeval.commands.parser import Commands

_UI = """\
Serve the project's stored sessions and labels as pages in a browser: what ran, how it went over time, two sessions or
models side by side, a prompt to try, answers to label, and how far people agree with each metric. Ctrl-C ends it.

It listens on this machine only. Whoever can open the pages can read every prompt and answer, write labels, and spend
what the project's budget allows: --address is for a machine that lets nobody else in."""

_SCRIPT = Path(__file__).parents[1] / "ui" / "start" / "view.py"
_LOOPBACK = "127.0.0.1"
_LAST_PORT = 65_535
_BLUE, _LIGHT_BLUE = "#1f6feb", "#58a6ff"


def declare(commands: Commands) -> None:
    """Add the command."""
    parser = add_verb(commands, "ui", help="look, compare, try and label in a browser", description=_UI, run=serve)
    add_labels(parser)
    parser.add_argument("--port", metavar="N", type=_port, help="(default: 8501, or the next one that is free)")
    parser.add_argument("--address", metavar="IP", type=_address, default=_LOOPBACK, help=f"to listen on ({_LOOPBACK})")


def serve(arguments: argparse.Namespace) -> None:
    """Become the process that serves the pages.

    Raises:
        LlmevalError: the extra is not installed.
    """
    found = project.find(arguments.rootdir)
    if find_spec("streamlit") is None:
        raise LlmevalError("no pages: streamlit is not installed", hint="pip install 'pytest-llmeval[ui]'")
    labels = label_file(found, arguments.labels).resolve()
    say(f"the pages of {shown(found.root)}; Ctrl-C ends them")
    sys.stdout.flush()
    # In its place, not below it: whoever ends this process ends the server.
    os.execve(sys.executable, command(found.root, labels, arguments.address, arguments.port), os.environ)  # noqa: S606 - ourselves


def command(root: Path, labels: Path, address: str, port: int | None) -> list[str]:
    """Return the command that serves a project's pages.

    Args:
        root: of the project.
        labels: the file of labels.
        address: where to listen.
        port: None: 8501, or the next one that is free.
    """
    settings: dict[str, object] = {
        "server.address": address,
        # Pages that are open under another name may not speak to it: they are somebody else's.
        "browser.serverAddress": f"[{address}]" if ":" in address else address,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "server.enableStaticServing": "false",
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "global.developmentMode": "false",
        # Streamlit's own is red, which is what a verdict is.
        "theme.light.primaryColor": _BLUE,
        "theme.dark.primaryColor": _LIGHT_BLUE,
    }
    if port is not None:
        settings["server.port"] = port
    flags = [f"--{name}={value}" for name, value in settings.items()]
    # Never "python -m" as it is: that would put the current folder on the path of imports.
    return [sys.executable, "-P", "-m", "pytest_llmeval.ui", "run", str(_SCRIPT), *flags, "--", str(root), str(labels)]


def _address(said: str) -> str:
    try:
        found = ip_address(said)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{said!r} is no address, such as 10.0.0.5") from None
    if found.is_unspecified:
        # Every name would be right then, that of a foreign page that has been led here included.
        raise argparse.ArgumentTypeError(f"{said!r} is every address: name the one that people open")
    return said


def _port(said: str) -> int:
    if not said.isascii() or not said.isdigit() or not 1 <= int(said) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{said!r} is no port")
    return int(said)
