"""How far a judge agrees with people is shown wherever its scores are: also of a metric of one's own."""

import json
import re

import pytest

from pytest_llmeval.loopback import Loopback
from pytest_llmeval.store import calibration

CONFTEST = """
import pytest_llmeval


@pytest_llmeval.metric(threshold=0.5)
def kindness(output, judge):
    if not output:
        return None, "nothing was said"
    return float("yes" in judge(f"Is this kind? {output}").text)


@pytest_llmeval.metric(threshold=0.5)
async def warmth(output, judge):
    if output == "hello":
        return 1.0, "nobody need be asked"
    return float("yes" in (await judge.acall(f"Is this warm? {output}")).text)


@pytest_llmeval.metric(threshold=0.5)
def shortness(output, judge):
    return float(len(output) < 100), "the judge was not needed"
"""
SUITE = """
import pytest
from pytest_llmeval import assert_kindness, assert_score, assert_shortness, assert_warmth


@pytest.mark.llmeval
@pytest.mark.parametrize("n", range(3))
def test_own(n, llmeval):
    assert_kindness(f"You are welcome, number {n}")
    assert_warmth("hello" if n else "Come in")
    assert_shortness("Thank you.")


@pytest.mark.llmeval
def test_once(llmeval):
    assert_score("charm", lambda text, judge: float("yes" in judge(text).text), output="Charmed.")
"""


def _kind(asked):
    return "no" if "rude" in json.dumps(asked["messages"]) else "yes"


@pytest.fixture
def judge(project):
    """A judge that says yes to all that is not rude, and a suite with metrics of its own that ask it."""
    with Loopback(_kind) as server:
        ini = f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\n"
        project.write("pytest.ini", ini)
        project.write("conftest.py", CONFTEST)
        project.write("test_suite.py", SUITE)
        yield server


def _check(project, *args):
    result = project.pytester.run("llmeval", "judge", "check", "labels.jsonl", *args, "--", "-p", "no:xdist")
    assert 0 == result.ret, result.stdout.str() + result.stderr.str()
    return result


def _label(project, metric="kindness"):
    good = [{"output": f"welcome, {n}", "label": 1} for n in range(3)]
    bad = [{"output": f"how rude, {n}", "label": 0} for n in range(3)]
    rows = [json.dumps({"metric": metric, **row}) for row in (*good, *bad)]
    project.write("labels.jsonl", "\n".join(rows) + "\n")


def _judged(project):
    return {one.metric: [judged.version for judged in one.judged] for one in project.session.summaries}


def test_metrics_of_ones_own_that_asked_a_judge_are_uncalibrated(project, judge, way):
    """Plain and async, declared and for once; not one that did not ask, though it might have."""
    result = project.run(*way)

    result.stdout.fnmatch_lines(["uncalibrated: charm, kindness and warmth; *"])
    assert ("charm", "kindness", "warmth") == project.session.uncalibrated
    assert {
        "kindness": ["1, asked openai/j"],
        "warmth": ["1, asked openai/j"],
        "charm": ["1, asked openai/j"],
        "shortness": [],
    } == _judged(project)


def test_a_replayed_score_names_the_same_judge(project, judge):
    """Whoever is read from a recording was asked all the same: live and replayed sessions say one thing."""
    project.run("-p", "no:xdist")
    live, n_asked = _judged(project), len(judge.requests)

    project.run("-p", "no:xdist", "--llmeval-cache=replay")

    assert (live, n_asked) == (_judged(project), len(judge.requests))


def test_a_baseline_from_before_stays_comparable(project, judge):
    """The version of the scores is what it was: no line of a baseline is edited or new for the judge's sake."""
    project.run("-p", "no:xdist", "--llmeval-baseline-update")
    kept = "".join(path.read_text() for path in (project.path / "baselines").rglob("*.jsonl"))

    project.run("-p", "no:xdist", "--llmeval-gate=pr", "--llmeval-judge=openai/k")

    assert "asked" not in kept
    assert {"unchanged", "undecided"} >= {one.verdict.value for one in project.session.verdict.comparisons}
    assert ["1, asked openai/k"] == _judged(project)["kindness"]


def test_judge_check_measures_it_and_the_next_run_knows(project, judge):
    """Stored with whom it asked; gone with another judge, or with other settings of it."""
    _label(project)
    result = _check(project)
    result.stdout.fnmatch_lines(["kindness, version 1, asked openai/j", "agree with people * 1.00 *"])
    (known,) = calibration.read(project.path / "calibration", "kindness").values()
    assert (("openai/j",), "1") == (known.judges, known.version)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", known.measured_on)

    shown = project.run("-p", "no:xdist")

    shown.stdout.fnmatch_lines(
        ["uncalibrated: charm and warmth; *", "the judge agrees with people: kindness on 1.00 of 6 labelled answers"]
    )
    for changed in ("--llmeval-judge=openai/other", "--override-ini=llmeval_judge_settings=temperature=0.5"):
        project.run("-p", "no:xdist", changed)
        assert "kindness" in project.session.uncalibrated, changed


def test_every_report_of_a_run_has_it(project, judge):
    """HTML, Markdown, JSON, JUnit and the metrics file, from one session."""
    _label(project)
    _check(project)
    kinds = {"html": "r.html", "md": "r.md", "json": "r.json", "junit": "r.xml", "prom": "r.prom"}

    project.run("-p", "no:xdist", *(f"--llmeval-report={kind}:{name}" for kind, name in kinds.items()))

    text = {kind: (project.path / name).read_text(encoding="utf-8") for kind, name in kinds.items()}
    assert "kindness</b>: agrees with people on 1.00 (" in text["html"]
    assert "1.00 of 6" in text["md"]
    (known,) = (row for row in json.loads(text["json"])["metrics"] if row["metric"] == "kindness")
    assert ["1, asked openai/j"] == [one["version"] for one in known["judges"] if one["calibrated"]]
    assert 'name="llmeval.judge.agreement" value="1"' in text["junit"]
    assert re.search(r'^llmeval_judge_agreement\{.*metric="kindness".*\} 1\.0$', text["prom"], re.MULTILINE)
    assert re.search(r'^llmeval_judge_uncalibrated\{.*metric="charm".*\} 1\.0$', text["prom"], re.MULTILINE)


def test_a_stored_session_tells_it_later(project, judge):
    """``llmeval sessions show``, of a session and of a case, says what was known then."""
    _label(project)
    _check(project)
    project.run("-p", "no:xdist")
    calibration.file_of(project.path / "calibration", "kindness").unlink()

    whole = project.pytester.run("llmeval", "sessions", "show", "-v")
    case = project.pytester.run("llmeval", "sessions", "show", "--case", "*test_own[1]*")

    whole.stdout.fnmatch_lines(["kindness agrees with people on 1.00 *"])
    case.stdout.fnmatch_lines(
        [
            "judge: kindness agrees with people on 1.00 * of 6 labelled answers*",
            "judge: warmth is uncalibrated*",
            "check kindness: 1, threshold 0.5, version 1, asked openai/j",
            "check shortness: 1, threshold 0.5, version 1",
        ]
    )
    case.stdout.no_fnmatch_line("judge: charm *")


def test_the_rate_of_a_session_is_of_scores_by_the_same_judge(project, judge):
    """``judge check --session`` does not correct the word of a judge that was not measured."""
    _label(project)
    project.run("-p", "no:xdist", "--llmeval-judge=openai/other")

    result = project.pytester.run("llmeval", "judge", "check", "labels.jsonl", "--session")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*has no score of 'kindness', version '1, asked openai/j'", "*1, asked openai/other*"])
