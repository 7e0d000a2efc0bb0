"""How far a metric agrees with people, as it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement.measuring import label_of
from pytest_llmeval.commands.output import inert, say, say_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.agreement.measuring import Item
    from pytest_llmeval.records import Check
    from pytest_llmeval.records.agreement import Agreement, At, Range

_MOST = 5
_FEW = 30
_WORDS = (
    ("raw", "agree with people"),
    ("ac1", "beyond chance (Gwet's AC1)"),
    ("kappa", "beyond chance (Cohen's kappa)"),
    ("tpr", "good answers that pass (TPR)"),
    ("tnr", "bad answers that fail (TNR)"),
)


class Finding(NamedTuple):
    """One labelled answer, scored: where its first label stands, labels and score, its check, and how it was picked."""

    place: str
    item: Item
    check: Check
    picked: str = ""


def say_agreement(agreement: Agreement, found: Sequence[Finding], *, is_whole: bool) -> None:
    """Print it.

    Args:
        agreement: what was measured.
        found: every labelled answer.
        is_whole: print every disagreement.
    """
    say(f"{inert(agreement.metric)}, version {inert(agreement.key)}", *_counts(agreement))
    columns, at = [], []
    if agreement.at_threshold is not None:
        columns.append(f"at {agreement.threshold:g}")
        at.append(agreement.at_threshold)
    if agreement.at_fitted is not None:
        columns.append(f"fitted, {agreement.fitted:.3g} (held out)")
        at.append(agreement.at_fitted)
    if at:
        say("")
        say_table(("", *columns), _rows(at))
    if agreement.auroc is not None:
        say("", f"a good answer scores above a bad one (AUROC): {_range(agreement.auroc)}")
    say("", *_notes(agreement))
    _say_disagreements(agreement, found, is_whole=is_whole)


def _rows(at: Sequence[At]) -> Iterator[tuple[str, ...]]:
    for name, words in _WORDS:
        yield words, *(_range(getattr(one, name)) for one in at)


def _range(value: Range | None) -> str:
    return "-" if value is None else "{:.2f} [{:.2f}, {:.2f}]".format(*value)


def _counts(agreement: Agreement) -> Iterator[str]:
    scored = f"{agreement.n_good + agreement.n_bad} scored: {agreement.n_good} good, {agreement.n_bad} bad"
    rest = f", {agreement.n_unscored} unscored" if agreement.n_unscored else ""
    rest += f", {agreement.n_split} without a majority or tied" if agreement.n_split else ""
    yield f"{agreement.n_items} labelled answers, {scored}{rest}"
    if agreement.people is not None:
        share, n = agreement.people
        yield f"people agree with each other in {share:.2f} of {n} pairs of labels: no metric can be asked for more"


def _notes(agreement: Agreement) -> Iterator[str]:
    yield "brackets hold 95 % intervals"
    if agreement.at_fitted is not None:
        yield (
            "the fitted threshold has the greatest mean of TPR and TNR on these labels; what stands below it was "
            "measured on answers that it was not fitted on"
        )
    if agreement.n_bad == 0 or agreement.n_good == 0:
        kind = "bad" if agreement.n_bad == 0 else "good"
        yield f"no answer is {kind}: whether it tells good from bad cannot be told; label some that are"
    elif min(agreement.n_good, agreement.n_bad) < _FEW:
        yield f"few labels: with {_FEW} good and {_FEW} bad answers the intervals begin to say something"


def _say_disagreements(agreement: Agreement, found: Sequence[Finding], *, is_whole: bool) -> None:
    mark = agreement.fitted if agreement.threshold is None else agreement.threshold
    lines = []
    for place, item, check, _ in found:
        good = label_of(item, agreement.good_from)
        if mark is None or good is None or item.score is None or (item.score >= mark) == good:
            continue
        lines.append(
            f"  {place}: people {'good' if good else 'bad'}, score {item.score:.2f}, {inert(check.score.reason)}"
        )
    if lines:
        say(f"{len(lines)} disagreements at {mark:.3g}:", *(lines if is_whole else lines[:_MOST]))
        if not is_whole and len(lines) > _MOST:
            say(f"  and {len(lines) - _MOST} more: --all")
    unscored = [(place, check) for place, item, check, _ in found if item.score is None]
    for place, check in unscored if is_whole else unscored[:_MOST]:
        say(f"  {place}: unscored, {inert(check.score.reason)}")
