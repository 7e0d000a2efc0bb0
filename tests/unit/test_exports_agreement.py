"""How far a judge agrees with people stands in every export that shows its scores."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import cmarkgfm
import jsonschema
import pytest
from cmarkgfm.cmark import Options

from pytest_llmeval.exports import agreement, gitlab, html, junit, markdown, mlflow_figures, terminal
from pytest_llmeval.exports import json as json_report
from pytest_llmeval.gather import session_file
from pytest_llmeval.gather.codec import from_json, to_text
from pytest_llmeval.records import Session, Summary
from tests.unit.sessions import JUDGED, KNOWN, RELEVANCE, UNKNOWN, session
from tests.unit.test_exports_prometheus import samples

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "report-1.json").read_text(encoding="utf-8"))


def _session(**changes) -> Session:
    """One judged metric that is calibrated, one of the user's own that is not."""
    return session(**({"summaries": JUDGED, "uncalibrated": ("faithfulness",)} | changes))


def _old() -> Session:
    """A session as it was stored before agreement stood in it."""
    return session(uncalibrated=("relevance",))


def _xml(of):
    return ET.fromstring(junit.render(of))  # noqa: S314 - our own


def _page(of, *, verbose=False):
    return " ".join(terminal.render(of, width=120, color=False, verbose=verbose).split())


def test_the_terminal_says_both_and_v_gives_all_figures():
    """One line for all that is known; -v a sentence for each judge."""
    page, whole = _page(_session()), _page(_session(), verbose=True)

    assert "uncalibrated: faithfulness; no agreement of this judge with people is stored" in page
    assert "the judge agrees with people: relevance on 0.90 of 60 labelled answers" in page
    assert (
        "relevance agrees with people on 0.90 (0.80 to 0.95) of 60 labelled answers, 0.81 beyond chance (AC1), "
        "passes 0.85 (0.70 to 0.93) of the good ones, fails 0.95 (0.80 to 0.99) of the bad ones; at threshold 0.7, "
        "measured on 2026-01-15 (judge relevance-1 3f9a1c2b40de)"
    ) in whole
    assert "faithfulness is uncalibrated: no agreement of this judge with people is stored (1, asked openai/j)" in whole


def test_a_session_that_no_judge_scored_says_nothing_of_judges():
    """Neither page nor table nor file has a word more than before."""
    plain = session()

    assert "people" not in _page(plain, verbose=True)
    assert "people" not in markdown.render(plain)
    assert "judge and people" not in html.render(plain, html.Beside()).lower()
    assert "judge" not in junit.render(plain)
    assert [] == [key for key in samples(plain) if key[0].startswith("llmeval_judge")]
    assert "judge" not in gitlab.metrics(plain)
    assert [] == [name for name in mlflow_figures.metrics(plain) if "agreement" in name]
    assert [[], []] == [row["judges"] for row in json_report.document(plain)["metrics"]]


def test_the_comment_has_a_column_and_what_it_rests_on():
    """A reviewer sees it beside each mean."""
    text = markdown.render(_session())

    rows = {line.split("|")[2].strip(" `"): line.split("|")[-2].strip() for line in text.splitlines() if "|" in line}
    assert "0.90 of 60" == rows["relevance"]
    assert "uncalibrated" == rows["faithfulness"]
    assert "judge: relevance agrees with people on 0.90" in text.replace("\\", "")
    assert "uncalibrated: faithfulness" in text


def test_the_html_report_has_it_at_the_top_and_in_each_row():
    """The state of the session names what nobody has measured; each metric has its figure, and a sentence below."""
    text = html.render(_session(), html.Beside())

    assert '<p class="state open">uncalibrated: faithfulness' in text
    assert ">0.90 of 60</td>" in text
    assert '<td class="n open">uncalibrated</td>' in text
    assert "agrees with people on 0.90 (0.80 to 0.95) of 60 labelled answers" in text


