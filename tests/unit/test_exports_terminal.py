"""What a person reads at the end of a run: the verdict first, everything else inert and bounded."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.exports.terminal import render
from pytest_llmeval.records import CaseId, Check, Comparison, Plan, Provenance, Score, SessionVerdict, Trial, Verdict
from tests.unit.sessions import REGRESSED, RELEVANCE, SUPPORT, answer, case, relevance, session

HOSTILE = (
    "::error file=a.py::pwned\n##vso[task.setvariable variable=x]y\x1b[31m"
    "\x1b]8;;http://evil\x07red\x9b2J \u202egnp.exe \u2028::warning::x [bold]x[/bold] [/]"
)

WHOLE_PAGE = """\
REGRESSED test_refund[eu]: relevance fell from 0.9 to 0.3.
exit status 1: a metric regressed
1 case is new.

metric           mean   95 % interval  baseline            change  scored
-------------------------------------------------------------------------
support
  relevance     0.550  0.470 to 0.630     0.850  -0.300 regressed      10
summaries
  faithfulness  0.750  0.500 to 1.000         -       no baseline  4 of 5
-v adds what is known of each metric, and the trials it lacks

worst cases
  tests/test_support.py::test_refund[eu] relevance
    0.300, threshold 0.6, 1 of 5 reach it; regressed: 0.900 on the baseline
    because shares 20% of the question's words
    answer: I am a language model.

answers   10 live, 5 replayed
tokens    120 in, 60 out; 100 in, 50 out (replayed)
cost      $0.0050, and 1 more has no known price; the replayed answers once cost
          $0.0050
