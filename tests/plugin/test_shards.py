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
    suite.write("app.py", "import os\nANSWER = not os.environ.get('DIES') or os._exit(1)\n")
    suite.write(
        "test_suite.py",
        SUITE.replace("from app import ANSWER\n", "ANSWER = True\n").replace(
            "    answer = llm(llm_case.input)\n",
            "    if llm_case.id == 'c4' and __import__('os').path.exists('dies'):\n        __import__('os')._exit(1)\n"
            "    answer = llm(llm_case.input)\n",
        ),
    )
    suite.write("app.py", "ANSWER = True\n")
    options = ("-n2", "--llmeval-gate=pr", "--llmeval-cache=replay")
    machines = Machines(suite, 3)
    suite.write("dies", "")
    assert [0, 1, 0] == machines.run_all(*options)

    done = machines.merge()

    assert 6 == done.returncode
    assert [name for name in suite.session.lost if "c4" in name] == list(suite.session.lost) != []

    (suite.path / "dies").unlink()
    broken = session_file.read(machines.files[1]).id
    assert 0 == machines.run(2, *options, keep_as="again")
    done = machines.merge()
    assert 0 == done.returncode, done.stdout
    assert f"shard 2 of 3 once more: {broken} is left out" in done.stdout
    assert () == suite.session.lost