def test_the_json_report_keeps_to_its_schema():
    """Every figure with its bounds; null where nothing is known."""
    document = json_report.document(_session())

    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    known, unknown = (row["judges"][0] for row in document["metrics"])
    assert (True, 60, [0.9, 0.8, 0.95], "2026-01-15") == (
        known["calibrated"],
        known["labels"],
        known["agreement"],
        known["measured_on"],
    )
    assert (False, 0, None, None) == (
        unknown["calibrated"],
        unknown["labels"],
        unknown["agreement"],
        unknown["measured_on"],
    )


def test_junit_has_properties_of_each_metric():
    """A CI system that reads properties can show them, or refuse an uncalibrated judge."""
    cases = {case.get("name"): case for case in _xml(_session()).iter("testcase")}
    found = {
        name: {one.get("name"): one.get("value") for one in cases[name].iter("property")}
        for name in ("relevance", "faithfulness")
    }

    assert ("true", "0.9", "0.8", "60") == tuple(
        found["relevance"][f"llmeval.judge.{name}"] for name in ("calibrated", "agreement", "agreement_lower", "labels")
    )
    assert ("false", "1, asked openai/j") == (
        found["faithfulness"]["llmeval.judge.calibrated"],
        found["faithfulness"]["llmeval.judge"],
    )
    assert "llmeval.judge.agreement" not in found["faithfulness"]


def test_prometheus_has_a_series_for_each_suite_and_metric():
    """What nobody has measured has no agreement of 0; it is 1 under its own name."""
    found = samples(_session())

    assert {
        ("llmeval_judge_agreement", "relevance", "support"): 0.9,
        ("llmeval_judge_agreement_lower", "relevance", "support"): 0.8,
        ("llmeval_judge_labels", "relevance", "support"): 60.0,
        ("llmeval_judge_uncalibrated", "relevance", "support"): 0.0,
        ("llmeval_judge_uncalibrated", "faithfulness", "summaries"): 1.0,
    } == {key: value for key, value in found.items() if key[0].startswith("llmeval_judge")}


def test_gitlab_compares_it_with_the_target_branch():
    """A merge request that changes the judge shows that nobody has checked the new one."""
    text = gitlab.metrics(_session())

    assert 'llmeval_judge_agreement{suite="support",metric="relevance"} 0.9000' in text
    assert 'llmeval_judge_uncalibrated{suite="support",metric="relevance"} 0' in text
    assert 'llmeval_judge_uncalibrated{suite="summaries",metric="faithfulness"} 1' in text
    assert 1 == text.count("llmeval_judge_agreement")


def test_several_variants_have_one_judge():
    """The series of a judge has no variant: it would be the same several times."""
    arms = tuple(replace(RELEVANCE, arm=arm, judged=(KNOWN,)) for arm in ("long", "short"))

    found = samples(_session(summaries=arms, uncalibrated=()))

    assert [0.9] == [value for key, value in found.items() if key[0] == "llmeval_judge_agreement"]


def test_mlflow_has_metrics_a_tag_and_a_param():
    """``<metric>/agreement`` and so on can be charted; a run is found by what it lacks."""
    figures = mlflow_figures.metrics(_session())

    assert (0.9, 0.8, 60, 0.81, 0.85, 0.95) == tuple(
        figures[f"relevance/{name}"] for name in ("agreement", "agreement_lower", "labels", "ac1", "tpr", "tnr")
    )
    assert not any(name.startswith("faithfulness/agreement") for name in figures)
    assert "faithfulness" == mlflow_figures.tags(_session())["llmeval.uncalibrated"]
    assert (
        "relevance: judge relevance-1 3f9a1c2b40de; faithfulness: 1, asked openai/j"
        == (mlflow_figures.params(_session())["judge_versions"])
    )


