"""A long session pushes how far it is: on its own thread, to no test's cost, and never to the verdict's."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_llmeval.exports import pushgateway

SUITE = """
import time
from urllib.request import urlopen

from pytest_llmeval import assert_score

GATEWAY = {url!r}


def until(n):
    \"\"\"Wait until so many pushes have reached the gateway, however quick or slow this machine is.\"\"\"
    deadline = time.monotonic() + 60
    while int(urlopen(GATEWAY + "/" + {of!r}).read()) < n and time.monotonic() < deadline:
        time.sleep(0.01)


def test_first():
    assert_score("kept", 0.75)


def test_second():
    until(1)
    assert_score("kept", 0.25, threshold=None)
{more}
"""


class _Gateway:
    """A gateway that keeps what it is sent, and tells tests how much of it says that a case has landed."""

    def __init__(self, url):
        self.url = url
        self.status = 202
        self.hangs = threading.Event()
        self.pushed = []  # path and body
        self.n_tried = 0

    def of_session(self):
        """Return the bodies that the group of the whole session was sent, the oldest first."""
        return [body for path, body in self.pushed if "/suite/" not in path]

    def n_landed(self):
        return sum('llmeval_progress_cases{branch="",outcome="landed"} 0.0' not in body for body in self.of_session())


@contextmanager
def _running():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            gateway.n_tried += 1
            if gateway.hangs.is_set():
                closing.wait(60)
                return
            if gateway.status == 202:
                gateway.pushed.append((self.path, body))
            self.send_response(gateway.status)
            self.end_headers()

        def do_GET(self):
            n = gateway.n_tried if self.path == "/tried" else gateway.n_landed()
            if self.path == "/mend":
                gateway.status = 202
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(n).encode())

        def log_message(self, *args):
            pass

    closing = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway = _Gateway(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield gateway
    finally:
        closing.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def gateway():
    """A gateway on loopback."""
    with _running() as found:
        yield found


def _write(project, gateway, *, of="landed", more="", every="0.05"):
    project.write("pytest.ini", f"[pytest]\nllmeval_push_every_s = {every}\nllmeval_pushgateway = {gateway.url}\n")
    project.write("test_suite.py", SUITE.format(url=gateway.url, of=of, more=more))


def _figures(body):
    found = re.findall(r"^(llmeval_[a-z_]+)\{(.*)\} (.*)$", body, re.MULTILINE)
    return {(name, *re.findall(r'outcome="(\w+)"', labels)): float(value) for name, labels, value in found}


def test_progress_is_pushed_while_tests_run_and_the_end_takes_its_place(project, gateway, way):
    """One of two has landed, and the session runs; at its end both have, and it does not."""
    _write(project, gateway)

    assert 0 == project.run(*way).ret

    first = next(body for body in gateway.of_session() if _figures(body)["llmeval_progress_cases", "landed"])
    during, after = _figures(first), _figures(gateway.of_session()[-1])
    assert (1, 2, 1, 1, 0) == (
        during["llmeval_session_running",],
        during["llmeval_progress_cases", "planned"],
        during["llmeval_progress_cases", "landed"],
        during["llmeval_progress_checks", "scored"],
        during["llmeval_progress_checks", "unscored"],
    )
    assert (0, 2, 2) == (
        after["llmeval_session_running",],
        after["llmeval_progress_cases", "landed"],
        after["llmeval_progress_checks", "scored"],
    )
    # A session knows when it began to the second.
    assert after["llmeval_progress_timestamp_seconds",] > during["llmeval_progress_timestamp_seconds",] - 1
    assert not any(name[0] in ("llmeval_cases", "llmeval_responses", "llmeval_cost_usd") for name in during)


def test_a_short_session_pushes_its_end_and_nothing_else(project, gateway):
    """Shorter than ``llmeval_push_every_s``: one push of the session, and one of its suite."""
    _write(project, gateway, every="3600")
    project.write(
        "test_suite.py", "from pytest_llmeval import assert_score\n\ndef test_it():\n    assert_score('k', 1)\n"
    )

    project.run("-p", "no:xdist")

    assert 2 == gateway.n_tried
    (body,) = gateway.of_session()
    assert 0.0 == _figures(body)["llmeval_session_running",]


def test_a_gateway_that_fails_for_a_while_costs_one_line(project, gateway):
    """The verdict, the exit status and the push at the end are what they would be."""
    gateway.status = 500
    mends = "\n\ndef test_third():\n    urlopen(GATEWAY + '/mend')\n    assert_score('kept', 1)\n"
    _write(project, gateway, of="tried", more=mends)

    result = project.run("-p", "no:xdist")

    assert 0 == result.ret
    (line,) = (line for line in result.outlines if "of progress failed" in line)
    assert re.match(r"llmeval: \d+ of \d+ push(es)? of progress failed: .*500", line)
    assert 3.0 == _figures(gateway.of_session()[-1])["llmeval_progress_cases", "landed"]


def test_a_gateway_that_hangs_holds_up_no_test(project, gateway, monkeypatch):
    """Tests go on beside it; the end waits for it as long as for any push, and says that it was given up."""
    monkeypatch.setattr(pushgateway, "_LIMIT_S", 0.2)
    gateway.hangs.set()
    _write(project, gateway, of="tried")

    result = project.run("-p", "no:xdist")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["llmeval: pushgateway was not written; *was given up*"])
    assert 1 == sum("of progress failed" in line for line in result.outlines)


def test_a_run_that_is_stopped_runs_no_more(project, gateway):
    """Ctrl-C: what was pushed as running is replaced by its end."""
    stops = "\n\ndef test_third():\n    raise KeyboardInterrupt\n"
    _write(project, gateway, more=stops)

    # In a process of its own: what interrupts it would interrupt us.
    assert 2 == project.pytester.runpytest_subprocess("-p", "no:xdist").ret

    bodies = [_figures(body) for body in gateway.of_session()]
    assert [1.0, 0.0] == sorted({body["llmeval_session_running",] for body in bodies}, reverse=True)
    assert 0.0 == bodies[-1]["llmeval_session_running",]


def test_a_session_that_cannot_be_stored_runs_no_more(project, gateway):
    """Exports need the session file; that nothing runs any more is said without it."""
    _write(project, gateway)
    project.write(".llmeval/sessions", "a file in the place of a folder")

    project.run("-p", "no:xdist").stdout.fnmatch_lines(["*could not be stored*"])

    last = _figures(gateway.of_session()[-1])
    assert 0.0 == last["llmeval_session_running",]
    assert ("llmeval_session_duration_seconds",) not in last


def test_forbidden_sockets_are_nobodys_error(project, gateway):
    """A suite that forbids sockets in its tests loses progress, and nothing else."""
    forbids = """
