"""What was typed after ``pytest``, for another pytest beside it: without what selects, stops, or writes reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_SWITCHES = frozenset(
    [
        "-x",
        "--exitfirst",
        "--lf",
        "--last-failed",
        "--ff",
        "--failed-first",
        "--nf",
        "--new-first",
        "--sw",
        "--stepwise",
        "--stepwise-skip",
        "--pdb",
        "--trace",
        "--cache-clear",
        "--self-contained-html",
        "--llmeval-confirm",
        "--llmeval-plan",
    ]
)
_WITH_VALUE = frozenset(
    [
        "-k",
        "-m",
        "--maxfail",
        "--deselect",
        "--ignore",
        "--ignore-glob",
        "--rootdir",
        "--basetemp",
        "--junitxml",
        "--junit-xml",
        "--report-log",
        "--html",
        "--cov-report",
        "--cov-config",
        "--llmeval-gate",
        "--llmeval-cache",
        "--llmeval-trials",
        "--llmeval-baseline",
        "--llmeval-fail-under",
        "--llmeval-report",
        "--llmeval-pushgateway",
        "--llmeval-shard",
        "--llmeval-store",
        "--llmeval-tenant",
    ]
)
_WITH_OPTIONAL_VALUE = frozenset(["--cov", "--llmeval-baseline-update", "--llmeval-mlflow"])


def same_options(args: Sequence[str], targets: Collection[str]) -> list[str]:
    """Return the arguments that another run of the same suite needs as well.

    Args:
        args: as they were typed.
        targets: those of them that name files, folders or tests.
    """
    kept: list[str] = []
    skips_next = False
    for arg, following in zip(args, [*args[1:], ""], strict=True):
        name, has_value, _ = arg.partition("=")
        if skips_next:
            skips_next = False
        elif name in _WITH_VALUE:
            skips_next = not has_value
        elif name in _WITH_OPTIONAL_VALUE:
            skips_next = not has_value and not following.startswith("-")
        elif not (name in _SWITCHES or arg in targets or _is_glued(arg)):
            kept.append(arg)
    return kept


def _is_glued(arg: str) -> bool:
    """Whether a selection is written without a space: ``-kname``."""
    return arg[:2] in ("-k", "-m") and len(arg) > 2  # noqa: PLR2004 - the flag itself
