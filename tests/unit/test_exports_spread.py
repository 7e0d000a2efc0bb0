"""``-v``: how the cases lie beside the baseline's, and how the means went, in bars."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pytest_llmeval.exports.beside import Beside
from pytest_llmeval.exports.spread import case_means
from pytest_llmeval.exports.terminal import render
from pytest_llmeval.records import CaseId, CheckId, Draw, Line, Session
from tests.unit.sessions import RELEVANCE, SUPPORT, answer, case, relevance, session

NOW = (0.05, 0.05, 0.05, 0.95, 0.95)
THEN = (0.95, 0.95, 0.95, 0.95, 1.0)


def of_cases(means, **changes) -> Session:
    """Return a session with a case a mean."""
    results = tuple(
        case(SUPPORT, str(number), "support", (relevance(mean),), (answer("Yes."),))
        for number, mean in enumerate(means)
    )
    summary = replace(RELEVANCE, mean=sum(means) / len(means), n_cases=len(means), n_scored=len(means))
    return session(results=results, summaries=(summary,), **changes)


def lines_of(means) -> dict[CheckId, Line]:
    """Return the baseline's lines of such cases, two draws each."""
    ids = [CheckId(SUPPORT, str(number), "relevance") for number in range(len(means))]
    return {
        id_: Line(id=id_, suite="support", draws=(Draw(mean, "then", "a"), Draw(mean, "then", "b")))
        for id_, mean in zip(ids, means, strict=True)
    }


def bars(record: Session, beside: Beside, *, ascii_only: bool = False, width: int = 80) -> str:
    """Return the part of the page between the table and the notes; empty where there is none."""
    page = render(record, width=width, color=False, verbose=True, ascii_only=ascii_only, beside=beside)
    blocks = [block for block in page.split("\n\n") if re.match(r"metric .*(here|trend)", block)]
    return blocks[0] if blocks else ""


def test_two_pictures_have_one_scale() -> None:
    """Five cases of the baseline in the last tenth, two of now: a bar of the same height is the same number."""
    found = bars(of_cases(NOW), Beside(lines=lines_of(THEN)))

    head, row, legend = found.splitlines()
    assert ["metric", "baseline", "here"] == head.split()
    assert ["relevance", ".........█", "▅........▄"] == row.split()
    assert "cases by their means, 0 to 1 from left to right" == legend


def test_the_trend_ends_with_this_session() -> None:
    """The oldest on the left; a session without that mean is a dot; the branch is named."""
    past = [session(summaries=(replace(RELEVANCE, mean=mean),)) for mean in (0.9, 0.8)]
    past.insert(1, session(summaries=()))
    found = bars(of_cases(NOW), Beside(past=tuple(past)))

    assert ["metric", "here", "trend"] == found.splitlines()[0].split()
    assert "█.▇▁" == found.splitlines()[1].split()[-1]
    assert "trend: the last 4 whole sessions on shorter-prompt, this one on the right" in " ".join(found.split())


@pytest.mark.parametrize("width", [80, 40])
def test_where_bars_cannot_be_shown_digits_are(width) -> None:
    """And nothing else on the page is more than ASCII, nor wider than the page, whatever the branch is called."""
    beside = Beside(lines=lines_of(THEN), past=(session(summaries=(RELEVANCE,)),))
    record = of_cases(NOW, branch="größer/\x1b[31m" + "x" * 200)
    page = render(record, width=width, color=False, verbose=True, ascii_only=True, beside=beside)

    assert page.isascii()
    assert "\x1b" not in page
    assert max(map(len, page.splitlines())) <= width
    if width == 80:
        assert ["relevance", ".........9", "6........4", "90"] == bars(record, beside, ascii_only=True).splitlines()[
            1
        ].split()


def test_of_few_cases_nothing_is_drawn() -> None:
    """Fewer than five are told by their list; with a past there is still a trend."""
    few = of_cases(NOW[:4])
    assert "" == bars(few, Beside(lines=lines_of(THEN[:4])))
    found = bars(few, Beside(past=(session(summaries=(RELEVANCE,)),))).splitlines()
    assert ["relevance", "█▁"] == found[1].split()
    assert found[2].startswith("trend: ")


def test_a_page_without_it_has_no_bars() -> None:
    """The default page, and a stored session whose baseline nobody has looked up."""
    page = render(of_cases(NOW), width=80, color=False, verbose=True)
    assert not set("▁▂▃▄▅▆▇█") & set(page)


def test_arms_have_rows_of_their_own() -> None:
    """Cases of two variants are not thrown together."""
    record = of_cases(NOW)
    twice = [replace(result, arm=arm) for arm in ("a", "b") for result in record.results]
    means = case_means(replace(record, results=tuple(twice)))

    assert {("support", "relevance", "a"), ("support", "relevance", "b")} == means.keys()
    assert {5} == {len(one) for one in means.values()}
    assert CaseId(SUPPORT, "0") == next(iter(means["support", "relevance", "a"])).case_id
