"""A session of many cases with answers of their own, and the baseline beside it: what a report is promised for."""

from __future__ import annotations

import random
import re

from pytest_llmeval.exports.html import Beside
from pytest_llmeval.records import (
    CaseId,
    CaseResult,
    CaseVerdict,
    Check,
    CheckId,
    Comparison,
    Draw,
    Line,
    Place,
    Plan,
    PlannedCase,
    Provenance,
    Request,
    Response,
    Score,
    Session,
    SessionVerdict,
    Summary,
    Trial,
    Verdict,
)

TEST = "tests/test_support.py::test_support"
METRICS = ("relevance", "safety", "states_fact")
SYSTEM = "You are the assistant of a small bookshop. Answer in one short sentence."
_WORDS = re.findall(
    r"\w+",
    "the book order return days delivery within refund card gift free shop you can your is are please number first "
    "cancel pay visa damaged photo replace email answer support hours working price pounds over wrap valid months",
)


def sentences(chance: random.Random, n_words: int) -> str:
    """Return words in an order of their own."""
    return " ".join(chance.choices(_WORDS, k=n_words)).capitalize() + "."


def changed(chance: random.Random, text: str) -> str:
    """Return the text with every tenth word replaced, as a new prompt would."""
    return " ".join(chance.choice(_WORDS) if chance.random() < 0.1 else word for word in text.split())


def many_cases(n_cases: int = 1000, n_trials: int = 1, n_words: int = 80) -> tuple[Session, Beside]:
    """Return a session of three metrics a case, of which one case in fifty regressed, and what stands beside it."""
    chance = random.Random(7)  # noqa: S311 - words, not secrets
    results, verdicts, lines, answers = [], [], {}, {}
    for number in range(n_cases):
        id_ = CaseId(TEST, f"case-{number}")
        is_bad, old = number % 50 == 0, sentences(chance, n_words)
        trials = tuple(_trial(chance, index, old, number, is_bad=is_bad) for index in range(n_trials))
        results.append(
            CaseResult(
                nodeid=str(id_),
                id=id_,
                suite="support",
                tags=(("long", "short")[number % 2],),
                input_hash=f"{number:016x}",
                trials=trials,
                n_planned=n_trials,
            )
        )
        for metric in METRICS:
            check_id = CheckId(*id_, metric)
            draws = (Draw(0.9, "20260101T000000Z-aaaa", f"old{number}"),)
            lines[check_id] = Line(id=check_id, suite="support", draws=draws, input_hash=f"{number:016x}")
        answers[f"old{number}"] = old
        if is_bad:
            verdicts.append(
                CaseVerdict(
                    id=CheckId(*id_, "relevance"),
                    verdict=Verdict.REGRESSED,
                    baseline_mean=0.9,
                    baseline_trials=10,
                    current_mean=0.1,
                    current_trials=n_trials,
                    p_adjusted=0.001,
                )
            )
    return _session(results, verdicts), Beside(lines=lines, answers=answers)


def _trial(chance: random.Random, index: int, old: str, number: int, *, is_bad: bool) -> Trial:
    request = Request(
        model="openai/gpt-4o-mini",
        messages=({"role": "system", "content": SYSTEM}, {"role": "user", "content": sentences(chance, 12)}),
        trial=index,
    )
    call = Response(
        text=changed(chance, old),
        request=request,
        model="gpt-4o-mini-2026",
        n_input_tokens=40,
        n_output_tokens=100,
        latency_s=chance.random(),
        cost_usd=0.0001,
        recorded_at="2026-01-31T12:00:00.000000Z",
        key=f"{number:064x}",
        origin=f"new{number}-{index}",
        provenance=Provenance.LIVE,
    )
    low = 0.1 if is_bad else 0.85
    checks = tuple(
        Check(
            score=Score(metric=metric, value=round(low + 0.1 * chance.random(), 3), reason=sentences(chance, 12)),
            threshold=0.5,
            output=call.text[:1000],
            origin=call.origin,
            place=Place("tests/test_support.py", 14 + place, f"assert_score({metric!r}, answer)"),
        )
        for place, metric in enumerate(METRICS)
    )
    return Trial(index=index, checks=checks, calls=(call,), duration_s=0.5)


def _session(results: list[CaseResult], verdicts: list[CaseVerdict]) -> Session:
    comparisons = tuple(
        Comparison(
            suite="support",
            metric=metric,
            verdict=Verdict.REGRESSED if metric == "relevance" else Verdict.UNCHANGED,
            drop=0.01,
            low=0.0,
            high=0.02,
            mde=0.03,
            baseline_mean=0.9,
            current_mean=0.89,
            n_compared=len(results),
            cases=tuple(verdicts) if metric == "relevance" else (),
        )
        for metric in METRICS
    )
    return Session(
        id="20260131T120000Z-1f2e3d4c",
        started_at="2026-01-31T12:00:00+00:00",
        duration_s=61.0,
        plan=Plan(cases={result.nodeid: PlannedCase(id=result.id, suite="support") for result in results}),
        results=tuple(results),
        summaries=tuple(
            Summary(
                suite="support",
                metric=metric,
                mean=0.89,
                low=0.88,
                high=0.9,
                n_cases=len(results),
                n_scored=len(results),
                n_unscored=0,
                n_below=0,
            )
            for metric in METRICS
        ),
        verdict=SessionVerdict(
            verdict=Verdict.REGRESSED,
            sentences=(f"REGRESSED {len(verdicts)} cases of support.",),
            comparisons=comparisons,
        ),
    )
