"""Is the answer in the language that it should be in?"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pytest_llmeval.records import Score

if TYPE_CHECKING:
    from collections.abc import Collection

VERSION: Final = "1"
_LEAST_LETTERS: Final = 20
_HEAD: Final = 2_000


def language(output: str, wanted: str) -> Score:
    """Score 1 if the answer's language is the wanted one, else 0.

    The identifier looks at sequences of bytes, and knows 97 languages. It names one language for a whole text: a
    sentence in another one within a long answer is not seen. Close relatives (Danish and Norwegian, Croatian and
    Serbian) are mixed up now and then.

    Args:
        output: the answer; its first 2,000 characters are looked at.
        wanted: ISO 639-1, such as ``de``.

    Returns:
        1.0 or 0.0; unscored with fewer than 20 letters, by which nobody tells languages apart.

    Source:
        langid: Lui & Baldwin 2012, "langid.py: An Off-the-shelf Language Identification Tool", by ``py3langid``.
    """
    head = output[:_HEAD]
    n_letters = sum(map(str.isalpha, head))
    if n_letters < _LEAST_LETTERS:
        return Score.unscored("language", f"{n_letters} letters are too few to tell a language", version=VERSION)
    # A lone surrogate has no bytes.
    found, share = _identifier().classify(head.encode("utf-8", "replace").decode("utf-8"))
    reason = f"it reads as {found!r}, with a probability of {float(share):.2f}"
    return Score(metric="language", value=float(found == wanted), reason=reason, version=VERSION)


def known_languages() -> Collection[str]:
    """Return the codes of the languages that can be told apart."""
    return frozenset(_identifier().labels)


@cache
def _identifier() -> Any:  # noqa: ANN401 - a library without types; its model takes 2 s to read
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
