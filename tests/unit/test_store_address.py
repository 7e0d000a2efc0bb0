"""Where a store is: what an address may be, what is shown of it, and which account of it a run spends from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmeval.errors import UsageError
from pytest_llmeval.options import stores
from pytest_llmeval.options.parsing import tenant
from pytest_llmeval.store.postgres.address import Address, address_of

ROOT = Path("/project")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:secret@db.example:5433/evals?sslmode=require", "postgresql://u@db.example:5433/evals"),
        ("postgresql://u@db/evals", "postgresql://u@db/evals"),
        ("postgres://u:s%40%2Fcret@db/evals", "postgresql://u@db/evals"),
        ("postgresql://[::1]:5432/evals", "postgresql://[::1]:5432/evals"),
        ("postgresql://u:secret@one:1,two:2/evals", "postgresql://u@one:1,two:2/evals"),
        ("postgresql:///evals?host=/run/postgresql&password=secret", "postgresql:///evals"),
    ],
)
def test_an_address_is_shown_without_password_and_parameters(url, shown):
    """In text and repr alike, which is what --showlocals prints."""
    address = address_of(url)
    assert shown == str(address)
    assert not any(word in repr(address) + str(address) for word in ("secret", "s%40", "sslmode"))
    assert url == address.url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secr#et@db/evals",
        "postgresql://u:secr/et@db/evals",
        "postgresql://u:secr@et@db/evals",
        "postgresql://u:secr et@db/evals",
        "postgresql://u:secret@db:many/evals",
        "postgresql://u:secret@[db/evals",
        "postgresql://u:secret@db/evals/more",
        "postgresql+psycopg://u:secret@db/evals",
        "mysql://u:secret@db/evals",
        "secret",
        "sqlite:///",
        "sqlite://secret",
    ],
)
def test_an_address_that_is_none_is_not_shown(url):
    """What stands in it may be a password; the error has three lines, and says how one is written."""
    with pytest.raises(UsageError) as caught:
        stores.place_of(ROOT, url, "")
    assert "secr" not in str(caught.value)
    assert 3 == len(str(caught.value).splitlines())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:se%40cret@db/d",
        "postgresql://u@db/d?password=se%40cret",
        "postgresql://u:x@db/d?sslpassword=se@cret",
    ],
)
def test_a_password_is_masked_in_what_a_server_says(url):
    """As it is written, and as it is meant."""
    assert "no *** here" == address_of(url).masked("no se@cret here")


@pytest.mark.parametrize("url", ["postgresql://u:p%40ss%zz@db/d", "postgresql://u@db/d?password=p%40ss%zz"])
def test_a_password_that_cannot_be_decoded_is_masked_too(url):
    """It is shown as it stands in the address, by libpq."""
    assert "token: ***" == address_of(url).masked("token: p%40ss%zz")


def test_a_tenant_has_a_schema_and_a_file_of_its_own():
    """Nobody's is the one without a name."""
    assert ("llmeval", "llmeval_a") == (address_of("postgresql:///d").schema, address_of("postgresql:///d", "a").schema)
    assert (ROOT / "x/team.a.db", ROOT / "x/team.db") == tuple(
        stores.place_of(ROOT, "sqlite:///x/team.db", name) for name in ("a", "")
    )
    assert Path("/abs.db") == stores.place_of(ROOT, "sqlite:////abs.db", "")
    assert ("", "a", "team_1", "b" * 31) == tuple(map(tenant, ("", "a", "team_1", "b" * 31)))


@pytest.mark.parametrize("name", ["A", "1a", "_a", "a-b", "a.b", "a b", 'a"', "a;b", "../a", "a\n", "é", "a" * 32])
def test_a_name_that_could_be_more_than_a_name_is_no_tenant(name):
    """It stands in SQL, in paths and in labels."""
    with pytest.raises(ValueError, match="a name of small letters"):
        tenant(name)
    with pytest.raises(UsageError, match="is no tenant"):
        address_of("postgresql:///d", name)


@pytest.mark.parametrize(
    ("environ", "run"),
    [
        ({}, ""),
        ({"GITHUB_RUN_ID": "7"}, ""),
        ({"GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}, "o/r/7/2"),
        ({"CI_SERVER_HOST": "gitlab.com", "CI_PIPELINE_ID": "9"}, "gitlab.com/9"),
        ({"LLMEVAL_RUN_ID": " my run ", "CI_SERVER_HOST": "gitlab.com", "CI_PIPELINE_ID": "9"}, "my-run"),
    ],
)
def test_all_machines_of_a_run_of_ci_name_one_account(environ, run):
    """And those of another run, or of another attempt, another."""
    assert run == stores.run_of(environ)


@pytest.mark.parametrize("place", [Path("/a b/spend.db"), address_of("postgresql://u:secret@db/d", "a")])
def test_a_purse_is_opened_as_it_was_written(place):
    """By another pytest, from its environment."""
    assert (place, "run") == stores.opened_purse(stores.purse_of("run", place), ROOT, Path("other"))


def test_a_purse_without_a_place_is_the_projects_own():
    """As a worker is given it."""
    assert (Path("own"), "run") == stores.opened_purse("run", ROOT, Path("own"))


def test_nothing_of_postgresql_is_loaded_where_the_store_is_a_file(tmp_path):
    """In a whole run with a live call: psycopg takes longer to import than a test to run."""
    (tmp_path / "test_it.py").write_text("""
import sys
from pytest_llmeval import assert_score

def test_it(llm, llmeval_loopback):
    answer = llm("Hi", api_base=llmeval_loopback.url, max_tokens=5)
    assert_score("said", float(bool(answer.text)), output=answer)

def test_modules():
    assert [] == [name for name in sys.modules if "postgres" in name or "psycopg" in name]
""")
    ini = "[pytest]\nllmeval_model = openai/m\nllmeval_prices = openai/m: 1 input, 1 output\n"
    (tmp_path / "pytest.ini").write_text(ini)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout


def test_an_address_is_equal_by_its_url_and_tenant():
    """One link a process serves all who mean the same."""
    assert address_of("postgresql:///d", "a") == address_of("postgresql:///d", "a") != address_of("postgresql:///d")
    assert isinstance(address_of("postgresql:///d"), Address)


def test_shards_of_one_account_are_not_added_up():
    """Each has read what all had spent so far; those without an account in common are."""
    from dataclasses import replace

    from pytest_llmeval.gather import merging
    from pytest_llmeval.records import Session, Shard, Spend

    def merged(*accounts):
        shards = [
            replace(
                Session(id=str(number), started_at="2026-01-01T00:00:00+00:00"),
                shard=Shard(number=number, n_shards=2, parts=({}, {})),
                spend=Spend(budget_usd=4.0, spent_usd=float(number), undone=(f"test_{number}",), account=account),
            )
            for number, account in enumerate(accounts, 1)
        ]
        spend = merging._spend(shards)
        return spend.budget_usd, spend.spent_usd, spend.undone

    assert (4.0, 2.0, ("test_1", "test_2")) == merged("run", "run")
    assert (8.0, 3.0, ("test_1", "test_2")) == merged("one", "two")
    assert (8.0, 3.0, ("test_1", "test_2")) == merged("", "")
