"""``llmeval judge check`` says what to do: which line to change, what to keep, and which labels are a sample."""

import json

import pytest

CONFTEST = """
import pytest_llmeval

@pytest_llmeval.metric(threshold=0.7)
def number(output):
    return float(output.split()[0])
"""
SUITE = """
import pytest
from pytest_llmeval import assert_number

@pytest.mark.llmeval
@pytest.mark.parametrize("n", range(20))
def test_numbers(n, llmeval):
    assert_number(f"{n / 20} of one", hard=False)
"""


@pytest.fixture
def suite(project):
    """A metric that returns the answer's first word, and a session of twenty answers, from 0.0 to 0.95."""
    project.write("pytest.ini", "[pytest]\naddopts = -p no:xdist\n")
    project.write("conftest.py", CONFTEST)
    project.write("test_suite.py", SUITE)
    project.run("test_suite.py")
    return project


def _check(project, rows, *args):
    text = "".join(json.dumps({"metric": "number", "who": "anna", **row}) + "\n" for row in rows)
    project.write("labels.jsonl", text)
    result = project.pytester.run("llmeval", "judge", "check", "labels.jsonl", *args)
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    return result


def _rows(least_good, **fields):
    """Forty answers, good from that number on."""
    return [{"output": f"{n / 40}", "label": int(n / 40 >= least_good), **fields} for n in range(40)]


def test_a_threshold_that_is_too_high_is_to_be_changed_in_the_line_that_has_it(suite):
    """People call good what scores 0.4 or more; the suite asks for 0.7."""
    result = _check(suite, _rows(0.4))

    result.stdout.fnmatch_lines(
        [
            "change threshold 0.7 to 0.39: mean of TPR and TNR 0.75, then 0.9*, better by 0.2* [[]+0.*],",
            '  test_suite.py:8: assert_number(f"{n / 20} of one", hard=False)',
            '    to: assert_number(f"{n / 20} of one", hard=False, threshold=0.39)',
        ]
    )


def test_without_a_session_the_check_itself_is_named(project):
    """The metric's own threshold, which its declaration has."""
    project.write("pytest.ini", "[pytest]\naddopts = -p no:xdist\n")
    project.write("conftest.py", CONFTEST)

    _check(project, _rows(0.4)).stdout.fnmatch_lines(
        ["change threshold 0.7 to 0.39:*", "  assert_number(..., threshold=0.39)"]
    )


def test_a_threshold_that_is_asked_about_is_the_one_that_is_compared(suite):
    """Whatever stands in the suite."""
    result = _check(suite, _rows(0.4), "--threshold", "0.39")

    result.stdout.fnmatch_lines(["keep threshold 0.39: fitted ones, such as 0.39, are no better,"])


def test_a_threshold_that_fits_is_to_be_kept(suite):
    """Good from 0.7 on, and four labels of an answer that say little."""
    _check(suite, _rows(0.7)).stdout.fnmatch_lines(["keep threshold 0.7: fitted ones, such as 0.69, are no better,"])
    few = [row for row in _rows(0.4) if row["output"] in ("0.1", "0.2", "0.5", "0.6", "0.9")]
    _check(suite, few).stdout.fnmatch_lines(["*threshold*"])
    assert "change threshold" not in _check(suite, few).stdout.str()


def test_a_metric_that_says_nothing_gets_no_threshold(suite):
    """Labels that have nothing to do with the scores."""
    rows = [{"output": f"{n / 40}", "label": n // 2 % 2} for n in range(40)]

    result = _check(suite, rows)

    result.stdout.fnmatch_lines(["no threshold is proposed: that the metric tells good from bad is not sure (AUROC)"])
    result.stdout.no_fnmatch_line("change threshold*")


def test_only_labels_that_were_picked_at_random_speak_for_a_session(suite):
    """Four at random, ten for what they looked like: the ten are left out, and it says so."""
    drawn = [{"output": f"{n / 20} of one", "label": n > 8, "picked": "random"} for n in (2, 7, 12, 17)]
    drawn = [{**row, "label": int(row["label"])} for row in drawn]
    odd = [{"output": f"{n / 40}", "label": 0, "picked": "disagreement"} for n in range(10)]

    result = _check(suite, [*drawn, *odd], "--session")

    result.stdout.fnmatch_lines(
        [
            "session 2*: people would call 0.* of its answers good, where the metric passes 0.30",
            "  by 4 labelled answers and the metric's word on 16 more *",
            "  10 more are left out: they were not picked at random, but by disagreement or threshold",
        ]
    )
    assert "it holds if" not in result.stdout.str()


def test_labels_that_do_not_say_how_they_were_picked_speak_on_a_condition(suite):
    """Written by hand: nobody knows, so it is said; and they may be of other answers."""
    result = _check(suite, _rows(0.4), "--session")

    result.stdout.fnmatch_lines(
        [
            "  it holds if the 40 that do not say how were picked at random from answers like these",
            "  40 are no answers of this session: it holds if they are like these",
        ]
    )


def test_without_a_random_sample_there_is_no_rate(suite):
    """Exit status 4, and the command that picks one."""
    result = _check(suite, _rows(0.4, picked="threshold"), "--session")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["llmeval: a corrected rate needs *", "*0 such answers, 40 *", "*--by random*"])


def test_a_label_that_its_person_has_changed_counts_once(suite):
    """The later one, whatever the order of the lines."""
    rows = _rows(0.4, when="2026-11-25T12:00:00Z")
    changed = {**rows[0], "label": 1, "when": "2026-11-26T12:00:00Z"}

    result = _check(suite, [changed, *rows])

    result.stdout.fnmatch_lines(
        [
            "1 label left out, which the same person has changed since",
            "40 labelled answers, 40 scored: 25 good, 15 bad",
        ]
    )
