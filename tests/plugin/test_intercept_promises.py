"""What an application's own calls are promised: modes, misses, retries, errors, draws, and what is left alone."""

import gzip
import json

import pytest

from pytest_llmeval.loopback import Loopback, Reply

APP = """
import os
import httpx

URL = os.environ.get("APP_URL", "")

def ask(question, **more):
    body = {"model": "m", "messages": [{"role": "user", "content": question}], **more}
    reply = httpx.post(URL + "/chat/completions", json=body)
    reply.raise_for_status()
    return reply.json()["choices"][0]["message"]["content"]
"""


@pytest.fixture
def app(project, loopback, monkeypatch):
    """A project with an application, whose model is on loopback; returns what writes its tests."""
    monkeypatch.setenv("APP_URL", loopback.url)
    project.write("app.py", APP)
    project.write("conftest.py", "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n")

    def write(body, ini="llmeval_intercept = true"):
        project.write("pytest.ini", f"[pytest]\nllmeval_intercept_hosts = 127.0.0.1\n{ini}\n")
        project.write("test_app.py", f"import app, httpx, pytest\nfrom pytest_llmeval import assert_safe\n{body}")
        return project

    return write


def calls(project):
    """Return the calls of the newest session, trial by trial."""
    return [list(trial.calls) for result in project.session.results for trial in result.trials]


def test_a_miss_fails_its_test_at_the_call_and_names_the_command(app, loopback):
    """And asks nobody, although somebody would answer."""
    project = app("def test_refund():\n    app.ask('refund?')\n")

    result = project.run_apart("--llmeval-cache=replay")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*CacheMiss: no stored response*", "*to record it: pytest --llmeval-cache=auto test_app.py::test_refund*"]
    )
    result.stdout.no_fnmatch_line("*httpx/_client.py*")
    assert [] == loopback.requests


@pytest.mark.parametrize("caught", ["Exception", "BaseException"])
def test_a_miss_fails_its_test_where_the_application_goes_on_without_an_answer(app, loopback, caught):
    """A fallback of the application's must not let its test pass; one for any ``Exception`` is not even begun."""
    project = app(f"""
import pathlib
def test_fallback():
    try:
        answer = app.ask("refund?")
    except {caught}:
        pathlib.Path("fallback").touch()
        answer = "Please call us."
    assert_safe(answer)
""")

    project.run_apart("--llmeval-cache=replay").assert_outcomes(failed=1)

    assert project.session.results[0].has_miss
    assert (caught == "BaseException") is (project.path / "fallback").exists()
    assert [] == loopback.requests


def test_a_miss_in_a_thread_fails_the_test_that_started_it(app):
    """Also where nobody asks the thread for its result."""
    project = app("""
import threading
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread():
    thread = threading.Thread(target=app.ask, args=["refund?"])
    thread.start()
    thread.join()
""")

    project.run_apart("--llmeval-cache=replay").assert_outcomes(failed=1)


def test_an_error_of_the_provider_is_passed_on_and_not_stored(app, loopback):
    """Nor is it an answer of the trial; the client's own second attempt is the same draw."""
    loopback.answer(Reply("slow down", status=429), Reply("down", status=503))
    project = app("""
def test_retry():
    for _ in range(3):
        try:
            assert "refund?" == app.ask("refund?")
        except httpx.HTTPStatusError:
            pass
""")

    project.run_apart().assert_outcomes(passed=1)

    (line,) = (project.path / "recordings" / "test_app.jsonl").read_text().splitlines()
    assert 0 == json.loads(line)["request"]["repeat"]
    assert 3 == len(loopback.requests)
    assert [1] == [len(trial) for trial in calls(project)]


def test_a_provider_that_fails_leaves_the_trial_unscored(app, loopback, sentences):
    """An outage is no bad answer; a request that the provider refuses is the application's own fault."""
    loopback.answer(Reply("down", status=503), Reply("no such field", status=400), Reply(is_reset=True))
    project = app("""
def test_outage():
    app.ask("q")

def test_refused():
    app.ask("q")

def test_reset():
    assert_safe(app.ask("q"))
""")

    result = project.run_apart()

    assert ["unscored", "failed", "unscored"] == [case.outcome for case in project.session.results]
    assert "503" in project.session.results[0].trials[0].error
    assert "1 failed" in sentences(result)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b'{"error": {"message": "busy"}}'),
        Reply(body=b"{"),
        Reply(""),
        Reply("no", finish_reason="content_filter"),
        Reply("cut", finish_reason="length"),
    ],
    ids=["error-in-200", "malformed", "empty", "filtered", "truncated"],
)
def test_what_is_no_answer_in_full_is_passed_on_and_not_stored(app, loopback, reply):
    """As for ``llm``: replayed for months it would become the truth."""
    loopback.answer(reply)
    project = app("""
def test_raw():
    httpx.post(app.URL + "/chat/completions", json={"model": "m", "messages": [{"role": "user", "content": "q"}]})
""")

    project.run_apart().assert_outcomes(passed=1)

    assert not (project.path / "recordings").exists()


