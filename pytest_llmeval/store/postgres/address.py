"""The address of the database: what libpq is told, and what may be shown of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from pytest_llmeval.calls.guard import MASK
from pytest_llmeval.errors import UsageError

SCHEMES = ("postgresql", "postgres")
TENANT = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SCHEMA = "llmeval"
# One host or several, each with or without a port; IPv6 in brackets; none is the machine's own socket.
_HOST = r"(?:[A-Za-z0-9._~%-]+|\[[0-9A-Fa-f:.%]+\])?(?::\d{1,5})?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")
_SECRETS = ("password", "sslpassword")
_LEAST_MASKED = 4  # characters; what is shorter stands in many a word


@dataclass(frozen=True)
class Address:
    """Where the database is, and which schema in it is ours.

    Args:
        url: as it was given; it may hold a password, so nothing prints it.
        shown: the same without password and parameters.
        secrets: the passwords in it.
        tenant: whose rows; empty for none.
    """

    url: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    tenant: str = ""

    @property
    def schema(self) -> str:
        """The schema of the tenant: letters, digits and underscores, 39 at most."""
        return schema_of(self.tenant)

    @property
    def role(self) -> str:
        """The role that ``llmeval store init`` makes for a tenant: it has its schema's name."""
        return self.schema

    def __str__(self) -> str:
        return self.shown

    def masked(self, text: str) -> str:
        """Return a text, an error of a server perhaps, without the passwords of this address."""
        for secret in self.secrets:
            if len(secret) >= _LEAST_MASKED:
                text = text.replace(secret, MASK)
        return text


def schema_of(tenant: str) -> str:
    """Return the schema that a tenant's rows stand in; of nobody's where there is none."""
    return f"{_SCHEMA}_{tenant}" if tenant else _SCHEMA


def address_of(url: str, tenant: str = "") -> Address:
    """Read ``postgresql://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE[?PARAMETERS]``.

    Args:
        url: such as ``postgresql://llmeval@db.example/llmeval``; what it lacks, libpq takes from PGHOST, PGUSER,
            PGPASSWORD, ``~/.pgpass`` and their like.
        tenant: a name, or empty.

    Raises:
        UsageError: it is no such address; what was given is not shown, since it may hold a password. Or the tenant's
            name is none.
    """
    if tenant and not TENANT.fullmatch(tenant):
        raise UsageError(f"{tenant!r} is no tenant", found="it takes small letters, digits and '_', at most 31")
    try:
        parts = urlsplit(url)
        said = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _unreadable() from None
    userinfo, _, hosts = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    is_one = parts.scheme in SCHEMES and _HOSTS.fullmatch(hosts) and not parts.fragment and "@" not in userinfo
    if not is_one or "/" in parts.path[1:] or any(character.isspace() for character in url):
        raise _unreadable()
    # As they are, and as they stand there: libpq shows what it cannot decode.
    raw = dict(part.partition("=")[::2] for part in parts.query.split("&"))
    secrets = {password, unquote(password), *(one.get(name, "") for name in _SECRETS for one in (said, raw))} - {""}
    shown = f"postgresql://{user}{'@' if user else ''}{hosts}{parts.path}"
    return Address(url, shown, tuple(sorted(secrets, key=len, reverse=True)), tenant)


def _unreadable() -> UsageError:
    return UsageError(
        "the address of the store cannot be read (it is not shown here: it may hold a password)",
        found="it is not postgresql://USER@HOST:PORT/DATABASE; in a password, @ : / # ? % are written as %40 and so on",
        hint="leave the password out, and give it by PGPASSWORD or ~/.pgpass",
    )
