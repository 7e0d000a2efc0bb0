"""What a session looks like as one HTML file: everything is in it, and nothing in it runs or is loaded."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from dataclasses import replace

import pytest

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import html
from pytest_llmeval.exports.html.visible import HIDDEN
from pytest_llmeval.records import CaseId, CheckId, Draw, FloorBreach, Line, Place, Plan, Provenance, Score
from tests.unit.documents import Document
from tests.unit.many_cases import many_cases
from tests.unit.sessions import RELEVANCE, SUPPORT, answer, case, relevance, session
from tests.unit.test_exports_terminal import hostile_session

MARKUP = "</script><script>document.title='run'</script><img src=x onerror=alert(1)>\"'><b>{{ 7 * 7 }}{% raw %}"
HIDING = "\x00\x1b[31mred\x9b2J \u202egnp.exe\u2066 \ue000 \U000e0041 \ud800 \r"
INSIDE = {"script": 2, "style": 1}


def document(*, beside: html.Beside | None = None, **changes: object) -> Document:
    """Return the report of a changed session."""
    return Document(html.render(session(**changes), beside))


def baseline_of(text: str, score: float = 0.9) -> html.Beside:
    """Return a baseline in which the case that broke had an answer."""
    id_ = CheckId(SUPPORT, "eu", "relevance")
    line = Line(id=id_, suite="support", draws=(Draw(score, "s0", "old"), Draw(score, "s0", "old")))
    return html.Beside(lines={id_: line}, answers={"old": text})


def test_the_verdict_comes_first() -> None:
    """Before any table: the word, the sentence that says it, and what the exit status was."""
    source = html.render(session(), html.Beside(ending="exit status 1: a metric regressed"))
    found = Document(source)

    assert ["REGRESSED"] == found.all_texts("h1")
    said = ["<h1>", "test_refund[eu]: relevance fell from 0.9 to 0.3.", "exit status 1: a metric regressed", "<table"]
    assert sorted(said, key=source.index) == said
    assert found.all_texts("title")[0].startswith("REGRESSED: llmeval report, shorter-prompt, 2026-01-31")


def test_every_element_is_closed_and_every_id_stands_once() -> None:
    """What a browser would have to guess, it does not have to."""
    found = document(beside=baseline_of("Yes."))
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]

    assert [] == found.unbalanced
    assert len(set(ids)) == len(ids)
    assert {ref for _, a in found.elements for ref in a.get("aria-labelledby", "").split()} <= set(ids)


def test_nothing_may_run_or_load_but_our_own_script_and_style() -> None:
    """A policy in the head allows nothing but these very texts, by their digests; none of them asks for anything."""
    found = document()
    (policy,) = [a["content"] for a in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    digests = {
        tag: {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts}
        for tag in ("script", "style")
        if (texts := found.all_texts(tag))
    }

    assert "'none'" == allowed["default-src"]
    assert digests == {tag: set(allowed[f"{tag}-src"].split()) for tag in ("script", "style")}
    assert {tag: n for tag, n in INSIDE.items() if len(found.all(tag)) != n} == {}
    assert "unsafe" not in policy


def test_no_address_leads_out_of_the_file() -> None:
    """Links lead to cases of this file; no element has an address of another place, whatever a model wrote."""
    found = Document(html.render(hostile_session()))
    addresses = [a[name] for _, a in found.elements for name in ("href", "src", "action", "data") if name in a]
    style, script = found.all_texts("style")[0], "".join(found.all_texts("script"))

    assert all(re.fullmatch(r"#\w+", address) for address in addresses)
    assert not re.search(r"url\(|@import|https?:|//\w", style)
    assert not re.search(r"fetch|XMLHttp|https?:|innerHTML|insertAdjacent|document\.write|eval", script)


@pytest.mark.parametrize("text", [MARKUP, HIDING], ids=["markup", "hidden characters"])
def test_text_of_others_is_text(text: str) -> None:
    """Wherever it stands: it makes no element and no attribute, runs as no template, and hides no character."""
    check = replace(relevance(0.1, text), score=Score(metric=text, value=0.1, reason=text), place=Place(text, 1, text))
    unscored = replace(check, score=Score.unscored(text, text))
    call = replace(answer(text, model=text), fingerprint=text, model=text, key=text, provenance=Provenance.REPLAYED)
    result = case(f"{SUPPORT}{text}", text, text, (check, unscored), (call, replace(call, origin=text)))
    result = replace(result, tags=(text,), arm=text, trials=tuple(replace(t, error=text) for t in result.trials))
    changes = {
        "results": (result,),
        "summaries": (replace(RELEVANCE, suite=text, metric=text, arm=text), RELEVANCE),
        "lost": (text,),
        "stopped": text,
        "selection": text,
        "floors": (FloorBreach(suite=text, metric=text, floor=0.5),),
        "branch": text,
        "settings": {text: text},
        "versions": {text: text},
    }
    line = Line(id=CheckId(*result.id, text, 0, text), suite=text, draws=(Draw(0.9, "s", "old"),), input_hash="")
    beside = html.Beside(lines={line.id: line}, answers={"old": f"{text} before"}, ending=text)

    source = html.render(session(**changes), beside)
    plain = Document(html.render(session(results=(), lost=(), summaries=(), verdict=None)))
    found = Document(source)

    assert {tag: n for tag, n in INSIDE.items() if len(found.all(tag)) != n} == {}
    assert [] == found.all("img")
    assert [] == [name for _, attributes in found.elements for name in attributes if name.startswith(("on", "style"))]
    assert set() == set(HIDDEN.findall(source)) - set(HIDDEN.findall(html.render(session())))
    assert plain.all("meta")[1] == found.all("meta")[1], "the policy is the same"
    if text == MARKUP:
        assert found.text.count("{{ 7 * 7 }}{% raw %}") > 10
        assert "49" not in found.text
    else:
        assert "⟨U+202E⟩gnp.exe⟨U+2066⟩ ⟨U+E000⟩ ⟨U+E0041⟩ ⟨U+D800⟩" in found.text
    source.encode("utf-8")


def test_an_answer_stands_beside_the_baselines_with_the_words_that_differ() -> None:
    """Removed words in one, added ones in the other; the rest of both is there as well."""
    found = document(beside=baseline_of("I am a helpful shop."))

    assert ["helpful shop."] == found.all_texts("del")
    assert ["language model."] == found.all_texts("ins")
    assert "baseline, the median of 2 by relevance (0.90)" in found.text
    assert {"I am a helpful shop.", "I am a language model."} <= set(found.all_texts("blockquote"))


def test_an_answer_that_did_not_change_stands_once() -> None:
    """And the report says that the baseline's is the same."""
    found = document(beside=baseline_of("I am a language model."))

    assert [] == found.all_texts("del") + found.all_texts("ins")
    assert "the baseline, the median of 2 by relevance (0.90), is the same text" in found.text