def test_equal_requests_of_a_trial_are_draws_of_their_own_and_so_are_trials(app, loopback):
    """Two calls in each of two trials: four answers, replayed in their order."""
    answers = iter("abcd")
    loopback.answer(*answers)
    project = app("""
@pytest.mark.llmeval(trials=2)
def test_draws():
    first, second = app.ask("refund?"), app.ask("refund?")
    assert first != second
""")

    project.run_apart().assert_outcomes(passed=1)
    live = [[call.text for call in trial] for trial in calls(project)]
    project.run_apart("--llmeval-cache=replay").assert_outcomes(passed=1)

    assert [["a", "b"], ["c", "d"]] == live == [[call.text for call in trial] for trial in calls(project)]
    assert 4 == len(loopback.requests)


def test_equal_requests_side_by_side_are_told_apart(app, loopback):
    """Threads and tasks of one test are that test's."""
    project = app("""
import asyncio
from concurrent.futures import ThreadPoolExecutor

def test_threads(llmeval_intercept):
    with ThreadPoolExecutor(4) as pool:
        assert ["q"] * 8 == list(pool.map(app.ask, ["q"] * 8))
    assert list(range(8)) == sorted(call.request.repeat for call in llmeval_intercept.calls)
""")

    project.run_apart().assert_outcomes(passed=1)
    project.run_apart("--llmeval-cache=replay").assert_outcomes(passed=1)

    assert 8 == len(loopback.requests)


def test_llm_and_the_application_share_an_answer(app, loopback):
    """An equal chat completion has one key, whoever asks first, and is one draw."""
    ini = f"llmeval_intercept = true\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}"
    project = app(
        """
def test_llm_first(llm):
    assert "one?" == llm("one?", temperature=0.5).text == app.ask("one?", temperature=0.5)

def test_app_first(llm):
    assert "two?" == app.ask("two?") == llm("two?").text
""",
        ini,
    )

    project.run_apart().assert_outcomes(passed=2)
    project.run_apart("--llmeval-cache=replay").assert_outcomes(passed=2)

    assert 2 == len(loopback.requests)
    assert [1, 1] == [len({call.origin for call in trial}) for trial in calls(project)]


def test_an_answer_of_llm_does_not_stand_for_a_reply_that_says_more(app, loopback):
    """``llm`` keeps the text, and logprobs are not in it: the application asks for itself."""
    ini = f"llmeval_intercept = true\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}"
    project = app("def test_more(llm):\n    llm('q', logprobs=True).text\n    app.ask('q', logprobs=True)\n", ini)

    project.run_apart().assert_outcomes(passed=1)

    assert 2 == len(loopback.requests)


def test_refresh_asks_again_and_live_leaves_nothing(app, loopback):
    """The modes are those of ``llm``."""
    project = app("def test_mode():\n    app.ask('q')\n")
    recorded = project.path / "recordings" / "test_app.jsonl"

    project.run_apart("--llmeval-cache=live").assert_outcomes(passed=1)
    assert not recorded.exists()
    project.run_apart().assert_outcomes(passed=1)
    project.run_apart("--llmeval-cache=refresh").assert_outcomes(passed=1)

    assert 3 == len(loopback.requests)
    assert 2 == len(recorded.read_text().splitlines())
    assert ["refreshed"] == [call.provenance for trial in calls(project) for call in trial]


def test_other_hosts_and_tests_that_do_not_ask_for_it_are_left_alone(app, loopback):
    """Also in replay, where a call of theirs goes where it always went."""
    with Loopback() as other:
        project = app(
            f"""
@pytest.mark.llmeval(intercept=True)
def test_other_host(monkeypatch):
    monkeypatch.setattr(app, "URL", {other.url!r})
    app.ask("q")

def test_unmarked():
    app.ask("q")
""",
            ini=f"llmeval_intercept_hosts = {loopback.url}",
        )
        project.write("pytest.ini", f"[pytest]\nllmeval_intercept_hosts = {loopback.url}\n")
        project.run_apart("--llmeval-cache=replay").assert_outcomes(passed=2)

        assert [1, 1] == [len(other.requests), len(loopback.requests)]
    assert not (project.path / "recordings").exists()


