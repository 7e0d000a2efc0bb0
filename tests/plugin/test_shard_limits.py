"""What a shard leaves to the merge, what it cannot do, and what the merge refuses."""

from __future__ import annotations

import shutil

import pytest

from pytest_llmeval.gather import session_file
from tests.plugin.sharded import Machines, llmeval

SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("tenth", range(6))
def test_tenth(tenth):
    assert_score("tenth", tenth / 10, threshold=0.05)
"""
SPENDING = """
import pytest

@pytest.mark.parametrize("n", range(4))
def test_asks(llm, n):
    llm(f"question {n}", max_tokens=10)
"""


def _plain(project, ini=""):
    project.write("pytest.ini", f"[pytest]\n{ini}\n")
    project.write("test_suite.py", SUITE)
    return Machines(project, 2)


def test_a_machine_without_tests_has_done_its_part(project, way):
    """There may be fewer tests than machines; where there is none at all, pytest says so."""
    project.write("test_suite.py", "def test_one():\n    pass\n")
    machines = Machines(project, 3)
    assert [0, 0, 0] == machines.run_all(*way)
    assert 0 == machines.merge().returncode
    project.write("test_suite.py", "")
    assert 5 == machines.run(1, *way)


def test_a_shard_fails_for_its_tests_and_says_that_this_is_no_verdict(project, way):
    """Its exit status is of its tests only, floor and gate or not."""
    machines = _plain(project)
    options = (*way, "--llmeval-gate=strict", "--llmeval-fail-under=0.9")
    assert [1, 0] == machines.run_all(*options)
    assert "exit status 1: 1 test failed; shard 1 of 2: the verdict is `llmeval merge`'s" in machines.outputs[0]
    assert "exit status 0: shard 2 of 2: the verdict is `llmeval merge`'s" in machines.outputs[1]
    done = machines.merge()
    assert 6 == done.returncode
    assert "no verdict is possible" in done.stdout
    assert [None, None] == [session_file.read(path).verdict for path in machines.files]


def test_a_shard_writes_and_sends_nothing_but_its_session(project):
    """Named one by one, since somebody asked for it."""
    machines = _plain(project, "llmeval_confirm = true")
    asked = ["--llmeval-report=md", "--llmeval-report=term", "--llmeval-pushgateway=http://127.0.0.1:1"]
    machines.run(1, *asked, "--llmeval-baseline-update", "--llmeval-mlflow=sqlite:///mlflow.db")
    left = "md, mlflow, pushgateway, the baseline"
    assert f"llmeval: shard 1 of 2 leaves {left} to `llmeval merge`" in machines.outputs[0]
    assert "llmeval: shard 1 of 2 confirms nothing" in machines.outputs[0]
    kept = {path.name for path in (project.path / ".llmeval").rglob("*") if path.is_file()}
    assert kept == {"session.jsonl", *(path.name for path in (project.path / ".llmeval" / "sessions").iterdir())}
    assert not (project.path / "baselines").exists()
    assert not (project.path / "mlflow.db").exists()


def test_a_shards_file_does_not_say_what_is_written_outside_the_project(project, tmp_path):
    """It was made by the code under test; what the project itself names, or the merge is told, is used."""
    machines = _plain(project)
    outside = tmp_path / "elsewhere"
    machines.run_all("--llmeval-baseline-update", f"--llmeval-baseline={outside}")
    done = machines.merge()
    assert 4 == done.returncode
    assert "the shards compared with a baseline outside the project" in done.stderr
    assert not outside.exists()
    assert 0 == machines.merge(f"--baseline={outside}").returncode
    assert outside.exists()


def test_the_merge_makes_the_baseline_that_the_shards_were_asked_for(project):
    """And the one that a person accepts; a part makes none."""
    machines = _plain(project)
    assert [0, 0] == machines.run_all("--llmeval-baseline-update")
    done = machines.merge()
    assert 0 == done.returncode
    assert "baseline: 1 file written below baselines/" in done.stdout
    shutil.rmtree(project.path / "baselines")
    done = llmeval(project, "baseline", "accept", "--reason", "first", "--author", "Ada")
    assert (0, "6 of 6 lines stored") == (done.returncode, done.stdout.splitlines()[-3][:19])
    part = str(machines.files[0])
    for command in (["baseline", "accept", "--reason", "x", "--session", part], ["export", "--to", "md", part]):
        done = llmeval(project, *command)
        assert 4 == done.returncode
        assert "shard 1 of 2" in done.stderr


def test_a_shard_has_its_share_of_the_budget(project, loopback):
    """Each says so; together they have spent what was spent, of the whole."""
    ini = f"llmeval_model = openai/m\nllmeval_api_base = {loopback.url}\nllmeval_prices = openai/m: 1 input, 1 output"
    project.write("pytest.ini", f"[pytest]\n{ini}\n")
    project.write("test_suite.py", SPENDING)
    machines = Machines(project, 2)
    assert [0, 0] == machines.run_all("--llmeval-budget-usd=3")
    assert all("has an equal share of the budget of $3: $1.5" in output for output in machines.outputs)
    assert 0 == machines.merge().returncode
    spends = [session_file.read(path).spend for path in machines.files]
    assert [1.5, 1.5, 3.0] == [*(spend.budget_usd for spend in spends), project.session.spend.budget_usd]
    assert sum(spend.spent_usd for spend in spends) == project.session.spend.spent_usd > 0


def test_what_needs_a_whole_session_is_refused_before_a_test_runs(project, monkeypatch):
    """With what to do instead."""
    machines = _plain(project)
    assert 4 == machines.run(1, "--llmeval-confirm")
    assert 4 == Machines(project, 0).run(1)
    monkeypatch.setenv("LLMEVAL_SHARD", "1/2")
    done = llmeval(project, "run", "--until-decided")
    assert 4 == done.returncode
    assert "a command of llmeval started it, which needs a whole session" in done.stderr + done.stdout


@pytest.mark.parametrize("dist", ["load", "loadgroup"])
def test_a_selection_and_groups_of_xdist_are_split_too(project, dist):
    """Of what is left, nothing is there twice, and a group is on one machine."""
    project.write("test_suite.py", SUITE.replace("def test_tenth", "@pytest.mark.xdist_group('g')\ndef test_tenth"))
    project.write("test_more.py", SUITE)
    machines = Machines(project, 3)
    machines.run_all("-n2", f"--dist={dist}", "-k", "not 5")
    done = machines.merge()
    session = project.session
    assert (1, "-k not 5", 2) == (done.returncode, session.selection, session.plan.n_deselected)
    assert 10 == len(session.results)
    parts = session_file.read(machines.files[0]).shard.parts
    assert 1 == sum(any(test.startswith("test_suite.py") for test in part) for part in parts)


def test_shards_of_different_commits_are_refused(repository):
    """Three lines: what, what was found, what to do; the same exit status as any wrong usage."""
    project = repository.project
    machines = _plain(project)
    repository.commit("first")
    machines.run(1)
    project.write("app.py", "")
    repository.commit("second")
    machines.run(2)
    done = machines.merge()
    assert 4 == done.returncode
    assert 3 == len(done.stderr.splitlines())
    assert done.stderr.startswith("llmeval: the shards ran on different commits\n")


def test_the_merge_compares_with_the_base_that_the_shards_had(repository, monkeypatch):
    """What the branch accepted is listed; another base than the shards' is refused."""
    project = repository.project
    machines = _plain(project)
    project.write("test_suite.py", SUITE.replace("tenth / 10", "1.0"))
    project.run("--llmeval-baseline-update")
    base = repository.commit("main")
    project.write("app.py", "")
    repository.commit("branch")
    monkeypatch.setenv("LLMEVAL_BASE", base)
    assert [0, 0] == machines.run_all("--llmeval-gate=pr")
    assert 0 == machines.merge().returncode
    assert base == project.session.against.commit
    monkeypatch.delenv("LLMEVAL_BASE")
    done = machines.merge()
    assert 4 == done.returncode
    assert "the shards were compared with another base" in done.stderr
    assert f"LLMEVAL_BASE={base}" in done.stderr


def test_a_fork_without_its_base_commit_runs_on_no_machine(project, github_event):
    """It may have taken the gate out of its ini, and no part could tell."""
    machines = _plain(project)
    github_event("mallory/app")
    assert [4, 4] == machines.run_all()
    assert [] == machines.files


def test_a_plan_is_of_the_part(project):
    """And runs nothing."""
    machines = _plain(project)
    assert 0 == machines.run(1, "--llmeval-plan")
    assert "3 cases" in machines.outputs[0]
    assert [] == machines.files


def test_a_whole_session_imports_nothing_of_it(project):
    """Who has one machine pays nothing for those who have several."""
    project.write(
        "conftest.py",
        "import sys\n\ndef pytest_unconfigure():\n"
        "    open('modules.txt', 'w').write(' '.join(name for name in sys.modules if 'pytest_llmeval' in name))\n",
    )
    project.write("test_suite.py", SUITE)
    project.run_apart()
    ours = (project.path / "modules.txt").read_text().split()
    assert "pytest_llmeval.ending.concluding" in ours
    assert [] == [name for name in ours if name.endswith(("sharding", "splitting", "merging", "commands.merge"))]
