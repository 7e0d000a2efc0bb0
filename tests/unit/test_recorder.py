"""What one case's trials leave behind: numbered checks, draws by their origin, nothing of a run that was repeated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytest_llmeval.gather.answers import origin_of
from pytest_llmeval.gather.over_trials import Share
from pytest_llmeval.gather.recorder import Recorder
from pytest_llmeval.records import Case, CaseId, CaseResult, Check, Request, Response, Score, Trial

TEST = "tests/test_support.py::test_refund"
HERE = Path(__file__)


def new_recorder(**changes: object) -> Recorder:
    """Return the recorder of a case of three trials; its first has begun."""
    values = {
        "nodeid": f"{TEST}[eu-node]",
        "id": CaseId(TEST, "eu"),
        "case": Case(id="eu", tags=("money",)),
        "suite": "support",
        "n_trials": 3,
        "input_hash": "1f2e",
        "is_eager": False,
        "root": HERE.parent,
        "test_code": None,
        "desk": None,
    }
    return Recorder(**(values | changes))


def check_of(metric: str, value: float = 1.0) -> Check:
    """Return a plain check."""
    return Check(score=Score(metric=metric, value=value), threshold=0.5)


def made(recorder: Recorder, metric: str, value: float = 1.0) -> Check:
    """Make a check as ``assert_*`` does: number it, then hand it over."""
    nth, place = recorder.number(metric)
    return recorder.add(replace(check_of(metric, value), nth=nth, place=place))


def shared(recorder: Recorder, text: str = "Yes.", origin: str = "") -> None:
    """Give one trial's share in a case-level check."""
    score = Score.unscored("consistency", "lands after the last trial")
    check = Check(score=score, threshold=0.5, is_case_level=True)
    recorder.add_over_trials(check, lambda: Share(text, text, origin), joined)


def joined(outputs: list[str]) -> Score:
    """Measure by what was given: the outputs stand in the reason."""
    return Score(metric="consistency", value=1.0, reason=" ".join(outputs))


def answer(text: str = "Yes.", origin: str = "") -> Response:
    """Return an answer that is known by its origin."""
    return Response(text=text, request=Request(model="openai/echo", messages=()), origin=origin)


def test_checks_of_one_metric_are_numbered_in_one_count_for_both_kinds():
    """A case-level check never takes the id of a plain one; another metric has a count of its own."""
    recorder = new_recorder()

    plain = [made(recorder, "consistency"), made(recorder, "safety")]
    shared(recorder)
    plain += [made(recorder, "consistency"), made(recorder, "safety")]
    (case_level,) = recorder.land_over_trials()

    assert [("consistency", 0), ("safety", 0), ("consistency", 2), ("safety", 1)] == [
        (check.score.metric, check.nth) for check in plain
    ]
    assert ("consistency", 1) == (case_level.score.metric, case_level.nth)


def test_every_trial_counts_its_checks_anew():
    """So that the same check of two trials has one id."""
    recorder = new_recorder()
    numbers = []
    for index in range(3):
        recorder.start_trial(index)
        numbers.append([made(recorder, "safety").nth for _ in range(2)])
        recorder.end_trial()

    assert [[0, 1]] * 3 == numbers


def user_helper(recorder: Recorder) -> Check:
    """Make a check in a function that a test calls."""
    return made(recorder, "safety")


def user_test(recorder: Recorder) -> Check:
    """Stand for a test that makes a check of either kind."""
    shared(recorder)
    return user_helper(recorder)


def test_a_check_knows_the_users_line_and_the_frames_above_it():
    """No frame of ours, whichever way it came in."""
    recorder = new_recorder(test_code=user_test.__code__)

    plain = user_test(recorder)
    (case_level,) = recorder.land_over_trials()

    assert [(HERE.name, "nth, place = recorder.number(metric)"), ["user_test", "user_helper", "made"]] == [
        (plain.place.path, plain.place.source),
        [step.code.co_name for step in recorder.trace_of("safety", 0)],
    ]
    assert [
        (HERE.name, "recorder.add_over_trials(check, lambda: Share(text, text, origin), joined)"),
        ["user_test", "shared"],
    ] == [
        (case_level.place.path, case_level.place.source),
        [step.code.co_name for step in recorder.trace_of("consistency", 0)],
    ]


def test_a_check_that_was_never_made_here_has_no_frames():
    """And its test fails all the same, without them."""
    assert () == new_recorder().trace_of("safety", 0)


def test_a_case_level_check_is_measured_once_on_the_outputs_of_all_trials():
    """In the order of the trials; a trial without a share leaves no gap."""
    recorder = new_recorder(n_trials=4)
    for index, output in enumerate(["a", "b", "", "d"]):
        recorder.start_trial(index)
        if output:
            shared(recorder, output)
        recorder.end_trial()
    assert () == recorder.result("passed").checks

    (landed,) = recorder.land_over_trials()

    assert ("a b d", 3, 0.5, True) == (landed.score.reason, landed.n_trials, landed.threshold, landed.is_case_level)
    assert (landed,) == recorder.result("passed").checks


