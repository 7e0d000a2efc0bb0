"""``llmeval judge check``: any metric against people's labels, by the suite's own judge, cache and conftest."""

import json

import pytest

from pytest_llmeval.commands.judge import arguments as args
from pytest_llmeval.loopback import Loopback
from pytest_llmeval.store import calibration
from tests.plugin.judging import grade, honest, parts_of

SUITE = """
import pytest
from pytest_llmeval import assert_relevance

@pytest.mark.llmeval
@pytest.mark.parametrize("n", range(8))
def test_support(n, llmeval):
    assert_relevance(f"a good answer, number {n}" if n else "a bad one", question="What?", how="judge")
"""


@pytest.fixture
def judge(project):
    """A judge that passes what says "good", and a project that asks it."""
    with Loopback(honest) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\naddopts = -p no:xdist\n",
        )
        yield server


def _labels(project, rows, name="labels.jsonl"):
    project.write(name, "".join(json.dumps({"metric": "relevance", "input": "What?", **row}) + "\n" for row in rows))


def _check(project, *args):
    result = project.pytester.run("llmeval", "judge", "check", "labels.jsonl", *args)
    assert "Traceback" not in (text := result.stdout.str() + result.stderr.str()), text
    return result


def _rows():
    """Ten answers; the judge errs on two of them."""
    good = [{"output": f"a good one, {n}", "label": 1, "who": "anna"} for n in range(4)]
    bad = [{"output": f"a wrong one, {n}", "label": 0, "who": "ben"} for n in range(4)]
    wrong = [{"output": "modest", "label": 1, "who": "anna"}, {"output": "good for nothing", "label": 0, "who": "ben"}]
    return [*good, *bad, *wrong]


def test_a_judge_is_measured_and_what_is_known_of_it_is_stored_by_its_fingerprint(project, judge):
    """Ten labels, two errors: agreement 0.80 with its interval, AC1, kappa, TPR, TNR, AUROC; each error is named."""
    _labels(project, _rows())

    result = _check(project, "--how", "judge")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        [
            "relevance, version judge relevance-1 *",
            "10 labelled answers, 10 scored: 5 good, 5 bad",
            "*at 0.7 *fitted, 0.5 (held out)",
            "agree with people *0.80 [[]0.49, 0.94[]]*",
            "good answers that pass (TPR) *0.80 *",
            "a good answer scores above a bad one (AUROC): 0.80 *",
            "few labels: with 30 good and 30 bad *",
            "2 disagreements at 0.7:",
            "  labels.jsonl:9: people good, score 0.00, because",
            "  labels.jsonl:10: people bad, score 1.00, because",
            "stored in calibration/relevance.jsonl; commit it",
        ]
    )
    (known,) = calibration.read(project.path / "calibration", "relevance").values()
    assert known.version.startswith("judge relevance-1 ")
    assert (5, 5, 0, 0.7, 0.5) == (known.n_good, known.n_bad, known.n_unscored, known.threshold, known.fitted)
    assert (0.6, 0.6) == (known.at_threshold.ac1[0], known.at_threshold.kappa[0])


def test_a_judged_score_is_uncalibrated_until_its_judge_has_been_checked(project, judge):
    """Said in the summary and the session; gone with a stored agreement, back with another model."""
    project.write("test_suite.py", SUITE)
    before = project.run("test_suite.py")
    before.stdout.fnmatch_lines(["uncalibrated: relevance; no agreement of this judge with people is stored*"])
    assert ("relevance",) == project.session.uncalibrated

    _labels(project, _rows())
    _check(project, "--judge", "openai/j")

    after = project.run("test_suite.py")
    after.stdout.no_fnmatch_line("uncalibrated: *")
    assert () == project.session.uncalibrated
    project.run("test_suite.py", "--llmeval-judge=openai/other")
    assert ("relevance",) == project.session.uncalibrated


