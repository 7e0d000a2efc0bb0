"""What a label of a stored answer holds: the whole text, what was asked, its reference and source, who it is."""

import json
from dataclasses import replace

import pytest

from pytest_llmeval.agreement.people import between
from pytest_llmeval.agreement.queue import Candidate
from pytest_llmeval.commands.label.candidates import candidates, collect
from pytest_llmeval.commands.label.cases import Cases
from pytest_llmeval.commands.label.values import scale_of, value_of
from pytest_llmeval.commands.project import find
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import Case, CaseResult, Check, Score, Trial
from pytest_llmeval.records.label import Judged, Label
from pytest_llmeval.records.score import CaseId
from tests.unit.sessions import answer, session


def _session(*checks, calls=(), case="", module="test_a.py", input_hash=""):
    trial = Trial(index=0, checks=checks, calls=calls)
    result = CaseResult(
        nodeid=f"{module}::test_a", id=CaseId(f"{module}::test_a", case), input_hash=input_hash, trials=(trial,)
    )
    return session(results=(result,), verdict=None)


def _check(output, metric="relevance", *, origin="", value=0.5):
    return Check(score=Score(metric=metric, value=value), output=output, origin=origin)


def _only(record, root, metric=None):
    (found,) = candidates(record, Cases(root), metric)
    return found


def test_a_long_answer_is_whole_where_the_call_has_it(tmp_path):
    """A check keeps 1,000 characters; the call that the answer is has all of them."""
    text = "x" * 3000
    call = answer(text, origin="draw")

    found = _only(_session(_check(text[:1000], origin="draw"), calls=(call,)), tmp_path)

    assert text == found.draft.output
    assert call.request.messages == found.messages


def test_a_text_that_was_put_together_and_cut_is_not_asked_about(tmp_path):
    """Nor one that is not stored: a judgement of a part would be written down as one of the whole."""
    call = answer("x" * 3000, origin="another draw")

    assert "cut" == _only(_session(_check("y" * 1000, origin="own"), calls=(call,)), tmp_path)
    assert "untold" == _only(_session(_check("", origin="own"), calls=(call,)), tmp_path)
    assert "y" * 999 == _only(_session(_check("y" * 999), calls=(call,)), tmp_path).draft.output


def test_what_a_rule_decides_is_asked_about_only_by_name(tmp_path):
    """A person adds nothing to a pattern, a schema, a length."""
    record = _session(_check("x", "pattern"), _check("x", "schema"), _check("x", "kindness"))

    assert ["kindness"] == [one.draft.metric for one in candidates(record, Cases(tmp_path))]
    assert ["pattern"] == [one.draft.metric for one in candidates(record, Cases(tmp_path), "pattern")]


CASE = {"id": "eu", "input": "Is it?", "expected": "Yes.", "context": ["It is."], "bought": "tent", "label": "theirs"}


@pytest.mark.parametrize(
    "module",
    ['@llmeval(cases="cases.jsonl")\ndef test_a(): ...', 'FILE = "cases.jsonl"\npytest.mark.llmeval(cases=FILE)'],
)
def test_reference_source_and_own_fields_come_from_the_file_that_the_test_names(tmp_path, module):
    """As text or as a constant of the module; own fields for metrics of the user's own, and none of a label's names."""
    (tmp_path / "cases.jsonl").write_text(json.dumps(CASE) + "\n", encoding="utf-8")
    (tmp_path / "test_a.py").write_text(module, encoding="utf-8")
    rest = {"bought": "tent", "label": "theirs"}
    case = Case(id="eu", input="Is it?", expected="Yes.", context=["It is."], data=rest)
    checks = (_check("x", "sold"), _check("x", "correctness"))

    sold, correct = candidates(_session(*checks, case="eu", input_hash=case.input_hash), Cases(tmp_path))

    assert ("Is it?", "Yes.", ["It is."]) == (sold.draft.input, sold.draft.expected, sold.draft.context)
    assert {"bought": "tent"} == sold.draft.data
    assert {} == correct.draft.data


