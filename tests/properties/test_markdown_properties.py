"""Text of others is inert in Markdown, as GitHub's own parser reads it."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_llmeval.exports import markdown
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.markdown_text import cells, code, fenced, prose, summary
from pytest_llmeval.records import Place, Score, SessionVerdict, Verdict
from tests.unit.sessions import SUPPORT, answer, case, relevance, session

ATTACKS = [
    *("@ada please", "see #12", "acme/app#3", "GH-12", "http://evil.example", "www.evil.example", "a@evil.example"),
    *("[x](http://evil)", "![x](http://evil/x.png)", "<img src=x onerror=alert(1)>", "<script>x</script>", "<!--"),
    *("```\n# heading\n```", "~~~\nx", "`", "``", "`` ` ``", "a | b", "\\`@ada`", "`a`\\", "\\|", "---", "***", "# x"),
    *(
        "- x",
        "1. x",
        "> x",
        "$x$",
        ":smile:",
        "*x*",
        "_x_",
        "~~x~~",
        "</details>",
        "</code>@ada",
        "&#64;ada",
        "- [ ] x",
    ),
    *("[^1]", "[x]: http://evil", "\t@ada", "``@ada`", '"`@ada`"', "(`@ada`)", "x`@ada`y", "`a``@ada", "&lt;b&gt;"),
]
TEXTS = st.one_of(
    st.sampled_from(ATTACKS),
    st.lists(st.sampled_from(ATTACKS), max_size=4).map(" ".join),
    st.text(st.sampled_from("`@#|<>\\[]()!*_~$:/.- a1\n\"'&-+="), max_size=40),
    st.text(max_size=40),
)
ALIVE = ("@", "#", "http", "www.", "evil", "GH-", "$", "_x_")
OUR_TAGS = {"p", "li", "ul", "h2", "h3", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "em"}
OUR_TAGS |= {"details", "summary"}


class _Page(HTMLParser):
    """What is left outside of code, and every tag."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.alive, self.code, self.tags, self._depth = "", "", [], 0
        options = Options.CMARK_OPT_UNSAFE
        self.feed(cmarkgfm.markdown_to_html_with_extensions(page, options, ["table", "autolink", "strikethrough"]))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._depth += tag in ("code", "pre")

    def handle_endtag(self, tag):
        self._depth -= tag in ("code", "pre")

    def handle_data(self, data):
        if self._depth:
            self.code += data
        else:
            self.alive += data


def _is_inert(page: _Page) -> bool:
    return set(page.tags) <= OUR_TAGS and not any(mark in page.alive for mark in ALIVE)


@given(TEXTS)
@settings(max_examples=400)
@example("``@ada`` x`` `@ada`")
@example("1. `x`")
def test_a_sentence_holds_no_mention_link_or_markup(text):
    """Also where it stands in a list, and nothing of it is lost."""
    page = _Page(f"- {prose(text)}\n")
    assert _is_inert(page)
    shown = "".join((page.alive + page.code).split())
    said = "".join(plain(text, limit=1_000).replace(" -> ", " → ").split())
    assert sorted(said.replace("`", "")) == sorted(shown.replace("`", ""))


@given(TEXTS)
@settings(max_examples=400)
def test_a_code_span_shows_the_text_and_nothing_else(text):
    """In a line."""
    page = _Page(f"x {code(text)} y\n")
    assert plain(text, limit=200) == page.code
    assert "x  y" == " ".join(page.alive.strip().split("  ")).replace("x y", "x  y")


@given(TEXTS, TEXTS)
@settings(max_examples=400)
def test_a_table_has_as_many_cells_as_we_gave_it(one, other):
    """Whatever bars and backslashes stand in them."""
    page = _Page("\n".join([cells("a", "b"), "|---|---|", cells(code(one), prose(other)), ""]))
    assert _is_inert(page)
    assert ["td"] * 2 == [tag for tag in page.tags if tag == "td"]


@given(TEXTS)
@settings(max_examples=400)
def test_a_fence_and_a_summary_cannot_be_left(text):
    """What follows them is ours."""
    lines = [f"<details>{summary(text)}", "", *fenced(text, limit=500), "", "</details>", "", "@end"]
    page = _Page("\n".join(lines) + "\n")
    assert set(page.tags) <= OUR_TAGS
    assert ["@end"] == page.alive.split()


@given(TEXTS, TEXTS, TEXTS)
@settings(max_examples=100)
def test_a_whole_page_is_inert_whatever_stands_in_its_session(one, other, third):
    """Names, reasons, answers, sentences, branch, commit and selection are others' words."""
    check = replace(relevance(0.1, third), place=Place(one, 3, other))
    low = replace(check, score=Score(metric=other, value=0.1, reason=third))
    unscored = replace(low, score=Score.unscored(other, third or "?"))
    result = case(f"{SUPPORT}{one}", other, third, (low, unscored), (answer(one), answer(other, model=third)))
    page = markdown.render(
        session(
            results=(replace(result, has_miss=True),),
            verdict=SessionVerdict(verdict=Verdict.REGRESSED, sentences=(one, f"ACCEPTED {other}"), invalid=(third,)),
            lost=(one,),
            stopped=other,
            selection=third,
            branch=one,
            commit=other,
            exit_line=third,
        )
    )
    found = _Page(page)
    # Our own: "$0.0010", and the mark of the comment.
    assert set(found.tags) <= OUR_TAGS
    assert not any(mark in found.alive.replace("$0.00", "") for mark in ALIVE)
