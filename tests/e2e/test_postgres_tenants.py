"""Tenants in one database: a role of one is refused by the server itself whatever it tries with another's rows."""

from __future__ import annotations

import pytest

from pytest_llmeval.options.parsing import tenant as parsed
from pytest_llmeval.store.claims import Claims
from pytest_llmeval.store.postgres.address import address_of
from pytest_llmeval.store.postgres.cache import PostgresCache
from pytest_llmeval.store.postgres.claims import PostgresClaims
from pytest_llmeval.store.postgres.link import Refused, link_of
from tests.e2e import database
from tests.unit.stores import KEY, response

pytestmark = pytest.mark.e2e


def url_of(store, name):
    """The address by which a tenant's own role connects."""
    return store.replace(f"llmeval:{database.PASSWORD}", f"llmeval_{name}:pw-of-{name}")


@pytest.fixture
def tenants(machine, store):
    """Two tenants, as an administrator makes them; return the addresses of their roles."""
    admin = machine("admin")
    for name in ("a", "b"):
        said = admin.says("store", "init", "--tenant", name)
        assert f"schema llmeval_{name} is ready" in said
        database.sql(store, f"ALTER ROLE llmeval_{name} PASSWORD 'pw-of-{name}'")
    yield {name: url_of(store, name) for name in ("a", "b")}
    for name in ("a", "b"):
        database.sql(store, f"DROP OWNED BY llmeval_{name} CASCADE")
        database.sql(store, f"DROP ROLE llmeval_{name}")


def test_runs_of_two_tenants_share_nothing(machine, provider, tenants):
    """Each asks for itself, and has its own sessions, on a machine and in a folder of its own (FAULTS 30)."""
    a, b = (machine(name, tenants[name]) for name in ("a", "b"))
    for each, name in ((a, "a"), (b, "b")):
        each.passes(LLMEVAL_TENANT=name)
    assert 12 == len(provider.requests)
    sessions = [each.says("sessions", "ls", LLMEVAL_TENANT=name) for each, name in ((a, "a"), (b, "b"))]
    assert all("1 session stored" in said for said in sessions)
    (kept,) = a.folder.glob(".llmeval/tenants/a/sessions/*.jsonl")
    assert kept.stem in sessions[0]
    assert kept.stem not in sessions[1]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM llmeval_b.responses",
        "SELECT * FROM llmeval_b.sessions",
        "INSERT INTO llmeval_b.accounts (name) VALUES ('x')",
        "DELETE FROM llmeval_b.responses",
        "CREATE TABLE llmeval_b.mine (x int)",
        "DROP SCHEMA llmeval_b CASCADE",
        "SET ROLE llmeval_b",
        "SET ROLE llmeval",
        "CREATE SCHEMA other",
        "CREATE ROLE other",
    ],
)
def test_the_role_of_one_tenant_has_no_right_in_anothers_schema(tenants, statement):
    """By real SQL, past all code of ours."""
    import psycopg

    PostgresCache(address_of(tenants["b"], "b")).put(response())
    link_of(address_of(tenants["b"], "b")).close()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.sql(tenants["a"], statement)


def test_a_role_that_names_another_tenant_is_refused(tenants):
    """And one that names none: neither schema is its own."""
    for tenant in ("b", ""):
        with pytest.raises(Refused, match="cannot be entered"):
            PostgresCache(address_of(tenants["a"], tenant)).check()


def test_a_tenant_brings_its_own_schema_up_to_date(tenants, store):
    """Its role owns the tables: a newer version of ours needs no administrator."""
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'llmeval_a'"
    assert [("llmeval_a",)] == database.sql(store, owners)
    database.sql(tenants["a"], "ALTER TABLE llmeval_a.responses ADD COLUMN later integer")


def test_two_tenants_do_not_wait_for_each_other(tenants, tmp_path):
    """The same question is claimed by both at once."""
    claims = [
        PostgresClaims(address_of(tenants[name], name), Claims(tmp_path / name / "claims")) for name in ("a", "b")
    ]
    assert [True, True] == [one.take(KEY) for one in claims]
    for name in ("a", "b"):
        link_of(address_of(tenants[name], name)).close()


@pytest.mark.parametrize("name", ["b; DROP SCHEMA llmeval", 'b"', "B", "1b", "b-c", "b.c", "../b", "b" * 32, "b'", "é"])
def test_a_name_that_is_none_is_refused_before_anything_is_asked(machine, name):
    """It stands in the names of schema, role, folder and label."""
    with pytest.raises(ValueError, match="a name of small letters"):
        parsed(name)
    each = machine("m")
    status, said = each.run(f"--llmeval-tenant={name}")
    assert (4, True) == (status, "it takes a name of small letters" in said)
    status, said = each.command("store", "init", f"--tenant={name}")
    assert (4, True) == (status, "is no tenant" in said)


def test_an_administrator_who_is_no_superuser_makes_tenants(machine, store):
    """With the rights to make schemas and roles, as on a hosted server."""
    name = store.rpartition("/")[2]
    database.sql(store, "CREATE ROLE boss LOGIN CREATEROLE PASSWORD 'boss-password'")
    database.sql(store, f"GRANT CREATE ON DATABASE {name} TO boss WITH GRANT OPTION")
    boss = store.replace(f"llmeval:{database.PASSWORD}", "boss:boss-password")
    try:
        machine("boss", boss).says("store", "init", "--tenant", "c")
        database.sql(store, "ALTER ROLE llmeval_c PASSWORD 'pw-of-c'")
        PostgresCache(address_of(url_of(store, "c"), "c")).put(response())
        link_of(address_of(url_of(store, "c"), "c")).close()
    finally:
        for role in ("llmeval_c", "boss"):
            database.sql(store, f"DROP OWNED BY {role} CASCADE")
            database.sql(store, f"DROP ROLE {role}")


def test_tenants_of_one_file_have_files_of_their_own(machine, provider):
    """Without a database too: a folder each, closed to all but their owner."""
    each = machine("m", "")
    for name in ("a", "b", ""):
        each.passes(LLMEVAL_TENANT=name)
    assert 18 == len(provider.requests)
    folders = [each.folder / ".llmeval", *(each.folder / ".llmeval/tenants" / name for name in ("a", "b"))]
    assert all((folder / "llmeval.db").exists() for folder in folders)
    every = [each.folder / ".llmeval", *(path for path in (each.folder / ".llmeval").rglob("*") if path.is_dir())]
    assert {0o700} == {path.stat().st_mode & 0o777 for path in every}
    assert "6 answers in 1 file" in each.says("cache", "ls", LLMEVAL_TENANT="a")
