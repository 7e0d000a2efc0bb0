"""``--llmeval-shard`` and ``llmeval merge``: machines that each run a part say together what one would have said."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from pytest_llmeval.gather import session_file
from pytest_llmeval.records import Verdict
from tests.plugin.sharded import Machines

SUITE = """
import pytest
from app import ANSWER
from pytest_llmeval import assert_consistent, assert_score

CASES = [{"id": f"c{n}", "input": f"case {n}", "tags": ["even" if n % 2 == 0 else "odd"]} for n in range(8)]

@pytest.mark.llmeval(cases=CASES, trials=3, suite="answers")
def test_case(llm, llm_case):
    answer = llm(llm_case.input)
    assert_score("right", 1.0 if ANSWER or llm_case.id != "c5" else 0.0, output=answer)
    assert_score("length", len(answer.text) / 100, threshold=None)
    assert_consistent(answer, threshold=None)

@pytest.mark.parametrize("tenth", range(4))
def test_plain(tenth):
    assert_score("tenth", tenth / 10, threshold=None)
"""
OTHERS = """
import pytest
from app import ANSWER

@pytest.mark.parametrize("n", range(5))
def test_foreign(n):
    assert ANSWER or n != 3

def test_skipped():
    pytest.skip("not here")
"""
AUTO = """
import pytest
from pathlib import Path
from pytest_llmeval import assert_score

CASES = [{"id": f"c{n}", "input": f"case {n}"} for n in range(12)]

@pytest.mark.llmeval(cases=CASES)
def test_case(llm_case, llmeval):
    assert_score("right", float(llm_case.id != Path(__file__).with_name("broken").read_text()))
"""
ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


@pytest.fixture
def suite(project, loopback):
    """A suite with a baseline, whose answers are recorded."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", SUITE)
    project.write("test_others.py", OTHERS)
    project.write("app.py", "ANSWER = True\n")
    project.run("--llmeval-baseline-update")
    return project


def _timeless(session):
    """Return what a session says, without what differs between any two runs."""
    results = [
        replace(result, trials=tuple(replace(trial, duration_s=0.0) for trial in result.trials))
        for result in session.results
    ]
    return replace(session, id="", started_at="", duration_s=0.0, results=tuple(results), merged=())


def _page(text):
    return re.sub(r"\d+\.\d+ s\b", "", ID.sub("ID", text))


def _reports(folder):
    found = {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}
    found["r.json"] = {
        name: value for name, value in json.loads(found["r.json"]).items() if name not in ("session", "duration_s")
    }
    found["r.xml"] = re.sub(r' (time|timestamp)="[^"]*"', "", found["r.xml"])
    found["r.prom"] = re.sub(r"^(llmeval_session_\w*(seconds|info)\b.*)$", "", found["r.prom"], flags=re.MULTILINE)
    return {name: _page(text) if isinstance(text, str) else text for name, text in found.items()}


@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-n2",)], ids=["no-xdist", "n2"])
@pytest.mark.parametrize("answer", [True, False], ids=["same", "worse"])
def test_shards_merged_say_what_one_run_says(suite, workers, answer):
    """Scores, aggregates, verdict, exit status, page and every report: all but ids and times."""
    suite.write("app.py", f"ANSWER = {answer}\n")
    asked = ["md", "json", "junit", "prom"]
    endings = {"md": "md", "json": "json", "junit": "xml", "prom": "prom"}
    options = ("--llmeval-gate=pr", "--llmeval-fail-under=tenth:0.1", "--llmeval-cache=replay")
    whole = suite.run(*workers, *options, *(f"--llmeval-report={k}:whole/r.{endings[k]}" for k in asked))
    session = suite.session

    machines = Machines(suite, 3)
    statuses = machines.run_all(*workers, *options, "--llmeval-report=html", "--llmeval-report=term")
    done = machines.merge(*(word for k in asked for word in ("--report", f"{k}:merged/r.{endings[k]}")))

    assert sorted(statuses) == ([0, 0, 0] if answer else [0, 0, 1])
    assert (0 if answer else 1, 0 if answer else 1, "") == (whole.ret, done.returncode, done.stderr)
    assert (Verdict.UNCHANGED if answer else Verdict.REGRESSED) is session.verdict.verdict
    assert _timeless(session) == _timeless(suite.session)
    assert _reports(suite.path / "whole") == _reports(suite.path / "merged")
    assert not (suite.path / ".llmeval" / "llmeval.html").exists()
    assert all("leaves html to `llmeval merge`" in output for output in machines.outputs)


def test_a_missing_shard_leaves_no_verdict_and_its_tests_are_named(suite):
    """FAULTS 3: never green by omission; of others' tests as well."""
    machines = Machines(suite, 3)
    machines.run_all("--llmeval-gate=pr", "--llmeval-cache=replay")

    done = machines.merge("-v", files=machines.files[::2])

    assert 6 == done.returncode
    lost = set(session_file.read(machines.files[1]).shard.parts[1])
    assert lost == set(suite.session.lost)
    assert {"test_others.py::test_foreign[2]"} < lost
    assert "shard 2 of 3 is MISSING" in done.stdout
    assert all(test in done.stdout for test in lost)
    assert len(suite.session.plan.cases) == 12


def test_a_worker_that_dies_in_a_shard_loses_its_tests_by_name(suite):
    """FAULTS 4, on one of several machines; the shard that ran again takes its place."""
    dying = "    if llm_case.id == 'c4' and os.path.exists('dies'):\n        os._exit(1)\n    answer ="
    suite.write("test_suite.py", "import os\n" + SUITE.replace("    answer =", dying))
    suite.write("dies", "")
    options = ("-n2", "--llmeval-gate=pr", "--llmeval-cache=replay")
    machines = Machines(suite, 3)
    assert [0, 1, 0] == machines.run_all(*options)

    assert 6 == machines.merge().returncode
    assert ["test_suite.py::test_case[c4]"] == [name for name in suite.session.lost if "c4" in name]

    (suite.path / "dies").unlink()
    broken = session_file.read(machines.files[1]).id
    assert 0 == machines.run(2, *options, keep_as="again")
    done = machines.merge()
    assert 0 == done.returncode, done.stdout
    assert f"shard 2 of 3 once more: {broken} is left out" in done.stdout
    assert () == suite.session.lost


def test_merging_the_same_files_once_more_makes_the_same_session(suite):
    """To the byte, so that what was sent to a tracker is not sent twice."""
    machines = Machines(suite, 3)
    machines.run_all("--llmeval-cache=replay")
    assert 0 == machines.merge("--output", "first/merged.jsonl").returncode
    machines.files.reverse()
    assert 0 == machines.merge("--output", "second.jsonl").returncode
    first, second = (suite.path / name for name in ("first/merged.jsonl", "second.jsonl"))
    assert first.read_bytes() == second.read_bytes() == (suite.path / ".llmeval" / "session.jsonl").read_bytes()


def test_cases_are_drawn_again_on_a_shard_as_in_a_whole_session(project, way):
    """What looks bad is decided from the baseline and a case's own scores: no other machine is asked."""
    project.write("test_auto.py", AUTO)
    project.write("broken", "")
    project.run("--llmeval-trials=10", "--llmeval-baseline-update")
    project.write("broken", "c3")
    options = (*way, "--llmeval-trials=auto", "--llmeval-gate=pr")
    whole = project.run(*options)
    session = project.session

    machines = Machines(project, 2)
    machines.run_all(*options)
    done = machines.merge()

    assert (1, 1) == (whole.ret, done.returncode)
    assert _timeless(session) == _timeless(project.session)
    assert len({len(result.trials) for result in session.results}) > 1
