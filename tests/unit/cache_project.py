"""A project with stored answers, without a run of pytest; for the tests of ``llmeval cache``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.commands import main
from pytest_llmeval.records import Request, Response
from pytest_llmeval.store.record import to_line
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SYSTEM = "You are the support assistant of a shop. Be kind and brief."
NOW = datetime.now(UTC)


def asked(question: str = "refund?", *, system: str = SYSTEM, **fields: object) -> Request:
    """Return a request."""
    messages = ({"role": "system", "content": system}, {"role": "user", "content": question})
    return Request(**{"model": "openai/m", "messages": messages, "trial": 0, **fields})


def answer_to(
    request: Request, text: str = "Within 14 days.", *, days_old: float = 0, fingerprint: str = "", **more: object
) -> Response:
    """Return an answer as the engine completes it."""
    recorded_at = (NOW - timedelta(days=days_old)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    key = cache_key(request)
    return Response(
        text=text,
        request=request,
        model="m",
        fingerprint=fingerprint,
        recorded_at=recorded_at,
        key=key,
        origin=origin(key, text, recorded_at, None, more),
        more=more or None,
    )


class Store:
    """The stored answers of a project, and the command."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        (root / "tests").mkdir(parents=True)
        (root / "pytest.ini").write_text("[pytest]\n")
        monkeypatch.chdir(root)
        self.root = root
        self.working = root / ".llmeval" / "llmeval.db"
        self.recordings = root / "tests" / "recordings" / "test_support.jsonl"
        self._capsys = capsys

    def work(self, *answers: Response) -> None:
        """Put answers into the working cache."""
        cache = SqliteCache(self.working)
        for answer in answers:
            cache.put(answer)
        cache.close()

    def record(self, *answers: Response) -> None:
        """Record answers beside ``tests/test_support.py``."""
        file = Recordings(self.recordings, on_first_write=lambda _: None)
        for answer in answers:
            file.put(answer)

    def edit(self, answer: Response, old: str, new: str) -> None:
        """Edit a recording by hand."""
        line = to_line(answer)
        assert old in line
        self.recordings.write_text(self.recordings.read_text().replace(line, line.replace(old, new)))

    def call(self, *arguments: str, status: int = 0) -> str:
        """Call ``llmeval cache``, and return what it says, each run of blanks as one."""
        self._capsys.readouterr()
        told = main(["cache", *arguments])
        out, err = self._capsys.readouterr()
        assert status == told, out + err
        return "\n".join(" ".join(line.split()) for line in (out + err).splitlines())

    def raw(self, *arguments: str) -> str:
        """Call it, and return standard output as it is."""
        self._capsys.readouterr()
        assert 0 == main(["cache", *arguments])
        return self._capsys.readouterr().out

    def texts(self) -> list[str]:
        """Return the texts of the working cache."""
        from pytest_llmeval.store import holdings

        return sorted(one.response.text for one in holdings.of_working_cache(self.working).stored)
