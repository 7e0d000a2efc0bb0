"""No key in any file or output, wherever it can stand: a canary in every place, and a look at all (FAULTS 23)."""

import json

import pytest

from pytest_llmeval.loopback import Loopback, Reply, by_question

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

def test_prompt(llm):
    llm("my key is " + KEY)

def test_system_prompt(llm):
    llm("hello", system=f"Use {KEY}.")

def test_value_of_a_setting(llm):
    llm("hello", extra_body={"labels": ["a", KEY]})

def test_model_name(llm):
    llm("hello", model="openai/" + KEY)

def test_path_of_an_address(llm):
    llm("hello", api_base=f"http://127.0.0.1:1/{KEY}/v1")

def test_redirect(llm):
    assert llm("hello, redirect").text

def test_html_error(llm):
    assert llm("hello, html").text

def test_malformed_reply(llm):
    assert llm("hello, malformed").text

def test_error_with_200(llm):
    assert llm("hello, error in 200").text

def test_answer_repeats_it(llm):
    answer = llm("hello, repeat").text
    assert_score("n", "***" in answer)

def test_checked_text():
    assert_score("n", 1, output="the log says " + KEY)

def test_details_of_a_score():
    assert_score("n", 1, reason="found " + KEY)

def test_failing_check():
    assert_score("n", 0, output="the log says " + KEY, reason="found " + KEY, detail={"line": KEY})

def test_own_error(llm):
    llm("hello, own").text
    raise RuntimeError("HTTP 401 for key " + KEY)
"""


_REPLIES = {
    "fail": Reply(f"Incorrect API key: Bearer {CANARY}, {CANARY}", status=401),
    "redirect": Reply("moved", status=302, headers={"Location": f"http://ada:{CANARY}@127.0.0.1:1/?key={CANARY}"}),
    "html": Reply(status=502, body=f"<html>Bad gateway: {CANARY}</html>".encode(), headers={"Retry-After": "0"}),
    "malformed": Reply.malformed(f"{CANARY} is no JSON".encode()),
    "error in 200": Reply.malformed(json.dumps({"error": {"message": CANARY}}).encode()),
    "repeat": Reply.malformed(
        json.dumps(
            {
                "model": f"m-{CANARY}",
                "system_fingerprint": CANARY,
                "choices": [{"message": {"content": f"You sent {CANARY}, {CANARY}."}, "finish_reason": "stop"}],
            }
        ).encode()
    ),
    "": Reply("fine"),
}
_answer = by_question(_REPLIES)


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

    # A provider that fails leaves 8 cases unscored: no verdict.
    assert (6, 1) == (first.ret, replayed.ret)
    first.assert_outcomes(passed=4, failed=24)
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


@pytest.mark.parametrize(
    ("ini", "marker"),
    [
        ("llmeval_model = openai/m\nllmeval_api_base = {address}", ""),
        ("llmeval_model = openai/m", "api_base='{address}'"),
        (
            "llmeval_variants =\n    a: model=openai/m, api_base={address}\n    b: model=openai/n, api_base={address}",
            "",
        ),
        ("llmeval_variants =\n    a model=openai/m api_base={address}", ""),
        ("llmeval_trials = {address}", ""),
    ],
    ids=["ini", "marker", "variants", "malformed variants", "another option"],
)
@pytest.mark.parametrize(
    "address",
    ["http://ada:KEY@127.0.0.1:1/v1", "http://127.0.0.1:1/v1?key=KEY", "http://127.0.0.1:1/KEY/v1"],
    ids=["password", "query", "path"],
)
def test_an_address_with_a_key_in_it_is_in_no_file_and_no_output(project, monkeypatch, ini, marker, address):
    """Wherever it was set: refused before it is asked, and not repeated; the user's own files aside."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    address = address.replace("KEY", CANARY)
    project.write("pytest.ini", "[pytest]\n" + ini.format(address=address) + "\n")
    project.write("app.py", f"ADDRESS = {address!r}\n")
    mark = f"@pytest.mark.llmeval({marker.format(address='ADDRESS')})\n".replace("'ADDRESS'", "ADDRESS")
    test = "def test_one(llm):\n    llm('hello')\n"
    project.write("test_suite.py", f"import pytest\nfrom app import ADDRESS\n\n{mark if marker else ''}{test}")

    result = project.run_apart(
        "-vv", "--showlocals", "-ra", "--junitxml=junit.xml", "--llmeval-report=term", "--llmeval-report=prom"
    )

    assert 0 != result.ret
    assert [] == [line for line in result.stdout.lines + result.stderr.lines if CANARY in line]
    assert set(_found(project)) <= {"pytest.ini", "app.py"}


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
