"""``llmeval sessions``: what was run is read again from its file, years later, inert, and by anybody."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.exports.sparkline import histogram, sparkline
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import (
    CaseId,
    CaseResult,
    Check,
    Plan,
    Provenance,
    Request,
    Response,
    Score,
    SessionVerdict,
    Summary,
    Trial,
    Verdict,
)
from tests.unit.sessions import RELEVANCE, SUPPORT, answer, case, relevance, session
from tests.unit.test_exports_terminal import HOSTILE, hostile_session

OLD, NEW = "20260131T120000Z-1f2e3d4c", "20260301T120000Z-aa00bb11"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command in a project; return exit status, output and complaint."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")

    def command(*argv: str) -> tuple[int, str, str]:
        status = main(["sessions", *argv])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def store(tmp_path, **changes: object) -> None:
    """Write a session as pytest does at its end."""
    session_file.write(session(**changes), tmp_path / ".llmeval")


def test_sessions_are_listed_the_newest_last(run, tmp_path):
    """With how they ended, and whether they ran all of their tests."""
    store(tmp_path, id=NEW, selection="-k eu", verdict=None, exit_status=0, branch="main")
    store(tmp_path, exit_status=1)
    status, out, _ = run("ls")
    rows = [re.split(r" {2,}", line) for line in out.splitlines()[1:3]]
    assert [
        [OLD, "shorter-prompt", "3fbf8b6", "regressed", "1", "3", "12 s"],
        [NEW, "main", "3fbf8b6", "no gate, partial", "0", "3", "12 s"],
    ] == rows
    assert (0, True) == (status, "2 sessions stored, " in out)
    assert [NEW] == re.findall(r"2026\w+-\w{8}", run("ls", "--branch", "main")[1])
    assert [NEW] == re.findall(r"2026\w+-\w{8}", run("ls", "--last", "1")[1])


def test_where_nothing_is_stored_it_is_said_how_that_changes(run, tmp_path):
    """And a branch without sessions is told from a project without any."""
    assert "run pytest first" in run("ls")[1]
    assert "run pytest first" in run("trend")[1]
    assert "each run of pytest with an LLM test leaves one" in run("compare")[2]
    store(tmp_path)
    assert "none of them is of that branch" in run("ls", "--branch", "elsewhere")[1]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_listed(run, tmp_path):
    """One broken file hides nothing else."""
    store(tmp_path)
    (tmp_path / ".llmeval" / "sessions" / "20270101T000000Z-0.jsonl").write_text("{", encoding="utf-8")
    _, out, _ = run("ls")
    assert "20270101T000000Z-0.jsonl is left out: session file" in out
    assert OLD in out


@pytest.mark.parametrize("said", ["20260131", "1f2e", "~1", ".llmeval/sessions/20260131T120000Z-1f2e3d4c.jsonl"])
def test_a_session_is_named_by_its_beginning_its_digits_its_place_or_its_file(run, tmp_path, said):
    """As much as it takes to mean one."""
    store(tmp_path)
    store(tmp_path, id=NEW)
    assert f"session {OLD}," in run("show", said)[1]
    assert f"session {NEW}," in run("show")[1]


@pytest.mark.parametrize(("said", "found"), [("2026", "2 sessions begin with"), ("x", "0 sessions"), ("~7", "'~7'")])
def test_what_means_none_or_several_is_refused(run, tmp_path, said, found):
    """With the ids there are."""
    store(tmp_path)
    store(tmp_path, id=NEW)
    status, _, complaint = run("show", said)
    assert (4, True) == (status, found in complaint)


def test_a_session_is_shown_as_it_ended(run, tmp_path):
    """The page that pytest printed, in 80 columns and without colour."""
    store(tmp_path, exit_status=1, exit_line="exit status 1: a metric regressed")
    _, out, _ = run("show")
    assert "REGRESSED test_refund[eu]: relevance fell from 0.9 to 0.3." in out
    assert "\x1b" not in out
    assert 80 >= max(len(line) for line in out.split("\n\n", 1)[1].splitlines())


def _whole_case() -> CaseResult:
    request = Request(
        model="openai/m",
        messages=({"role": "system", "content": "Be kind."}, {"role": "user", "content": "May I\nreturn it?"}),
        settings={"temperature": 0.2},
        trial=0,
    )
    call = Response(
        text="Yes,\nwithin 30 days.",
        request=request,
        model="m-2026-01",
        fingerprint="fp_1",
        n_input_tokens=12,
        n_output_tokens=5,
        latency_s=0.25,
        cost_usd=0.0004,
        recorded_at="2026-01-30T10:00:00Z",
        key="ab12",
        origin="cd34",
        provenance=Provenance.REPLAYED,
    )
    judged = replace(call, text='{"grade": 4}', request=replace(request, model="openai/judge", trial=None), key="ef56")
    score = Score(metric="tone", value=0.75, reason="kind enough", version="3", detail={"grade": 4})
    check = Check(score=score, threshold=0.6, output="Yes,\nwithin 30 days.")
    trial = Trial(index=0, checks=(check,), calls=(call,), judge_calls=(judged,), duration_s=0.3)
    return CaseResult(nodeid=f"{SUPPORT}[eu]", id=CaseId(SUPPORT, "eu"), suite="support", trials=(trial,), tags=("eu",))


AUDIT = """\
case tests/test_support.py::test_refund[eu], passed
  pytest's id tests/test_support.py::test_refund[eu]
  suite support, input without a digest, tags eu

