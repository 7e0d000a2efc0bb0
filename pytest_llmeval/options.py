"""Every flag and ini key, declared once, and the frozen Settings they become.

Precedence: marker, command line, environment, ini. ``--llmeval-NAME``, ``LLMEVAL_NAME`` and ``llmeval_name`` are one
option; a few are without a flag, because they belong to the project and not to a run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from pathlib import Path

FIRST_TRIAL = "_LLMEVAL_FIRST_TRIAL"  # set by `llmeval baseline extend`; nobody else has a reason to
CACHE_MODES = ("auto", "replay", "refresh", "live")
GATES = ("off", "pr", "strict")
REPORTS = ("term", "prom")


@dataclass(frozen=True)
class Settings:
    """What this run was asked to do; resolved once a process, and never passed below the plugin.

    Args:
        root: rootdir; relative paths below start there.
        model: model under test, in litellm's spelling; empty where tests name their own.
        api_base: endpoint of the model, where it is not the provider's own.
        judge: judge model; empty for none.
        judge_api_base: endpoint of the judge, where it is not the provider's own.
        concurrency: most calls in flight, per process.
        timeout_s: most seconds of one call, retries included.
        rate_limits: most requests and tokens a minute of all processes together, None for no limit, by provider.
        eager: every test waits for its own calls, and a failing check raises on the spot.
        cache: where answers come from: auto, replay, refresh or live.
        trials: trials a case.
        recordings: name of the folder beside each test module that holds its recordings; empty for none.
        baseline: folder of the stored baseline.
        baseline_update: ``""``, ``all`` or ``new-only``.
        gate: off, pr or strict.
        min_coverage: share in [0, 1] of the checks that must be scored for a verdict.
        reports: (type, path or None) of each report that is wanted.
        mlflow: tracking URI, empty for none.
        first_trial: index of every test's first trial, above 0 where `llmeval baseline extend` runs pytest.
    """

    root: Path
    model: str
    api_base: str
    judge: str
    judge_api_base: str
    concurrency: int
    timeout_s: float
    rate_limits: Mapping[str, tuple[float | None, float | None]]
    eager: bool
    cache: str
    trials: int
    recordings: str
    baseline: Path
    baseline_update: str
    gate: str
    min_coverage: float
    reports: tuple[tuple[str, Path | None], ...]
    mlflow: str
    first_trial: int = 0

    @property
    def folder(self) -> Path:
        """Where sessions and the working cache stand; never in git."""
        return self.root / ".llmeval"

    @property
    def working_cache(self) -> Path:
        """The SQLite file of the working cache."""
        return self.folder / "llmeval.db"


@dataclass(frozen=True)
class Option:
    """One option under its three names.

    Args:
        name: without prefix, as in the ini (``baseline_update``).
        parse: text to value; raises ValueError with what is allowed.
        default: the text it has when nobody says anything.
        help: one sentence; the docs hold the rest.
        metavar: what ``--help`` shows for the value.
        bare: the text a flag without a value stands for; None where the flag needs one.
        is_repeatable: the flag may stand several times, ini and environment hold one value a line.
        has_flag: whether there is a flag at all.
    """

    name: str
    parse: Callable[[str], Any]  # Any: each option has its own type; Settings names it.
    default: str
    help: str
    metavar: str = "TEXT"
    bare: str | None = None
    is_repeatable: bool = False
    has_flag: bool = True

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return "--llmeval-" + self.name.replace("_", "-")

    @property
    def ini(self) -> str:
        """Its name in the ini file."""
        return "llmeval_" + self.name

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return "LLMEVAL_" + self.name.upper()


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("one of " + ", ".join(filter(None, allowed)))
        return text

    return parse


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("a whole number from 1")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise ValueError("a number in [0, 1]")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise ValueError("a number of seconds above 0")
    return value


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
        raise ValueError("true or false")
    return text.lower() in ("true", "1", "yes")


def _rate_limit(text: str) -> tuple[str, tuple[float | None, float | None]]:
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


def _folder_name(text: str) -> str:
    if "/" in text or "\\" in text or text in (".", ".."):
        raise ValueError("the name of a folder beside the test module, without a slash")
    return text


def _report(text: str) -> tuple[str, str]:
    kind, _, path = text.partition(":")
    if kind not in REPORTS:
        raise ValueError("TYPE or TYPE:PATH, with TYPE one of " + ", ".join(REPORTS))
    return kind, path


OPTIONS = (
    Option("model", str, "", "model under test, in litellm's spelling", "NAME"),
    Option("api_base", str, "", "endpoint of the model under test, where it is not the provider's own", has_flag=False),
    Option("judge", str, "", "judge model, in litellm's spelling; without one there is none", "NAME"),
    Option("judge_api_base", str, "", "endpoint of the judge, where it is not the provider's own", has_flag=False),
    Option("concurrency", _count, "20", "most calls in flight, per process", "N"),
    Option("timeout_s", _seconds, "120", "most seconds of one call, retries included", has_flag=False),
    Option(
        "rate_limits", _rate_limit, "", "requests and tokens a minute of a provider", has_flag=False, is_repeatable=True
    ),
    Option("eager", _yes_or_no, "false", "tests wait for their own calls, checks raise on the spot", has_flag=False),
    Option("cache", _one_of("", *CACHE_MODES), "", "where answers come from", "auto|replay|refresh|live"),
    Option("trials", _count, "1", "trials a case", "N"),
    Option(
        "recordings", _folder_name, "recordings", "folder beside each test module for its recordings", has_flag=False
    ),
    Option("baseline", str, "baselines", "folder of the stored baseline", "PATH"),
    Option(
        "baseline_update", _one_of("", "all", "new-only"), "", "store this session as the baseline", "new-only", "all"
    ),
    Option("gate", _one_of(*GATES), "off", "let the verdict decide the exit status", "off|pr|strict"),
    Option("min_coverage", _share, "0.9", "share of checks that must be scored for a verdict", has_flag=False),
    Option("report", _report, "term", "a report of the session; repeatable", "TYPE[:PATH]", is_repeatable=True),
    Option("mlflow", str, "", "record the session to MLflow", "URI", "sqlite:///.llmeval/mlflow.db"),
)


def declare(parser: pytest.Parser) -> None:
    """Tell pytest of every flag and ini key."""
    group = parser.getgroup("llmeval", "LLM regression testing (pytest-llmeval)")
    for option in OPTIONS:
        help_ = f"{option.help}; ini {option.ini}, environment {option.variable}"
        kind: Literal["linelist", "string"] = "linelist" if option.is_repeatable else "string"
        parser.addini(option.ini, option.help, type=kind, default=None)
        if not option.has_flag:
            continue
        # None tells a flag that is absent from one that is empty; the value is parsed in resolve(), with the others.
        extra: dict[str, Any] = {} if option.bare is None else {"nargs": "?", "const": option.bare}
        group.addoption(
            option.flag,
            action="append" if option.is_repeatable else "store",
            default=None,
            metavar=option.metavar,
            help=help_.replace("%", "%%"),
            **extra,
        )


def resolve(config: pytest.Config) -> Settings:
    """Read every option from its best source.

    Raises:
        pytest.UsageError: a value that is not allowed, with the source it came from.
    """
    values: dict[str, Any] = {option.name: _value(option, config) for option in OPTIONS}
    root = config.rootpath
    return Settings(
        root=root,
        model=values["model"],
        api_base=values["api_base"],
        judge=values["judge"],
        judge_api_base=values["judge_api_base"],
        concurrency=values["concurrency"],
        timeout_s=values["timeout_s"],
        rate_limits=dict(values["rate_limits"]),
        eager=values["eager"],
        cache=values["cache"] or _default_cache(),
        trials=values["trials"],
        recordings=values["recordings"],
        baseline=root / values["baseline"],
        baseline_update=values["baseline_update"],
        gate=values["gate"],
        min_coverage=values["min_coverage"],
        reports=tuple((kind, root / path if path else None) for kind, path in values["report"]),
        mlflow=_below(root, values["mlflow"]),
        first_trial=int(os.environ.get(FIRST_TRIAL, "0")),
    )


def _below(root: Path, uri: str) -> str:
    """Let a relative SQLite file start at the root, from wherever pytest is called."""
    path = uri.removeprefix("sqlite:///")
    return uri if path == uri or path.startswith("/") else f"sqlite:///{root / path}"


def _value(option: Option, config: pytest.Config) -> Any:  # noqa: ANN401 - each option has its own type
    given = config.getoption(option.flag, default=None) if option.has_flag else None
    source = option.flag
    if given is None:
        given, source = os.environ.get(option.variable), option.variable
    if given is None:
        given, source = config.getini(option.ini), f"{option.ini} in the ini file"
    if given is None or given == []:
        given = option.default
    texts = [given] if isinstance(given, str) else given
    if option.is_repeatable:
        texts = [line for text in texts for line in text.splitlines()]
    try:
        parsed = [option.parse(text) for text in texts]
    except ValueError as error:
        raise pytest.UsageError(f"llmeval: {source}={given!r} is not allowed\n  it takes {error}") from None
    return parsed if option.is_repeatable else parsed[0]


def _default_cache() -> str:
    """In CI without any provider's key nothing can be called: replay, and say what is missing."""
    has_key = any(name.endswith("_API_KEY") and value for name, value in os.environ.items())
    return "replay" if os.environ.get("CI") and not has_key else "auto"