unscored  1 of 15 checks; 1 x the judge timed out
time      12.3 s
"""


def page(**changes: object) -> str:
    """Return the page of a changed session, 80 columns, no colour, no box drawing."""
    return render(session(**changes), width=80, color=False, ascii_only=True)


def hostile_session():
    """Return a session in which every text that others write is an attack."""
    low = replace(relevance(0.1, HOSTILE), score=Score(metric=HOSTILE, value=0.1, reason=HOSTILE))
    unscored = replace(low, score=Score.unscored(HOSTILE, HOSTILE))
    result = case(f"{SUPPORT}{HOSTILE}", HOSTILE, HOSTILE, (low, unscored), (answer(HOSTILE), answer(HOSTILE)))
    summaries = tuple(replace(RELEVANCE, suite=suite, metric=HOSTILE) for suite in (HOSTILE, "plain"))
    verdict = SessionVerdict(verdict=Verdict.REGRESSED, sentences=(HOSTILE, HOSTILE), invalid=(HOSTILE,))
    return session(
        results=(result,),
        summaries=summaries,
        verdict=verdict,
        lost=(HOSTILE,),
        stopped=HOSTILE,
        selection=HOSTILE,
    )


def test_the_whole_page() -> None:
    """The page as a team reads it: verdict, exit status, table, worst case, what it took."""
    expected = WHOLE_PAGE

    assert expected == render(
        session(), width=80, color=False, ascii_only=True, exit_line="exit status 1: a metric regressed"
    )


def test_a_run_without_llm_tests_says_nothing() -> None:
    """A foreign suite is not told of a product it does not use."""
    assert page(results=(), plan=Plan(), summaries=(), verdict=None) == ""


def test_without_a_gate_the_thresholds_are_named() -> None:
    """Nobody takes a run without a baseline for one that was compared."""
    expected = "no gate: thresholds decided, 1 of 3 cases passed, 2 failed"

    assert expected == page(verdict=None).splitlines()[0]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"lost": ("a.py::t[1]", "b.py::t")}, "LOST: 2 tests brought no result: a.py::t[1]; b.py::t"),
        ({"stopped": "-x"}, "stopped early (-x): 3 of 3 cases ran"),
        ({"selection": "-k refund", "plan": Plan(n_deselected=7)}, "a selection (-k refund): 7 LLM tests left out"),
        (
            {"verdict": replace(REGRESSED, invalid=("coverage 0.4 is below 0.9",))},
            "NO VERDICT POSSIBLE: coverage 0.4 is below 0.9",
        ),
        (
            {"verdict": SessionVerdict(verdict=Verdict.INCOMPARABLE, sentences=("NOT COMPARABLE a: edited.",))},
            "NOT COMPARABLE a: edited.",
        ),
        ({"verdict": SessionVerdict(verdict=Verdict.NO_BASELINE)}, "NO BASELINE"),
    ],
)
def test_what_a_reader_must_not_miss_stands_above_the_table(changes: dict[str, object], line: str) -> None:
    """Lost tests, an early stop, a selection and a missing verdict are said in plain words, before any number."""
    head = page(**changes).split("\nmetric ")[0]

    assert line in head.splitlines()


@pytest.mark.parametrize(
    ("changes", "exit_line", "head"),
    [
        (
            {"lost": ("a.py::t[1]",)},
            "exit status 6: no verdict is possible: 1 planned test brought no result",
            ["LOST: a.py::t[1]"],
        ),
        (
            {"stopped": "-x"},
            "exit status 6: no verdict is possible: the run was cut short (-x)",
            ["3 of 3 cases ran"],
        ),
        ({"stopped": "interrupted"}, "exit status 2: the run was interrupted", ["3 of 3 cases ran"]),
        (
            {"selection": "-k eu", "plan": Plan(n_deselected=7)},
            "exit status 6: no verdict is possible: only a selection was run (-k eu)",
            ["7 LLM tests left out by the selection"],
        ),
        (
            {"verdict": SessionVerdict(verdict=Verdict.NO_BASELINE, sentences=("NO BASELINE a.",), invalid=("none",))},
            "exit status 6: no verdict is possible: none",
            [],
        ),
    ],
)
def test_what_the_exit_status_says_is_said_once(changes: dict[str, object], exit_line: str, head: list[str]) -> None:
    """Right below the verdict, and only the names and numbers that it leaves out follow."""
    text = render(
        session(**({"verdict": SessionVerdict(verdict=Verdict.UNCHANGED)} | changes)),
        width=80,
        color=False,
        ascii_only=True,
        exit_line=exit_line,
    )
    expected = [*(() if "verdict" in changes else ["UNCHANGED"]), exit_line, *head]

    assert expected == text.split("\n\n")[0].splitlines()


def test_the_note_of_every_metric_is_for_the_verbose() -> None:
    """With -v each note names its suite and metric; what a sentence has said is not said again."""
    verdict = replace(REGRESSED, sentences=(*REGRESSED.sentences, "support relevance: 2 cases cannot be judged alone."))
    (first, second) = REGRESSED.comparisons
    verdict = replace(
        verdict, comparisons=(replace(first, notes=("2 cases cannot be judged alone", "3 draws replayed")), second)
    )
    page_ = render(session(verdict=verdict), width=160, color=False, verbose=True)

    assert [
        "support relevance: 3 draws replayed",
        (
            "support relevance: the mean changed by -0.300 (between -0.380 and -0.220); "
            "a drop of 0.120 would be found 4 times in 5"
        ),
    ] == [line for line in page_.splitlines()[2:] if line.startswith("support relevance: ")][-2:]
    assert 1 == page_.count("2 cases cannot be judged alone")


def test_a_wide_page_has_room_for_the_smallest_drop_that_could_show() -> None:
    """On a narrow one the sentences tell it, and the interval of the mean keeps its column."""
    heads = [
        [head for head in ("95 % interval", "could show") if head in render(session(), width=width, color=False)]
        for width in (80, 100)
    ]

    assert [["95 % interval"], ["95 % interval", "could show"]] == heads


def test_no_column_says_nothing() -> None:
    """Where all answers were the baseline's own, no drop was looked for; without a gate nothing was compared."""
    unchanged = Comparison(suite="support", metric="relevance", verdict=Verdict.UNCHANGED, n_replayed=2)
    verdict = SessionVerdict(verdict=Verdict.UNCHANGED, sentences=("UNCHANGED relevance.",), comparisons=(unchanged,))
    heads = [page(verdict=verdict).split("\nmetric ")[1].splitlines()[0] for verdict in (verdict, None)]

    assert [
        ["mean", "95 % interval", "baseline", "change", "scored"],
        ["mean", "95 % interval", "scored"],
    ] == [re.split(r"  +", head.strip()) for head in heads]


