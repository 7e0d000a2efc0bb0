"""Every flag and ini key, declared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_llmeval.options.parsing import (
    CACHE_MODES,
    GATES,
    TRACES,
    count,
    count_or_auto,
    days,
    dollars,
    floor,
    folder_name,
    name,
    one_of,
    rate_limit,
    report,
    seconds,
    setting,
    several,
    shard,
    share,
    tenant,
    tracker,
    variant,
    yes_or_no,
)

if TYPE_CHECKING:
    import pytest


class Option(NamedTuple):
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
        is_switch: the flag takes no value, and means "true".
    """

    name: str
    parse: Callable[[str], Any]  # Any: each option has its own type; Settings names it.
    default: str
    help: str
    metavar: str = "TEXT"
    bare: str | None = None
    is_repeatable: bool = False
    has_flag: bool = True
    is_switch: bool = False

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


OPTIONS = (
    Option("model", several, "", "model under test, in litellm's spelling; several are compared", "NAME[,NAME]"),
    Option("api_base", str, "", "endpoint of the model under test, where it is not the provider's own", has_flag=False),
    Option(
        "variants", variant, "", "ways to answer every case, which are compared", has_flag=False, is_repeatable=True
    ),
    Option("judge", several, "", "judge model, in litellm's spelling; several are a panel", "NAME[,NAME]"),
    Option("judge_api_base", str, "", "endpoint of the judge, where it is not the provider's own", has_flag=False),
    Option("judge_settings", setting, "", "settings of every call to a judge", has_flag=False, is_repeatable=True),
    Option(
        "calibration", str, "calibration", "folder of what is known of how metrics agree with people", has_flag=False
    ),
    Option("namespace", name, "", "the tenant: nothing recorded for one is served to another", has_flag=False),
    Option("store", str, "", "where answers, sessions and spend are kept: a file, or a team's PostgreSQL", "URL"),
    Option("tenant", tenant, "", "keep answers, sessions and spend apart from all other tenants'", "NAME"),
    Option("concurrency", count, "20", "most calls in flight, per process", "N"),
    Option("timeout_s", seconds, "120", "most seconds of one call, retries included", has_flag=False),
    Option(
        "rate_limits", rate_limit, "", "requests and tokens a minute of a provider", has_flag=False, is_repeatable=True
    ),
    Option("budget_usd", dollars, "", "most that this session may spend, in US dollars", "USD"),
    Option("prices", str, "", "what models cost, per million tokens", has_flag=False, is_repeatable=True),
    Option("eager", yes_or_no, "false", "tests wait for their own calls, checks raise on the spot", has_flag=False),
    Option("intercept", yes_or_no, "false", "record and replay the application's own calls", has_flag=False),
    Option("intercept_hosts", str, "", "hosts of models beside the providers' own", has_flag=False, is_repeatable=True),
    Option("cache", one_of("", *CACHE_MODES), "", "where answers come from", "auto|replay|refresh|live"),
    Option("trials", count_or_auto, "1", "trials a case; auto: few, and more for cases that look bad", "N|auto"),
    Option(
        "recordings", folder_name, "recordings", "folder beside each test module for its recordings", has_flag=False
    ),
    Option(
        "allowed_paths",
        str,
        "",
        "files and folders outside rootdir that cases= may name",
        "PATH",
        is_repeatable=True,
        has_flag=False,
    ),
    Option("store_texts", yes_or_no, "true", "whether prompts and answers may be written to disk", has_flag=False),
    Option("baseline", str, "baselines", "folder of the stored baseline", "PATH"),
    Option(
        "baseline_update", one_of("", "all", "new-only"), "", "store this session as the baseline", "new-only", "all"
    ),
    Option(
        "plan",
        yes_or_no,
        "false",
        "say what a run would replay, call, cost and be able to detect; run nothing",
        is_switch=True,
    ),
    Option("gate", one_of(*GATES), "off", "let the verdict decide the exit status", "off|pr|strict"),
    Option("base", str, "", "revision that a branch is compared with, such as origin/main", has_flag=False),
    Option(
        "confirm", yes_or_no, "false", "run cases that regressed on the base version too, side by side", is_switch=True
    ),
    Option("fail_under", floor, "", "least mean of every suite; repeatable", "[METRIC:]MIN", is_repeatable=True),
    Option("shard", shard, "", "run this machine's part of the tests; llmeval merge decides", "I/N"),
    Option("max_age", days, "", "days after which a recording counts as stale", has_flag=False),
    Option("retention", days, "", "days for which sessions are kept", has_flag=False),
    Option("min_coverage", share, "0.9", "share of checks that must be scored for a verdict", has_flag=False),
    Option("report", report, "term", "a report of the session; repeatable", "TYPE[:PATH]", is_repeatable=True),
    Option("pushgateway", str, "", "push the summary to a Prometheus Pushgateway", "URL"),
    Option("push_every_s", seconds, "60", "least seconds between two pushes of progress to it", has_flag=False),
    Option("mlflow", tracker, "", "record the session to MLflow", "URI", "sqlite:///.llmeval/mlflow.db"),
    Option("mlflow_traces", one_of(*TRACES), "failed", "cases that MLflow gets whole, as traces", "none|failed|all"),
)

NO_SERVERS = ("--llmeval-mlflow=", "--llmeval-pushgateway=")
"""Said last to a pytest that we start ourselves, whose session is nobody's: no tracker and no gateway hears of it."""

NO_EXPORTS = ("--llmeval-report=term", *NO_SERVERS)
"""The same, and of its reports only the terminal's."""


def declare(parser: pytest.Parser) -> None:
    """Tell pytest of every flag and ini key."""
    group = parser.getgroup("llmeval", "LLM regression testing (pytest-llmeval)")
    for option in OPTIONS:
        help_ = f"{option.help}; ini {option.ini}, environment {option.variable}"
        kind: Literal["linelist", "string"] = "linelist" if option.is_repeatable else "string"
        parser.addini(option.ini, option.help, type=kind, default=None)
        if not option.has_flag:
            continue
        if option.is_switch:
            group.addoption(option.flag, dest=option.ini, action="store_const", const="true", default=None, help=help_)
            continue
        # None tells a flag that is absent from one that is empty; the value is parsed in resolve(), with the others.
        extra: dict[str, Any] = {} if option.bare is None else {"nargs": "?", "const": option.bare}
        group.addoption(
            option.flag,
            dest=option.ini,  # said, pytest does not compare it with that of every option there is
            action="append" if option.is_repeatable else "store",
            default=None,
            metavar=option.metavar,
            help=help_.replace("%", "%%"),
            **extra,
        )
