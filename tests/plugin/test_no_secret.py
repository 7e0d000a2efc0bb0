"""No key in any file or output, wherever it can stand: a canary in every place, and a look at all (FAULTS 23)."""

import pytest

from pytest_llmeval.loopback import Loopback, Reply

CANARY = "sk-canary-4711-4711"
SUITE = """
import os
import pytest
from pytest_llmeval import assert_score

KEY = os.environ["OPENAI_API_KEY"]

def test_stored(llm):
    assert_score("n", len(llm("hello", temperature=0.5).text) > 0)

def test_below(llm):
    assert_score("n", 0.0 * len(llm("hello again").text), threshold=0.5)

def test_echoed_in_an_error(llm):
    assert llm("please fail").text

@pytest.mark.llmeval(eager=True)
def test_echoed_in_an_eager_error(llm):
    llm("please fail at once")

async def graded(output, judge):
    return float(len((await judge.acall("please fail, judge")).text))

def test_echoed_to_a_judge(llm):
    assert_score("graded", graded, output=llm("hello judge"))

@pytest.mark.parametrize("name", ["api_key", "api-key", "authorization", "headers", "extra_headers", "default_headers"])
def test_setting(llm, name):
    llm("hello", **{name: {"Authorization": "Bearer " + KEY} if "headers" in name else KEY})

def test_deep_setting(llm):
    llm("hello", extra_body={"metadata": [{"x-api-key": KEY}, {"access_token": KEY}]})

@pytest.mark.parametrize("client", ["openai/m", "litellm/openai/m", "anthropic/m"])
def test_client(llm, client):
    llm("hello", model=client, api_key=KEY)

@pytest.mark.parametrize(
    "address", ["http://ada:KEY@127.0.0.1:1/v1", "http://127.0.0.1:1/v1?key=KEY", "ada:KEY@127.0.0.1:1/v1", "KEY"]
)
def test_address(llm, address):
    llm("hello", api_base=address.replace("KEY", KEY))

# The last of them fails deep inside the client's libraries, with the key in their variables.
@pytest.mark.parametrize("address", ["http://127.0.0.1:99999/v1", "http://a..b/v1"])
def test_odd_address(llm, address):
    assert llm("hello", api_base=address).text

def test_refused(llm):
    assert llm("hello", api_base="http://127.0.0.1:1/v1").text

def test_own_error(llm):
    llm("hello, own").text
    raise RuntimeError("HTTP 401 for key " + KEY)
"""


def _answer(body):
    said = str(body["messages"][-1]["content"])
    return Reply(f"Incorrect API key: Bearer {CANARY}, {CANARY}", status=401) if "fail" in said else Reply("fine")


def _found(project):
    """Every file below the project that holds the canary, the user's own code aside."""
    files = [path for path in project.path.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [str(path.relative_to(project.path)) for path in files if CANARY.encode() in path.read_bytes()]


@pytest.fixture
def secretive(project, monkeypatch):
    """A project whose keys come by the environment, as they should, and also where they should not."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("GATEWAY_TOKEN", CANARY)
    with Loopback(_answer) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n"
            f"llmeval_judge = openai/judge\nllmeval_judge_api_base = {server.url}\nllmeval_timeout_s = 5\n",
        )
        project.write("test_suite.py", SUITE)
        yield project


def test_a_key_is_in_no_file_and_no_output(secretive, way):
    """Whatever went wrong, however much was asked to be shown: reports, JUnit, the commands that read them."""
    output = ["-vv", "--showlocals", "-ra", "--tb=long", "--junitxml=junit.xml", "--llmeval-report=term"]
    project = secretive

    first = project.run(*way, *output, "--llmeval-report=prom")
    replayed = project.run(*way, *output, "--llmeval-cache=replay")

    # A provider that fails leaves 4 of 23 cases unscored: no verdict.
    assert (6, 1) == (first.ret, replayed.ret)
    first.assert_outcomes(passed=1, failed=18)
    shown = first.stdout.str() + first.stderr.str() + replayed.stdout.str() + replayed.stderr.str()
    # pytest prints what the user's own exception says; everything else is ours.
    ours = [line for line in shown.splitlines() if CANARY in line and "HTTP 401 for key" not in line]
    assert [] == ours
    # What holds the text of the user's own exception: pytest's report, and what pytester kept of the output.
    assert set(_found(project)) <= {"junit.xml", "stdout"}


def test_an_address_with_a_password_in_the_environment_is_in_no_file(secretive, way, monkeypatch):
    """As settings of the run, and as what the OpenAI client reads: refused at the first call, and not kept."""
    project = secretive
    project.write("test_suite.py", "def test_one(llm):\n    llm('hello')\n")
    ini = "\n".join(line for line in (project.path / "pytest.ini").read_text().splitlines() if "api_base" not in line)
    project.write("pytest.ini", ini)
    for name in ("LLMEVAL_API_BASE", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, f"http://ada:{CANARY}@127.0.0.1:1/v1?key={CANARY}")
        result = project.run(*way, "-vv", "--showlocals")
        monkeypatch.delenv(name)

        result.assert_outcomes(failed=1)
        assert "api_base of model 'openai/m' carries more than an address" in result.stdout.str()
        assert CANARY not in result.stdout.str()
        assert [] == _found(project)


def test_the_commands_print_no_key(secretive):
    """List, show, explain, export, and a request that somebody wrote with a key in it."""
    project = secretive
    project.run()
    project.write(".llmeval/request.json", '{"model": "openai/m", "messages": [], "api_key": "' + CANARY + '"}')

    commands = [
        ["ls"],
        ["explain", "*"],
        ["verify"],
        ["export", "-"],
        ["explain", "--request", ".llmeval/request.json"],
    ]
    said = [project.pytester.run("llmeval", "cache", *command) for command in commands]

    assert [0, 0, 0, 0, 4] == [one.ret for one in said]
    assert CANARY not in "".join(one.stdout.str() + one.stderr.str() for one in said)
