"""An application that speaks httpx itself: its calls are recorded, replayed, and part of the trial."""

import pytest

from tests.plugin.conversations import HTTPX
from tests.plugin.intercepted import holds


@pytest.mark.parametrize("way", HTTPX)
def test_what_was_recorded_is_given_again(project, loopback, monkeypatch, way):
    """Sync, async, streamed; over chat completions, messages and embeddings."""
    holds(project, loopback, monkeypatch, HTTPX[way])
