"""What holds for all of our own tests: no socket but loopback, no provider's key, nothing of the caller's settings."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import pytest

pytest_plugins = ["pytester"]

# A slow example on a busy machine is no counterexample. Not every environment of ours has Hypothesis.
with suppress(ImportError):
    from hypothesis import settings

    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not (isinstance(address, tuple) and address[0] in _LOOPBACK):
            raise AssertionError(f"a test tried to reach {address!r}")
        connect(self, address)  # type: ignore[arg-type] # socket's own stub knows no union

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away keys and settings that a developer's shell, or CI, may hold."""
    for name in list(os.environ):
        if (
            name.endswith("_API_KEY")
            or name.startswith(("LLMEVAL_", "GITHUB_", "CI_"))
            or name in ("CI", "OPENAI_BASE_URL", "PYTEST_ADDOPTS")
        ):
            monkeypatch.delenv(name)
