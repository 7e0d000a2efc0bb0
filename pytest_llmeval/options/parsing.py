"""What the text of an option may be: each function returns its value, or raises ValueError with what is allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Literal

CACHE_MODES = ("auto", "replay", "refresh", "live")
GATES = ("off", "pr", "strict")
# One beside the terminal a kind of file in exports/kinds.py, which is not imported with every pytest.
REPORTS = ("term", "gitlab-metrics", "gitlab-quality", "html", "json", "junit", "md", "prom")
TRACES = ("none", "failed", "all")


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return what reads one of these words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("one of " + ", ".join(filter(None, allowed)))
        return text

    return parse


def name(text: str) -> str:
    """Read a name that stands in keys and files; empty for none."""
    if not re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]{0,99})?", text):
        raise ValueError("a name of letters, digits, '.', '_' and '-', at most 100")
    return text


def tenant(text: str) -> str:
    """Read a name that stands in the names of schemas, roles, folders and labels; empty for none."""
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,30})?", text):
        raise ValueError("a name of small letters, digits and '_' that begins with a letter, at most 31")
    return text


def count(text: str) -> int:
    """Read a number of things, at least one."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("a whole number from 1")
    return int(text)


def count_or_auto(text: str) -> int | Literal["auto"]:
    """Read a number of things, or leave it to us."""
    if text == "auto":
        return "auto"
    try:
        return count(text)
    except ValueError as error:
        raise ValueError(f"{error}, or auto") from None


def shard(text: str) -> tuple[int, int] | None:
    """Read ``2/4``, the second of four; empty for none."""
    if not text:
        return None
    number, slash, of = text.partition("/")
    if not (slash and all(part.isascii() and part.isdigit() for part in (number, of)) and 1 <= int(number) <= int(of)):
        raise ValueError("I/N, such as 2/4: the second of four machines")
    return int(number), int(of)


def several(text: str) -> tuple[str, ...]:
    """Read names with commas between them, each once."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))


def share(text: str) -> float:
    """Read a share of a whole."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise ValueError("a number in [0, 1]")
    return value


def seconds(text: str) -> float:
    """Read a time in seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise ValueError("a number of seconds above 0")
    return value


def days(text: str) -> float | None:
    """Read an age in days; empty for none."""
    if not text:
        return None
    try:
        return seconds(text)
    except ValueError:
        raise ValueError("a number of days above 0") from None


def dollars(text: str) -> float | None:
    """Read an amount of US dollars; empty for none."""
    if not text:
        return None
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise ValueError("an amount of US dollars from 0, such as 2.50")
    return value


def floor(text: str) -> tuple[str, float]:
    """Read ``relevance:0.7``, or ``0.7`` for every metric, which is named by an empty text."""
    metric, colon, least = text.rpartition(":")
    try:
        value = share(least.strip())
    except ValueError:
        value = -1.0
    if value < 0 or (colon and not metric.strip()):
        raise ValueError("MIN or METRIC:MIN, with MIN a number in [0, 1]")
    return metric.strip(), value


def yes_or_no(text: str) -> bool:
    """Read a switch."""
    if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
        raise ValueError("true or false")
    return text.lower() in ("true", "1", "yes")


def rate_limit(text: str) -> tuple[str, tuple[float | None, float | None]]:
    """Read ``api.openai.com: 500 requests, 200000 tokens``; either part may be missing."""
    provider, _, limits = text.rpartition(":")
    found: dict[str, float] = {}
    for part in limits.split(","):
        number, _, unit = part.strip().partition(" ")
        if unit.strip() in ("requests", "tokens") and number.isascii() and number.isdigit() and int(number) > 0:
            found[unit.strip()] = float(number)
        else:
            provider = ""
    if not provider.strip():
        raise ValueError("PROVIDER: N requests, M tokens (a minute; one of the two may be left out)")
    return provider.strip(), (found.get("requests"), found.get("tokens"))


def variant(text: str) -> Mapping[str, object] | None:
    """Read ``short: model=openai/gpt-4o, prompt=prompts/short.md, temperature=0.2``; empty for none.

    A value is JSON where it can be read as that, as ``0.2`` and ``true``, else text; names and file names always are.
    """
    if not text.strip():
        return None
    # With its blank: names of models hold colons of their own.
    name, colon, rest = f"{text} ".partition(": ")
    # A comma may stand inside of a value, as in JSON; the next name and its "=" end it.
    parts = [part for part in re.split(r",\s*(?=\w+\s*=)", rest.strip()) if part]
    pairs = [part.partition("=") for part in parts]
    if not (colon and name.strip()) or any(not (key.strip().isidentifier() and sign) for key, sign, _ in pairs):
        raise ValueError(
            "NAME: KEY=VALUE, KEY=VALUE, with model, prompt, api_base, share or a setting of a call as KEY"
        )
    said = {key.strip(): value.strip() for key, _, value in pairs}
    return {"name": name.strip(), **{key: _value_of(key, value) for key, value in said.items()}}


def setting(text: str) -> tuple[str, object] | None:
    """Read ``temperature=0.2``, with a value as of a variant's; empty for none."""
    if not text.strip():
        return None
    name, sign, value = text.partition("=")
    if not (sign and name.strip().isidentifier()):
        raise ValueError("KEY=VALUE, with a setting of a call as KEY; VALUE null takes one back")
    return name.strip(), _value_of(name.strip(), value.strip())


def _value_of(key: str, text: str) -> object:
    if key in ("model", "prompt", "api_base"):
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


def folder_name(text: str) -> str:
    """Read the name of a folder; empty for none."""
    if "/" in text or "\\" in text or text in (".", ".."):
        raise ValueError("the name of a folder beside the test module, without a slash")
    return text


def tracker(text: str) -> str:
    """Read MLflow's tracking URI; empty for none. A folder is none: its store for files takes nothing any more."""
    if text and not text.startswith("databricks") and ":/" not in text:
        raise ValueError(
            "a URI such as sqlite:///mlflow.db or https://host; after a blank it takes the next argument for one, so"
            " write it last, or --llmeval-mlflow=URI"
        )
    return text


def report(text: str) -> tuple[str, str]:
    """Read ``TYPE:PATH``; the path may be missing."""
    kind, _, path = text.partition(":")
    if kind not in REPORTS:
        raise ValueError("TYPE or TYPE:PATH, with TYPE one of " + ", ".join(REPORTS))
    return kind, path
