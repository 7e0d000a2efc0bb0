"""Which cases ``llmeval watch`` runs after a change: neither one too few, nor, where it can be told, one too many."""

import pytest

from pytest_llmeval.commands.watch.affected import Knowledge, affected, said
from pytest_llmeval.gather import dependencies
from pytest_llmeval.gather.dependencies import Key, Seen, Told, Wanted, is_watched

EU, US, NEWS = Key("test_a.py::test_refund", "eu"), Key("test_a.py::test_refund", "us"), Key("test_b.py::test_news")
REFUND = Seen("h", "test_a.py", True, frozenset({"test_a.py", "app.py", "refund.md"}), frozenset({"cases/a.jsonl"}))
OF_NEWS = Seen("", "test_b.py", True, frozenset({"test_b.py", "app.py", "news.md"}))


def known(**changes):
    """What a run of all three has told."""
    return Knowledge(cases={EU: REFUND, US: REFUND, NEWS: OF_NEWS}, **changes)


@pytest.mark.parametrize(
    ("path", "selected", "modules"),
    [
        ("news.md", {NEWS}, {"test_b.py"}),
        ("refund.md", {EU, US}, {"test_a.py"}),
        ("app.py", {EU, US, NEWS}, {"test_a.py", "test_b.py"}),
        ("cases/a.jsonl", set(), {"test_a.py"}),
        ("cases/new.jsonl", set(), {"test_a.py"}),
        ("test_new.py", set(), {"test_new.py"}),
    ],
)
def test_a_change_selects_what_depends_on_it(path, selected, modules):
    """A dataset, or a file beside it that its pattern may match, selects none: which case changed shows by its hash."""
    wanted = affected([path], known())
    assert (selected, modules) == (wanted.selected, wanted.modules)
    assert {EU: "h", US: "h", NEWS: ""} == wanted.known


@pytest.mark.parametrize("path", ["notes.md", "cases/readme.md", "other/new.jsonl"])
def test_what_nothing_depends_on_runs_nothing(path):
    """Whatever else is saved in the project."""
    assert affected([path], known()) is None


def test_code_that_is_gone_and_nobody_needs_runs_nothing():
    """A file of no test."""
    assert affected(["scratch.py"], known(), gone=["scratch.py"]) is None


@pytest.mark.parametrize("known_so_far", [known(is_lost=True), Knowledge(is_lost=True)], ids=["later", "first"])
def test_after_a_run_that_told_nothing_any_change_runs_everything(known_so_far):
    """Such as one whose conftest.py cannot be imported."""
    wanted = affected(["notes.md"], known_so_far)
    assert (None, None) == (wanted.selected, wanted.modules)


def test_settings_of_pytest_run_everything():
    """They may change every request."""
    assert affected(["pytest.ini"], known(), config="pytest.ini").selected is None


def test_while_a_module_is_broken_every_change_tries_it_again():
    """What mends it may be any file; what it held up comes along."""
    wanted = affected(["notes.md"], known(broken={"test_a.py"}, waiting={NEWS}))
    assert (frozenset({NEWS}), frozenset({"test_a.py", "test_b.py"})) == (wanted.selected, wanted.modules)


def test_a_case_that_was_not_run_waits_and_one_that_was_does_not():
    """-x stops after the first failure."""
    so_far = Knowledge()
    so_far.learn(Wanted(), Told({EU: REFUND, NEWS: OF_NEWS._replace(has_run=False)}), {EU})
    assert {NEWS} == so_far.waiting
    so_far.learn(Wanted(frozenset({NEWS})), Told({NEWS: OF_NEWS}), {NEWS})
    assert set() == so_far.waiting


@pytest.mark.parametrize(("passed", "files"), [({NEWS}, {"test_b.py"}), (set(), {"test_b.py", "app.py", "news.md"})])
def test_a_case_that_failed_may_have_stopped_before_it_read_its_prompt(passed, files):
    """So that it depends on what it read before, too."""
    so_far = known()
    so_far.learn(Wanted(frozenset({NEWS})), Told({NEWS: OF_NEWS._replace(files=frozenset({"test_b.py"}))}), passed)
    assert files == so_far.cases[NEWS].files


def test_a_case_that_is_gone_is_forgotten_but_not_one_of_a_module_that_is_broken():
    """Only where its module was collected, and it was wanted, can it be known to be gone."""
    so_far = known()
    so_far.learn(Wanted(frozenset({EU, US}), {}, frozenset({"test_a.py"})), Told({EU: REFUND}), {EU})
    assert {EU, NEWS} == so_far.cases.keys()
    so_far.learn(Wanted(frozenset({NEWS}), {}, frozenset({"test_b.py"})), Told({}, frozenset({"test_b.py"})), ())
    assert {EU, NEWS} == so_far.cases.keys()
    assert {"test_b.py"} == so_far.broken
    so_far.learn(Wanted(frozenset({NEWS}), {}, frozenset({"test_b.py"})), Told({NEWS: OF_NEWS}), {NEWS})
    assert set() == so_far.broken


def test_the_sentence_names_what_matters():
    """And not what an editor leaves beside it."""
    changed = {"news.md", "news.md~"}
    assert "news.md changed: running 1 of 3 cases" == said(affected(changed, known()), changed, known())


def test_what_is_told_comes_back_from_all_processes(tmp_path):
    """A case that was collected in two workers and run in one was run."""
    wanted = Wanted(frozenset({EU}), {EU: "h"}, frozenset({"test_a.py"}))
    dependencies.write_wanted(tmp_path, wanted)
    assert wanted == dependencies.read_wanted(tmp_path)
    assert not dependencies.read_told(tmp_path).is_whole

    told = Told({EU: REFUND}, frozenset({"test_c.py"}), frozenset({"test_a.py::test_refund[eu]"}))
    dependencies.write_told(tmp_path, told)
    assert told == dependencies.read_told(tmp_path)
    (tmp_path / f"told-{'x'}.json").write_text(
        '{"cases": [["test_a.py::test_refund", "eu", "", "h", "test_a.py", false, ["late.md"], []]],'
        ' "broken": [], "failed": []}'
    )
    both = dependencies.read_told(tmp_path).cases[EU]
    assert both.has_run
    assert REFUND.files | {"late.md"} == both.files


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("prompts/a.md", True),
        (".hidden/a.md", False),
        ("prompts/.a.md.swp", False),
        ("tests/recordings/test_a.jsonl", False),
        ("tests/__pycache__/test_a.cpython-311.pyc", False),
        ("recordings", True),
    ],
)
def test_what_nobody_edits_is_not_watched(path, expected):
    """Caches, recordings, an editor's own files."""
    assert expected == is_watched(path, "recordings")
