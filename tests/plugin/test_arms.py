"""Several variants answer the same cases: every way of running gives the same arms, and who wins decides nothing."""

from __future__ import annotations

import pytest

from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import CaseId, Standing

SUITE = """
import pytest
from pytest_llmeval import assert_score

CASES = [{"id": str(n), "input": f"question {n}", "tags": ["even" if n % 2 == 0 else "odd"]} for n in range(10)]

@pytest.mark.llmeval(cases=CASES, trials=4)
def test_answer(llm, llm_case):
    assert_score("solved", is_right, output=llm(llm_case.input), threshold=THRESHOLD)

def is_right(text):
    return text.startswith("right")
"""
TEST = "test_suite.py::test_answer"
ARMS = ("openai/bad", "openai/good")


def answer(asked):
    """Answer rightly always as openai/good, and never an odd question as another model."""
    number = int(str(asked["messages"][-1]["content"]).rsplit(maxsplit=1)[-1])
    return "right" if "good" in asked["model"] or number % 2 == 0 else "wrong"


@pytest.fixture
def models(project):
    """A project with two models under test, of which the second one is better."""
    with Loopback(answer) as server:
        project.write(
            "pytest.ini", f"[pytest]\nllmeval_api_base = {server.url}\nllmeval_model = openai/bad,openai/good\n"
        )
        project.write("test_suite.py", SUITE.replace("THRESHOLD", "None"))
        yield server


def systems(server):
    """Return model and system message of each request, sorted."""
    asked = [received.body for received in server.requests]
    return sorted({(body["model"], body["messages"][0]["content"]) for body in asked})


def test_every_test_runs_once_a_model_and_its_cases_pair(project, models, way):
    """Ten cases, two models, four trials: 80 calls, the same ten case ids in both arms, one winner."""
    result = project.run(*way)

    result.assert_outcomes(passed=20)
    session = project.session
    assert ["openai/bad", "openai/good"] == [variant.name for variant in session.plan.variants]
    for arm in ("openai/bad", "openai/good"):
        assert [CaseId(TEST, str(n)) for n in range(10)] == [found.id for found in session.results if found.arm == arm]
    assert 80 == len(models.requests)
    (duel,) = session.contest.duels
    assert (Standing.BETTER, 0.5, 10) == (duel.standing, duel.gain, duel.n_cases)
    assert [("even", 0.0), ("odd", 1.0)] == [(one.tag, one.gain) for one in duel.slices]
    result.stdout.fnmatch_lines(["WINNER openai/good: better than openai/bad by solved.", "*odd (5 cases)*+1.000*"])


def test_what_was_recorded_is_replayed_arm_by_arm(project, models):
    """The keys differ by model, so each arm finds its own answers; nothing is asked again."""
    project.run("-p", "no:xdist")
    first, n_asked = project.session.contest, len(models.requests)
    result = project.run("-p", "no:xdist", "--llmeval-cache=replay")
    assert 0 == result.ret
    assert n_asked == len(models.requests)
    assert first.duels == project.session.contest.duels


def test_one_model_is_no_comparison(project, models):
    """Node ids, results and page are those of a plain run."""
    result = project.run("--llmeval-model=openai/good")
    session = project.session
    assert ((), None) == (session.plan.variants, session.contest)
    assert f"{TEST}[0]" in session.plan.cases
    result.stdout.no_fnmatch_line("*WINNER*")


def test_model_of_a_marker_is_the_only_one_of_its_test(project, models):
    """``model=`` in the marker wins over the models of the run."""
    suite = SUITE.replace("THRESHOLD", "None").replace("trials=4", 'trials=1, model="openai/own"')
    suite = suite.replace("llm_case):", 'llm_case, llm_variant):\n    assert llm_variant.model == "openai/own"')
    project.write("test_suite.py", suite)
    project.run().assert_outcomes(passed=10)
    assert {"own"} == {received.body["model"] for received in models.requests}


def test_variants_of_the_ini_bring_prompt_model_and_settings(project, models, way):
    """Prompt files are crossed with the models of the run; a variant that names its model keeps it."""
    project.write("prompts/short.md", "Be short.")
    with (project.path / "pytest.ini").open("a") as ini:
        ini.write("llmeval_variants =\n  short: prompt=prompts/short.md, temperature=0.5\n  own: model=openai/own\n")
    project.write(
        "test_suite.py",
        """
from pytest_llmeval import assert_score

def test_answer(llm, llm_variant):
    assert_score("solved", 1.0, output=llm("question 1", system=llm_variant.prompt or "None."))
    assert llm_variant.model.startswith("openai/")
""",
    )
    project.run(*way).assert_outcomes(passed=3)
    assert [("bad", "Be short."), ("good", "Be short."), ("own", "None.")] == systems(models)
    assert {0.5, None} == {received.body.get("temperature") for received in models.requests}
    names = [variant.name for variant in project.session.plan.variants]
    assert ["short+openai/bad", "short+openai/good", "own"] == names
    assert {""} == {found.id.case for found in project.session.results}


