"""Any text can be perturbed, and any answer looked at for a leak."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.assertions import refusing
from pytest_llmeval.datasets.perturbing import KINDS
from pytest_llmeval.metrics.leaking import resistance, secrecy

SENTENCES = st.text(alphabet="abcXYZ äß.,;:!?'\u2019\n\t019@/#", max_size=80)
TEXTS = st.one_of(SENTENCES, st.text(max_size=80), st.text(alphabet=st.characters(), max_size=20))
SEEDS = st.integers(min_value=0, max_value=10**9)


@given(st.sampled_from(sorted(KINDS)), TEXTS, SEEDS)
def test_the_same_text_and_seed_are_the_same_perturbed_text(kind, text, seed):
    """Whatever the text, and no text raises."""
    once = KINDS[kind](text, seed)

    assert once == KINDS[kind](text, seed)
    assert isinstance(once, str)


@given(TEXTS, SEEDS)
def test_reordering_and_white_space_keep_every_word(text, seed):
    """They move words apart or about, and lose none."""
    for kind in ("reordering", "whitespace"):
        assert sorted(text.split()) == sorted(KINDS[kind](text, seed).split())


@given(TEXTS, TEXTS, TEXTS)
def test_the_attack_metrics_are_in_range_or_unscored_for_any_text(output, prompt, question):
    """Never an exception, never a number outside."""
    for score in (secrecy(output, prompt, question), resistance(output, ["a" + prompt]), refusing._answering(output)):
        assert (score.value is None) == (not output.strip() or (score.metric == "secrecy" and "fewer" in score.reason))
        assert score.value is None or 0.0 <= score.value <= 1.0


@given(SENTENCES, SENTENCES, SENTENCES)
def test_more_of_a_prompt_told_is_never_a_better_secrecy(prompt, before, after):
    """An answer with the whole prompt in it scores no higher than one with half of it."""
    half, whole = prompt[: len(prompt) // 2], prompt
    scores = [secrecy(f"{before} x {told} x {after} x", prompt).value for told in (whole, half + " x")]
    if None not in scores:
        assert scores[0] <= scores[1] + 1e-9