@pytest.mark.parametrize("n", [5, 9, 12, 40])
def test_mlflow_gets_at_most_fifty_figures_for_the_judges_sake(n):
    """What a chart is made of goes first, for every metric; without room there is nothing of judges."""
    summaries = tuple(replace(RELEVANCE, metric=f"m{place}", judged=(KNOWN,)) for place in range(n))
    with_judges = mlflow_figures.metrics(_session(summaries=summaries, uncalibrated=()))
    without = mlflow_figures.metrics(
        _session(summaries=tuple(replace(one, judged=()) for one in summaries), uncalibrated=())
    )

    assert len(with_judges) <= max(50, len(without))
    assert without.items() <= with_judges.items()
    room = 50 - len(without)
    assert min(max(room, 0), n) == sum(name.endswith("/agreement") for name in with_judges)


def test_of_two_versions_the_one_that_is_believed_least_stands_in_short_forms():
    """A mean over two criteria is worth what the weaker judge is worth; unknown is weakest."""
    low = replace(KNOWN, version="judge b", agreement=(0.6, 0.5, 0.7), n_labels=20)

    assert "0.60 of 20" == agreement.short((KNOWN, low))
    assert "uncalibrated" == agreement.short((KNOWN, low, UNKNOWN))
    assert "-" == agreement.short(())


def test_hundreds_of_criteria_are_one_sentence():
    """A criterion in plain words is a version of its own: they are counted, and the first ones named."""
    many = tuple(replace(UNKNOWN, version=f"judge rubric-1 {number:03}") for number in range(300))
    of = _session(summaries=(replace(RELEVANCE, judged=(*many, KNOWN)),), uncalibrated=("relevance",))

    page = _page(of, verbose=True)

    assert "relevance is uncalibrated in 300 versions: no agreement of this judge with people is stored" in page
    assert "(judge rubric-1 000, judge rubric-1 001, judge rubric-1 002 and 297 more)" in page
    assert "relevance agrees with people on 0.90" in page
    assert 4_000 > len(html.render(of, html.Beside())) - len(html.render(_session(), html.Beside()))
    assert 500 >= len(mlflow_figures.params(of)["judge_versions"])


def test_an_old_session_file_still_reads_and_says_what_it_knows(tmp_path):
    """It names the metric and no version; every export says uncalibrated, and invents no figure."""
    old = session_file.read(session_file.write(_old(), tmp_path))

    assert '"judged":' not in (tmp_path / "session.jsonl").read_text()
    assert old == _old()
    assert "uncalibrated: relevance" in _page(old)
    assert 1.0 == samples(old)["llmeval_judge_uncalibrated", "relevance", "support"]
    assert "llmeval_judge_agreement" not in {key[0] for key in samples(old)}
    document = json_report.document(old)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert [[False], []] == [[one["calibrated"] for one in row["judges"]] for row in document["metrics"]]


def test_what_is_known_reads_back_with_the_session(tmp_path):
    """The value lives in the session: years later it says what was known then, whatever the folder says now."""
    assert _session() == session_file.read(session_file.write(_session(), tmp_path))
    summary = _session().summaries[0]
    assert summary == from_json(Summary, json.loads(to_text(summary)))


def test_a_hostile_version_is_inert():
    """A version holds the name of a model, which may be anybody's text."""
    hostile = replace(UNKNOWN, version="1, asked <img src=x onerror=alert(1)>\x1b[31m|**x**\n::error::")
    of = _session(summaries=(replace(RELEVANCE, judged=(hostile,)),), uncalibrated=("relevance",))

    assert "\x1b" not in terminal.render(of, width=80, color=False, verbose=True)
    assert "\n::error::" not in terminal.render(of, width=500, color=False, verbose=True)
    assert "<img" not in html.render(of, html.Beside())
    page = cmarkgfm.markdown_to_html_with_extensions(markdown.render(of), Options.CMARK_OPT_UNSAFE, ["table"])
    assert "<img" not in page
    assert "testsuites" == _xml(of).tag
