"""The parser of the command line, which speaks as all errors of ours do."""

from __future__ import annotations

import argparse
from typing import NoReturn

from pytest_llmeval.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises where argparse would exit, so that every error of ours looks alike."""

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError with argparse's own words."""
        raise UsageError(message, hint=f"{self.prog} --help")
