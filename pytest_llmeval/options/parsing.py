"""What the text of an option may be: each function returns its value, or raises ValueError with what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

CACHE_MODES = ("auto", "replay", "refresh", "live")
GATES = ("off", "pr", "strict")
REPORTS = ("term", "prom")


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return what reads one of these words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("one of " + ", ".join(filter(None, allowed)))
        return text

    return parse


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


def folder_name(text: str) -> str:
    """Read the name of a folder; empty for none."""
    if "/" in text or "\\" in text or text in (".", ".."):
        raise ValueError("the name of a folder beside the test module, without a slash")
    return text


def report(text: str) -> tuple[str, str]:
    """Read ``TYPE:PATH``; the path may be missing."""
    kind, _, path = text.partition(":")
    if kind not in REPORTS:
        raise ValueError("TYPE or TYPE:PATH, with TYPE one of " + ", ".join(REPORTS))
    return kind, path
