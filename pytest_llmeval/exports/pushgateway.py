"""Session → a Prometheus Pushgateway: the gauges of the metrics file, for runners that nobody can scrape.

A gateway never forgets: alert on the age of ``llmeval_session_timestamp_seconds``, not on absence.
A session that runs for long pushes how far it is as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import prometheus, prometheus_progress
from pytest_llmeval.exports.deadline import within
from pytest_llmeval.exports.inert import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmeval.records import Session

JOB = "llmeval"
_JOB_PATH = "/metrics/job/"
_LIMIT_S = 5.0


class Gateway(NamedTuple):
    """Where to push.

    Args:
        address: scheme, host, port and path, without user and password.
        job: the value of the label ``job``.
        user, password: of basic authentication; empty for none.
    """

    address: str
    job: str
    user: str = ""
    password: str = ""


def gateway_of(url: str) -> Gateway:
    """Read ``http://[USER:PASSWORD@]HOST[:PORT][/PREFIX][/metrics/job/NAME]``; without a name the job is ``llmeval``.

    Raises:
        LlmevalError: it is no such address; what was given is not shown, since it may hold a password.
    """
    address = _address(url)
    if address is None:
        raise LlmevalError(
            "the address of the Pushgateway cannot be read",
            found="it is not http:// or https:// with a host, or has a query",
            hint="say --llmeval-pushgateway=http://HOST:9091, or with a job: http://HOST:9091/metrics/job/shop",
        )
    prefix, _, job = address.path.partition(_JOB_PATH)
    host = address.netloc.rpartition("@")[2]
    return Gateway(
        address=f"{address.scheme}://{host}{prefix.rstrip('/')}",
        job=unquote(job) or JOB,
        user=unquote(address.username or ""),
        password=unquote(address.password or ""),
    )


def push(session: Session, url: str) -> None:
    """Push the session's gauges, each suite to a group of its own; pushing them again changes nothing.

    Other groups, and names in the same group that this session does not have, stay as they were (``pushadd``).

    Args:
        session: finished, with its summaries and verdict.
        url: see ``gateway_of``.

    Raises:
        LlmevalError: the address cannot be read; or the gateway cannot be reached, refuses, or takes more than 5 s.
    """
    _push(url, prometheus.groups(session))


def push_progress(so_far: Session, url: str, *, n_planned: int, at_s: float, is_running: bool) -> None:
    """Push how far a session is; its end takes the place of it.

    Args:
        so_far: its branch, its tenant in its settings, and its results.
        url: see ``gateway_of``.
        n_planned: cases that were planned.
        at_s: now, in seconds since 1970.
        is_running: whether more is to come.

    Raises:
        LlmevalError: as ``push`` does.
    """
    samples = prometheus_progress.samples(so_far, n_planned=n_planned, at_s=at_s, is_running=is_running)
    _push(url, [prometheus.group(so_far.branch, tuple(samples), tenant=so_far.tenant)])


def _push(url: str, groups: Iterable[prometheus.Group]) -> None:
    from urllib.error import HTTPError

    from prometheus_client import pushadd_to_gateway

    gateway = gateway_of(url)

    def work() -> None:
        for labels, registry in groups:
            # A read may take longer than the whole may, so that what ends a push is always the one limit.
            pushadd_to_gateway(gateway.address, gateway.job, registry, dict(labels), 2 * _LIMIT_S, _handler(gateway))

    try:
        within(_LIMIT_S, f"the push to the Pushgateway at {gateway.address!r}", work)
    except OSError as error:  # urllib's URLError and HTTPError are
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        raise LlmevalError(
            f"the session is not in the Pushgateway at {gateway.address!r}",
            found=plain(f"{type(error).__name__}: {error}", limit=200),
            hint="see that it answers, then push it again; a second push changes nothing",
        ) from error


def _handler(gateway: Gateway) -> Callable[..., Callable[[], None]]:
    from prometheus_client.exposition import basic_auth_handler, default_handler

    if not gateway.user:
        return default_handler

    def authenticated(
        url: str, method: str, timeout: float | None, headers: list[tuple[str, str]], data: bytes
    ) -> Callable[[], None]:
        return basic_auth_handler(url, method, timeout, headers, data, gateway.user, gateway.password)

    return authenticated


def _address(url: str) -> SplitResult | None:
    try:
        address = urlsplit(url)
        _ = address.port  # raises where it is no port
    except ValueError:
        return None
    is_one = address.scheme in {"http", "https"} and address.hostname and not (address.query or address.fragment)
    return address if is_one else None
