"""Does a text speak to whoever grades it?"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WHO: Final = r"(?:grader|judge|evaluator|examiner|rater|reviewer|assessor|marker|scorer|grading (?:model|system))"
_WHAT: Final = r"(?:grade|score|rating|mark|points?|verdict|evaluation|assessment|judg(?:e)?ment)"
_BEST: Final = r"(?:5|five|10|ten|100|1\.0|top|full|maximum|max|highest|perfect|best|pass(?:ing)?)"
_RULES: Final = r"(?:instructions?|rules?|rubric|criteri(?:on|a)|prompts?|guidelines?|directions?)"
_GIVE: Final = r"(?:give|award|assign|output|return|reply|respond|answer|print|write|set|grant|choose|rate|score|grade)"
_ROLE: Final = r"(?:system|assistant|user|inst|im_start|im_end|developer)"
_ORDER: Final = r"(?:^|[.!?:;,\"'] ?|\b(?:please|must|should|now|and|then|you|just) )"
_RULES_ASIDE, _TO_A_GRADER = "asks to set rules aside", "speaks to a grader"
_FOR_A_GRADE, _A_TURN, _AN_END = "asks for a grade", "plays a turn of the conversation", "plays the end of the material"
_FORMS: Final = (
    # An order, and not "I cannot ignore my instructions", which is how a good answer refuses one.
    (_RULES_ASIDE, rf"{_ORDER}(?:ignore|disregard|forget|override|bypass|do not follow)\b.{{0,40}}\b{_RULES}\b"),
    (_TO_A_GRADER, rf"\b(?:dear|hey|hello|hi|attention|(?:note|notice|message) to) (?:the |my )?(?:ai |llm )?{_WHO}\b"),
    (_TO_A_GRADER, rf"\b(?:you are|you're) (?:an?|the) (?:\w+ )?{_WHO}\b|\bas (?:an?|the) (?:\w+ )?{_WHO},? you\b"),
    (_TO_A_GRADER, rf"{_ORDER}act as (?:an?|the) (?:\w+ )?{_WHO}\b"),
    (_TO_A_GRADER, rf"\b{_WHO}s?\b.{{0,30}}\b(?:must|should|shall|ha(?:s|ve) to|needs? to|will|please)\b"),
    (_FOR_A_GRADE, rf"\b{_GIVE}\b.{{0,40}}\b{_BEST}\b.{{0,20}}\b{_WHAT}\b"),
    (_FOR_A_GRADE, rf"\b{_GIVE}\b.{{0,40}}\b{_WHAT}\b.{{0,20}}\b{_BEST}\b"),
    (_FOR_A_GRADE, rf"\b(?:rate|score|grade|mark)\b (?:this|it|me|my|the)\b.{{0,40}}\b{_BEST}\b"),
    (
        _FOR_A_GRADE,
        rf"\b(?:this|my) (?:answer|response|reply)\b.{{0,30}}\b(?:deserves|merits|earns|gets)\b.{{0,30}}\b{_BEST}\b",
    ),
    (
        "holds a grade of its own",
        rf"""\b(?:grade|verdict)\b["'`]? ?[:=] ?["'`]?(?:{_BEST}|\d)\b|["'`]nonce["'`] ?:""",
    ),
    (_A_TURN, rf"^(?:\#+ ?|\*\*|<\|?|\[)?/?{_ROLE}(?:\|?>|\]|\*\*| ?:)"),
    (_A_TURN, r"<\|[a-z_]{3,20}\|>|\[/?INST\]|<<SYS>>"),
    (_AN_END, r"\[(?:\S{1,60} )?END ?\]|\bend of (?:the )?(?:answer|material|data|part)\b|^END$"),
)
_COMPILED: Final = tuple((what, re.compile(form, re.IGNORECASE | re.MULTILINE)) for what, form in _FORMS)
_LONGEST: Final = 20_000


def speaks_to_its_judge(text: str, *, has_turns: bool = False, is_attack: bool = False) -> str:
    """Say in which way a text speaks to whoever grades it; empty where it does not.

    It looks for English phrases that ask for a grade, set rules aside, speak to a grader, or play a part of the
    conversation with one. Letters that look alike, invisible ones and full-width ones are read as the plain ones.

    What it cannot see: another language, a code (base64, reversed text), a request in words of its own. It may be wrong
    about a text whose subject is grading.

    Args:
        text: any; its first 20,000 characters are looked at.
        has_turns: it is a conversation, whose turns are its own.
        is_attack: it is known to be an attack on somebody else, which sets that one's rules aside and plays turns; what
            it says to a grader, or of a grade, is still meant for its judge.
    """
    plain = _plain(text[:_LONGEST])
    its_own = {_A_TURN: has_turns or is_attack, _RULES_ASIDE: is_attack}
    forms = [(what, form) for what, form in _COMPILED if not its_own.get(what)]
    return next((what for what, form in forms if form.search(plain)), "")


def _plain(text: str) -> str:
    # NFKC: full-width and mathematical letters are the plain ones. Cf: characters that nobody sees.
    folded = unicodedata.normalize("NFKC", text)
    seen = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    # One blank and one line end in a row: a long run of them would be searched through from each of its characters.
    lines = (" ".join(line.split()) for line in seen.translate(_ALIKE).splitlines())
    return "\n".join(line for line in lines if line)


# Cyrillic and Greek letters that look like Latin ones, by their code points.
_ALIKE: Final = dict(
    zip(
        (
            *(0x430, 0x435, 0x43E, 0x440, 0x441, 0x443, 0x445, 0x456, 0x458, 0x455, 0x501, 0x261),
            *(0x391, 0x392, 0x395, 0x397, 0x399, 0x39A, 0x39C, 0x39D, 0x39F, 0x3A1, 0x3A4, 0x3A7, 0x3BF, 0x3B1),
        ),
        "aeopcyxijsdgABEHIKMNOPTXoa",
        strict=True,
    )
)
