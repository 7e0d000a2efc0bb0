"""The documentation keeps up with the code: every option is documented, every link leads somewhere."""

import argparse
import inspect
import re
from pathlib import Path

import pytest

import pytest_llmeval
from pytest_llmeval import hookspecs
from pytest_llmeval.commands import command_line
from pytest_llmeval.options.table import OPTIONS
from pytest_llmeval.plugin.items import MARKER_NAMES

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("example_tests/*.md")]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_is_documented_under_all_its_names(option):
    """Flag, ini key and environment variable stand in docs/options.md."""
    text = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    names = [option.ini, option.variable, *([option.flag] if option.has_flag else [])]
    assert [] == [name for name in names if name not in text]


def test_every_marker_argument_and_fixture_is_documented():
    """In docs/options.md, by name."""
    text = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    names = [
        *(f"`{name}" for name in MARKER_NAMES),
        "`llm`",
        "`llm_case`",
        "`llm_variant`",
        "`llmeval`",
        "`llmeval_intercept`",
        "`llmeval_loopback`",
    ]
    hooks = [name for name in vars(hookspecs) if name.startswith("pytest_llmeval_")]
    assert [] == [name for name in [*names, *hooks] if name not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page):
    """A link to a file of the repository names one that exists."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [] == [target for target in targets if not (page.parent / target).exists()]


def test_every_command_and_each_of_its_flags_is_documented():
    """In docs/options.md, and with what the command is for in its own help."""
    text = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    undocumented = []
    for name, command in _commands("llmeval", command_line()):
        flags = [flag for action in command._actions for flag in action.option_strings if flag.startswith("--")]
        undocumented += [name] if f"`{name}" not in text else []
        undocumented += [f"{name} {flag}" for flag in flags if flag != "--help" and flag not in text]
    assert [] == undocumented


def test_every_check_and_each_of_its_options_is_documented():
    """In the one table of docs/metrics.md; what an option means stands in the docstring."""
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    checks = [name for name in pytest_llmeval.__all__ if name.startswith("assert_")]
    assert [] == [name for name in checks if f"`{name}(" not in text]
    for name in checks:
        check = getattr(pytest_llmeval, name)
        options = [option for option in inspect.signature(check).parameters if f"{option}:" not in check.__doc__]
        assert [] == options, name


def _commands(name, parser):
    """Yield every command that does something, with its words."""
    children = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not children:
        yield name, parser
    for action in children:
        for word, child in action.choices.items():
            yield from _commands(f"{name} {word}", child)


PICTURES = [path for kind in ("png", "svg") for path in sorted(ROOT.glob(f"docs/pictures/*.{kind}"))]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_every_picture_is_shown_told_in_words_and_light(picture):
    """On some page, with words for who cannot see it; at most 150 kB; an SVG loads nothing and names no path."""
    shown = [re.findall(rf"!\[([^]]+)\]\([^)]*{picture.name}\)", page.read_text(encoding="utf-8")) for page in PAGES]
    assert all(len(words.split()) > 4 for found in shown for words in found)
    assert any(shown)
    assert picture.stat().st_size <= 150_000
    if picture.suffix == ".svg":
        text = picture.read_text(encoding="utf-8")
        assert not re.search(r"url\(['\"]?http|<image|href=|@import|/tmp/|/home/|/root/", text)