def landed_origin(*origins: str) -> str:
    """Return the origin of a case-level check whose trials' answers have these."""
    recorder = new_recorder()
    for index, origin in enumerate(origins):
        recorder.start_trial(index)
        shared(recorder, origin=origin)
    return recorder.land_over_trials()[0].origin


def test_a_case_level_checks_origin_is_that_of_its_draws_as_a_set():
    """The same draws in another order are the same sample; another draw is another; one unknown makes all unknown."""
    assert landed_origin("1", "2") == landed_origin("2", "1") != ""
    assert landed_origin("1", "2") != landed_origin("1", "3")
    assert "" == landed_origin("1", "")


def calls_origin(*origins: str, text: str = "the answer") -> str:
    """Return the origin of a text that stands on these draws."""
    recorder = new_recorder()
    for origin in origins:
        recorder.add_call(answer(origin=origin))
    return origin_of(text, recorder.calls)


def test_a_users_own_text_stands_on_every_draw_its_trial_made_so_far():
    """Known where each of them is, by all of them in their order."""
    assert "" == calls_origin() == calls_origin("1", "") == calls_origin("", "1")
    assert calls_origin("1", "2") == calls_origin("1", "2") != ""
    assert calls_origin("1", text="one") != calls_origin("1", text="another")
    assert 4 == len({calls_origin("1"), calls_origin("1", "2"), calls_origin("2", "1"), calls_origin("2")})


def test_the_draws_of_another_trial_do_not_count():
    """Each trial's text stands on its own."""
    recorder = new_recorder()
    recorder.add_call(answer(origin="1"))
    recorder.end_trial()
    recorder.start_trial(1)
    assert "" == origin_of("the answer", recorder.calls)

    recorder.add_call(answer(origin="2"))

    assert calls_origin("2") == origin_of("the answer", recorder.calls)


def test_a_rerun_forgets_the_run_before():
    """pytest-rerunfailures begins with trial 0 again: no check, call, share or number of the first run is left."""
    recorder = new_recorder(n_trials=1)
    for output in ("first", "second"):
        recorder.start_trial(0)
        recorder.add_call(answer(output))
        check = made(recorder, "safety")
        shared(recorder, output)
        recorder.end_trial(error="" if output == "second" else "ValueError: flaky")
        recorder.land_over_trials()

    (trial,) = recorder.trials
    assert ((check,), ["second"], "") == (trial.checks, [call.text for call in trial.calls], trial.error)
    assert [("second", 1, 0)] == [(one.score.reason, one.n_trials, one.nth) for one in recorder.result("passed").checks]
    assert 0 == check.nth


def test_a_rerun_begins_empty():
    """Also where the second run makes nothing at all."""
    recorder = new_recorder()
    made(recorder, "safety")
    shared(recorder)
    recorder.end_trial()
    recorder.land_over_trials()

    recorder.start_trial(0)

    assert ((), ()) == (recorder.trials, recorder.result("passed").checks)


def test_a_trial_is_open_until_it_ends():
    """After its body a check stands on its own."""
    recorder = new_recorder()
    states = [recorder.is_open]
    recorder.end_trial()
    states.append(recorder.is_open)
    recorder.start_trial(1)
    states.append(recorder.is_open)

    assert ([True, False, True], 1) == (states, recorder.trial)


def test_the_result_holds_the_case_and_its_closed_trials_in_order():
    """As it rides home: who the case is, what was planned, why a trial ended early, and pytest's word."""
    recorder = new_recorder()
    call, check = answer("No."), made(recorder, "safety", 0.25)
    recorder.add_call(call)
    recorder.end_trial()
    recorder.start_trial(1)
    recorder.end_trial(error="ProviderError: HTTP 429", is_unscored=True)
    recorder.start_trial(2)

    found = recorder.result("failed")

    durations = [trial.duration_s for trial in found.trials]
    assert all(duration >= 0.0 for duration in durations)
    assert found == CaseResult(
        nodeid=f"{TEST}[eu-node]",
        id=CaseId(TEST, "eu"),
        suite="support",
        input_hash="1f2e",
        tags=("money",),
        n_planned=3,
        trials=(
            Trial(index=0, checks=(check,), calls=(call,), duration_s=durations[0]),
            Trial(index=1, error="ProviderError: HTTP 429", is_unscored=True, duration_s=durations[1]),
        ),
        outcome="failed",
    )


def test_a_test_without_a_case_has_no_tags():
    """``cases=`` is an offer."""
    assert () == new_recorder(case=None).result("passed").tags