def test_a_stand_in_of_the_users_own_stays(app, loopback):
    """A mock's words are nobody's answer, and are not recorded."""
    project = app("""
def test_mock():
    client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json={"mine": 1})))
    assert {"mine": 1} == client.post("https://api.openai.com/v1/chat/completions", json={"model": "m"}).json()
""")

    project.run_apart("--llmeval-cache=replay").assert_outcomes(passed=1)


def test_an_interface_that_is_not_recorded_is_refused_in_replay(app):
    """Images cost money as well."""
    project = app("""
def test_images():
    httpx.post("https://api.openai.com/v1/images/generations", json={"model": "m", "prompt": "q"})
""")

    result = project.run_apart("--llmeval-cache=replay")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*CacheMiss: calls to '/v1/images/generations' are not recorded*"])


def test_a_shared_fixture_is_recorded_beside_its_own_file(app, loopback):
    """Whichever test meets it first, in whichever worker."""
    project = app("""
def test_one(index):
    assert "q" == index

def test_two(index):
    assert "q" == index
""")
    conftest = (project.path / "conftest.py").read_text()
    fixture = "@pytest.fixture(scope='session')\ndef index():\n    import app\n    return app.ask('q')\n"
    project.write("conftest.py", f"{conftest}import pytest\n{fixture}")

    project.run_apart().assert_outcomes(passed=2)
    project.run_apart("--llmeval-cache=replay", "-k", "two").assert_outcomes(passed=1, deselected=1)

    assert 1 == len(loopback.requests)
    assert ["conftest.jsonl"] == [path.name for path in (project.path / "recordings").iterdir()]


def test_a_miss_of_a_shared_fixture_fails_the_test_that_asks_for_it(app, sentences):
    """Also where the fixture goes on; the command that records it is told."""
    project = app("""
@pytest.fixture(scope="module")
def index():
    try:
        return app.ask("q")
    except BaseException:
        return ""

def test_one(index):
    pass
""")

    result = project.run_apart("--llmeval-cache=replay")

    result.assert_outcomes(errors=1)
    assert "1 test asks what is not recorded; to record it: pytest --llmeval-cache=auto test_app.py" in sentences(
        result
    )


def test_a_stream_that_is_over_is_stored_where_the_application_stops_reading(app, loopback):
    """Clients stop at ``[DONE]``; a stream that is cut before is no answer."""
    project = app("""
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "one two three"}]}

def read(until):
    lines = []
    with httpx.stream("POST", app.URL + "/chat/completions", json=BODY) as reply:
        for line in reply.iter_lines():
            lines.append(line)
            if until in line:
                return lines

def test_done(llmeval_intercept):
    read("two")
    assert () == llmeval_intercept.calls
    assert "data: [DONE]" == read("[DONE]")[-1]
    assert ["one two three"] == [call.text for call in llmeval_intercept.calls]
""")

    project.run_apart().assert_outcomes(passed=1)

    (line,) = (project.path / "recordings" / "test_app.jsonl").read_text().splitlines()
    assert json.loads(line)["wire"]["first_s"] >= 0


def test_a_compressed_reply_is_stored_and_given_as_text(app, loopback):
    """Whoever reads the recording can read it, and a replay needs no header of the first transport."""
    whole = json.dumps({"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]}).encode()
    loopback.answer(Reply(body=gzip.compress(whole), headers={"Content-Encoding": "gzip"}))
    project = app("def test_gzip():\n    assert 'fine' == app.ask('q')\n")

    project.run_apart().assert_outcomes(passed=1)
    project.run_apart("--llmeval-cache=replay").assert_outcomes(passed=1)

    recorded = json.loads((project.path / "recordings" / "test_app.jsonl").read_text())
    assert whole.decode() == recorded["wire"]["body"]


def test_workers_and_a_serial_run_leave_the_same(app, loopback, way):
    """The same calls in the same trials, recorded once."""
    project = app("""
@pytest.mark.llmeval(trials=2)
@pytest.mark.parametrize("n", range(4))
def test_many(n):
    assert_safe(app.ask(f"question {n}"))
""")

    project.run_apart(*way).assert_outcomes(passed=4)
    project.run_apart(*way, "--llmeval-cache=replay").assert_outcomes(passed=4)

    assert 8 == len(loopback.requests)
    assert [[f"question {n}"] for n in range(4) for _ in range(2)] == sorted(
        [call.text for call in trial] for trial in calls(project)
    )


def test_a_run_without_interception_patches_and_imports_nothing(project, loopback):
    """A suite that does not ask for it pays nothing."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    project.write(
        "test_llm.py",
        """
import sys
import httpx

def test_llm(llm):
    llm("q").text
    assert not [name for name in sys.modules if name.startswith("pytest_llmeval.intercept")]
    assert "llmeval" not in httpx.Client._transport_for_url.__code__.co_filename
""",
    )
    project.run_apart().assert_outcomes(passed=1)