def test_the_newest_session_stays_the_users_own_and_grades_are_bought_once(project, judge):
    """The check's session is kept apart; a second check asks nobody."""
    project.write("test_suite.py", SUITE)
    project.run("test_suite.py")
    session, n_asked = project.session.id, len(judge.requests)
    _labels(project, _rows())

    _check(project, "--how", "judge")
    _check(project, "--how", "judge")

    assert session == project.session.id
    assert ["report.json", "session.jsonl", "sessions"] == sorted(
        path.name for path in (project.path / ".llmeval" / "judge").iterdir() if path.name != "__pycache__"
    )
    assert n_asked + 10 == len(judge.requests)


def test_a_session_gets_the_rate_that_people_would_give(project, judge):
    """The judge passes 7 of 8; by the labels its word is corrected, with an interval."""
    project.write("test_suite.py", SUITE)
    project.run("test_suite.py")
    _labels(project, _rows())

    result = _check(project, "--how", "judge", "--session")

    result.stdout.fnmatch_lines(
        ["session 2*: people would call 0.* [[]0.*[]] of its answers good, where the metric passes 0.67"]
    )
    result.stdout.fnmatch_lines(["  by 10 labelled answers and the metric's word on 8 more (it counts 0.*"])


def test_a_session_that_is_not_there_is_missed_before_a_judge_is_asked(project, judge):
    """Exit status 4, and nothing is paid."""
    _labels(project, _rows())

    result = _check(project, "--how", "judge", "--session", "2020")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["llmeval: 0 sessions begin with '2020'"])
    assert [] == list(judge.requests)


def test_a_criterion_in_plain_words_of_the_labels_is_measured(project, judge):
    """The label's rubric is what the judge grades by; the version is that of assert_rubric with the same words."""
    rows = [{**row, "metric": "kind", "rubric": "It is kind."} for row in _rows()]
    _labels(project, rows)

    assert 0 == _check(project).ret

    assert "It is kind." in judge.requests[0].body["messages"][0]["content"]
    (version,) = calibration.read(project.path / "calibration", "kind")
    project.write(
        "test_kind.py",
        "import pytest\nfrom pytest_llmeval import assert_rubric\n\n@pytest.mark.llmeval\ndef test_kind(llmeval):\n"
        "    assert_rubric('good', 'It is kind.', metric='kind')\n",
    )
    project.run("test_kind.py")
    assert version == project.session.results[0].trials[0].checks[0].score.version
    assert () == project.session.uncalibrated


def test_pairs_are_asked_in_both_orders_and_ties_left_out(project):
    """A preference: label "output", "other" or "tie"."""

    def prefers(asked):
        better = "first" if "good" in parts_of(asked)["FIRST"] else "second"
        return json.dumps({**json.loads(grade(asked, 1)), "better": better}).replace('"grade": 1, ', "")

    with Loopback(prefers) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\naddopts = -p no:xdist\n",
        )
        pair = {"metric": "preference"}
        _labels(
            project,
            [
                {**pair, "output": "a good one", "other": "a bad one", "label": "output"},
                {**pair, "output": "a bad one", "other": "a good one", "label": "other"},
                {**pair, "output": "a bad one", "other": "a good thing", "label": "tie"},
            ],
        )
        result = _check(project)

    result.stdout.fnmatch_lines(["3 labelled answers, 2 scored: 1 good, 1 bad, 1 without a majority or tied"])
    result.stdout.fnmatch_lines(["agree with people * 1.00 *"])


