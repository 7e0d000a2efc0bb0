"""The push: where it goes, what it never shows, and how long it may take."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import pushgateway
from pytest_llmeval.exports.deadline import within
from pytest_llmeval.exports.pushgateway import Gateway, gateway_of, push
from tests.unit.sessions import session


@pytest.mark.parametrize(
    ("url", "gateway"),
    [
        ("http://gateway:9091", Gateway("http://gateway:9091", "llmeval")),
        ("https://example.com/push/", Gateway("https://example.com/push", "llmeval")),
        ("http://gateway:9091/metrics/job/shop", Gateway("http://gateway:9091", "shop")),
        ("https://h/push/metrics/job/my%20shop", Gateway("https://h/push", "my shop")),
        ("http://ci:s%3Acret@h:1", Gateway("http://h:1", "llmeval", "ci", "s:cret")),
    ],
)
def test_an_address_is_read_as_the_gateways_own_documentation_writes_it(url, gateway):
    """Host, prefix, job and basic authentication."""
    assert gateway == gateway_of(url)


@pytest.mark.parametrize(
    "url", ["gateway:9091", "ftp://h", "http://", "http://h:port", "http://h?token=sk-canary", "sk-canary"]
)
def test_what_is_no_address_is_refused_and_not_shown(url):
    """Three lines; what was given may be a secret in the wrong place."""
    with pytest.raises(LlmevalError, match="cannot be read") as caught:
        gateway_of(url)
    assert "canary" not in str(caught.value)


@contextmanager
def _gateway(status=202):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def test_every_suite_has_a_group_of_its_own():
    """The session's own gauges first, then each suite; the branch is part of each."""
    with _gateway() as (host, seen):
        push(session(branch="main"), f"http://ci:secret@{host}/metrics/job/shop")

    paths = ["", "/suite/support", "/suite/summaries"]
    assert [f"/metrics/job/shop/branch/main{rest}" for rest in paths] == [path for path, _ in seen]
    assert {"Basic " + base64.b64encode(b"ci:secret").decode()} == {sent for _, sent in seen}


def test_a_refusal_is_told_without_the_password():
    """Who refused, and why."""
    with _gateway(status=400) as (host, _), pytest.raises(LlmevalError) as caught:
        push(session(), f"http://ci:canary@{host}")

    assert host in str(caught.value)
    assert "400" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_nobody_there_is_told():
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(LlmevalError, match="is not in the Pushgateway"):
            push(session(), f"http://127.0.0.1:{free.getsockname()[1]}")


def test_a_gateway_that_drips_is_given_up(monkeypatch):
    """It takes the connection and sends a byte now and then, so that no read ever times out."""
    monkeypatch.setattr(pushgateway, "_LIMIT_S", 0.3)
    closing = threading.Event()

    def drip(server):
        connection, _ = server.accept()
        with connection:
            while not closing.wait(0.05):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        try:
            with pytest.raises(LlmevalError, match="was given up"):
                push(session(), f"http://127.0.0.1:{server.getsockname()[1]}")
        finally:
            closing.set()


def test_work_that_is_done_in_time_returns_and_raises_as_it_is():
    """A deadline is nobody's error."""
    assert 3 == within(60, "a sum", lambda: 1 + 2)
    with pytest.raises(ZeroDivisionError):
        within(60, "a quotient", lambda: 1 / 0)
    with pytest.raises(TimeoutError, match="its own"):
        within(60, "a wait", lambda: (_ for _ in ()).throw(TimeoutError("its own")))
