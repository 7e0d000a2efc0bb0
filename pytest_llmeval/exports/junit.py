"""Session → JUnit XML of the gate: one test case for its verdict, one for each metric, the figures as properties.

The tests themselves stand in the file of pytest's own ``--junitxml``, to which ``properties`` adds their scores; this
one says what no test can say. A CI system that reads both counts nothing twice.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from pytest_llmeval.exports import agreement, files, headline, usage, wording
from pytest_llmeval.exports.inert import disarm, plain
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.records import Verdict, tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_llmeval.records import CaseResult, Comparison, FloorBreach, Session, Summary

_LONGEST_NAME, _LONGEST_VALUE, _LONGEST_TEXT = 160, 500, 4_000
_MOST_SENTENCES = 20
# Not characters of XML 1.0, and not dropped by ``plain`` either: the two that are no characters at all.
_NOT_XML = re.compile("[\ufffe\uffff]")
_UNDECIDED_STATUS, _FAILED_STATUS = 7, 1
_WITHOUT_WORD = (Verdict.NO_BASELINE, Verdict.INCOMPARABLE)


def write(session: Session, path: Path) -> None:
    """Write the file.

    Raises:
        LlmevalError: it cannot be written there; an older one is as it was.
    """
    files.put(path, render(session), kind="junit")


def render(session: Session) -> str:
    """Return the gate's test cases as XML.

    The gate fails where the session regressed, fell below a floor, or is undecided and the gate is strict; it has an
    error where no verdict is possible, and is skipped where there is none. A metric fails for its own part in that.
    """
    suite = ET.Element("testsuite", name="llmeval", timestamp=session.started_at, time=f"{session.duration_s:.3f}")
    _add_properties(suite, _facts(session))
    suite.append(_gate(session))
    compared = session.verdict.comparisons if session.verdict else ()
    comparisons = {(one.suite, one.metric, one.arm): one for one in compared}
    floors = {(one.suite, one.metric, one.arm): one for one in session.floors}
    for summary in session.summaries:
        key = (summary.suite, summary.metric, summary.arm)
        case = _metric(summary, comparisons.get(key), floors.get(key), _judges(session, summary))
        suite.append(case)
    counts = {name: str(len(suite.findall(f"testcase/{tag}"))) for name, tag in _COUNTED.items()}
    suite.attrib.update(tests=str(len(suite.findall("testcase"))), **counts)
    root = ET.Element("testsuites", name="llmeval")
    root.append(suite)
    ET.indent(root)
    return disarm('<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n")


_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def properties(result: CaseResult) -> Iterator[tuple[str, str]]:
    """Yield what the file of ``--junitxml`` says of a test: each check's mean, threshold and trials."""
    if result.arm:
        yield "llmeval.variant", _plain(result.arm)
    for found in tally(*result.id, result.trials, result.checks, arm=result.arm):
        name = f"llmeval.{found.id.metric}" + (f"#{found.id.nth + 1}" if found.id.nth else "")
        name = _plain(name, _LONGEST_NAME)
        if found.mean is None:
            yield name, _plain(f"unscored: {found.worst.score.reason}")
            continue
        yield name, f"{found.mean:.6g}"
        if found.worst.threshold is not None:
            yield f"{name}.threshold", f"{found.worst.threshold:g}"
            yield f"{name}.reached", f"{found.n_reached} of {wording.count(len(found.scores), 'trial')}"
        if len(found.checks) > 1:
            yield f"{name}.scores", " ".join(f"{score:.6g}" for score in found.scores)
        if found.is_below and found.worst.score.reason:
            yield f"{name}.reason", _plain(found.worst.score.reason)


def _facts(session: Session) -> Iterator[tuple[str, str]]:
    answers = usage.responses(session)
    bought = usage.measure(usage.asked(answers))
    yield "llmeval.session", session.id
    yield "llmeval.verdict", wording.outcome(session)
    if session.exit_status is not None:
        yield "llmeval.exit_status", str(session.exit_status)
    if session.commit:
        yield "llmeval.commit", session.commit
    if session.branch:
        yield "llmeval.branch", session.branch
    yield from (("llmeval.model", model) for model in usage.models(session))
    if bought.cost_usd is not None:
        yield "llmeval.cost_usd", f"{bought.cost_usd:.6g}"


