"""Session → the summary a person reads at the end of a pytest run: the verdict first, then why, then what it took.

Drawn by rich. Whatever users, models or providers wrote passes through ``inert.plain`` and is never read as markup;
the finished page passes through ``inert.disarm``.
"""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING

from pytest_llmeval.exports import agreement, headline, usage, wording
from pytest_llmeval.exports.arm_table import arm_table
from pytest_llmeval.exports.inert import disarm, plain
from pytest_llmeval.exports.score_table import score_table
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.records import Provenance, Session, SessionVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console, RenderableType

    from pytest_llmeval.exports.beside import Beside

_MOST_LINES, _MOST_SENTENCES = 5, 20
_LONGEST_SENTENCE, _LONGEST_NAME, _LONGEST_HEAD = 1_000, 160, 200
_HANGING = 2
_STYLES = {Verdict.REGRESSED: "bold red", Verdict.UNCHANGED: "green", Verdict.IMPROVED: "bold green"}
_OPEN_STYLE = "yellow"  # undecided, incomparable, no baseline: nobody may read them as good
_INVALID_STYLE = "bold red"


def render(
    session: Session,
    *,
    width: int,
    color: bool,
    verbose: bool = False,
    exit_line: str = "",
    ascii_only: bool = False,
    beside: Beside | None = None,
) -> str:
    """Return the summary of a session; empty where there was no LLM test.

    Args:
        session: finished, with its summaries and verdict.
        width: columns of the terminal; 80 is enough, long lines wrap.
        color: whether the reader understands ANSI colours.
        verbose: name everything instead of the first five, each comparison in its own sentence, with its notes and
            intervals, and the user's lines.
        exit_line: what the exit status means, printed right below the verdict; what it says is said nowhere else.
        ascii_only: for streams whose encoding cannot show a box.
        beside: where it is given, bars show how the cases lie beside the baseline's, and how the means went.

    Returns:
        Lines that each end with a line feed.
    """
    if not (session.plan.cases or session.results or session.lost):
        return ""
    from rich.console import Console

    page = StringIO()
    console = Console(
        file=page,
        width=width,
        height=25,  # without it rich takes TERM=dumb for 80 columns, whatever the width says
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    page_of = _Page(session, console, verbose=verbose, ascii_only=ascii_only)
    for part in page_of.parts(exit_line, beside):
        console.print(part)
    text = page.getvalue()
    if not color:
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    return disarm(text)


class _Page:
    """The parts of one summary."""

    def __init__(self, session: Session, console: Console, *, verbose: bool, ascii_only: bool) -> None:
        self._session = session
        self._console = console
        self._verbose = verbose
        self._ascii_only = ascii_only
        self._worst = worst_lines(session)

    def parts(self, exit_line: str, beside: Beside | None) -> Iterator[RenderableType]:
        """Yield what is printed, from top to bottom."""
        # As it is shown: what was cut off has not been said.
        exit_line = self._plain(exit_line, _LONGEST_SENTENCE)
        yield from self._verdict(exit_line)
        yield from self._state(exit_line)
        if self._session.summaries:
            yield ""
            yield score_table(self._session, self._console, ascii_only=self._ascii_only)
            bars, notes = list(self._bars(beside)), [*self._notes(), *self._judges()]
            yield from (*bars, "", *notes) if bars and notes else (*bars, *notes)
        yield from self._contest()
        yield from self._worst_cases()
        yield ""
        yield self._footer()

    def _line(self, text: str, *, style: str = "", indent: int = 0, limit: int = _LONGEST_SENTENCE) -> RenderableType:
        from rich.padding import Padding
        from rich.text import Text

        return Padding(Text(self._plain(text, limit), style), (0, 0, 0, indent), expand=False)

    def _sentence(self, text: str, *, style: str = "") -> RenderableType:
        """Return a line whose continuations hang, so that the eye finds where the next sentence begins."""
        from rich.text import Text

        whole = Text(self._plain(text, _LONGEST_SENTENCE), style)
        if whole.cell_len <= self._console.width:
            return whole
        lines = whole.wrap(self._console, max(self._console.width - _HANGING, 1))
        return Text("\n" + " " * _HANGING).join(lines)

    def _plain(self, text: str, limit: int = _LONGEST_NAME) -> str:
        return plain(text, limit=limit, ascii_only=self._ascii_only)

    def _first(self, texts: Iterable[str], more: str, most: int = _MOST_LINES) -> Iterator[str]:
        """Yield the first few texts, and how many more there are; all of them when verbose."""
        every = list(texts)
        shown = every if self._verbose else every[:most]
        yield from shown
        if len(shown) < len(every):
            yield f"{len(every) - len(shown)} more {more} (-v names all)"

    def _verdict(self, exit_line: str) -> Iterator[RenderableType]:
        """Yield the verdict, the exit status right below it, then what is said of everything else."""
        verdict = self._session.verdict
        ending = [self._sentence(exit_line, style="bold")] if exit_line else []
        if verdict is None:
            n_below = sum(line.is_below for line in self._worst)
            yield self._sentence(wording.without_gate(self._session, n_below), style="bold")
            yield from ending
            return
        sentences = verdict.sentences if self._verbose else headline.brief(verdict)
        if verdict.invalid:
            for reason in verdict.invalid:
                if reason not in exit_line:
                    yield self._sentence(f"NO VERDICT POSSIBLE: {reason}", style=_INVALID_STYLE)
            yield from ending
            # Where there is no baseline at all, the reason has just said so.
            is_missing = verdict.verdict is Verdict.NO_BASELINE
            others = [text for text in sentences if not (is_missing and headline.is_about(text, Verdict.NO_BASELINE))]
        else:
            own = [text for text in sentences if headline.is_about(text, verdict.verdict)]
            others = [text for text in sentences if text not in own]
            yield from self._own(own, verdict.verdict)
            yield from ending
            if verdict.verdict is Verdict.UNDECIDED and not self._verbose:
                yield self._sentence("More trials, here and on main, would show smaller drops (-v: how many).")
        for text in self._first(others, "sentences", _MOST_SENTENCES):
            yield self._sentence(text)

    def _own(self, sentences: Sequence[str], verdict: Verdict) -> Iterator[RenderableType]:
        style = _STYLES.get(verdict, _OPEN_STYLE)
        for text in self._first(sentences or (verdict.upper(),), "sentences", _MOST_SENTENCES):
            yield self._sentence(text, style=style)

    def _state(self, exit_line: str) -> Iterator[RenderableType]:
        """Yield what the session lacks, without what the exit status has just said of it."""
        session = self._session
        if session.lost:
            names = "; ".join(self._first((self._plain(name) for name in session.lost), "tests"))
            is_said = "brought no result" in exit_line
            count = "" if is_said else f"{wording.count(len(session.lost), 'test')} brought no result: "
            yield self._line(f"LOST: {count}{names}", style=_INVALID_STYLE, limit=100_000)
        if session.stopped:
            is_said = session.stopped in exit_line
            ran = f"{len(session.results)} of {wording.count(len(session.plan.cases), 'case')} ran"
            yield self._line(ran if is_said else f"stopped early ({session.stopped}): {ran}")
        if session.selection:
            n_left = session.plan.n_deselected
            left_out = f"{wording.count(n_left, 'LLM test')} left out" if n_left else ""
            is_said = session.selection in exit_line
            if not is_said:
                yield self._line(f"a selection ({session.selection})" + (f": {left_out}" if left_out else ""))
            elif left_out:
                yield self._line(f"{left_out} by the selection")

    def _notes(self) -> Iterator[RenderableType]:
        if self._session.verdict is not None:
            yield from self._notes_of(self._session.verdict)
        if self._session.uncalibrated:
            yield self._sentence(wording.uncalibrated(self._session))

    def _notes_of(self, verdict: SessionVerdict) -> Iterator[RenderableType]:
        with_suite = len({found.suite for found in verdict.comparisons}) > 1
        said = "\n".join(verdict.sentences)
        notes = [
            f"{wording.label(found, with_suite=with_suite)}: {note}"
            for found in verdict.comparisons
            for note in (*(note for note in found.notes if note not in said), *wording.interval(found))
        ]
        if self._verbose:
            yield from (self._sentence(note) for note in notes)
        elif notes:
            yield self._line("-v adds what is known of each metric, and the trials it lacks")

    def _judges(self) -> Iterator[RenderableType]:
        """Yield how far judges agree with people, and of which metrics nobody knows."""
        session = self._session
        if session.uncalibrated:
            yield self._sentence(wording.uncalibrated(session))
        said = [*agreement.sentences(session)] if self._verbose else [agreement.line(session)]
        yield from (self._sentence(text) for text in said if text)

    def _bars(self, beside: Beside | None) -> Iterator[RenderableType]:
        """Yield how the cases lie and how the means went, where that was asked for."""
        if beside is not None:
            from pytest_llmeval.exports.spread import spread

            found = spread(self._session, beside, ascii_only=self._ascii_only)
            yield from ("", found[0], *map(self._sentence, found[1])) if found else ()

    def _contest(self) -> Iterator[RenderableType]:
        """Yield who of several variants is better, or why nobody is."""
        contest = self._session.contest
        if contest is None or not contest.sentences:
            return
        first, *others = contest.sentences
        yield ""
        yield self._sentence(first, style="bold green" if contest.winner else "bold")
        for text in self._first(others, "sentences"):
            yield self._sentence(text)
        yield ""
        yield arm_table(contest, ascii_only=self._ascii_only)

    def _worst_cases(self) -> Iterator[RenderableType]:
        lines = self._worst
        shown = lines if self._verbose else lines[:_MOST_LINES]
        if shown:
            more = "" if len(shown) == len(lines) else f", {len(shown)} of {len(lines)} (-v shows all)"
            yield ""
            yield self._line(f"worst cases{more}", style="bold")
        for line in shown:
            style = _STYLES[Verdict.REGRESSED] if line.is_regressed else ""
            yield self._line(str(line.id), style=style, indent=2, limit=_LONGEST_NAME)
            yield self._line(wording.standing(line), indent=4)
            place = line.check.place
            if self._verbose and place.path:
                yield self._line(f"at {place.path}:{place.line}  {place.source}", indent=4)
            if line.check.score.reason:
                yield self._line(f"because {line.check.score.reason}", indent=4, limit=_LONGEST_HEAD)
            if line.check.output:
                yield self._line(f"answer: {line.check.output}", indent=4, limit=_LONGEST_HEAD)

    def _footer(self) -> RenderableType:
        from rich.table import Table

        table = Table.grid(padding=(0, 2, 0, 0))
        answers = usage.responses(self._session)
        bought, replayed = usage.measure(usage.asked(answers)), usage.measure(usage.replayed(answers))
        count = Counter(answer.provenance for answer in answers)
        if answers:
            kinds = [f"{count[kind]} {kind.value}" for kind in Provenance if count[kind]]
            table.add_row("answers", ", ".join(kinds))
            table.add_row("tokens", wording.tokens(bought, replayed))
            table.add_row("cost", wording.cost(bought, replayed))
        table.add_row("unscored", self._unscored())
        table.add_row("time", f"{self._session.duration_s:.1f} s")
        return table

    def _unscored(self) -> str:
        scored, expected = self._session.coverage
        reasons = Counter(self._plain(reason) for reason in wording.reasons(self._session))
        common = (f"{count} x {reason}" for reason, count in reasons.most_common(None if self._verbose else 3))
        return "; ".join([f"{expected - scored} of {wording.count(expected, 'check')}", *common])
