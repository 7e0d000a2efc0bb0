"""What ``llmeval watch`` says: what moved since the run before, and what is missing at what price."""

from dataclasses import replace

import pytest

from pytest_llmeval.commands.watch.before import Before
from pytest_llmeval.commands.watch.moved import moved, say_moved
from pytest_llmeval.commands.watch.price import price, spent
from pytest_llmeval.commands.watch.watcher import Consent
from pytest_llmeval.gather import session_file
from pytest_llmeval.gather.dependencies import Key
from pytest_llmeval.gather.forecast import Asked, Known
from pytest_llmeval.records import Provenance, Request
from tests.unit.sessions import SUPPORT, answer, case, relevance, session

MODEL = Asked("openai/smollm2", "")


def refund(text="In 30 days.", value=0.8, **changes):
    """One case of one trial."""
    return replace(case(SUPPORT, "eu", "support", (relevance(value, text),), (answer(text, **changes),)))


def missed(name="eu"):
    """The same, stopped at a request that is not recorded."""
    whole = refund()
    request = Request(model=MODEL.model, messages=({"role": "user", "content": "new"},), trial=0)
    trial = replace(whole.trials[0], calls=(), checks=(), is_unscored=True, error="not recorded")
    id_ = whole.id._replace(case=name)
    return replace(
        whole, nodeid=f"{SUPPORT}[{name}]", id=id_, trials=(trial,), has_miss=True, missed=(request,), outcome="failed"
    )


def look(result):
    """A run that asked nobody, of one case."""
    return session(results=(result,), settings={"model": MODEL.model})


def known(result):
    """It, as the run before left it."""
    return {Key(*result.id, result.arm): Known(result=result, default=MODEL, session="before")}


def test_scores_and_words_that_changed_are_shown(capsys):
    """The scores first; an answer by the words around the change."""
    say_moved(moved([(refund(), refund("In 14 days.", 0.3))]))
    told = capsys.readouterr().out
    assert "changed  support  tests/test_support.py::test_refund[eu] relevance  0.800 (1)  0.300 (1)  -0.500" in told
    assert "against the run before: 1 of 1 score and 1 of 1 answer changed" in told
    assert "    In [-30-] {+14+} days.\n" in told


def test_what_stayed_is_counted_and_not_shown(capsys):
    """Nor is anything said where nothing can be compared."""
    say_moved(moved([(refund(), refund())]))
    assert "\nagainst the run before: 0 of 1 score and 0 of 1 answer changed\n" == capsys.readouterr().out
    say_moved(moved([]))
    assert "" == capsys.readouterr().out


def test_where_the_application_asks_by_itself_what_its_checks_judged_is_compared(capsys):
    """No call of it came through us."""
    old, new = (replace(one, trials=(replace(one.trials[0], calls=()),)) for one in (refund(), refund("In 14 days.")))
    say_moved(moved([(old, new)]))
    assert "In [-30-] {+14+} days." in capsys.readouterr().out


def named(name, text, value):
    """A case by name, of two trials."""
    two = (relevance(value, text), relevance(value, text))
    return case(SUPPORT, name, "support", two, (answer(text, trial=0), answer(f"{text} too", trial=1)))


def test_the_lowest_fall_comes_first_and_one_answer_of_each_case(capsys):
    """Then their further trials; ten are shown, the rest is counted, and only visible characters are printed."""
    values = {"up": 0.9, "down": 0.1, **{f"still{n}": 0.5 for n in range(9)}}
    pairs = [(named(name, "a", 0.5), named(name, "b\x1b[31m", value)) for name, value in values.items()]
    found = moved(pairs)
    say_moved(found)
    told = capsys.readouterr().out
    assert ["down", "up"] == [one.line.id.case for one in found.scores]
    assert ["down", "up", "still0"] == [one.id.case for one in found.answers[:3]]
    assert 11 == len({one.id for one in found.answers[:11]})
    assert "against the run before: 2 of 11 scores and 22 of 22 answers changed" in told
    assert "  12 more changed\n" in told
    assert "\x1b" not in told


def test_what_was_cut_short_is_not_compared_and_takes_nobodys_place(tmp_path):
    """Neither by a provider nor by an answer that is not recorded: the next whole one is set against the last."""
    before = Before([tmp_path])
    whole, outage = refund(), replace(missed(), has_miss=False, missed=())
    assert [] == before.replace(session(results=(whole,)))
    assert [] == before.replace(session(results=(outage,)))
    assert [] == before.replace(session(results=(missed(),)))
    better = refund("In 14 days.")
    assert [(whole, better)] == before.replace(session(results=(better,)))


def test_the_run_before_is_found_in_what_earlier_commands_have_left(tmp_path):
    """The newest session that has the case, of either folder; not our own."""
    kept, ours = tmp_path / "kept", tmp_path / "ours"
    for folder, id_, result in [
        (kept, "1", refund("a")),
        (ours, "2", refund("b")),
        (kept, "3", missed()),
        (ours, "4", refund("now")),
    ]:
        session_file.write(session(id=id_, results=(result,)), folder)
    before = Before([kept, ours])
    before.look_back(session(id="4", results=(refund("now"),)))
    assert ["b"] == [known.result.trials[0].calls[0].text for known in before.known.values()]


def test_a_miss_costs_what_the_case_cost_when_it_last_ran():
    """One call at a tenth of a cent."""
    needed = price(look(missed()), known(refund()))
    assert (1, 1, 0.001) == (needed.n_cases, needed.found.n_live, needed.most_usd)


def test_a_new_case_is_taken_to_be_like_another_of_its_test():
    """And one of a new test is not known: at least the calls at which it was stopped."""
    alike = price(look(missed("uk")), known(refund()))
    assert (1, 0.001) == (alike.found.n_live, alike.most_usd)
    alone = price(look(missed("uk")), {})
    assert (1, None, True) == (alone.found.n_live, alone.most_usd, alone.is_least)


def test_a_call_more_than_before_has_no_known_price():
    """All that the case asked before was answered from what is stored."""
    before = refund()
    stopped = replace(missed(), trials=before.trials)
    needed = price(look(stopped), known(before))
    assert (1, None, True) == (needed.found.n_live, needed.most_usd, needed.is_least)


def test_only_what_was_bought_is_counted_as_spent():
    """Five live answers at a tenth of a cent; replayed ones and those without a price are not."""
    assert 0.005 == pytest.approx(spent(session()))
    assert 0.0 == spent(session(results=(refund(provenance=Provenance.REPLAYED),)))


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        (Consent(), False),
        (Consent(is_given=True), True),
        (Consent(most_usd=0.001), True),
        (Consent(most_usd=0.0009), False),
        (Consent(most_usd=0.01, spent_usd=0.0095), False),
    ],
)
def test_what_may_be_spent_unasked_is_what_was_agreed_to_in_all(consent, expected):
    """The sum of all runs counts."""
    assert expected == consent.covers(price(look(missed()), known(refund())))


def test_what_has_no_known_price_is_never_within_a_sum():
    """Never a number in the place of unknown."""
    unpriced = known(refund(cost_usd=None))
    assert not Consent(most_usd=1_000.0).covers(price(look(missed()), unpriced))