trial 0, 0.300 s

call 1: replayed, ok, recorded 2026-01-30T10:00:00Z
key ab12, origin cd34
model openai/m
trial 0
settings.temperature: 0.2
system:
    Be kind.
user:
    May I
    return it?
answer:
by m-2026-01, fingerprint fp_1, 12 tokens in, 5 out, 0.250 s, $0.000400
    Yes,
    within 30 days.

call of a judge 1: replayed, ok, recorded 2026-01-30T10:00:00Z
key ef56, origin cd34
model openai/judge
no trial (a judge's: equal requests share one answer)
settings.temperature: 0.2
system:
    Be kind.
user:
    May I
    return it?
answer:
by m-2026-01, fingerprint fp_1, 12 tokens in, 5 out, 0.250 s, $0.000400
    {"grade": 4}

check tone: 0.75, threshold 0.6, version 3
  because kind enough
  detail: {"grade": 4}
  of the text that begins:
      Yes,
      within 30 days.
"""


def test_a_case_is_told_whole(run, tmp_path):
    """Request, response, provenance, scores, reasons, versions, from the session file alone: there is no cache here."""
    store(tmp_path, results=(_whole_case(),))
    status, out, _ = run("show", "--case", "eu")
    assert 0 == status
    head, _, told = out.partition("\n\n")
    assert AUDIT == told
    assert f"session {OLD}, 2026-01-31T12:00:00+00:00, 12.3 s\ncommit 3fbf8b6 on shorter-prompt\n" in head
    assert "versions pytest-llmeval 0.1.0, python 3.11.7\nsettings cache=auto, gate=pr, trials=5" in head


def test_one_trial_can_be_meant(run, tmp_path):
    """Of five."""
    store(tmp_path)
    _, out, _ = run("show", "--case", "*[eu]", "--trial", "3")
    assert ["trial 3, 0.000 s"] == re.findall(r"^trial 3, .*|^trial [0124], .*", out, re.MULTILINE)
    assert "there is no such trial" in run("show", "--case", "*[eu]", "--trial", "9")[2]


def test_a_pattern_that_picks_no_case_or_too_many_says_so(run, tmp_path):
    """It names those there are."""
    many = tuple(case(SUPPORT, str(n), "s", (relevance(0.1),), (answer("x"),)) for n in range(9))
    store(tmp_path, results=many)
    assert "picks 0 of 9 cases" in run("show", "--case", "nothing")[2]
    assert "picks 9 of 9 cases" in run("show", "--case", "*")[2]


def test_text_of_others_moves_no_cursor_and_forges_no_command(run, tmp_path):
    """In any of the pages."""
    store(tmp_path, id="20260101T000000Z-0", branch=HOSTILE)
    found = hostile_session()
    texts = dict.fromkeys(("branch", "commit", "exit_line", "started_at", "selection"), HOSTILE)
    store(tmp_path, results=found.results, summaries=found.summaries, versions={HOSTILE: HOSTILE}, **texts)
    for command in (["ls"], ["show"], ["show", "--case", "*"], ["compare"], ["trend"]):
        status, out, complaint = run(*command)
        assert 0 == status, complaint
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)
        assert not [line for line in out.splitlines() if line.lstrip().startswith("::") or "##vso[" in line]


def test_two_sessions_are_compared_case_by_case_with_their_answers(run, tmp_path):
    """The largest fall first; answers by words; and what the gate would say."""
    store(tmp_path, results=(case(SUPPORT, "eu", "s", (relevance(0.9, "Yes, within 30 days."),), (answer("x"),)),))
    low = case(SUPPORT, "eu", "s", (relevance(0.2, "Yes, within 14 days."),), (answer("y"),))
    new = case(SUPPORT, "us", "s", (relevance(0.9),), (answer("z"),))
    store(tmp_path, id=NEW, results=(low, new))
    status, out, _ = run("compare")
    assert 0 == status
    assert re.search(
        r"changed +s +tests/test_support.py::test_refund\[eu\] relevance +0.900 \(1\) +0.200 \(1\) +-0.700", out
    )
    assert "1 changed, 1 new" in out
    assert "    Yes, within [-30-] {+14+} days." in out
    assert "if the first were the baseline (called main here): UNDECIDED" in out
    assert "1 changed\n" in run("compare", OLD, NEW, "--case", "*[eu]*")[1]


def _stored_means(tmp_path, means, **changes: object) -> None:
    for day, mean in enumerate(means, 1):
        summary = replace(RELEVANCE, mean=mean, low=None, high=None)
        store(tmp_path, id=f"202601{day:02}T000000Z-{day}", summaries=(summary,), **changes)


def test_a_trend_shows_each_metric_as_bars(run, tmp_path):
    """Oldest first; what ran only a part is left out, and said."""
    _stored_means(tmp_path, [0.2, 0.4, 0.6, 0.9])
    store(tmp_path, id="20260201T000000Z-5", selection="-k eu", plan=Plan(n_deselected=3))
    _, out, _ = run("trend")
    row = re.split(r" {2,}", out.splitlines()[1])
    assert ["support", "relevance", "▁▃▅█", "0.200", "0.900", "+0.700", "2", "4"] == row
    assert "4 sessions, " in out
    assert "; 1 partial session left out (--partial)" in out
    assert "  ▁█  " in run("trend", "--last", "2", "--metric", "relevance")[1]
    assert "no stored session has such a mean" in run("trend", "--suite", "nothing")[1]


def test_a_metric_that_a_session_lacks_is_a_dot(run, tmp_path):
    """It is not zero."""
    _stored_means(tmp_path, [0.5])
    other = Summary(suite="s", metric="m", mean=0.5, low=0.4, high=0.6, n_cases=1, n_scored=1, n_unscored=0, n_below=0)
    verdict = SessionVerdict(verdict=Verdict.UNCHANGED)
    store(tmp_path, id="20260102T000000Z-2", summaries=(other,), verdict=verdict)
    _, out, _ = run("trend")
    assert [".▅", "▅."] == [re.split(r" {2,}", line)[2] for line in out.splitlines()[1:3]]


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([0.0, 1.0], "▁█"),
        ([0.5, 0.5, 0.5], "▅▅▅"),
        ([0.50, 0.52], "▄▅"),
        ([None, 0.3], ".▅"),
        ([None], "."),
        ([], ""),
    ],
)
def test_bars_stand_for_means(values, bars):
    """Within a tenth the scale is a tenth: noise is no landslide."""
    assert bars == sparkline(values)


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([0.0, 0.05, 1.0], "█........▅"),
        ([0.35] * 4 + [0.4] * 2, "...█▅....."),
        ([], ".........."),
    ],
)
def test_a_histogram_has_a_bar_for_each_tenth(values, bars):
    """The fullest is the highest, and an empty one is a dot."""
    assert bars == histogram(values)


def test_a_session_shows_how_its_cases_lie(run, tmp_path):
    """From five cases on, metric by metric."""
    means = (0.05, 0.15, 0.15, 0.95, 1.0)
    cases = [case(SUPPORT, str(n), "s", (relevance(mean),), (answer("x"),)) for n, mean in enumerate(means)]
    store(tmp_path, results=tuple(cases))
    row = re.split(r" {2,}", run("show")[1].splitlines()[-1])
    assert ["s", "relevance", "5", "▅█.......█", "0.050", "0.150", "1.000"] == row


def test_where_bars_cannot_be_shown_digits_are(run):
    """On a stream that is not UTF-8."""
    assert "09" == sparkline([0.0, 1.0], ascii_only=True)


def test_old_sessions_are_deleted_on_demand_and_the_newest_stays(run, tmp_path):
    """First said, then done; the days are the ini's where nobody says any."""
    store(tmp_path)
    store(tmp_path, id=NEW)
    folder = tmp_path / ".llmeval" / "sessions"
    assert "1 session older than 1 days" in run("prune", "--older-than", "1")[1]
    assert 2 == len(list(folder.iterdir()))
    assert "nobody says how old is too old" in run("prune", "--yes")[2]
    (tmp_path / "pytest.ini").write_text("[pytest]\nllmeval_retention = 1\n", encoding="utf-8")
    assert "1 session older than 1 days deleted" in run("prune", "--yes")[1]
    assert [folder / f"{NEW}.jsonl"] == list(folder.iterdir())
