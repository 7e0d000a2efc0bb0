"""Every error that this package raises on purpose.

LlmevalError                    .hint: the command or change that mends it
├── UsageError                  a wrong flag, ini value, marker or call of ours → exit 4 at start, a failing test later
├── AnswerUnreadable            an answer is not of the form that was asked for → a failing test
├── CallError                   a request got no answer
│   ├── CacheMiss               nothing stored, and the mode forbids to call
│   └── ProviderError           the provider failed: infrastructure, not quality
│       └── BudgetSpent         nobody was asked: the budget does not cover the call
├── BaselineError
│   └── BaselineUnreadable      a baseline file is malformed; never "no baseline"
├── StoreError                  a cache, recording or session file cannot be read or written
│   └── SchemaTooNew            written by a newer version of this package
└── GitError                    git does not know a revision or path, or refuses
"""

from __future__ import annotations


class LlmevalError(Exception):
    """An error raised on purpose, in three lines: what, what was found, what to do.

    Args:
        what: the first line; names the object with its value.
        found: the second line; what was seen, and where.
        hint: the third line; the command to run or the line to change.
    """

    def __init__(self, what: str, *, found: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        return "\n  ".join(part for part in (self.what, self.found, self.hint) if part)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling: exceptions with keyword arguments otherwise do not."""
        return (_rebuild, (type(self), self.what, self.found, self.hint))


def _rebuild(kind: type[LlmevalError], what: str, found: str, hint: str) -> LlmevalError:
    return kind(what, found=found, hint=hint)


class UsageError(LlmevalError):
    """A flag, ini value, marker or argument of ours that cannot be obeyed."""


class AnswerUnreadable(LlmevalError):
    """An answer, or the arguments of a tool, that the model did not write in the form that was asked for."""


class CallError(LlmevalError):
    """A request that got no answer."""


class CacheMiss(CallError):
    """No stored response, and the cache mode forbids to call the provider."""


class ProviderError(CallError):
    """The provider failed: no answer, so nothing to score."""


class BudgetSpent(ProviderError):
    """What is left of the budget does not cover the call: nobody was asked, and nothing can be scored.

    As after a provider's failure, and nowhere else treated in another way: it says nothing of quality.

    Attributes:
        SIGN: how ``what`` begins, and so the reason of a check that is unscored for it.
    """

    SIGN = "not asked"


class BaselineError(LlmevalError):
    """A baseline that cannot be used as asked."""


class BaselineUnreadable(BaselineError):
    """A baseline file that is malformed; the message names file, line and kind."""


class StoreError(LlmevalError):
    """A cache, recording or session file that cannot be read or written."""


class SchemaTooNew(StoreError):
    """A file written by a newer version of this package; left untouched."""


class GitError(LlmevalError):
    """Git does not know what it was asked for, or refuses to say."""
