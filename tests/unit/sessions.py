"""A session as a support team could leave it, worked out by hand: the input of every export's tests.

Two suites, two models, five trials a case. ``refund[eu]`` broke (4 of 5 answers score 0.2, its baseline 0.9), one judge
call timed out, one answer has no known price.
"""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.records import (
    CaseId,
    CaseResult,
    CaseVerdict,
    Check,
    CheckId,
    Comparison,
    Judged,
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

SUPPORT = "tests/test_support.py::test_refund"
SUMMARY = "tests/test_summary.py::test_faithful"
QUESTION = "Can I return opened headphones?"
REFUND_SCORES = (0.2, 0.2, 0.2, 0.2, 0.7)  # mean 0.3
DELIVERY_SCORES = (0.8, 0.9, 0.7, 0.8, 0.8)  # mean 0.8
SUMMARY_SCORES = (1 / 3, 2 / 3, 1.0, 1.0)  # mean 0.75, and one trial unscored

RELEVANCE = Summary(
    suite="support", metric="relevance", mean=0.55, low=0.47, high=0.63, n_cases=2, n_scored=10, n_unscored=0, n_below=1
)
FAITHFULNESS = Summary(
    suite="summaries",
    metric="faithfulness",
    mean=0.75,
    low=0.5,
    high=1.0,
    n_cases=1,
    n_scored=4,
    n_unscored=1,
    n_below=0,
)
KNOWN = Judged(
    version="judge relevance-1 3f9a1c2b40de",
    n_labels=60,
    threshold=0.7,
    agreement=(0.9, 0.8, 0.95),
    ac1=(0.81, 0.6, 0.9),
    tpr=(0.85, 0.7, 0.93),
    tnr=(0.95, 0.8, 0.99),
    measured_on="2026-01-15",
)
UNKNOWN = Judged(version="1, asked openai/j")
# The same summaries, by a judge that people have been asked about, and by one of a metric of the user's own.
JUDGED = (replace(RELEVANCE, judged=(KNOWN,)), replace(FAITHFULNESS, judged=(UNKNOWN,)))
REFUND_ID = CheckId(SUPPORT, "eu", "relevance")
REGRESSED = SessionVerdict(
    verdict=Verdict.REGRESSED,
    sentences=("REGRESSED  test_refund[eu]: relevance fell from 0.9 to 0.3.", "1 case is new."),
    comparisons=(
        Comparison(
            suite="support",
            metric="relevance",
            verdict=Verdict.REGRESSED,
            drop=0.3,
            low=0.22,
            high=0.38,
            mde=0.12,
            baseline_mean=0.85,
            current_mean=0.55,
            n_compared=2,
            notes=("2 cases cannot be judged alone: main has 1 trial.",),
            cases=(
                CaseVerdict(
                    id=REFUND_ID,
                    verdict=Verdict.REGRESSED,
                    baseline_mean=0.9,
                    baseline_trials=10,
                    current_mean=0.3,
                    current_trials=5,
                    p_adjusted=0.0004,
                ),
            ),
        ),
        Comparison(suite="summaries", metric="faithfulness", verdict=Verdict.NO_BASELINE),
    ),
)


def answer(
    text: str,
    *,
    trial: int | None = 0,
    model: str = "openai/smollm2",
    provenance: Provenance = Provenance.LIVE,
    cost_usd: float | None = 0.001,
    latency_s: float = 0.5,
    origin: str = "",
) -> Response:
    """Return one answer of 20 tokens in and 10 out."""
    request = Request(model=model, messages=({"role": "user", "content": QUESTION},), trial=trial)
    return Response(
        text=text,
        request=request,
        provenance=provenance,
        cost_usd=cost_usd,
        latency_s=latency_s,
        n_input_tokens=20,
        n_output_tokens=10,
        origin=origin or f"{model} {trial} {text}",
    )


def case(test: str, name: str, suite: str, checks: tuple[Check, ...], calls: tuple[Response, ...]) -> CaseResult:
    """Return a case with one trial a check."""
    trials = tuple(
        Trial(index=index, checks=(check,), calls=(call,))
        for index, (check, call) in enumerate(zip(checks, calls, strict=True))
    )
    is_low = any(check.passed is False for check in checks)
    return CaseResult(
        nodeid=f"{test}[{name}]",
        id=CaseId(test, name),
        suite=suite,
        n_planned=len(trials),
        trials=trials,
        outcome="failed" if is_low else "passed",
    )


def relevance(value: float, output: str = "Within 30 days, yes.") -> Check:
    """Return a check of relevance with threshold 0.6."""
    return Check(
        score=Score(metric="relevance", value=value, reason=f"shares {value:.0%} of the question's words"),
        threshold=0.6,
        output=output,
        place=Place("tests/test_support.py", 31, "assert_relevance(answer, threshold=0.6)"),
    )


def session(**changes: object) -> Session:
    """Return the session of this module, with some of its fields changed."""
    refund = case(
        SUPPORT,
        "eu",
        "support",
        tuple(relevance(value, "I am a language model.") for value in REFUND_SCORES),
        tuple(answer("I am a language model.", trial=index, latency_s=index + 1.0) for index in range(5)),
    )
    delivery = case(
        SUPPORT,
        "delivery",
        "support",
        tuple(relevance(value) for value in DELIVERY_SCORES),
        tuple(answer("In two days.", trial=index, provenance=Provenance.REPLAYED) for index in range(5)),
    )
    faithful = [Check(score=Score(metric="faithfulness", value=value), threshold=0.5) for value in SUMMARY_SCORES]
    summary = case(
        SUMMARY,
        "news",
        "summaries",
        (*faithful, Check(score=Score.unscored("faithfulness", "the judge timed out"), threshold=0.5)),
        tuple(answer("A flood.", trial=None, model="openai/judge", cost_usd=None, origin="one draw") for _ in range(5)),
    )
    results = (delivery, refund, summary)
    values = {
        "id": "20260131T120000Z-1f2e3d4c",
        "started_at": "2026-01-31T12:00:00+00:00",
        "duration_s": 12.34,
        "commit": "3fbf8b6",
        "branch": "shorter-prompt",
        "settings": {"trials": 5, "cache": "auto", "gate": "pr"},
        "versions": {"pytest-llmeval": "0.1.0", "python": "3.11.7"},
        "plan": Plan(cases={r.nodeid: PlannedCase(id=r.id, suite=r.suite, n_trials=5) for r in results}),
        "results": results,
        "summaries": (RELEVANCE, FAITHFULNESS),
        "verdict": REGRESSED,
    }
    return Session(**(values | changes))