def test_an_answer_of_the_baseline_that_is_not_here_is_told() -> None:
    """Its scores are; nobody takes the missing text for an empty one."""
    found = document(beside=replace(baseline_of("x"), answers={}))

    assert "the baseline's answer is not on this machine" in found.text
    assert "0.900" in found.text
    assert 1 == found.text.count("is not on this machine"), "of a case that is not on the baseline nothing is missing"


def test_what_a_case_rests_on_is_there() -> None:
    """Scores and reasons, threshold, where it is asked, provenance, tokens, seconds, price, the judge's calls."""
    found = document()
    expected = [
        "shares 20% of the question's words",
        "tests/test_support.py:31 assert_relevance(answer, threshold=0.6)",
        "1 of 5 reach it",
        "live, openai/smollm2, 20 in, 10 out, 1.00 s, $0.0010",
        "judge, live, openai/judge, 20 in, 10 out, 0.50 s, price unknown",
        "Can I return opened headphones?",
        "1 x the judge timed out",
        "1 of 5 unscored: the judge timed out",
        "10 live, 5 replayed",
        "commit3fbf8b6",
    ]

    assert [] == [text for text in expected if text not in found.text]


@pytest.mark.parametrize(
    ("changes", "word", "sentence"),
    [
        ({"verdict": None}, "2 FAILED", "no gate: thresholds decided, 1 of 3 cases passed, 2 failed"),
        ({"verdict": None, "results": (), "lost": ("a::t",)}, "INCOMPLETE", "1 test brought no result"),
        ({"lost": ("a.py::t",)}, "NO VERDICT POSSIBLE", "1 planned test brought no result"),
        ({"selection": "-k refund"}, "NO VERDICT POSSIBLE", "only a selection was run"),
        ({"stopped": "-x"}, "NO VERDICT POSSIBLE", "stopped early (-x): 3 of 3 cases ran"),
        ({"settings": {"min_coverage": 0.99}}, "NO VERDICT POSSIBLE", "14 of 15 checks are scored, and 99% are needed"),
        ({"verdict": None, "settings": {"baseline_update": "all"}}, "BASELINE UPDATE", "thresholds did not decide"),
        (
            {"floors": (FloorBreach(suite="support", metric="relevance", floor=0.7, mean=0.55),)},
            "REGRESSED",
            "support relevance has a mean of 0.550, and 0.7 is the least that is allowed",
        ),
    ],
)
def test_nobody_reads_a_verdict_where_there_is_none(changes: dict[str, object], word: str, sentence: str) -> None:
    """Lost tests, an early stop, a selection and missing scores take the word's place, as they take the exit status."""
    found = document(**changes)

    assert [word] == found.all_texts("h1")
    assert sentence in found.text


