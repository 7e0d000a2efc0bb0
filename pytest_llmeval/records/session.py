"""What one pytest invocation leaves: the plan, the results, the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

from pytest_llmeval.records.against import Against
from pytest_llmeval.records.arms import Contest, Variant
from pytest_llmeval.records.exchange import Json, Request, Response
from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import CaseId, Check
from pytest_llmeval.records.trials import TrialPlan
from pytest_llmeval.records.verdict import FloorBreach, SessionVerdict, Summary


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One execution of a case.

    Args:
        index: from 0.
        checks: the checks of this trial, in the order in which they were made.
        calls: the calls of the code under test, in the order in which they were made, requests within.
        judge_calls: the calls of its metrics, in their order; equal ones share one answer.
        error: why the trial ended before its end; empty if it did not.
        is_unscored: whether that end is the infrastructure's doing, so that no quality can be read from it.
        duration_s: seconds of set-up, body and teardown.
    """

    index: int
    checks: tuple[Check, ...] = ()
    calls: tuple[Response, ...] = ()
    judge_calls: tuple[Response, ...] = ()
    error: str = ""
    is_unscored: bool = False
    duration_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """All trials of one case, as they ride on its test report.

    Args:
        nodeid: pytest's id of the test item.
        id: the case's own id.
        suite: the group it belongs to.
        input_hash: digest of the case's own input.
        tags: slices.
        n_planned: trials that were to be run.
        trials: those that were.
        checks: case-level checks, made after the last trial.
        outcome: ``passed``, ``failed``, ``skipped`` or ``xfailed``, as pytest reports it; ``unscored`` where the test
            passed and none of its checks has a value.
        has_miss: whether it asked for an answer that is not recorded, where none may be asked for.
        arm: the variant that answered; empty where there is one only.
        missed: the first requests that were not recorded then, so that they can be explained.
    """

    nodeid: str
    id: CaseId
    suite: str = ""
    input_hash: str = ""
    tags: tuple[str, ...] = ()
    n_planned: int = 1
    trials: tuple[Trial, ...] = ()
    checks: tuple[Check, ...] = ()
    outcome: str = "passed"
    has_miss: bool = False
    arm: str = ""
    missed: tuple[Request, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedCase:
    """A case that was collected, with the number of trials it was to have, in one arm."""

    id: CaseId
    suite: str = ""
    n_trials: int = 1
    arm: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was to be run.

    Args:
        cases: by pytest node id.
        n_deselected: how many LLM tests the user deselected.
        variants: of all cases, without their prompts' text, in the order in which they were declared.
    """

    cases: Mapping[str, PlannedCase] = field(default_factory=dict)
    n_deselected: int = 0
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Spend:
    """What a session with a budget spent: replays cost nothing, and are not in it.

    Args:
        budget_usd: the most it might spend, in US dollars, 0 or more.
        spent_usd: what was charged, from 0; calls that failed, and those of tests that brought no result, included.
        unsure_usd: of it the most that ``n_unsure`` calls can have cost, of which nobody knows what they did.
        n_unsure: calls that ended in no known way: their process died, no reply came, or one without counts.
        n_refused: calls that were not made, because what was left did not cover them.
        undone: node ids of the tests that made them, sorted.
        account: in a team's database, what all is counted in that names it alike, other shards' calls too; else empty.
    """

    budget_usd: float
    spent_usd: float
    unsure_usd: float = 0.0
    n_unsure: int = 0
    n_refused: int = 0
    undone: tuple[str, ...] = ()
    account: str = ""


class Rules(NamedTuple):  # as Shard no dataclass: one of so many fields takes a millisecond of every session to make
    """What a session over several machines is judged by, the same on each.

    Args:
        gate, baseline_update, min_coverage, max_age: as the settings of those names; of a fork as its base commit has
            them.
        baseline: its folder, from the root where it stands below.
        fail_under: least mean in [0, 1] by metric; by an empty name of all others.
        judges: models that grade.
        budget_usd: a shard's equal share of the budget; None for no limit.
        base: the commit that is compared with; empty for none.
        is_fork: whether the branch's own baseline counts for nothing.
    """

    gate: str = "off"
    baseline: str = "baselines"
    baseline_update: str = ""
    fail_under: Mapping[str, float] = {}
    min_coverage: float = 0.9
    max_age: float | None = None
    judges: tuple[str, ...] = ()
    budget_usd: float | None = None
    base: str = ""
    is_fork: bool = False


class Shard(NamedTuple):
    """Which part of a session one machine ran; all that proves, beside its fellows, that nothing is missing.

    Args:
        number: from 1 to ``n_shards``.
        n_shards: how many machines the session was split over.
        parts: the tests of each shard, in the order of their numbers, by test id: an LLM test with its plan, any other
            test with None. Empty where this machine never came to know them.
        status: pytest's exit status of this part.
        n_failed: tests of this part that failed, of whatever kind.
        rules: what the whole is judged by.
    """

    number: int
    n_shards: int
    parts: tuple[Mapping[str, PlannedCase | None], ...] = ()
    status: int = 0
    n_failed: int = 0
    rules: Rules = Rules()

    def __str__(self) -> str:
        return f"shard {self.number} of {self.n_shards}"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One pytest invocation as it is stored; everything in one fixed order, whatever the workers did.

    Args:
        id: sortable by time and unique, such as ``20260131T120000Z-1f2e3d4c``.
        started_at: ISO 8601 in UTC.
        duration_s: wall time in seconds.
        commit, branch: of git, empty where there is none.
        folder: of pytest's root within the repository, with a slash at its end; empty where both are one.
        settings: the options that matter to a reader, by name.
        versions: of this package, Python and pytest.
        plan: what was to be run.
        results: one a case, sorted by case id.
        lost: node ids that were planned and brought no result, nor were stopped on purpose.
        stopped: why the session ended early ("-x", "Ctrl-C"); empty if it did not.
        selection: how the user narrowed the run ("-k refund"); empty if it was not.
        summaries: aggregates, one a suite and metric.
        verdict: the gate's word; None where no baseline was compared with.
        against: what that baseline was, and what the branch did to it; None with ``verdict``.
        floors: suite means below the floor that was set for them.
        trials: how many trials the cases were to have, where that was left to the gate; None where it was not.
        contest: the variants set against each other; None where there are not several.
        spend: what was spent of the budget; None where none was set.
        exit_status: what pytest's exit status was to be when this was stored; None where nobody has said.
        exit_line: the same with its reason, as it is printed.
        uncalibrated: judged metrics of which nobody has stored how far they agree with people.
        shard: which part of a session this is; None where it is one.
        merged: ids of the shards that it was made of; empty where it was not.
    """

    id: str
    started_at: str
    duration_s: float = 0.0
    commit: str = ""
    branch: str = ""
    settings: Mapping[str, Json] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    results: tuple[CaseResult, ...] = ()
    lost: tuple[str, ...] = ()
    stopped: str = ""
    selection: str = ""
    summaries: tuple[Summary, ...] = ()
    verdict: SessionVerdict | None = None
    against: Against | None = None
    floors: tuple[FloorBreach, ...] = ()
    trials: TrialPlan | None = None
    contest: Contest | None = None
    spend: Spend | None = None
    folder: str = ""
    exit_status: int | None = None
    exit_line: str = ""
    uncalibrated: tuple[str, ...] = ()
    shard: Shard | None = None
    merged: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether not all of its tests ran, so that its means are of other cases than a whole session's."""
        is_narrowed = self.selection or self.plan.n_deselected or self.shard
        return bool(self.lost or self.stopped or is_narrowed)

    @property
    def tenant(self) -> str:
        """Whose session it is; empty for nobody's."""
        return str(self.settings.get("tenant", ""))

    @property
    def coverage(self) -> tuple[int, int]:
        """How many checks are scored, and how many should have been.

        A trial that the infrastructure cut short counts as one check without a score, unless a check of it says so
        itself; one that ended by an error of its own does not, because it fails its test. A case-level check that had
        too few trials was never promised a value, and does not count either.
        """
        scored = expected = 0
        for result in self.results:
            if result.outcome == "skipped":
                continue
            checks = [check for trial in result.trials for check in trial.checks]
            checks += [check for check in result.checks if check.n_trials > 1]
            n_cut = sum(trial.is_unscored and not _says_so(trial) for trial in result.trials)
            scored += sum(check.value is not None for check in checks)
            expected += len(checks) + n_cut
        return scored, expected


def _says_so(trial: Trial) -> bool:
    return any(check.value is None for check in trial.checks)
