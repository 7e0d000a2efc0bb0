"""Cases in other clothes: what each perturbation does, what a derived case is called, what cannot be perturbed."""

import pytest

from pytest_llmeval import Case, UsageError
from pytest_llmeval.datasets.perturbing import (
    KINDS,
    asked_for,
    casing,
    perturbed,
    punctuation,
    reordering,
    typos,
    whitespace,
)

TEXT = "How do I get a refund for order A-1,000? It's broken, sadly. Write to me@shop.org!"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("typos", "How do I get a refund for order A-1,000? It's brokeen, sadly. Write to me@shop.org!"),
        ("casing", "HOW DO I GET A REFUND FOR ORDER A-1,000? IT'S BROKEN, SADLY. WRITE TO ME@SHOP.ORG!"),
        ("whitespace", "How do I get a refund for\norder A-1,000? It's\nbroken, sadly.   Write  to me@shop.org! "),
        ("punctuation", "How do I get a refund for order A-1,000? Its broken sadly. Write to me@shop.org"),
        ("reordering", "It's broken, sadly. How do I get a refund for order A-1,000? Write to me@shop.org!"),
    ],
    ids=KINDS,
)
def test_a_perturbed_text_is_the_same_on_every_machine(kind, expected):
    """Recordings are found by it, so it may never change: another text would be asked anew."""
    assert expected == KINDS[kind](TEXT, 0)


def test_a_typing_error_touches_words_only():
    """No number, address, code or short word; one of eight words, at least one."""
    for seed in range(50):
        changed = typos(TEXT, seed)
        assert 1 == sum(a != b for a, b in zip(TEXT.split(), changed.split(), strict=True))
        assert {"A-1,000?", "me@shop.org!", "How", "It's"} <= set(changed.split())
    assert "A-1 in b.py" == typos("A-1 in b.py")


def test_another_seed_is_another_draw():
    """Several variants of one kind."""
    assert 3 < len({typos(TEXT, seed) for seed in range(10)})
    assert {TEXT.lower(), TEXT.upper()} == {casing(TEXT, seed) for seed in range(10)}
    assert {"Really", "Really!!"} == {punctuation("Really!", seed) for seed in range(10)}


def test_reordering_always_finds_another_order_where_there_is_one():
    """It never draws the order that stands; one sentence has no other."""
    assert {"B? A."} == {reordering("A. B?", seed) for seed in range(10)}
    assert "Only one." == reordering("Only one.")
    assert "A. A." == reordering("A. A.")


def test_white_space_alone_changes():
    """The words stay as they are."""
    assert TEXT.split() == whitespace(TEXT).split()


def test_numbers_keep_their_punctuation():
    """A thousands comma, a decimal point and a time are no sentence's."""
    assert "At 12:30 pay 1,000.50 then" in punctuation("At 12:30, pay 1,000.50, then.")


def test_a_derived_case_is_its_base_in_all_but_its_input():
    """Id, tags and input tell it; what is expected stays, and its input hash is its own."""
    base = Case(id="a", input="Where is Rome? I forgot.", expected="Italy", context="c", tags=("geo",), data={"n": 1})

    found = list(perturbed([base], asked_for("casing, reordering@3")))

    assert ["a", "a~casing", "a~reordering@3"] == [case.id for case in found]
    assert ("geo", "unperturbed") == found[0].tags
    assert ("geo", "perturbed", "perturbed/reordering") == found[2].tags
    assert {("Italy", "c", 1)} == {(case.expected, case.context, case["n"]) for case in found}
    assert base.input_hash == found[0].input_hash
    assert 3 == len({case.input_hash for case in found})


def test_of_messages_those_of_the_user_are_perturbed():
    """What the system and the assistant said is not the user's typing."""
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is Rome?"}]

    _, derived = perturbed([Case(id="a", input=said)], asked_for("casing"))

    assert said[0] == derived.input[0]
    assert derived.input[1]["content"] in {"where is rome?", "WHERE IS ROME?"}


def test_a_case_that_a_perturbation_does_not_change_is_not_there_twice():
    """As long as it changes some other."""
    cases = [Case(id="one", input="Only one."), Case(id="two", input="One. Two.")]

    assert ["one", "two", "two~reordering"] == [case.id for case in perturbed(cases, asked_for("reordering"))]
    with pytest.raises(UsageError, match="changes none of the cases"):
        list(perturbed(cases[:1], asked_for("reordering")))


@pytest.mark.parametrize("said", ["", "typo", "typos,typos", "typos@x", "typos@", [], [1], 7, "typos,"], ids=repr)
def test_what_is_no_perturbation_is_refused(said):
    """With the names of those that are."""
    with pytest.raises(UsageError, match="of typos, casing, whitespace, punctuation, reordering"):
        asked_for(said)


@pytest.mark.parametrize("input_", [{"q": "text"}, 7, None, [], ["text"], [{"content": "text"}]], ids=repr)
def test_an_input_that_is_no_text_is_refused(input_):
    """Which of its parts a user types, only the test's author knows."""
    with pytest.raises(UsageError, match="cannot change the input of the case 'a'"):
        list(perturbed([Case(id="a", input=input_)], asked_for("typos")))
