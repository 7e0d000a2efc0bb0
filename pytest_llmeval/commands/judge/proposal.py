"""What to do with a threshold that fits: the lines to change, or the advice to keep what stands."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement.gain import Gain, gain, rounded
from pytest_llmeval.agreement.measuring import label_of
from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.errors import StoreError
from pytest_llmeval.exports import wording
from pytest_llmeval.gather import session_file, session_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.commands.judge.arguments import Asked
    from pytest_llmeval.commands.judge.report import Finding
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Session
    from pytest_llmeval.records.agreement import Agreement
    from pytest_llmeval.records.score import Place

_MOST = 5
_NO_BETTER_THAN_CHANCE = 0.5


class Standing(NamedTuple):
    """A threshold that stands somewhere, and where: the user's lines, empty where no session has one."""

    threshold: float
    places: tuple[Place, ...]


def say_proposal(
    found: Project, asked: Asked, agreement: Agreement, findings: Sequence[Finding], given: float | None
) -> None:
    """Say whether the threshold should be another one, and which line says it; nothing where none can be fitted.

    Args:
        found: the project, whose newest session tells where the metric is asked.
        asked: the metric, and how it was asked.
        agreement: of it, as it was measured.
        findings: the labelled answers.
        given: the threshold that the person asks about; None for those that stand.
    """
    if agreement.fitted is None or agreement.auroc is None:
        return
    if agreement.auroc[1] <= _NO_BETTER_THAN_CHANCE:
        say("", "no threshold is proposed: that the metric tells good from bad is not sure (AUROC)")
        return
    named = [(one.item.score, label_of(one.item, agreement.good_from)) for one in findings]
    both = [(score, is_good) for score, is_good in named if score is not None and is_good is not None]
    values, good = [score for score, _ in both], [is_good for _, is_good in both]
    mark = rounded(agreement.fitted, values)
    for standing in _standing(found, agreement) if given is None else [Standing(given, ())]:
        better = gain(values, good, standing.threshold)
        if better is not None:
            say(*_advice(asked, mark, standing, better))


def _standing(found: Project, agreement: Agreement) -> list[Standing]:
    """Return the thresholds by which the newest session asked this very metric, else the check's own."""
    places: dict[float, dict[Place, None]] = {}
    for session in _newest(found):
        for result in session.results:
            for check in (*(check for trial in result.trials for check in trial.checks), *result.checks):
                score = check.score
                if (score.metric, score.version) == (agreement.metric, agreement.version) and check.threshold:
                    places.setdefault(check.threshold, {})[check.place] = None
    if not places and agreement.threshold is not None:
        return [Standing(agreement.threshold, ())]
    return [Standing(threshold, tuple(sorted(places[threshold]))) for threshold in sorted(places)]


def _newest(found: Project) -> Iterator[Session]:
    paths = session_folder.stored(found.folder)
    try:
        if paths:
            yield session_file.read(paths[-1])
    except StoreError:  # another command says what is wrong with it
        return


def _advice(asked: Asked, mark: float, standing: Standing, better: Gain) -> Iterator[str]:
    now, span = standing.threshold, f"[{better.low:+.2f}, {better.high:+.2f}]"
    yield ""
    if not better.is_sure:
        why = "no better" if better.value <= 0 else f"better by {better.value:.2f} {span}, which may be chance"
        yield f"keep threshold {now:g}: fitted ones, such as {mark!r}, are {why},"
        yield "  on answers that they were not fitted on"
        return
    means = f"{better.before:.2f}, then {better.before + better.value:.2f}"
    yield f"change threshold {now:g} to {mark!r}: mean of TPR and TNR {means}, better by {better.value:.2f} {span},"
    yield "  on answers that it was not fitted on"
    for place in standing.places[:_MOST]:
        yield f"  {inert(place.path)}:{place.line}: {inert(place.source)}"
        changed = with_threshold(place.source, mark)
        yield f"    to: {inert(changed)}" if changed else f"    with threshold={mark!r}"
    if len(standing.places) > _MOST:
        yield f"  and {wording.count(len(standing.places) - _MOST, 'line')} more"
    if not standing.places:
        check = asked.call.partition("(")[0]
        name = "" if check == f"assert_{asked.metric}" else f", metric={asked.metric!r}"
        yield f"  {inert(f'{check}(...{name}, threshold={mark!r})')}"


def with_threshold(source: str, mark: float) -> str:
    """Return a line of Python with another ``threshold=`` in its check; empty where it is no whole statement."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node).startswith("assert_")]
    if len(calls) != 1 or not source.isascii():  # of two nobody knows which; offsets are of bytes
        return ""
    (call,) = calls
    said = next((word.value for word in call.keywords if word.arg == "threshold"), None)
    if said is not None:
        return f"{source[: said.col_offset]}{mark!r}{source[said.end_col_offset :]}"
    end = (call.end_col_offset or 0) - 1
    before = source[:end].rstrip().removesuffix(",")
    return f"{before}, threshold={mark!r}{source[end:]}"


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
