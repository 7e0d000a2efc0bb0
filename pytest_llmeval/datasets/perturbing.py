"""A case in other clothes: its input with typing errors, other capitals, blanks, punctuation or order of sentences.

Cases go in, and cases derived from them come out. Every function is pure: the same text and seed give the same text,
on every machine and version of Python, since recordings are found by it. None raises, whatever the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeVar

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Case, Json

PERTURBED: Final = "perturbed"
UNPERTURBED: Final = "unperturbed"
PARAPHRASE: Final = "paraphrase"
"""The perturbation that asks a model; no test asks for it, a command writes it into a file."""

_T = TypeVar("_T")

# A word of letters only, with nothing but punctuation around it: no part of a number, an address or a piece of code.
_WORD: Final = re.compile(r"(?<![^\s\"'(\u201c\u2018])[^\W\d_]{4,}(?=[.,;:!?)\"'\u201d\u2019]*(?:\s|\Z))")
_WORDS_PER_TYPO: Final = 8
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: Final = {
    key: "".join(row[max(0, i - 1) : i] + row[i + 1 : i + 2]) for row in _ROWS for i, key in enumerate(row)
}
_BLANK: Final = re.compile(r"(?<=\S) (?=\S)")
_BLANKS_PER_CHANGE: Final = 4
_INNER: Final = re.compile(r"[,;:](?=\s)|(?<=[^\W\d_])['\u2019](?=[^\W\d_])")
_SENTENCES: Final = re.compile(r"(?<=[.!?])[ \t]+(?=\S)")


class _Draws:
    """Whole numbers that look drawn, from a digest: the standard library's may change from one Python to the next."""

    def __init__(self, kind: str, seed: int, text: str) -> None:
        self._key = hashlib.sha256(f"{kind}\0{seed}\0{text}".encode("utf-8", "surrogatepass")).digest()
        self._n = 0

    def below(self, n: int) -> int:
        self._n += 1
        drawn = hashlib.sha256(self._n.to_bytes(8, "big") + self._key).digest()
        return int.from_bytes(drawn[:8], "big") % n  # the bias is below n / 2^64

    def some(self, values: Sequence[_T], n: int) -> list[_T]:
        """Draw n of the values, in their order."""
        left, drawn = list(range(len(values))), []
        for _ in range(min(n, len(values))):
            at = self.below(len(left))
            left[at], left[-1] = left[-1], left[at]
            drawn.append(left.pop())
        return [values[i] for i in sorted(drawn)]


def typos(text: str, seed: int = 0) -> str:
    """Put a typing error into one of eight words, at least one: two letters swapped, one dropped, doubled or missed.

    Only words of four letters and more, with nothing in them but letters; the first letter stays. A missed letter is
    one beside it on an English keyboard.
    """
    draws = _Draws("typos", seed, text)
    words = list(_WORD.finditer(text))
    drawn = draws.some(words, max(1, round(len(words) / _WORDS_PER_TYPO)))
    return _replaced(text, drawn, lambda word: _mistyped(word, draws))


def _mistyped(word: str, draws: _Draws) -> str:
    at = 1 + draws.below(len(word) - 2)  # neither the first letter nor the last
    letter, after = word[at], word[at + 1]
    near = _NEIGHBOURS.get(letter, "")
    forms = [word[:at] + word[at + 1 :], word[:at] + letter + word[at:]]
    if letter != after:
        forms.append(word[:at] + after + letter + word[at + 2 :])
    if near:
        forms.append(word[:at] + near[draws.below(len(near))] + word[at + 1 :])
    return forms[draws.below(len(forms))]


def casing(text: str, seed: int = 0) -> str:
    """Write all of it in small letters or, as the seed has it, in capitals."""
    forms = [form for form in (text.lower(), text.upper()) if form != text]
    return forms[_Draws("casing", seed, text).below(len(forms))] if forms else text


def whitespace(text: str, seed: int = 0) -> str:
    """Make of one of four blanks two or three, or a new line, at least of one; and add blanks at the end."""
    draws = _Draws("whitespace", seed, text)
    blanks = list(_BLANK.finditer(text))
    drawn = draws.some(blanks, max(1, round(len(blanks) / _BLANKS_PER_CHANGE)))
    return _replaced(text, drawn, lambda _: ("  ", "   ", "\n")[draws.below(3)]) + " " * (1 + draws.below(2))


def _replaced(text: str, places: Sequence[re.Match[str]], new: Callable[[str], str]) -> str:
    """Put something new in each of some places of a text, which are in their order."""
    pieces, at = [], 0
    for place in places:
        pieces += [text[at : place.start()], new(place[0])]
        at = place.end()
    return "".join([*pieces, text[at:]])


