"""The frozen values that flow from test to verdict, and the words for them.

Glossary (one meaning a word, everywhere in this package):

request, response, provider
    One prompt with its settings; what the model gave; who answers.
cache, cache key, provenance
    Stored responses; the digest of all that can change an answer; where a response came from
    (live: just asked; replayed: from the cache; refreshed: asked again on purpose).
pending
    A response or check that is still on its way. It *lands* when it is there.
case, trial
    One input of one test; one execution of a case.
metric, score
    A function from one response to one Score in [0, 1], higher is better; a score without a value
    is *unscored* and says why: never 0.0 for "could not tell".
check
    One ``assert_*`` in one trial, with its threshold. *Case-level*: one value for all trials of a case.
tally
    One check over all trials of its case, set against its threshold.
judge, rubric, grade
    A model that grades; the text it grades by; its parsed answer.
summary
    The aggregate of one suite's scores by one metric.
baseline, draw, origin
    Stored scores, case by case; one recorded answer; the digest by which a draw is known.
line
    The draws of one case by one metric: what the gate compares.
base, acceptance
    The commit a branch is compared with; a line of the baseline that the branch changed on purpose.
comparison, verdict
    A baseline set against a session, per suite and metric; one of six words.
contract
    A case without a baseline that must pass a share of its trials (``require=``).
trial plan, look, round
    How many trials the cases have, fixed from the baseline before the first call. A suspicious case is drawn again up
    to the next *look*, where it is judged alone; in a *round* every case of a suite is drawn again.
session
    One pytest invocation, or several shards merged.
shard, part
    One of several machines that run a session together; the tests that are its own.
budget, reservation, ledger
    The most that a session may spend; the most that a call can cost, set aside before it is sent; where both are kept,
    for all processes of the session.
variant, arm
    One of several ways to answer the same cases (model, prompt, settings); all trials of a session that one variant
    answered, called by its name.
contest, duel
    The arms of a session set against each other; two of them, by one suite and metric.
worker, controller
    The words of pytest-xdist.
suite
    A named group of cases whose mean is gated together; by default the whole session.
"""

from __future__ import annotations

from pytest_llmeval.records.against import (
    AcceptedLine,
    Against,
    CaseOrigin,
    Confirmation,
    RefusedLine,
    Rerun,
    Weakened,
    WeakenedCheck,
)
from pytest_llmeval.records.arms import Contest, Duel, Expense, ExpenseDifference, SliceGain, Standing, Variant
from pytest_llmeval.records.baseline import Acceptance, Baseline, BaselineRun, Draw, Line
from pytest_llmeval.records.exchange import Case, Json, Outcome, Provenance, Request, Response, Wire, digest
from pytest_llmeval.records.pending import (
    Coming,
    Derived,
    Pending,
    PendingCheck,
    PendingResponse,
    coming_of,
    is_heard,
    land,
    leaves,
    metric_of,
)
from pytest_llmeval.records.score import CaseId, Check, CheckId, Place, Score
from pytest_llmeval.records.session import CaseResult, Floor, Plan, PlannedCase, Rules, Session, Shard, Spend, Trial
from pytest_llmeval.records.tally import Tally, tally
from pytest_llmeval.records.trials import Step, SuitePlan, TrialPlan
from pytest_llmeval.records.verdict import (
    CaseVerdict,
    Comparison,
    Contract,
    FloorBreach,
    Judged,
    SessionVerdict,
    Slice,
    Summary,
    Verdict,
)

__all__ = [
    "Acceptance",
    "AcceptedLine",
    "Against",
    "Baseline",
    "BaselineRun",
    "Case",
    "CaseId",
    "CaseOrigin",
    "CaseResult",
    "CaseVerdict",
    "Check",
    "CheckId",
    "Coming",
    "Comparison",
    "Confirmation",
    "Contest",
    "Contract",
    "Derived",
    "Draw",
    "Duel",
    "Expense",
    "ExpenseDifference",
    "Floor",
    "FloorBreach",
    "Json",
    "Judged",
    "Line",
    "Outcome",
    "Pending",
    "PendingCheck",
    "PendingResponse",
    "Place",
    "Plan",
    "PlannedCase",
    "Provenance",
    "RefusedLine",
    "Request",
    "Rerun",
    "Response",
    "Rules",
    "Score",
    "Session",
    "SessionVerdict",
    "Shard",
    "Slice",
    "SliceGain",
    "Spend",
    "Standing",
    "Step",
    "SuitePlan",
    "Summary",
    "Tally",
    "Trial",
    "TrialPlan",
    "Variant",
    "Verdict",
    "Weakened",
    "WeakenedCheck",
    "Wire",
    "coming_of",
    "digest",
    "is_heard",
    "land",
    "leaves",
    "metric_of",
    "tally",
]
