"""``llmeval store``: the store that the settings name, made ready and looked at."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache.arguments import size
from pytest_llmeval.commands.output import inert, say, shown
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.wording import count
from pytest_llmeval.options.parsing import tenant as tenant_name

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.store.postgres.address import Address

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_INIT = """\
Make the schema that --llmeval-store=postgresql://... needs. Every run makes it by itself, where its user may.

With --tenant NAME, as an administrator: make the schema llmeval_NAME and a role of that name, which owns it, may log in
and sees no other tenant's. It has no password until you give it one. Whatever is there already is left as it is."""
_CHECK = """\
Connect to the store of the settings, and say its version, its schema, how many rows it has, how large it is, and who
else uses it now. Answers that an earlier run could not send are sent."""


def declare(commands: Commands) -> None:
    """Add ``store`` and its own subcommands."""
    group = commands.add_parser(
        "store", help="make a team's PostgreSQL ready, or look at the store", description="The store of the settings."
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = add_verb(group, "init", help="make schema and role", description=_INIT, run=init)
    parser.add_argument("--tenant", metavar="NAME", type=_tenant, help="(default: that of the settings)")
    add_verb(group, "check", help="connect, and say what is there", description=_CHECK, run=check)


def init(arguments: argparse.Namespace) -> None:
    """Make the schema, and a tenant's role."""
    found = project.find(arguments.rootdir)
    if found.database is None:
        raise UsageError(
            "nothing is to be made: the store is a file, which is made at the first write",
            found=f"it is {shown(found.store)}",
            hint="name a database: LLMEVAL_STORE=postgresql://USER@HOST/DATABASE llmeval store init",
        )
    from pytest_llmeval.store.postgres import tenants

    tenant = arguments.tenant or found.database.tenant
    database = replace(found.database, tenant=tenant)
    if not tenant:
        facts = tenants.facts(database)
        say(f"schema {database.schema} is ready in {database} (version {facts.version})")
        return
    is_new = tenants.make(database)
    say(f"schema {database.schema} is ready in {database}; it belongs to role {database.role}")
    if is_new:
        say(f"the role is new; to log in with a password, it needs one (psql): \\password {database.role}")
    say(f"its runs say: --llmeval-tenant={tenant} --llmeval-store=postgresql://{database.role}@HOST/DATABASE")


def check(arguments: argparse.Namespace) -> None:
    """Say what is there."""
    found = project.find(arguments.rootdir)
    if found.database is None:
        _check_file(found.store)
        return
    from pytest_llmeval.store.postgres import shared, tenants

    cache = shared.SharedCache(found.database, found.folder, notify=say, asks=False)
    try:
        cache.connect()
    finally:
        cache.close()
    _say_facts(found.database, tenants.facts(found.database))


def _say_facts(database: Address, facts: Any) -> None:  # noqa: ANN401 - tenants.Facts, which needs no import here
    others = ", ".join(f"{count(n, 'connection')} from {address}" for address, n in facts.others)
    say(
        f"store     {database}",
        f"server    PostgreSQL {inert(facts.server)}, as role {inert(facts.role)}",
        f"schema    {database.schema}, version {facts.version}",
        f"answers   {facts.n_answers}, {size(facts.n_answer_bytes)}",
        f"sessions  {facts.n_sessions}, {size(facts.n_session_bytes)}",
        f"accounts  {facts.n_accounts}",
        f"others    {others or 'nobody that this role may see'}",
    )


def _check_file(place: Path | Address) -> None:
    from pytest_llmeval.store import holdings

    held = holdings.of_store(place)
    damaged = f"; {len(held.damaged)} damaged: llmeval cache verify" if held.damaged else ""
    n_bytes = sum(one.n_bytes for one in held.stored)
    say(f"store     {shown(place)}", f"answers   {len(held.stored)}, {size(n_bytes)}{damaged}")


def _tenant(said: str) -> str:
    try:
        return tenant_name(said)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{said!r} is no tenant: it takes {error}") from None