def punctuation(text: str, seed: int = 0) -> str:
    """Leave out commas, semicolons, colons and apostrophes; drop or, as the seed has it, repeat the last mark."""
    said = _INNER.sub("", text)
    body = said.rstrip()
    head = body.rstrip(".!?")
    last = body[len(head) :] * (0, 2)[_Draws("punctuation", seed, text).below(2)]
    return head + last + said[len(body) :]


def reordering(text: str, seed: int = 0) -> str:
    """Put the sentences into another order, where there are two at least."""
    sentences = _SENTENCES.split(text.strip())
    draws = _Draws("reordering", seed, text)
    left, order = list(sentences), []
    while left:
        order.append(left.pop(draws.below(len(left))))
    if order == sentences:  # drawn as it was: turned once, it is another order, unless all are alike
        order = [*order[1:], *order[:1]]
    return text if order == sentences else " ".join(order)


Perturbation = Callable[[str, int], str]
KINDS: Final[dict[str, Perturbation]] = {
    "typos": typos,
    "casing": casing,
    "whitespace": whitespace,
    "punctuation": punctuation,
    "reordering": reordering,
}


class Asked(NamedTuple):
    """One perturbation that a test asks for.

    Args:
        kind: a name in ``KINDS``.
        seed: of its draws.
    """

    kind: str
    seed: int = 0

    @property
    def name(self) -> str:
        """As it was asked for, and as the id of a derived case ends."""
        return f"{self.kind}@{self.seed}" if self.seed else self.kind


def asked_for(said: object, kinds: Collection[str] = KINDS.keys()) -> tuple[Asked, ...]:
    """Read what a marker says: ``"typos,casing"``, a list of such names; ``"typos@2"`` is drawn by another seed.

    Args:
        said: as above.
        kinds: that may be asked for.

    Raises:
        UsageError: it names no perturbation, or one twice.
    """
    names = said.split(",") if isinstance(said, str) else said
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise _wrong(said, kinds)
    asked = []
    for name in names:
        kind, at, seed = name.strip().partition("@")
        if kind not in kinds or (at and not re.fullmatch(r"[0-9]{1,9}", seed)):
            raise _wrong(said, kinds)
        asked.append(Asked(kind, int(seed or 0)))
    if len(set(asked)) < len(asked):
        raise _wrong(said, kinds)
    return tuple(asked)


def perturbed(
    cases: Sequence[Case], asked: Sequence[Asked], kinds: Mapping[str, Perturbation] = KINDS
) -> Iterator[Case]:
    """Yield each case, and behind it those derived from it.

    A derived case has the id ``BASE~typos``, the tags ``perturbed`` and ``perturbed/typos`` beside those of its base,
    and all else of it; the base has the tag ``unperturbed``. Where a perturbation changes nothing (one sentence has no
    other order), there is no derived case.

    Args:
        cases: their inputs are text, or lists of messages, whose user messages are perturbed.
        asked: the perturbations, each by itself: none is put on top of another.
        kinds: what each of them does.

    Raises:
        UsageError: the input of a case is neither, or a perturbation changes no case at all.
    """
    n_changed = dict.fromkeys(asked, 0)
    for case in cases:
        yield replace(case, tags=(*case.tags, UNPERTURBED))
        for one in asked:
            changed = _changed(case, one, kinds[one.kind])
            if changed != case.input:
                n_changed[one] += 1
                tags = (*case.tags, PERTURBED, f"{PERTURBED}/{one.kind}")
                yield replace(case, id=f"{case.id}~{one.name}", input=changed, tags=tags)
    for one, n in n_changed.items():
        if not n:
            raise UsageError(
                f"perturb={one.name!r} changes none of the cases",
                found=f"{len(cases)} cases",
                hint="leave it out; reordering needs cases of two sentences at least",
            )


def _changed(case: Case, one: Asked, change: Perturbation) -> Json:
    if isinstance(case.input, str):
        return change(case.input, one.seed)
    if isinstance(case.input, list) and case.input and all(map(_is_message, case.input)):
        return [_message(message, change, one.seed) for message in case.input]
    raise UsageError(
        f"perturb={one.name!r} cannot change the input of the case {case.id!r}",
        found=f"it is {case.input!r}"[:200],
        hint="it takes text, or a list of messages with role and content",
    )


def _is_message(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str)


def _message(message: dict[str, Json], change: Perturbation, seed: int) -> dict[str, Json]:
    content = message.get("content")
    if message["role"] != "user" or not isinstance(content, str):
        return message
    return {**message, "content": change(content, seed)}


def _wrong(said: object, kinds: Collection[str]) -> UsageError:
    asks = isinstance(said, str) and PARAPHRASE in said and PARAPHRASE not in kinds
    return UsageError(
        f"perturb={said!r:.200} is not allowed",
        found="a paraphrase asks a model, and no test asks one before it begins" if asks else "",
        hint="write them into a file: llmeval dataset perturb"
        if asks
        else f"name each once, of {', '.join(kinds)}; another seed: typos@2",
    )
