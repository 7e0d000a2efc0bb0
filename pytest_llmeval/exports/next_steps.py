"""Session → what to run next: the command behind each thing that is not as it should be, most pressing first."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports.wording import count
from pytest_llmeval.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Session, SessionVerdict

_MOST_NAMED = 20
_LONGEST_ID = 160


class Step(NamedTuple):
    """A command, and what it is for: a few words that a colon may follow."""

    why: str
    command: str


def steps(session: Session, worst: tuple[WorstLine, ...]) -> tuple[Step, ...]:
    """Return the commands; none where nothing is to be done.

    Args:
        session: finished.
        worst: its ``worst_lines``.
    """
    return tuple(_steps(session, worst))


def recording(session: Session) -> Step | None:
    """Return how to record what a session asked for and could not be answered; None where nothing was."""
    missed = [result.nodeid for result in session.results if result.has_miss]
    if not missed:
        return None
    is_fork = session.against is not None and session.against.is_fork
    who = "a maintainer who has read the branch runs, and commits" if is_fork else "to record it"
    tests = "1 test asks what is not recorded" if len(missed) == 1 else f"{len(missed)} tests ask what is not recorded"
    # Of many the files are enough: what is recorded is replayed, and costs nothing.
    targets = missed if len(missed) <= _MOST_NAMED else list(dict.fromkeys(name.partition("::")[0] for name in missed))
    return Step(f"{tests}; {who}", shlex.join(["pytest", "--llmeval-cache=auto", *targets]))


def _steps(session: Session, worst: tuple[WorstLine, ...]) -> Iterator[Step]:
    missing = recording(session)
    if missing is not None:
        yield missing
    if session.lost or session.stopped or session.selection:
        yield Step("all of it, once more", "pytest" if session.verdict is None else "pytest --llmeval-gate=pr")
    if worst:
        yield from _look(worst[0])
    if session.verdict is not None:
        yield from _of_verdict(session, session.verdict, worst)


def _look(line: WorstLine) -> Iterator[Step]:
    name = str(line.id.case_id)
    if len(name) <= _LONGEST_ID:
        yield Step(
            "the worst case, on the machine that ran it", shlex.join(["llmeval", "sessions", "show", "--case", name])
        )


def _of_verdict(session: Session, verdict: SessionVerdict, worst: tuple[WorstLine, ...]) -> Iterator[Step]:
    words = {found.verdict for found in verdict.comparisons if not found.is_informational} | {verdict.verdict}
    if Verdict.REGRESSED in words:
        yield Step("every case beside its baseline", "llmeval baseline diff")
        if session.against is not None and session.against.commit and not session.against.reruns:
            yield Step(
                "was it this branch, or the provider",
                "pytest --llmeval-gate=pr --llmeval-cache=refresh --llmeval-confirm",
            )
        regressed = [str(line.id) for line in worst if line.is_regressed]
        if regressed and len(regressed[0]) <= _LONGEST_ID:
            what = "if it is worse on purpose"
            what += f" (and so on for {count(len(regressed) - 1, 'more case')})" if len(regressed) > 1 else ""
            yield Step(what, shlex.join(["llmeval", "baseline", "accept", regressed[0], "--reason", "..."]))
    if Verdict.UNDECIDED in words:
        yield Step("more trials, round by round, until it is decided", "llmeval run --until-decided")
    if Verdict.NO_BASELINE in words:
        yield Step("on main, what has no baseline yet", "pytest --llmeval-baseline-update=new-only")
