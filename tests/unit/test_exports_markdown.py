"""What a reviewer reads in a pull request: the verdict first, and never more than GitHub takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.exports import markdown
from pytest_llmeval.records import (
    Acceptance,
    AcceptedLine,
    Against,
    CaseVerdict,
    CheckId,
    Comparison,
    SessionVerdict,
    Summary,
    Verdict,
)
from tests.unit.sessions import REFUND_ID, REGRESSED, SUPPORT, answer, case, relevance, session

WHOLE_PAGE = """\
<!-- pytest-llmeval -->
## llmeval: REGRESSED

**exit status 1: a metric regressed**

- REGRESSED `test_refund[eu]`: relevance fell from 0.9 to 0.3.
- 1 case is new.

### What moved

| case and metric | baseline (trials) | here (trials) | change |  |
|---|--:|--:|--:|---|
| `tests/test_support.py::test_refund[eu] relevance` | 0.900 (10) | 0.300 (5) | -0.600 | **regressed** |

### Every metric

| suite | metric | mean | 95 % interval | baseline | change | could show | scored |
|---|---|--:|--:|--:|--:|--:|--:|
| `support` | `relevance` | 0.550 | 0.470 to 0.630 | 0.850 | -0.300 regressed | -0.120 | 10 |
| `summaries` | `faithfulness` | 0.750 | 0.500 to 1.000 | - | no baseline | - | 4 of 5 |

*could show*: the smallest fall that such a run finds 4 times in 5.

### Worst cases

<details><summary><code>tests/test_support.py::test_refund[eu] relevance</code></summary>

- 0.300, threshold 0.6, 1 of 5 reach it; regressed: 0.900 on the baseline
- at `tests/test_support.py:31`
- because `shares 20% of the question's words`

```text
I am a language model.
```

</details>

### What it rests on

- answers: 10 live, 5 replayed
- tokens: 120 in, 60 out; 100 in, 50 out (replayed)
- cost: \\$0.0050, and 1 more has no known price; the replayed answers once cost \\$0.0050
- scored: 14 of 15 checks; 1 x `the judge timed out`
- model: `openai/smollm2`
- commit `3fbf8b6` on `shorter-prompt`
- session `20260131T120000Z-1f2e3d4c`, 12.3 s; `pytest-llmeval 0.1.0, python 3.11.7`

### What to run next

- the worst case, on the machine that ran it: `llmeval sessions show --case 'tests/test_support.py::test_refund[eu]'`
- every case beside its baseline: `llmeval baseline diff`
- if it is worse on purpose: `llmeval baseline accept 'tests/test_support.py::test_refund[eu] relevance' --reason ...`
- on main, what has no baseline yet: `pytest --llmeval-baseline-update=new-only`

"""


def test_the_whole_page():
    """Verdict, what moved, metrics, answers, what it rests on, what to run next."""
    found = markdown.render(session(exit_status=1, exit_line="exit status 1: a metric regressed"))
    assert WHOLE_PAGE == found


def test_of_many_regressed_cases_the_first_is_told_and_all_are_in_the_table():
    """The sentences that say something else are not crowded out."""
    page = markdown.render(_huge("a"))
    head, _, table = page.partition("### What moved")
    assert 3 == head.count("- REGRESSED ")
    assert "- REGRESSED 999 more cases, see below.\n- REGRESSED and 2 more cases without a baseline.\n" in head
    assert 50 == table.count("**regressed**")


def test_what_was_accepted_and_lowered_has_a_place_of_its_own():
    """A reviewer must not miss either, and finds them in one place."""
    sentences = ("UNCHANGED all.", "ACCEPTED a relevance: 0.9 -> 0.7 (agreed; Ada).", "LOWERED b safety: threshold.")
    accepted = AcceptedLine(
        id=REFUND_ID, before=0.9, after=0.7, acceptance=Acceptance(reason="agreed", author="Ada", accepted_at="2026")
    )
    page = markdown.render(
        session(
            verdict=SessionVerdict(verdict=Verdict.UNCHANGED, sentences=sentences),
            against=Against(commit="1f0c3a9b77e2", name="origin/main", accepted=(accepted,)),
        )
    )
    head, _, rest = page.partition("### Accepted, lowered, gone\n")
    assert "ACCEPTED" not in head
    expected = "\n- ACCEPTED a relevance: 0.9 → 0.7 (agreed; Ada).\n- LOWERED b safety: threshold.\n\n"
    assert expected == rest[: len(expected)]


def test_a_session_without_a_gate_says_that_thresholds_decided():
    """And its table has no column for what was not compared."""
    page = markdown.render(session(verdict=None, exit_status=0))
    assert "## llmeval: NO GATE\n" in page
    assert "- no gate: thresholds decided, 1 of 3 cases passed, 2 failed\n" in page
    assert "could show" not in page


def test_lost_tests_are_no_verdict():
    """Whatever the verdict of the rest says."""
    page = markdown.render(session(lost=("a.py::t[1]",)))
    assert "## llmeval: NO VERDICT\n" in page
    assert "- LOST `a.py::t[1]` brought no result\n" in page


def _huge(text: str):
    """Return a session of 1,000 cases that all regressed, each answer as long as a check keeps it."""
    low = relevance(0.1, (text * 1_000)[:1_000])
    cases = tuple(case(SUPPORT, f"{number} {text}", "support", (low,), (answer(text),)) for number in range(1_000))
    named = tuple(
        CaseVerdict(
            id=CheckId(*result.id, "relevance"),
            verdict=Verdict.REGRESSED,
            baseline_mean=0.9,
            baseline_trials=10,
            current_mean=0.1,
            current_trials=1,
            p_adjusted=0.001,
        )
        for result in cases
    )
    compared = Comparison(suite="support", metric="relevance", verdict=Verdict.REGRESSED, cases=named)
    more = ("REGRESSED and 990 more cases.", "REGRESSED and 2 more cases without a baseline.")
    sentences = (*(f"REGRESSED {one.id}: worse." for one in named[:10]), *more, *("x" * n for n in range(1, 30)))
    verdict = replace(REGRESSED, sentences=sentences, comparisons=(compared,))
    summary = Summary(
        suite="s", metric="m", mean=0.5, low=0.4, high=0.6, n_cases=1, n_scored=1, n_unscored=0, n_below=0
    )
    summaries = tuple(replace(summary, metric=f"{text} {number}") for number in range(1_000))
    return session(results=cases, verdict=verdict, summaries=summaries, lost=tuple(f"{text}{n}" for n in range(1_000)))


@pytest.mark.parametrize("text", ["a", "`|" * 300, "日" * 500, "line\n" * 100])
@pytest.mark.parametrize("limit", [markdown.LIMIT, 12_000])
def test_a_page_is_never_longer_than_it_may_be_and_says_what_it_left_out(text, limit):
    """The verdict and the next steps stay; each list says how many items it lacks."""
    page = markdown.render(_huge(text), limit=limit)
    assert limit >= len(page.encode())
    assert "## llmeval: NO VERDICT\n" in page
    assert "### What to run next\n" in page
    assert "more cases left out" in page
    assert "more metrics left out" in page
    assert "more sentences left out" in page


def test_a_written_page_is_what_was_rendered(tmp_path):
    """As UTF-8, whatever the machine's own encoding."""
    markdown.write(session(branch="größer"), tmp_path / "llmeval.md")
    assert markdown.render(session(branch="größer")) == (tmp_path / "llmeval.md").read_text(encoding="utf-8")
