"""What cannot be scored is said, kept and counted; it is never 0, never a pass, never the end of the session."""

import pytest

DETAILS = {
    "object": "object()",
    "nan": "float('nan')",
    "decimal": "__import__('decimal').Decimal('1')",
    "10 MB": "'x' * 10_000_000",
}


@pytest.mark.parametrize("detail", DETAILS.values(), ids=DETAILS.keys())
def test_a_detail_that_cannot_be_stored_hurts_its_own_check_only(project, way, detail):
    """FAULTS 7: a named error for that check; the others, and the session, go on."""
    project.write(
        "test_suite.py",
        f"""
from pytest_llmeval import assert_score

def test_detail():
    assert_score("bad", 1, detail={{"what": {detail}}})
    assert_score("good", 1)

def test_other():
    assert_score("good", 1)
""",
    )

    result = project.run(*way)

    result.assert_outcomes(passed=2)
    scores = {(str(key.case_id), key.metric): value for (key, _), value in project.scores().items()}
    assert {
        ("test_suite.py::test_detail", "bad"): None,
        ("test_suite.py::test_detail", "good"): 1.0,
        ("test_suite.py::test_other", "good"): 1.0,
    } == scores
    (bad,) = [c for r in project.session.results for t in r.trials for c in t.checks if c.value is None]
    assert "detail of metric 'bad' cannot be stored" in bad.score.reason


def test_a_lone_surrogate_survives(project, way):
    """Text is data."""
    project.write(
        "test_suite.py",
        r"""
from pytest_llmeval import assert_score

def test_text():
    assert_score("m", 0.0, threshold=None, output="half \ud83d of a smile", detail={"text": "\udcff"})
""",
    )

    assert 0 == project.run(*way).ret
    (check,) = project.session.results[0].trials[0].checks
    assert "half \ud83d of a smile" == check.output
    assert {"text": "\udcff"} == check.score.detail


@pytest.mark.parametrize("value", ["float('nan')", "1.7", "-0.1", "float('inf')", "'high'", "None"])
def test_a_value_that_is_no_score_is_refused_where_it_stands(project, value):
    """Never a pass, never a number made up."""
    project.write(
        "test_suite.py", f"from pytest_llmeval import assert_score\n\ndef test_v():\n    assert_score('m', {value})\n"
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*UsageError: assert_score('m') got *", "E*a score is a number in*"])


def test_a_test_that_could_not_be_scored_is_not_shown_as_passed(project, loopback, way):
    """A provider that is down: UNSCORED, with the reason, exit 6."""
    from pytest_llmeval.loopback import Reply

    loopback.answer(Reply(status=401))
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", "def test_one(llm):\n    llm('hello')\n")

    result = project.run(*way)

    assert 6 == result.ret
    assert {"unscored": 1} == {k: v for k, v in result.parseoutcomes().items() if k in ("passed", "unscored", "failed")}
    result.stdout.fnmatch_lines(["*401*"])