def test_a_baseline_update_does_not_claim_that_thresholds_decided() -> None:
    """No check fails its test while a baseline is made; what is below its threshold is counted all the same."""
    expected = "baseline update: thresholds did not decide, 3 cases ran, 1 check below its threshold"

    updated = session(verdict=None, settings={"baseline_update": "all"})

    assert expected == render(updated, width=120, color=False).splitlines()[0]


def test_an_unscored_case_has_not_passed() -> None:
    """A provider that was down is no green test."""
    unscored = replace(session().results[0], outcome="unscored")
    expected = "no gate: thresholds decided, 0 of 3 cases passed, 2 failed, 1 unscored"

    assert expected == page(verdict=None, results=(unscored, *session().results[1:])).splitlines()[0]


def test_unscored_agrees_with_the_coverage_that_decides() -> None:
    """A trial cut short counts; a skipped case, and a case-level check that had one trial, were promised no score."""
    cut = Trial(index=0, error="HTTP 429", is_unscored=True)
    alone = Check(score=Score.unscored("consistency", "needs trials >= 2"), is_case_level=True)
    good = case(SUPPORT, "us", "support", (relevance(1.0),), (answer("a"),))
    skipped = replace(good, id=CaseId(SUPPORT, "no"), outcome="skipped", trials=(cut,))
    found = session(results=(replace(good, trials=(*good.trials, cut), checks=(alone,)), skipped))

    assert (1, 2) == found.coverage
    assert "unscored  1 of 2 checks; 1 x HTTP 429" in render(found, width=80, color=False).splitlines()


def test_one_trial_and_an_empty_answer_waste_no_line() -> None:
    """Of one trial the mean has said it all."""
    results = (case(SUPPORT, "us", "support", (relevance(0.1, ""),), (answer(""),)),)
    worst = page(results=results, verdict=None).split("worst cases\n")[1].split("\n\n")[0]

    assert ["    0.100, threshold 0.6", "    because shares 10% of the question's words"] == worst.splitlines()[1:]


def test_only_the_five_worst_cases_are_shown_and_the_rest_counted() -> None:
    """A bad day fits a screen; -v names all."""
    results = tuple(
        case(SUPPORT, f"case{number}", "support", (relevance(number / 100),), (answer("no"),)) for number in range(9)
    )
    text = page(results=results, verdict=None)

    assert [f"case{number}" for number in range(5)] == re.findall(r"\[(case\d)\]", text)
    assert "worst cases, 5 of 9 (-v shows all)" in text
    assert 9 == len(re.findall(r"\[(case\d)\]", render(session(results=results), width=80, color=False, verbose=True)))


def test_a_regressed_case_comes_before_one_that_is_further_below_its_threshold() -> None:
    """A case that has always failed does not hide the one that broke."""
    always = case(SUPPORT, "always", "support", (relevance(0.0),), (answer("no"),))
    results = (always, *session().results)

    assert ["eu", "always"] == re.findall(r"test_refund\[(\w+)\] relevance", page(results=results))


def test_a_share_of_trials_that_is_missed_is_a_worst_case_though_the_mean_is_fine() -> None:
    """``require=0.9`` asks for nine trials in ten, not for a mean."""
    checks = tuple(replace(relevance(value), require=0.9) for value in (1.0, 1.0, 0.5))
    results = (case(SUPPORT, "us", "support", checks, tuple(answer("a", trial=i) for i in range(3))),)

    assert "    0.833, threshold 0.6, 2 of 3 reach it (90% must)" in page(results=results, verdict=None).splitlines()


def test_an_unknown_price_is_never_zero_dollars() -> None:
    """Where no price is known none is printed."""
    results = (case(SUPPORT, "us", "support", (relevance(1.0),), (answer("a", cost_usd=None),)),)

    assert "cost      1 answer has no known price" in page(results=results).splitlines()