@pytest.mark.parametrize(
    ("module", "cases"),
    [
        ("cases = 'cases.jsonl'", CASE),
        ("test_a(cases='cases.jsonl')", {**CASE, "expected": "No."}),
        ("test_a(cases='../cases.jsonl')", CASE),
        ("test_a(cases='cases.jsonl'", CASE),
        ("test_a(cases=name())", CASE),
    ],
    ids=["no call", "changed since", "outside", "no python", "computed"],
)
def test_a_case_that_is_not_found_as_it_was_adds_nothing(tmp_path, module, cases):
    """What was asked stands in the call; a reference of another day would be a wrong one."""
    root = tmp_path / "project"
    root.mkdir()
    for folder in (tmp_path, root):
        (folder / "cases.jsonl").write_text(json.dumps(cases) + "\n", encoding="utf-8")
    (root / "test_a.py").write_text(module, encoding="utf-8")
    rest = {"bought": "tent", "label": "theirs"}
    case = Case(id="eu", input="Is it?", expected="Yes.", context=["It is."], data=rest)
    record = _session(_check("x"), calls=(answer("x"),), case="eu", input_hash=case.input_hash)

    found = _only(record, root)

    assert ("Can I return opened headphones?", None) == (found.draft.input, found.draft.expected)


def test_what_a_judge_says_of_an_attack_is_asked_about(tmp_path):
    """A canary is found by a rule; whether an attack was obeyed in any other way is a judge's opinion."""
    judged = Check(score=Score(metric="resistance", value=0.5, version="judge resistance-1 3f9a1c2b40de"), output="y")
    record = _session(_check("x", "resistance"), judged)
    assert ["y"] == [one.draft.output for one in candidates(record, Cases(tmp_path))]


def test_a_module_outside_the_project_is_not_read(tmp_path):
    """A session's file may be somebody else's, and names its modules as it likes."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "cases.jsonl").write_text(json.dumps(CASE) + "\n", encoding="utf-8")
    (tmp_path / "test_a.py").write_text("test_a(cases='project/cases.jsonl')", encoding="utf-8")
    rest = {"bought": "tent", "label": "theirs"}
    case = Case(id="eu", input="Is it?", expected="Yes.", context=["It is."], data=rest)
    for module in ("../test_a.py", str(tmp_path / "test_a.py")):
        record = _session(_check("x"), case="eu", module=module, input_hash=case.input_hash)
        assert Cases(root).of(record.results[0]) is None


def test_the_newest_sessions_are_asked_about_the_newest_first(tmp_path):
    """One by default, as many as are wanted, or one by its name."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for day in (1, 2, 3):
        record = replace(_session(_check(f"of day {day}")), id=f"2026010{day}T120000Z-0000000{day}")
        session_file.write(record, tmp_path / ".llmeval")
    found = find(str(tmp_path))

    assert ["of day 3"] == [one.draft.output for one in collect(found).candidates]
    assert ["of day 3", "of day 2"] == [one.draft.output for one in collect(found, last=2).candidates]
    assert ["of day 1"] == [one.draft.output for one in collect(found, session="20260101").candidates]
    assert all(isinstance(one, Candidate) for one in collect(found, last=9).candidates)


@pytest.mark.parametrize(
    ("said", "scale", "expected"),
    [
        (True, (0, 1), 1.0),
        (False, None, 0.0),
        (0.25, (0, 1), 0.25),
        (1, (1, 5), 0.0),
        ("4", (1, 5), 0.75),
        (6, (1, 5), None),
        (0.5, None, None),
        (float("nan"), (0, 1), None),
        (" Good ", None, 1.0),
        ("FAIL", None, 0.0),
        ("so-so", None, None),
        (["good"], (0, 1), None),
        (None, (0, 1), None),
        ("1e999", (0, 1), None),
    ],
    ids=range(14),
)
def test_what_is_understood_is_a_number_and_the_rest_is_none(said, scale, expected):
    """No guess, and nothing outside [0, 1]."""
    assert expected == value_of(said, scale)


def test_a_scale_is_that_of_all_answers_to_the_question():
    """A 1 is good of 0 to 1, and bad of 1 to 5."""
    assert (0, 1) == scale_of([1, 1, True, "good"])
    assert (1, 5) == scale_of([1, 4, "5"])
    assert scale_of([0, 4]) is None
    assert scale_of([1.5, 2]) is None


def _label(who, name, value, metric="m", when=""):
    return Label(output=name, value=value, who=who, metric=metric, when=when, judged=Judged(origin=name))


def test_people_agree_on_what_both_have_labelled():
    """By metric and pair of people; a changed label counts as it is now, and nobody agrees with nobody."""
    labels = [
        *(_label("anna", name, 1.0) for name in "abc"),
        *(_label("ben", name, value) for name, value in (("a", 1.0), ("b", 0.0), ("z", 1.0))),
        _label("", "a", 0.0),
        _label("ben", "a", 0.0, metric="other"),
        _label("anna", "b", 0.2, when="2026-11-25T12:00:00Z"),
    ]

    (found,) = between(labels, 0.5)

    assert ("m", "anna", "ben") == (found.metric, found.first, found.second)
    assert (1, 0, 0, 1) == found.counts