def test_a_past_is_drawn_and_told() -> None:
    """As a line for people who look, and as a sentence for those who listen."""
    past = tuple(
        replace(session(), id=f"s{n}", summaries=(replace(RELEVANCE, mean=mean),)) for n, mean in ((1, 0.8), (2, 0.9))
    )
    found = document(beside=html.Beside(past=past))

    told = [a["aria-label"] for a in found.all("svg") if a.get("class") == "trend"]
    assert ["3 sessions, from 0.800 to 0.550, lowest 0.550"] == told
    assert "the last 3 whole sessions on this machine, this one last" in found.text


def test_the_table_can_be_used_without_a_mouse_and_without_a_script() -> None:
    """Its heads are buttons in cells that say how it is sorted; every case opens by itself; a link skips the head."""
    found = document()
    heads = [a for a in found.all("th") if "aria-sort" in a]

    assert [{"ascending"}] == [{a["aria-sort"] for a in heads}]
    assert {"col", "row", "rowgroup"} <= {a["scope"] for a in found.all("th") if "scope" in a}
    assert "#cases" == found.all("a")[0]["href"]
    assert len(session().results) <= len(found.all("details"))
    assert {"en"} == {a["lang"] for a in found.all("html")}
    assert all(a.get("type") == "button" for a in found.all("button"))


@pytest.mark.parametrize(("n_trials", "n_words"), [(1, 80), (5, 80), (5, 400)])
def test_a_thousand_cases_can_be_mailed(n_trials: int, n_words: int) -> None:
    """At most 3 MB, however long the answers are; what was cut says so, and what regressed is cut last."""
    record, beside = many_cases(1000, n_trials, n_words)
    source = html.render(record, beside)

    assert len(source.encode()) <= 3_000_000
    assert 1001 > source.count("<tbody id=") >= 1000
    (first, *_) = re.findall(r'<tbody id="c1" .*?</tbody>', source, re.DOTALL)
    assert "more characters" not in first


def test_a_huge_answer_is_cut_and_says_so() -> None:
    """Ten million characters of one answer do not make the file larger than all others together."""
    huge = case(SUPPORT, "eu", "support", (relevance(0.2, "<" * 1_000),), (answer("<" * 10_000_000),))
    source = html.render(session(results=(huge,)))

    assert len(source) < 200_000
    assert "9,996,000 more characters" in source


def test_long_names_and_errors_are_bounded() -> None:
    """A thousand cases with names and errors of 100,000 characters each do not make a file of gigabytes."""
    long = "e" * 100_000
    (result,) = session().results[:1]
    trials = tuple(replace(trial, error=f"{n}{long}") for n, trial in enumerate(result.trials))
    results = tuple(
        replace(result, id=CaseId(SUPPORT, f"{n} {long}"), nodeid=long, tags=(long,) * 50, suite=long, trials=trials)
        for n in range(1000)
    )

    size = len(html.render(session(results=results, lost=(long,) * 1000, stopped=long, branch=long)))

    assert size < 5_000_000


def test_an_empty_session_has_a_report() -> None:
    """Nothing ran, and that is what it says."""
    found = document(results=(), summaries=(), verdict=None, plan=Plan())

    assert "0 of 0 cases passed" in found.text


def test_a_missing_extra_is_one_named_error(monkeypatch, tmp_path) -> None:
    """With the command that installs it; no file is left behind."""
    html._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(LlmevalError) as raised:
        html.write(session(), tmp_path / "report.html")
    html._environment.cache_clear()

    assert "pip install 'pytest-llmeval[html]'" == raised.value.hint
    assert 3 == len(str(raised.value).splitlines())
    assert [] == list(tmp_path.iterdir())


def test_a_report_is_its_owners(tmp_path) -> None:
    """Prompts and answers are in it; folders are made, and an older report is replaced whole."""
    path = tmp_path / "new" / "report.html"
    html.write(session(), path)
    html.write(session(branch="later"), path)

    assert 0o600 == path.stat().st_mode & 0o777
    assert "later" in path.read_text(encoding="utf-8")
    assert [path] == list(path.parent.iterdir())


def test_a_report_that_cannot_be_written_is_a_named_error(tmp_path) -> None:
    """It names the file and the flag."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LlmevalError, match="no report") as raised:
        html.write(session(), tmp_path / "file" / "report.html")

    assert "--llmeval-report=html:PATH" in raised.value.hint
