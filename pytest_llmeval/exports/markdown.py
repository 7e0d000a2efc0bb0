"""Session → Markdown for a pull request: a comment that is replaced by each run, or the summary of a CI step.

The verdict first, then what moved, every metric, the worst answers, what was accepted or lowered, what it rests on and
what it took, and what to run next. Whatever others wrote is inert (``markdown_text``), and the page is never longer
than GitHub takes (``fitting``).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmeval.exports import agreement, arm_table, files, headline, usage, wording
from pytest_llmeval.exports.fitting import Part, fit
from pytest_llmeval.exports.inert import disarm
from pytest_llmeval.exports.markdown_text import cells, code, fenced, prose, summary
from pytest_llmeval.exports.next_steps import steps
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.records import CaseVerdict, Provenance, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmeval.exports.next_steps import Step
    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Session, SessionVerdict

MARK = "<!-- pytest-llmeval"
"""A comment that begins with this is ours to replace."""
LIMIT = 64_000
"""Bytes of a page. GitHub takes 65,536 characters of a comment and 1 MiB of a step summary, GitLab 1,000,000 of a note.

Source: github.com's own message, "body is too long (maximum is 65536 characters)"; GitHub's documentation, "Workflow
commands", "Step isolation and limits".
"""
_LONGEST_ANSWER, _LONGEST_NAME = 600, 160
_MOST_METRICS, _MOST_ROWS, _MOST_SENTENCES, _MOST_ANSWERS = 100, 50, 20, 10
_LAST = 99  # weight of what a page must never lose
_CHANGED_ON_PURPOSE = ("ACCEPTED ", "NOT ACCEPTED ", "LOWERED ", "GONE ")
_MORE_CASES = re.compile(r"REGRESSED and \d+ more cases\.")  # as gate.sentences says it of cases with a baseline
_WORDS = (Verdict.REGRESSED, Verdict.UNDECIDED, Verdict.IMPROVED)


def write(session: Session, path: Path) -> None:
    """Write the page.

    Raises:
        LlmevalError: it cannot be written there; an older one is as it was.
    """
    files.put(path, render(session), kind="md")


def render(session: Session, *, limit: int = LIMIT) -> str:
    """Return the page of a session.

    Args:
        session: finished, with its summaries and verdict; texts of requests and answers are not needed.
        limit: most bytes of UTF-8; 4,000 hold a page without any list.
    """
    worst = worst_lines(session)
    parts = [
        *_verdict(session, worst),
        *_moved(session),
        _metrics(session),
        *_contest(session),
        *_answers(worst),
        *_on_purpose(session),
        _rests_on(session),
        *_next(steps(session, worst)),
    ]
    return disarm(fit(parts, limit))


def _verdict(session: Session, worst: Sequence[WorstLine]) -> Iterator[Part]:
    verdict = session.verdict
    yield Part(head=[f"{MARK} -->", f"## llmeval: {wording.outcome(session).upper()}", ""])
    ending = prose(session.exit_line)
    if ending:
        yield Part(head=[f"**{ending}**", ""])
    if verdict is None:
        said = [wording.without_gate(session, sum(line.is_below for line in worst))]
    else:
        unsaid = (reason for reason in verdict.invalid if reason not in session.exit_line)
        said = [*unsaid, *_told_once(verdict)]
    said += [f"LOST {name} brought no result" for name in session.lost]
    said += [f"stopped early: {session.stopped}"] if session.stopped else []
    said += [f"a selection: {session.selection}"] if session.selection else []
    said += [wording.uncalibrated(session)] if session.uncalibrated else []
    yield _sentences(list(dict.fromkeys(said)), weight=4)


def _sentences(said: Sequence[str], *, weight: int, head: Sequence[str] = (), most: int = _MOST_SENTENCES) -> Part:
    items = [[f"- {prose(text)}"] for text in said[:most]]
    return Part(head=head, items=items, total=len(said), tail=[""], noun="sentences", weight=weight)


def _told_once(verdict: SessionVerdict) -> Iterator[str]:
    """Yield the sentences that have no place of their own below: of regressed cases the first is enough above them."""
    named = [case.id for found in verdict.comparisons for case in found.cases if case.verdict is Verdict.REGRESSED]
    heads = tuple(f"REGRESSED {id_}:" for id_ in named)
    has_first = False
    for text in headline.brief(verdict):
        if _is_on_purpose(text) or _MORE_CASES.fullmatch(text):
            continue
        if not text.startswith(heads):
            yield text
        elif not has_first:
            has_first = True
            yield text
            if len(named) > 1:
                yield f"REGRESSED {wording.count(len(named) - 1, 'more case')}, see below."


def _is_on_purpose(sentence: str) -> bool:
    return sentence.startswith(_CHANGED_ON_PURPOSE)


def _moved(session: Session) -> Iterator[Part]:
    comparisons = session.verdict.comparisons if session.verdict else ()
    moved = [case for comparison in comparisons for case in comparison.cases if case.verdict in _WORDS]
    if not moved:
        return
    moved.sort(key=lambda case: (_WORDS.index(case.verdict), case.current_mean - case.baseline_mean, case.id))
    head = [
        "### What moved",
        "",
        cells("case and metric", "baseline (trials)", "here (trials)", "change", ""),
        "|---|--:|--:|--:|---|",
    ]
    items = [[_row(case)] for case in moved[:_MOST_ROWS]]
    yield Part(head=head, items=items, total=len(moved), tail=[""], noun="cases", weight=3)


def _row(case: CaseVerdict) -> str:
    change = f"{case.current_mean - case.baseline_mean:+z.3f}"
    before, now = (
        f"{mean:.3f} ({n})"
        for mean, n in ((case.baseline_mean, case.baseline_trials), (case.current_mean, case.current_trials))
    )
    word = f"**{case.verdict}**" if case.verdict is Verdict.REGRESSED else case.verdict.value
    return cells(code(str(case.id), limit=_LONGEST_NAME), before, now, change, word)


def _metrics(session: Session) -> Part:
    compared = session.verdict.comparisons if session.verdict else ()
    comparisons = {(found.suite, found.metric, found.arm): found for found in compared}
    columns = ["mean", "95 % interval", *(["baseline", "change", "could show"] if compared else []), "scored"]
    is_judged = any(agreement.judged_of(session, one) for one in session.summaries)
    columns += ["judge and people"] if is_judged else []
    has_suites = len({one.suite for one in session.summaries}) > 1
    rows = []
    for one in session.summaries[:_MOST_METRICS]:
        figures = wording.figures(one, comparisons.get((one.suite, one.metric, one.arm)))
        figures["judge and people"] = agreement.short(agreement.judged_of(session, one))
        name = f"{one.metric} @{one.arm}" if one.arm else one.metric
        suite = [code(one.suite or "(no suite)", limit=_LONGEST_NAME)] if has_suites else []
        rows.append([cells(*suite, code(name, limit=_LONGEST_NAME), *(figures[column] for column in columns))])
    names = ["suite", "metric"] if has_suites else ["metric"]
    head = ["### Every metric", "", cells(*names, *columns), "|" + "---|" * len(names) + "--:|" * len(columns)]
    told = ["*could show*: the smallest fall that such a run finds 4 times in 5."] if compared else []
    told += ["*judge and people*: share of so many labelled answers on which both say the same."] if is_judged else []
    told = ["", " ".join(told), ""] if told else [""]
    if not rows:
        return Part()
    return Part(head=head, items=rows, total=len(session.summaries), tail=told, noun="metrics", weight=5)


def _contest(session: Session) -> Iterator[Part]:
    contest = session.contest
    if contest is None or not contest.sentences:
        return
    yield _sentences(contest.sentences, weight=3, head=["### Variants", ""], most=_MOST_ANSWERS)
    rows = list(arm_table.rows(contest))
    items = [[cells(code(name, limit=_LONGEST_NAME), *shown)] for name, *shown in rows[:_MOST_ROWS]]
    head = [cells(*arm_table.HEADS), "|---|--:|--:|--:|---|"]
    yield Part(head=head, items=items, total=len(rows), tail=[""], noun="rows", weight=2)


def _answers(worst: Sequence[WorstLine]) -> Iterator[Part]:
    if worst:
        items = [list(_answer(line)) for line in worst[:_MOST_ANSWERS]]
        yield Part(head=["### Worst cases", ""], items=items, total=len(worst), tail=[""], noun="cases", weight=1)


def _answer(line: WorstLine) -> Iterator[str]:
    yield f"<details>{summary(str(line.id), limit=_LONGEST_NAME)}"
    yield ""
    yield f"- {prose(wording.standing(line))}"
    if line.check.place.path:
        yield f"- at {code(f'{line.check.place.path}:{line.check.place.line}', limit=_LONGEST_NAME)}"
    if line.check.score.reason:
        yield f"- because {code(line.check.score.reason, limit=_LONGEST_ANSWER)}"
    if line.check.output:
        yield ""
        yield from fenced(line.check.output, limit=_LONGEST_ANSWER)
    yield ""
    yield "</details>"


def _on_purpose(session: Session) -> Iterator[Part]:
    said = [text for text in (session.verdict.sentences if session.verdict else ()) if _is_on_purpose(text)]
    if said:
        yield _sentences(said, weight=4, head=["### Accepted, lowered, gone", ""], most=_MOST_ROWS)


def _rests_on(session: Session) -> Part:
    facts = [f"- {text}" for text in _facts(session)]
    return Part(head=["### What it rests on", "", *facts, ""], weight=_LAST)


def _facts(session: Session) -> Iterator[str]:
    answers = usage.responses(session)
    bought, replayed = usage.measure(usage.asked(answers)), usage.measure(usage.replayed(answers))
    if answers:
        counts = Counter(answer.provenance for answer in answers)
        yield f"answers: {', '.join(f'{counts[kind]} {kind.value}' for kind in Provenance if counts[kind])}"
        yield f"tokens: {wording.tokens(bought, replayed)}"
        yield f"cost: {wording.cost(bought, replayed)}".replace("$", r"\$")
    if session.spend is not None:
        spend = session.spend
        left = f"; {wording.count(spend.n_refused, 'call')} not made" if spend.n_refused else ""
        yield rf"budget: \${spend.spent_usd:.4f} of \${spend.budget_usd:g} spent{left}"
    for text in list(agreement.sentences(session))[:_MOST_ANSWERS]:
        yield f"judge: {prose(text)}"
    scored, expected = session.coverage
    yield f"scored: {scored} of {wording.count(expected, 'check')}" + _reasons(session)
    models = usage.models(session)
    if models:
        yield f"model: {', '.join(code(model, limit=_LONGEST_NAME) for model in models[:_MOST_ANSWERS])}"
    if session.commit:
        yield f"commit {code(session.commit[:12])} on {code(session.branch or '-', limit=_LONGEST_NAME)}"
    versions = ", ".join(f"{name} {version}" for name, version in sorted(session.versions.items()))
    yield f"session {code(session.id)}, {session.duration_s:.1f} s; {code(versions)}"


def _reasons(session: Session) -> str:
    common = Counter(wording.reasons(session)).most_common(3)
    return "".join(f"; {n} x {code(reason, limit=_LONGEST_NAME)}" for reason, n in common)


def _next(found: Sequence[Step]) -> Iterator[Part]:
    if found:
        head = ["### What to run next", "", *(_step(why, command) for why, command in found), ""]
        yield Part(head=head, weight=_LAST)


def _step(why: str, command: str) -> str:
    return f"- {why}: {code(command, limit=2_000)}"
