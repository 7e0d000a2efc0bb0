"""Session → one HTML file that needs nothing else: no network, no script to be read, no server.

Everything stands in the document, so that a mail program that runs no script still shows all of it; the script only
filters and sorts. Text of others is data three times over: ``finalize`` makes its hidden characters visible, jinja2
escapes it, and the policy in the head lets nothing run or load but the one style and the one script, by their digests.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports.beside import Beside
from pytest_llmeval.exports.files import replace

if TYPE_CHECKING:
    from jinja2 import Environment

    from pytest_llmeval.records import Session

__all__ = ["Beside", "render", "write"]

_FOLDER = Path(__file__).parent
_MARK = 'document.documentElement.className = "js";'
"""Before the first row: where scripts run, only the first rows are laid out."""


def write(session: Session, path: Path, beside: Beside | None = None) -> None:
    """Write the report, whole or not at all, readable by its owner only; folders are made.

    Args:
        session: finished, with its summaries and verdict.
        path: of the file.
        beside: what stands beside the session; None: nothing does.

    Raises:
        LlmevalError: the extra is not installed, or the file cannot be written; an older one is as it was.
    """
    text = render(session, beside)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, text.encode("utf-8"), mode=0o600)
    except OSError as error:
        raise LlmevalError(
            f"no report {str(path)!r}",
            found=f"{error.strerror or error}",
            hint="name a file that can be written: --llmeval-report=html:PATH",
        ) from error


def render(session: Session, beside: Beside | None = None) -> str:
    """Return the report as one HTML document, to be stored as UTF-8; arguments and errors as of ``write``."""
    from pytest_llmeval.exports.html.page import page

    return _environment().get_template("report").render(page(session, beside or Beside()))


@cache
def _environment() -> Environment:
    try:
        from jinja2 import DictLoader, Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise LlmevalError(
            "no HTML report: jinja2 is not installed",
            found=str(error),
            hint="pip install 'pytest-llmeval[html]'",
        ) from error
    from pytest_llmeval.exports.html.visible import visible

    def finalize(value: object) -> object:
        return visible(value) if type(value) is str else value

    environment = Environment(
        autoescape=True,
        loader=DictLoader({"report": _read("report.html.j2"), "parts": _dense(_read("parts.html.j2"))}),
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _read("report.css"), _read("report.js")
    environment.globals |= {
        # Ours, word for word: the digests in the policy are of these very texts.
        "style": Markup(style),  # noqa: S704
        "mark": Markup(_MARK),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "policy": (
            f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(_MARK)} {_digest(script)}; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        ),
    }
    return environment


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _dense(template: str) -> str:
    """Return a template without the line ends between its tags, which a page of many cases has many times."""
    return re.sub(r"\n(?=[<{])", "", template)


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