@pytest.mark.parametrize(
    ("conftest", "ini"),
    [("conftest.py", ""), ("tests/conftest.py", ""), ("checks/conftest.py", "testpaths = checks\n")],
    ids=["root", "tests", "testpaths"],
)
def test_a_metric_of_conftest_is_measured_with_fields_of_the_labels(project, conftest, ini):
    """Offline, by its own threshold; nobody is asked, and no test of the suite runs."""
    project.write("pytest.ini", f"[pytest]\n{ini}")
    project.write(conftest.replace("conftest.py", "test_suite.py"), "def test_never():\n    assert False\n")
    project.write(
        conftest,
        "import pytest_llmeval\n\n@pytest_llmeval.metric(threshold=0.9, hard=True)\ndef sold(output, bought):\n"
        "    return float(bought in output)\n",
    )
    rows = [("tent", "a tent", 1), ("tent", "a lamp", 0), ("lamp", "a lamp", 1), ("lamp", "two lamps", 0)]
    _labels(project, [{"metric": "sold", "bought": a, "output": b, "label": label} for a, b, label in rows])

    result = _check(project, "--", "-p", "no:xdist")

    result.stdout.fnmatch_lines(["sold, version 1", "4 labelled answers, 4 scored: 2 good, 2 bad", "*at 0.9*"])
    result.stdout.fnmatch_lines(["bad answers that fail (TNR) *0.50 *", "  labels.jsonl:4: people bad, score 1.00*"])


def test_every_metric_of_ours_can_be_checked(project, judge):
    """Each by its own check, with the fields that it takes; labels of all of them in one file."""
    names = sorted(args._CALLS)
    fields = {
        "other": "good things",
        "goal": "a refund",
        "difference": "the name",
        "expected": "good",
        "context": "a good source that has more than five words",
    }
    _labels(
        project,
        [
            {"metric": name, "output": output, "label": label, **fields}
            for name in names
            for output, label in (("a good answer", 1), ("no", 0))
        ],
    )

    result = _check(project)

    assert 0 == result.ret, result.stderr.str()
    found = [line.partition(",")[0] for line in result.outlines if ", version " in line]
    assert names == found


def test_answers_of_one_kind_say_nothing_and_are_not_stored(project, judge):
    """With good answers only, or without a score, a judge stays uncalibrated."""
    _labels(project, [row for row in _rows() if row["label"]])

    result = _check(project, "--how", "judge")

    result.stdout.fnmatch_lines(["no answer is bad: *", "not stored: *"])
    assert not (project.path / "calibration").exists()


def test_grades_that_cannot_be_believed_are_counted_and_never_zero(project):
    """A judge that speaks in prose for two of ten answers: two unscored, and named."""

    def moody(asked):
        return "I would say 5." if "number" in parts_of(asked)["ANSWER"] else honest(asked)

    with Loopback(moody) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\naddopts = -p no:xdist\n",
        )
        _labels(project, [*_rows()[:8], *({"output": f"number {n}", "label": 1} for n in range(2))])
        result = _check(project, "--how", "judge")

    result.stdout.fnmatch_lines(["10 labelled answers, 8 scored: 4 good, 4 bad, 2 unscored"])
    result.stdout.fnmatch_lines(["  labels.jsonl:9: unscored, *"])


@pytest.mark.parametrize(
    ("rows", "args", "said"),
    [
        ([{"output": "x"}], (), "labels.jsonl:1 is not a label*"),
        ([{"output": "x", "label": 2}], (), "labels.jsonl:1 is not a label*"),
        ([{"output": "x", "label": 1}], ("--metric", "nope"), "no label is about 'nope'*"),
        ([{"output": "x", "label": 1}], ("--rubric", "nope"), "--rubric='nope' is no rubric of ours*"),
        ([{"output": "x", "label": 1, "metric": "nope"}], (), "1 of 1 answers could not be scored by 'nope'*"),
        ([{"output": "x", "label": 1}], ("--how", "judge"), "*answers could not be scored by 'relevance'*"),
    ],
    ids=["no-label", "label-2", "no-metric", "no-rubric", "undeclared", "no-judge"],
)
def test_what_cannot_be_measured_is_said_in_three_lines(project, rows, args, said):
    """Exit status 4, and nothing is stored."""
    project.write("pytest.ini", "[pytest]\naddopts = -p no:xdist\n")
    _labels(project, rows)

    result = _check(project, *args)

    assert 4 == result.ret
    result.stderr.fnmatch_lines([f"llmeval: {said}"])
    assert not (project.path / "calibration").exists()