import socket
import pytest

@pytest.fixture(autouse=True, scope="session")
def no_sockets():
    kept, socket.socket = socket.socket, None
    yield
    socket.socket = kept
"""
    _write(project, gateway)
    project.write("conftest.py", forbids)
    project.write(
        "test_suite.py",
        "import time\nfrom pytest_llmeval import assert_score\nfrom pytest_llmeval.plugin import pushing\n\n"
        "def test_it(request):\n    push = request.config.pluginmanager.get_plugin('llmeval_pushing')\n"
        "    deadline = time.monotonic() + 60\n"
        "    while not push._n_failed and time.monotonic() < deadline:\n        time.sleep(0.01)\n"
        "    assert_score('kept', 1)\n",
    )

    result = project.run("-p", "no:xdist")

    assert 0 == result.ret
    assert 1 == sum("of progress failed" in line for line in result.outlines)
    assert 1.0 == _figures(gateway.of_session()[-1])["llmeval_progress_cases", "landed"]


def test_who_names_no_gateway_gets_no_thread_and_no_module(project):
    """Nothing of it is imported, and nothing runs beside the tests."""
    project.write(
        "test_suite.py",
        "import sys, threading\nfrom pytest_llmeval import assert_score\n\ndef test_it():\n"
        "    assert_score('kept', 1)\n"
        "    assert not [one for one in threading.enumerate() if one.name.startswith('llmeval')]\n"
        "    assert not {'pytest_llmeval.plugin.pushing', 'pytest_llmeval.exports.pushgateway'} & sys.modules.keys()\n",
    )

    assert 0 == project.pytester.runpytest_subprocess("-p", "no:xdist").ret


@pytest.mark.parametrize("flag", ["--collect-only", "--llmeval-plan"])
def test_who_runs_nothing_pushes_nothing(project, gateway, flag):
    """A look at the tests is no session."""
    _write(project, gateway)

    project.run("-p", "no:xdist", flag)

    assert 0 == gateway.n_tried