def _gate(session: Session) -> ET.Element:
    case = ET.Element("testcase", classname="llmeval", name="gate", time=f"{session.duration_s:.3f}")
    verdict = session.verdict
    sentences = list(headline.brief(verdict)) if verdict else []
    if session.exit_status not in (None, 0, _FAILED_STATUS, _UNDECIDED_STATUS):
        _outcome(case, "error", session.exit_line, sentences)
    elif (verdict is not None and verdict.verdict is Verdict.REGRESSED) or session.exit_status == _UNDECIDED_STATUS:
        _outcome(case, "failure", session.exit_line or "regressed", sentences)
    elif session.floors:
        _outcome(case, "failure", session.exit_line, [_below(one) for one in session.floors])
    elif verdict is None:
        n_below = sum(line.is_below for line in worst_lines(session))
        _outcome(case, "skipped", wording.without_gate(session, n_below))
    else:
        ET.SubElement(case, "system-out").text = _text(sentences)
    return case


def _metric(
    summary: Summary, comparison: Comparison | None, floor: FloorBreach | None, judges: Iterator[tuple[str, str]]
) -> ET.Element:
    name = f"{summary.metric} @{summary.arm}" if summary.arm else summary.metric
    suite = _plain(f"llmeval.{summary.suite}", _LONGEST_NAME)
    case = ET.Element("testcase", classname=suite, name=_plain(name, _LONGEST_NAME), time="0")
    _add_properties(case, chain(_figures(summary, comparison), judges))
    if comparison is not None and comparison.verdict is Verdict.REGRESSED and not comparison.is_informational:
        named = [f"REGRESSED {one.id}: {one.reason}" for one in comparison.cases if one.verdict is Verdict.REGRESSED]
        change = f"the mean changed by {-comparison.drop:+z.3f}" if comparison.n_compared else ""
        _outcome(case, "failure", f"regressed: {change}", named)
    elif floor is not None:
        _outcome(case, "failure", _below(floor))
    elif comparison is not None and comparison.verdict in _WITHOUT_WORD:
        _outcome(case, "skipped", comparison.verdict.value)
    return case


def _figures(summary: Summary, comparison: Comparison | None) -> Iterator[tuple[str, str]]:
    """Yield what is known, under names of letters only."""
    for name, value in wording.figures(summary, comparison).items():
        if value != "-":
            yield f"llmeval.{name.replace('95 % ', '').replace(' ', '_')}", value


def _judges(session: Session, summary: Summary) -> Iterator[tuple[str, str]]:
    """Yield what is known of the judge behind a metric; of several versions, of the one that is believed least."""
    one = agreement.weakest(agreement.judged_of(session, summary))
    if one is not None:
        yield "llmeval.judge", one.version or "unknown"
        yield "llmeval.judge.calibrated", str(one.is_calibrated).lower()
        yield from ((f"llmeval.judge.{name}", f"{value:.6g}") for name, value in agreement.figures(one).items())


def _below(floor: FloorBreach) -> str:
    if floor.mean is None:
        return f"the floor {floor.floor:g} was set, and this session has no such mean"
    return f"the mean of {floor.metric}, {floor.mean:.4g}, is below its floor {floor.floor:g}"


def _outcome(case: ET.Element, tag: str, message: str, sentences: Sequence[str] = ()) -> None:
    found = ET.SubElement(case, tag, message=_plain(message, 2 * _LONGEST_VALUE))
    if sentences:
        found.text = _text(sentences)


def _text(sentences: Sequence[str]) -> str:
    shown = [_plain(sentence, _LONGEST_TEXT) for sentence in sentences[:_MOST_SENTENCES]]
    more = len(sentences) - len(shown)
    return "\n".join([*shown, *([f"and {more} more"] if more else [])])


def _add_properties(element: ET.Element, found: Iterable[tuple[str, str]]) -> None:
    node = ET.SubElement(element, "properties")
    for name, value in found:
        ET.SubElement(node, "property", name=_plain(name, _LONGEST_NAME), value=_plain(value))


def _plain(text: str, limit: int = _LONGEST_VALUE) -> str:
    return _NOT_XML.sub("", plain(text, limit=limit))