def test_variants_of_a_marker_stand_beside_the_test(project, models):
    """Their prompt files are found from the test module, and they replace the models of the run."""
    project.write("deep/a.md", "A")
    project.write("deep/b.md", "B")
    project.write(
        "deep/test_deep.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("topic", ["x", "y"])
@pytest.mark.llmeval(model="openai/m", cases=["question 1", "question 2"],
                     variants=[{"name": "a", "prompt": "a.md"}, {"name": "b", "prompt": "b.md"}])
def test_answer(llm, llm_case, llm_variant, topic):
    assert_score("solved", 1.0, output=llm(llm_case.input + " 1", system=llm_variant.prompt))
""",
    )
    project.run("deep").assert_outcomes(passed=8)
    assert [("m", "A"), ("m", "B")] == systems(models)
    tests = {found.id.test for found in project.session.results}
    assert {"deep/test_deep.py::test_answer[x]", "deep/test_deep.py::test_answer[y]"} == tests
    (duel,) = project.session.contest.duels
    assert ("a", "b", 4) == (duel.reference, duel.arm, duel.n_cases)


def test_variants_of_a_marker_are_crossed_with_the_models_of_the_run(project, models):
    """As those of the ini are; an empty list is a test that is run once whatever the run compares."""
    suite = SUITE.replace("THRESHOLD", "None").replace("trials=4", 'trials=1, variants=[{"name": "a"}, {"name": "b"}]')
    project.write("test_suite.py", suite)
    project.run().assert_outcomes(passed=40)
    names = [variant.name for variant in project.session.plan.variants]
    assert ["a+openai/bad", "a+openai/good", "b+openai/bad", "b+openai/good"] == names
    project.write("test_suite.py", SUITE.replace("THRESHOLD", "None").replace("trials=4", "trials=1, variants=[]"))
    project.run().assert_outcomes(passed=10)


def test_share_gives_an_arm_fewer_trials_of_every_case(project, models, way):
    """A split of the traffic: every case in both arms, so they still pair."""
    with (project.path / "pytest.ini").open("a") as ini:
        ini.write("llmeval_variants =\n  main: model=openai/bad\n  new: model=openai/good, share=0.3\n")
    project.run(*way)
    n_trials = {(found.arm, len(found.trials)) for found in project.session.results}
    assert {("main", 4), ("new", 2)} == n_trials
    assert 10 == project.session.contest.duels[0].n_cases


def test_variants_that_send_the_same_requests_are_told(project, models):
    """A test that forgets to use the prompt would compare each answer with itself."""
    project.write("a.md", "A")
    with (project.path / "pytest.ini").open("a") as ini:
        ini.write("llmeval_variants =\n  plain: model=openai/good\n  prompted: model=openai/good, prompt=a.md\n")
    project.run("-p", "no:xdist")
    (duel,) = project.session.contest.duels
    assert Standing.NOT_COMPARED is duel.standing
    assert "same requests" in duel.notes[0]
    assert 40 == len(models.requests)


@pytest.mark.parametrize("other", ["openai/bad", "openai/good"])
def test_who_wins_is_no_part_of_the_exit_status(project, models, other):
    """A worse candidate beside a good reference, and the other way round: both are 0."""
    reference = {"openai/bad": "openai/good", "openai/good": "openai/bad"}[other]
    assert 0 == project.run(f"--llmeval-model={reference},{other}").ret
    assert "openai/good" == project.session.contest.winner


def test_with_a_gate_each_arm_is_held_to_the_baseline(project, models):
    """An arm without lines of its own is compared with the line that was stored without arms."""
    project.write("test_suite.py", SUITE.replace("THRESHOLD", "0.5"))
    project.run("--llmeval-model=openai/good", "--llmeval-baseline-update")
    result = project.run("--llmeval-cache=refresh", "--llmeval-model=openai/good,openai/bad", "--llmeval-gate=pr")
    found = {one.arm: one.verdict.value for one in project.session.verdict.comparisons}
    assert {"openai/good": "undecided", "openai/bad": "regressed"} == found
    assert 1 == result.ret
    result.stdout.fnmatch_lines(["REGRESSED solved @openai/bad: average fell 50 points*"])


def test_an_arms_own_baseline_line_comes_first(project, models):
    """Stored with its arm, a line holds that arm and no other."""
    project.write("test_suite.py", SUITE.replace("THRESHOLD", "0.5"))
    project.run("--llmeval-baseline-update")
    result = project.run("--llmeval-cache=refresh", "--llmeval-gate=pr")
    found = project.session.verdict.comparisons
    assert [("undecided", 0.5), ("undecided", 1.0)] == [(one.verdict.value, one.baseline_mean) for one in found]
    assert 0 == result.ret
    text = (project.path / "baselines" / "test_suite" / "test_answer.jsonl").read_text()
    assert '"arm":"openai/bad"' in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a: prompt=none.md", "cannot read prompt='none.md' of variant 'a'"),
        ("a: prompt=../a.md", "lies outside the root"),
        ("a: share=2", "share=2"),
        ("a", "NAME: KEY=VALUE"),
        ("a: what", "NAME: KEY=VALUE"),
        ("a: temperature=1\n  a: temperature=0", "two variants are called 'a"),
    ],
)
def test_wrong_variant_stops_the_run_before_a_call(project, models, line, told):
    """Exit status 4, and the message names the variant."""
    with (project.path / "pytest.ini").open("a") as ini:
        ini.write(f"llmeval_variants =\n  {line}\n")
    result = project.run()
    assert 4 == result.ret
    assert told in result.stderr.str()
    assert [] == models.requests


def test_variants_that_a_test_cannot_tell_apart_are_refused(project, models):
    """Without ``llm`` and ``llm_variant`` all of them would be the same run."""
    project.write(
        "test_suite.py",
        """
import pytest

@pytest.mark.llmeval(variants=[{"name": "a"}, {"name": "b"}])
def test_answer(llmeval):
    pass
""",
    )
    result = project.run()
    assert 2 == result.ret
    result.stdout.fnmatch_lines(["*has variants= and cannot tell them apart*"])


def test_a_users_own_llm_fixture_is_left_alone(project, models):
    """A test that asks for a fixture of the project called ``llm`` runs once."""
    project.write("conftest.py", "import pytest\n\n@pytest.fixture\ndef llm():\n    return 1\n")
    project.write("test_suite.py", "def test_answer(llm):\n    assert llm == 1\n")
    project.run().assert_outcomes(passed=1)


def test_without_variants_there_is_one_without_a_prompt(project, loopback):
    """``llm_variant`` can be asked for in any run."""
    project.write(
        "test_suite.py",
        """
def test_answer(llm_variant):
    assert ("", "openai/echo", None) == (llm_variant.name, llm_variant.model, llm_variant.prompt)
""",
    )
    project.run().assert_outcomes(passed=1)


def test_adaptive_trials_work_arm_by_arm_and_do_not_tilt_the_comparison(project, models, way):
    """What looks bad is drawn again in its own arm; the arms are compared by the trials that every case had."""
    project.write("test_suite.py", SUITE.replace("THRESHOLD", "0.5").replace(", trials=4", ""))
    project.run("--llmeval-model=openai/good", "--llmeval-trials=5", "--llmeval-baseline-update")
    result = project.run(
        *way,
        "--llmeval-cache=refresh",
        "--llmeval-model=openai/good,openai/bad",
        "--llmeval-gate=pr",
        "--llmeval-trials=auto",
    )
    n_trials = {arm: {len(found.trials) for found in project.session.results if found.arm == arm} for arm in ARMS}
    assert {3} == n_trials["openai/good"]
    assert 3 in n_trials["openai/bad"]
    assert max(n_trials["openai/bad"]) >= 5
    assert 1 == result.ret
    assert -0.5 == pytest.approx(project.session.contest.duels[0].gain)
    assert {3} == {one.n_scored // one.n_cases for one in project.session.summaries}


def test_a_plan_counts_every_arm(project, models):
    """A model that was not asked yet is counted as the one that was; what is recorded is replayed."""
    project.run("--llmeval-model=openai/bad", "--llmeval-trials=1")
    result = project.run("--llmeval-plan", "--llmeval-model=openai/bad,openai/good")
    said = " ".join(result.stdout.str().split())
    assert "calls: 40 replayed, 40 live" in said
    assert 40 == len(models.requests)
