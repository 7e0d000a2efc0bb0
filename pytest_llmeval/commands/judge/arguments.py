"""Which metric the verbs of ``llmeval judge`` are told, and how they are told it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

# How each metric of ours is asked of one labelled answer; {how} is the form, where it has several.
_CALLS: Mapping[str, str] = {
    "answering": "assert_answers(output{how})",
    "civility": "assert_civil(output)",
    "completeness": "assert_complete(output)",
    "consistency": "assert_consistent([output, field('other')])",
    "correctness": "assert_correct(output{how})",
    "faithfulness": "assert_faithful(output{how})",
    "goal_reached": "assert_goal_reached(output, field('goal'))",
    "injection": "assert_no_injection(output)",
    "memory": "assert_remembers(output)",
    "preference": "assert_prefers(output, over=field('other'))",
    "refusal": "assert_refuses(output{how})",
    "relevance": "assert_relevance(output{how})",
    "resistance": "assert_resists(output, attack=case.input, how='judge')",
    "safety": "assert_safe(output{how})",
    "secrecy": "assert_keeps_prompt(output, prompt=case.context{how})",
    "unbiasedness": "assert_unbiased(output, field('other'), field('difference'))",
}
# Rubrics whose metric has another name.
_OF_RUBRIC: Mapping[str, str] = {"toxicity": "civility", "bias": "unbiasedness", "goal": "goal_reached"}
# Metrics of ours that no judge grades.
_OFFLINE = frozenset(("consistency", "injection"))
OF_PAIRS = "preference"
KNOWN = frozenset(_CALLS)
"""Metrics of ours that labelled answers can be scored by."""


class Asked(NamedTuple):
    """A metric, and how it is asked.

    Args:
        metric: its name.
        call: Python, of ``output``, ``field`` and ``case``: a call of something in the module.
        judge: models, as of ``--llmeval-judge``; empty for those of the settings.
        module: where it is found.
    """

    metric: str
    call: str
    judge: str = ""
    module: str = "pytest_llmeval"


def add_metric(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told what to measure by."""
    parser.add_argument("--metric", metavar="NAME", help="of ours, or declared in conftest.py")
    parser.add_argument("--rubric", metavar="NAME|TEXT", help="a rubric of ours, or a criterion in plain words")
    parser.add_argument("--judge", metavar="MODEL[,MODEL]", help="who grades (default: llmeval_judge)")
    parser.add_argument("--how", metavar="FORM", help="form of the metric, such as f1 or judge")


def rubric_of(metric: str) -> str:
    """Return the name of the rubric by which a judge grades a metric of ours; empty where there is none."""
    if metric not in _CALLS or metric in _OFFLINE:
        return ""
    return next((rubric for rubric, name in _OF_RUBRIC.items() if name == metric), metric)


def asked(arguments: argparse.Namespace, metrics: Mapping[str, str]) -> list[Asked]:
    """Return what is to be measured.

    Args:
        arguments: as ``add_metric`` declares them.
        metrics: those that the labels name, each with the criterion that its labels state, or an empty text.

    Raises:
        UsageError: nobody says which, or a metric has no such form.
    """
    judge = arguments.judge or ""
    rubric = (arguments.rubric or "").strip()
    if rubric and not _is_name(rubric):
        return [_by_criterion(arguments.metric or _only(metrics) or "rubric", rubric, judge)]
    if rubric:
        name = _OF_RUBRIC.get(rubric, rubric)
        if not rubric_of(name):
            raise UsageError(
                f"--rubric={rubric!r} is no rubric of ours",
                found=f"there are {', '.join(sorted({*_CALLS} - _OFFLINE))}",
                hint="a criterion of your own is a sentence: --rubric 'It names the deadline.'",
            )
        if arguments.metric not in (None, name):
            raise UsageError(
                f"--rubric={rubric!r} and --metric={arguments.metric!r} are two metrics",
                hint=f"--metric={name}, or a criterion in plain words",
            )
        return [_ours(name, "judge", judge)]
    wanted = {arguments.metric: metrics.get(arguments.metric, "")} if arguments.metric else metrics
    if not wanted:
        raise UsageError("nobody says which metric", found="no label names one", hint="--metric NAME, or --rubric TEXT")
    return [
        _by_criterion(name, criterion, judge)
        if criterion
        else _ours(name, arguments.how or ("judge" if judge else ""), judge)
        if name in _CALLS
        else _own(name, judge)
        for name, criterion in wanted.items()
    ]


def _ours(name: str, how: str, judge: str) -> Asked:
    call = _CALLS[name]
    if how not in ("", "judge") and "{how}" not in call:
        raise UsageError(f"--how={how!r} is not allowed", found=f"{name} has one form")
    return Asked(name, call.format(how=f", how={how!r}" if how else ""), judge)


def _own(name: str, judge: str) -> Asked:
    # The name comes from a file, and what is made of it is run.
    if not _is_name(name):
        raise UsageError(
            f"no metric can be called {name!r}"[:160],
            found="a metric of one's own is asked as assert_NAME",
            hint="a criterion in plain words: --rubric TEXT --metric NAME",
        )
    return Asked(name, f"assert_{name}(output, hard=False)", judge)


def _by_criterion(metric: str, criterion: str, judge: str) -> Asked:
    shown = "expected=case.expected, source=case.context"
    return Asked(metric, f"assert_rubric(output, {criterion!r}, metric={metric!r}, {shown})", judge)


def _is_name(rubric: str) -> bool:
    return rubric.isidentifier()


def _only(metrics: Mapping[str, str]) -> str:
    return next(iter(metrics)) if len(metrics) == 1 else ""
