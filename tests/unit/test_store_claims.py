"""The file of the claims: whose it is, and where it cannot be made; who has a claim: test_store_contract."""

from __future__ import annotations

import stat

import pytest

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.claims import Claims
from tests.unit.stores import KEY


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where the claims stand, seen from the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".llmeval" / "claims"


def test_nothing_is_made_before_the_first_claim_and_then_for_the_owner_only(path, tmp_path):
    """As the cache beside it (FAULTS 30)."""
    claims = Claims(path)
    claims.give_back(KEY)
    assert list(tmp_path.iterdir()) == []
    claims.take(KEY)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_file_that_cannot_be_made_is_a_named_error(path):
    """A folder stands where the file should be: to root, every ordinary file can be opened."""
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"requests cannot be claimed in \.llmeval/claims") as caught:
        Claims(path).take(KEY)
    assert len(str(caught.value).splitlines()) == 3
