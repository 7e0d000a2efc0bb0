"""LLM regression testing in pytest: cached calls, gathered scores, a verdict with a known false-alarm rate.

Public names only, and lazy: importing this package imports nothing else. ``public`` has their homes, ``__init__.pyi``
their types; here stands what every run of pytest reads.
"""

from importlib import import_module

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the home of a public name when it is first asked for; find the ``assert_*`` of a declared metric."""
    return import_module("pytest_llmeval.public").named(name)


def __dir__() -> list[str]:
    return import_module("pytest_llmeval.public").NAMES
