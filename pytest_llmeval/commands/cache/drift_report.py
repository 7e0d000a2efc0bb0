"""What drifted, as a person reads it: scores first, then who answered, then the words that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.commands.baseline.differences import columns, rows
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.exports.word_diff import word_diff
from pytest_llmeval.exports.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.commands.cache.drifted import AnswerPair, Drifted

_N_ANSWERS, _N_NAMED = 5, 5
_LONGEST_SENTENCE = 1_000


def say_drift(found: Drifted, *, is_whole: bool) -> None:
    """Print it; ``is_whole`` every answer that changed, and not the first five."""
    moved = [one for one in found.scores if one.word != "same"]
    say("")
    if moved:
        say_table(columns("stored", "anew"), rows(moved))
    if found.scores:
        say(f"scores: {len(moved)} of {count(len(found.scores), 'line')} moved")
        say(*(inert(sentence, limit=_LONGEST_SENTENCE) for sentence in found.verdict.sentences))
    else:
        say("scores: none that stand on stored and on new answers")
    say(*_builds(found))
    if found.unrecorded:
        named = ", ".join(inert(name) for name in found.unrecorded[:_N_NAMED])
        more = f" and {len(found.unrecorded) - _N_NAMED} more" if len(found.unrecorded) > _N_NAMED else ""
        say(f"not compared: {count(len(found.unrecorded), 'test')} asked what is not stored: {named}{more}")
    say(*_answers(found.answers, is_whole=is_whole))


def _builds(found: Drifted) -> Iterator[str]:
    for build in found.builds:
        old, new = (inert(", ".join(names), limit=300) for names in (build.old, build.new))
        what = f"answered by {old} then, by {new} now" if build.is_changed else f"answered by {old}, as before"
        yield f"{inert(build.model)}: {what}"


def _answers(answers: Sequence[AnswerPair], *, is_whole: bool) -> Iterator[str]:
    changed = [pair for pair in answers if pair.is_changed]
    n_judge = sum(pair.is_judge for pair in changed)
    judged = f", {n_judge} of them a judge's" if n_judge else ""
    yield f"answers: {len(changed)} of {count(len(answers), 'answer')} changed{judged}"
    shown = changed if is_whole else changed[:_N_ANSWERS]
    for pair in shown:
        who = "judge, " if pair.is_judge else ""
        ended = "" if pair.old.outcome is pair.new.outcome else f", {pair.old.outcome} then, {pair.new.outcome} now"
        yield f"  {inert(str(pair.id), limit=300)} ({who}trial {pair.trial}{ended})"
        yield f"    {word_diff(pair.old.text, pair.new.text) or 'the same words'}"
    if len(shown) < len(changed):
        yield f"  {len(changed) - len(shown)} more (--all prints them)"
