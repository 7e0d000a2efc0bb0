"""Session → the summary a person reads at the end of a pytest run: the verdict first, then why, then what it took.

Drawn by rich. Whatever users, models or providers wrote passes through ``inert.plain`` and is never read as markup;
the finished page passes through ``inert.disarm``.
"""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING

from pytest_llmeval.exports import usage, wording
from pytest_llmeval.exports.inert import disarm, plain
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.records import Provenance, Session, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

_MOST_LINES = 5
_LONGEST_SENTENCE, _LONGEST_NAME, _LONGEST_HEAD = 400, 160, 200
_STYLES = {Verdict.REGRESSED: "bold red", Verdict.UNCHANGED: "green", Verdict.IMPROVED: "bold green"}
_OPEN_STYLE = "yellow"  # undecided, incomparable, no baseline: nobody may read them as good
_INVALID_STYLE = "bold red"


def render(
    session: Session, *, width: int, color: bool, verbose: bool = False, exit_line: str = "", ascii_only: bool = False
) -> str:
    """Return the summary of a session; empty where there was no LLM test.

    Args:
        session: finished, with its summaries and verdict.
        width: columns of the terminal; 80 is enough, long lines wrap.
        color: whether the reader understands ANSI colours.
        verbose: name everything instead of the first five, with the user's lines and the gate's intervals.
        exit_line: what the exit status means, printed right below the verdict.
        ascii_only: for streams whose encoding cannot show a box.

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
    for part in _Page(session, verbose=verbose, ascii_only=ascii_only).parts(exit_line):
        console.print(part)
    text = page.getvalue()
    if not color:
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    return disarm(text)


class _Page:
    """The parts of one summary."""

    def __init__(self, session: Session, *, verbose: bool, ascii_only: bool) -> None:
        self._session = session
        self._verbose = verbose
        self._ascii_only = ascii_only
        self._comparisons = session.verdict.comparisons if session.verdict else ()

    def parts(self, exit_line: str) -> Iterator[RenderableType]:
        """Yield what is printed, from top to bottom."""
        yield from self._verdict()
        if exit_line:
            yield self._line(exit_line)
        yield from self._state()
        if self._session.summaries:
            yield ""
            yield self._table()
            yield from self._notes()
        yield from self._worst()
        yield ""
        yield self._footer()

    def _line(self, text: str, *, style: str = "", indent: int = 0, limit: int = _LONGEST_SENTENCE) -> RenderableType:
        from rich.padding import Padding
        from rich.text import Text

        return Padding(Text(self._plain(text, limit), style), (0, 0, 0, indent), expand=False)

    def _plain(self, text: str, limit: int = _LONGEST_NAME) -> str:
        return plain(text, limit=limit, ascii_only=self._ascii_only)

    def _first(self, texts: Iterable[str], more: str) -> Iterator[str]:
        """Yield the first few texts, and how many more there are; all of them when verbose."""
        every = list(texts)
        shown = every if self._verbose else every[:_MOST_LINES]
        yield from shown
        if len(shown) < len(every):
            yield f"{len(every) - len(shown)} more {more} (-v names all)"

    def _verdict(self) -> Iterator[RenderableType]:
        verdict = self._session.verdict
        if verdict is None:
            yield self._line(f"no gate: thresholds decided, {wording.passed(self._session)}", style="bold")
            return
        for reason in verdict.invalid:
            yield self._line(f"NO VERDICT POSSIBLE: {reason}", style=_INVALID_STYLE)
        style = _OPEN_STYLE if verdict.invalid else _STYLES.get(verdict.verdict, _OPEN_STYLE)
        word = verdict.verdict.upper()
        first, *others = verdict.sentences or (word,)
        yield self._line(first if first.upper().startswith(word) else f"{word}: {first}", style=style)
        for sentence in self._first(others, "sentences"):
            yield self._line(sentence)

    def _state(self) -> Iterator[RenderableType]:
        session = self._session
        if session.lost:
            names = "; ".join(self._first((self._plain(name) for name in session.lost), "tests"))
            count = wording.count(len(session.lost), "test")
            yield self._line(f"LOST: {count} brought no result: {names}", style=_INVALID_STYLE, limit=100_000)
        if session.stopped:
            n_planned = len(session.plan.cases)
            yield self._line(f"stopped early ({session.stopped}): {len(session.results)} of {n_planned} cases ran")
        if session.selection:
            left_out = wording.count(session.plan.n_deselected, "LLM test")
            yield self._line(f"a selection ({session.selection}): {left_out} left out")

    def _table(self) -> RenderableType:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        session = self._session
        table = Table(
            box=box.Box(str(box.SIMPLE_HEAD).replace("─", "-"), ascii=True) if self._ascii_only else box.SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1, 0, 0),
            header_style="",
        )
        table.add_column("metric", overflow="fold")
        for name in ("mean", "95 % interval", "baseline", "change", "scored"):
            table.add_column(name, justify="right", overflow="fold")
        comparisons = {(found.suite, found.metric): found for found in self._comparisons}
        has_suites = len({summary.suite for summary in session.summaries}) > 1
        suite = None
        for summary in session.summaries:
            if has_suites and summary.suite != suite:
                suite = summary.suite
                table.add_row(Text(self._plain(suite or "(no suite)"), "bold"))
            name = ("  " if has_suites else "") + self._plain(summary.metric)
            table.add_row(name, *wording.figures(summary, comparisons.get((summary.suite, summary.metric))))
        return table

    def _notes(self) -> Iterator[RenderableType]:
        for found in self._comparisons:
            notes = [*found.notes, *(wording.interval(found) if self._verbose else ())]
            for note in self._first(notes, "notes"):
                yield self._line(f"{found.metric}: {note}")

    def _worst(self) -> Iterator[RenderableType]:
        lines = worst_lines(self._session)
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
            yield self._line(f"answer: {line.check.output or '(empty)'}", indent=4, limit=_LONGEST_HEAD)

    def _footer(self) -> RenderableType:
        from rich.table import Table

        table = Table.grid(padding=(0, 2, 0, 0))
        answers = usage.responses(self._session)
        bought, replayed = usage.measure(usage.asked(answers)), usage.measure(usage.replayed(answers))
        count = Counter(answer.provenance for answer in answers)
        table.add_row("answers", ", ".join(f"{count[kind]} {kind.value}" for kind in Provenance))
        table.add_row("unscored", self._unscored())
        table.add_row(
            "tokens",
            wording.tokens(bought) + (f" (replayed: {wording.tokens(replayed)})" if replayed.n_answers else ""),
        )
        table.add_row(
            "cost", wording.cost(bought) + (f" (replayed: {wording.cost(replayed)})" if replayed.n_answers else "")
        )
        table.add_row("time", f"{self._session.duration_s:.1f} s")
        return table

    def _unscored(self) -> str:
        n_scored = sum(summary.n_scored for summary in self._session.summaries)
        n_unscored = sum(summary.n_unscored for summary in self._session.summaries)
        reasons = Counter(self._plain(reason) for reason in wording.reasons(self._session))
        common = (f"{count} x {reason}" for reason, count in reasons.most_common(None if self._verbose else 3))
        return "; ".join([f"{n_unscored} of {n_scored + n_unscored}", *common])
