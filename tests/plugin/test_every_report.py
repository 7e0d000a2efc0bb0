"""What holds for every file of a run: an outage is said, model text does nothing, a full disk breaks none."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import xml.etree.ElementTree as ET  # our own files
from pathlib import Path

import cmarkgfm
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pytest_llmeval.commands import main
from pytest_llmeval.exports.kinds import FILES
from pytest_llmeval.loopback import Loopback, Reply
from tests.unit.documents import Document

ALL = [f"--llmeval-report={kind}:out/{file.file}" for kind, file in FILES.items()] + ["--llmeval-report=term"]
SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(cases="cases.jsonl", suite="support")
def test_answer(llm, llm_case):
    answer = llm(llm_case.input)
    assert_score("kind", 0.1, threshold=0.5, output=answer, reason=answer.text)
"""
HOSTILE = (
    "::error::planted\n##vso[task.complete]\x1b[31m@acme #7 [a](javascript:planted) <script>planted</script>"
    "<img src=x onerror=planted> ```\n# planted\nhttps://planted.example =cmd|'/c planted'!A0 \u202e]]>"
)


def run(project, answer, *flags, inputs=("one", "two", "three", "four")):
    """Run a suite whose cases are answered by a function of the question, with every report."""
    project.write("test_suite.py", SUITE)
    cases = [json.dumps({"id": text, "input": text}) for text in inputs]
    project.write("cases.jsonl", "".join(f"{line}\n" for line in cases))
    with Loopback(lambda body: answer(body["messages"][-1]["content"])) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\nllmeval_max_attempts = 1\n",
        )
        return project.run("-p", "no:xdist", "--llmeval-cache=live", *flags)


def text(project, kind) -> str:
    """Return a report."""
    return (project.path / "out" / FILES[kind].file).read_text(encoding="utf-8")


def samples(page) -> dict[str, float]:
    """Return the first sample of each family of a metrics file."""
    return {one.name: one.samples[0].value for one in text_string_to_metric_families(page) if one.samples}


def test_an_outage_is_neither_a_pass_nor_a_regression_in_any_of_them(project):
    """FAULTS 19: half of the answers are errors; there is no verdict, and every file says so in its own way."""
    run(project, lambda _: "fine", "--llmeval-baseline-update")
    result = run(
        project,
        lambda question: Reply("away", status=503) if question in ("one", "two") else "fine",
        "--llmeval-gate=pr",
        *ALL,
    )

    assert 6 == result.ret
    assert "NO VERDICT POSSIBLE" in Document(text(project, "html")).text
    assert text(project, "md").partition("## llmeval: ")[2].startswith("NO VERDICT")
    assert {"status": 6, "line": project.session.exit_line} == json.loads(text(project, "json"))["exit"]
    gate = next(case for case in ET.fromstring(text(project, "junit")).iter("testcase") if "gate" in case.get("name"))  # noqa: S314
    assert "error" == gate[0].tag
    found = samples(text(project, "prom"))
    assert (0.0, 0.1) == (found["llmeval_session_valid"], found["llmeval_score_mean"])
    assert "llmeval_session_scored_ratio 0.5000\n" in text(project, "gitlab-metrics")
    assert "regressed" not in text(project, "gitlab-quality").casefold()


def test_what_a_model_says_does_nothing_in_any_of_them(project):
    """FAULTS 25: as an answer, as a reason, as a case's id; from a run to the file that somebody opens."""
    result = run(project, lambda _: HOSTILE, *ALL, inputs=("one", HOSTILE))
    assert 1 == result.ret

    page = Document(text(project, "html"))
    assert [] == page.all("img")
    assert 2 == len(page.all("script"))
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    comment = Document(
        cmarkgfm.github_flavored_markdown_to_html(text(project, "md"), cmarkgfm.Options.CMARK_OPT_UNSAFE)
    )
    assert [] == comment.all("a") + comment.all("img") + comment.all("script")
    assert not any("planted" in heading for level in ("h1", "h2", "h3") for heading in comment.all_texts(level))
    for said in (result.stdout.str().partition("= llmeval =")[2], text(project, "md")):
        assert not {"\x1b", "\u202e"} & set(said)
        assert not [line for line in said.splitlines() if line.lstrip().startswith("::") or "##vso[" in line]
    ET.fromstring(text(project, "junit"))  # noqa: S314
    json.loads(text(project, "json"))
    json.loads(text(project, "gitlab-quality"))
    assert "planted" not in text(project, "prom") + text(project, "gitlab-metrics")

    os.chdir(project.path)
    assert 0 == main(["export", "--to", "csv", "--output", "out/scores.csv"])
    with (project.path / "out" / "scores.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [] == [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") and cell[1:]]


@pytest.fixture
def full_disk(project):
    """The folder of the reports on a disk that is full; each report stands there already, an old one."""
    folder = project.path / "out"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("making a small disk takes root, and a system that lets it mount one")
    for kind in FILES.values():
        (folder / kind.file).write_text("old")
    with (folder / "rest").open("wb", buffering=0) as rest:
        try:
            while True:
                rest.write(b"x" * 4096)
        except OSError:
            pass
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


def test_on_a_full_disk_every_old_report_is_whole(project, full_disk):
    """FAULTS 9 and 21: each that could not be written is named, and the verdict is what it would have been."""
    result = run(project, lambda _: "fine", *ALL)

    assert 1 == result.ret
    for kind, file in FILES.items():
        result.stdout.fnmatch_lines([f"llmeval: {kind} was not written; the session is safe in *: no *"])
        assert "old" == (full_disk / file.file).read_text()
    assert {"rest", *(file.file for file in FILES.values())} == {path.name for path in full_disk.iterdir()}
    assert 4 == len(project.session.results)


def test_a_later_export_writes_what_was_missed(project, monkeypatch):
    """The same bytes as the run would have written, from the stored session alone."""
    run(project, lambda _: "fine", *ALL)
    monkeypatch.chdir(project.path)
    for kind, file in FILES.items():
        assert 0 == main(["export", "--to", kind, "--output", f"later/{file.file}"])
        assert text(project, kind) == Path("later", file.file).read_text(encoding="utf-8"), kind
