"""``llmeval init``: a first test, and the lines that a project needs beside it; nothing that exists is changed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import say, shown

if TYPE_CHECKING:
    from collections.abc import Collection

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_DESCRIPTION = """\
Write a first test into a project: DIR/test_llm.py. It calls a function of yours and runs at once, without a key and
without a network; how to ask a model instead stands in it as a comment.

Beside it: a pytest.ini where nothing configures pytest yet (else the lines to add are printed), a line in .gitignore
for .llmeval/ (the cache and the sessions of this machine), and one in .gitattributes, so that recorded answers of
two branches merge. What exists is never changed; a second run changes nothing."""

_TEST = '''\
"""First tests of an LLM application. Run them with: pytest"""

from pytest_llmeval import assert_relevance, assert_safe


def answer(question: str) -> str:
    """Stand for your application: call your own code here, and return its answer."""
    return "You get a refund within 30 days: open your order and choose Return. The refund takes 5 days."


def test_refund():
    question = "How do I get a refund for my order?"
    reply = answer(question)
    assert_relevance(reply, question=question)  # takes up what was asked
    assert_safe(reply)  # leaks no personal data and no secret


# To test a prompt on a model, take the fixture `llm`. Its answers are recorded in the folder `recordings` beside this
# file: commit it, and from then on the test costs nothing and needs no key, in CI too.
#
# def test_refund_by_model(llm):
#     reply = llm("How do I get a refund for my order?", system="You are the support assistant of a web shop.")
#     assert_relevance(reply)  # to the question that was asked
#     assert_safe(reply)
#
# Run it once with a key: OPENAI_API_KEY=... pytest --llmeval-model=openai/gpt-4o-mini
'''

_INI = """\
# Scores that later runs are compared with; commit this folder.
llmeval_baseline = {quote}baselines{quote}
# The model that the fixture `llm` asks, as provider/name:
# llmeval_model = {quote}openai/gpt-4o-mini{quote}
"""


def declare(commands: Commands) -> None:
    """Add ``init``."""
    parser = commands.add_parser(
        "init",
        help="write a first test into a project",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", nargs="?", metavar="DIR", help="where the test goes (default: tests, below the root)")
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured, or here)")
    parser.set_defaults(run=init)


def init(arguments: argparse.Namespace) -> None:
    """Write what is missing, say what exists, and name the next commands."""
    found = project.find(arguments.rootdir)
    test = (Path(arguments.folder) if arguments.folder else found.root / "tests") / "test_llm.py"
    _make(test, _TEST)
    _configure(found)
    _append(found.root / ".gitignore", ".llmeval/", equal={".llmeval", "/.llmeval", "/.llmeval/"})
    _append(found.root / ".gitattributes", "**/recordings/*.jsonl merge=union")
    say(
        "",
        "next:",
        f"  pytest {shown(test)}",
        '  llmeval baseline accept --reason "first scores"',
        "  pytest --llmeval-gate=pr",
    )


def _configure(found: project.Project) -> None:
    """Make a pytest.ini, or print the lines to add: nobody's configuration is edited behind their back."""
    if found.config is None:
        _make(found.root / "pytest.ini", "[pytest]\n" + _INI.format(quote=""))
    elif any(name.startswith("llmeval_") for name in found.values):
        _report("as it was", found.config)
    else:
        lines = _INI.format(quote='"' if found.config.suffix == ".toml" else "").splitlines()
        _report("to do", found.config, f"add to {found.section}, if you want other than the defaults:")
        say(*(f"             {line}" for line in lines))


def _make(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _report("as it was", path)
    else:
        _report("made", path)


def _append(path: Path, line: str, *, equal: Collection[str] = ()) -> None:
    """Add a line to a file, unless it or an equal one is there."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if {line, *equal} & {known.strip() for known in text.splitlines()}:
        _report("as it was", path)
        return
    separator = "" if not text or text.endswith("\n") else "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{separator}{line}\n")
    _report("added to" if text else "made", path, line)


def _report(word: str, path: Path, more: str = "") -> None:
    say(f"  {word:<9}  {shown(path)}{': ' if more else ''}{more}")