def test_one_draw_that_two_trials_share_is_paid_once() -> None:
    """Equal requests in flight together are sent once, so their price is counted once."""
    calls = (answer("a", origin="d"), answer("a", origin="d"))
    results = (case(SUPPORT, "us", "support", (relevance(1.0), relevance(1.0)), calls),)

    assert "cost      $0.0010" in page(results=results).splitlines()


def test_replayed_answers_without_a_price_are_not_free() -> None:
    """A local model's recordings: nothing was bought, and nobody knows what they would have cost."""
    calls = tuple(answer("a", trial=i, provenance=Provenance.REPLAYED, cost_usd=None) for i in range(2))
    results = (case(SUPPORT, "us", "support", (relevance(1.0), relevance(1.0)), calls),)

    assert "cost      nothing was bought; 2 replayed answers have no known price" in page(results=results).splitlines()


def test_a_session_without_answers_has_no_bill() -> None:
    """Checks of plain text took no tokens."""
    results = (replace(session().results[0], trials=(Trial(index=0, checks=(relevance(1.0),)),)),)

    assert ["unscored  0 of 1 check", "time      12.3 s"] == page(results=results).splitlines()[-2:]
    assert "tokens" not in page(results=results)


def test_replayed_answers_cost_nothing_now() -> None:
    """A session from recordings spends no cent, and says what its recordings once cost."""
    calls = (answer("a", provenance=Provenance.REPLAYED),)
    results = (case(SUPPORT, "us", "support", (relevance(1.0),), calls),)

    assert "cost      nothing was bought; the replayed answers once cost $0.0010" in page(results=results).splitlines()


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [20, 80])
def test_text_of_others_reaches_the_terminal_as_text(*, color: bool, width: int) -> None:
    """No escape sequence, no markup, no line a CI system obeys, wherever the wrapping falls (FAULTS 25)."""
    text = render(hostile_session(), width=width, color=color, verbose=True, exit_line=HOSTILE)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text)

    assert set() == {char for char in bare if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
    assert [] == [line for line in bare.splitlines() if line.lstrip().startswith("::")]
    assert [] == re.findall(r"##\w*\[", bare)
    assert "8;;http" not in bare


def test_markup_of_others_is_text() -> None:
    """``[bold]`` in an answer, a metric's name or a reason is printed, and ``[/]`` ends nothing of ours."""
    text = render(hostile_session(), width=400, color=False)

    assert 0 < text.count("gnp.exe") == text.count("gnp.exe ::warning::x [bold]x[/bold] [/]")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Long ids and answers wrap; nothing is pushed out of a CI log."""
    results = (case(f"{SUPPORT}_{'x' * 300}", "y" * 300, "s", (relevance(0.1, "word " * 200),), (answer("a"),)),)
    text = render(session(results=results), width=width, color=False)

    assert [] == [line for line in text.splitlines() if len(line) > width]


def test_a_dumb_terminal_keeps_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI sets TERM=dumb, which rich would take for 80 columns."""
    results = (case(SUPPORT, "us", "support", (relevance(0.1, "word " * 200),), (answer("a"),)),)
    expected = render(session(results=results), width=120, color=True)
    monkeypatch.setenv("TERM", "dumb")

    assert expected == render(session(results=results), width=120, color=True)


@settings(max_examples=50)
@given(text=st.text(st.characters(codec=None), max_size=80), ascii_only=st.booleans())
def test_any_answer_can_be_printed(*, text: str, ascii_only: bool) -> None:
    """Whatever a model writes, surrogates too, the page encodes, and in ASCII where that is asked."""
    results = (case(SUPPORT, "us", "support", (relevance(0.1, text),), (answer("a"),)),)
    page_ = render(session(results=results, verdict=None), width=80, color=False, ascii_only=ascii_only)

    assert page_ == page_.encode("ascii" if ascii_only else "utf-8").decode()


def test_colours_only_where_they_are_asked_for() -> None:
    """A CI log gets no escape sequence; a terminal sees a regression in red."""
    assert "\x1b" not in render(session(), width=80, color=False)
    assert render(session(), width=80, color=True).startswith("\x1b[1;31mREGRESSED")
