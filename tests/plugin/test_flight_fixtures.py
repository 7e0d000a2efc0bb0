"""Fixtures: none ends before the checks of its tests have landed, and each is set up and ends as often as ever."""

import json

import pytest

SUITE = """
import json, pathlib
import pytest
from pytest_llmeval import assert_score
from pytest_llmeval.loopback import Loopback, Reply

seen = []

async def number(text):
    return float(text)

def slow(asked):
    return Reply("0.9", latency_s=0.2)

def server(scope, params=None):
    def up(request):
        name = f"{scope} {request.param}" if params else scope
        seen.append(f"{name} up")
        with Loopback(slow) as started:
            yield started
        seen.append(f"{name} down")
    return pytest.fixture(scope=scope, params=params)(up)

at_session, at_package = server("session"), server("package")
at_module, at_class, at_function = server("module"), server("class"), server("function")
by_param = server("module", ["a", "b"])

@pytest.fixture(scope="session", autouse=True)
def told():
    yield
    pathlib.Path("seen.json").write_text(json.dumps(seen))

class TestClass:
    @pytest.mark.parametrize("n", range(3))
    def test_wide(self, llm, n, at_session, at_package, at_module, at_class):
        for number_of, started in enumerate((at_session, at_package, at_module, at_class)):
            assert_score("m", number, output=llm(f"question {number_of} {n}", api_base=started.url))

class TestNext:
    def test_nothing_of_it(self):
        assert "class down" in seen

@pytest.mark.parametrize("n", range(2))
def test_narrow(llm, n, at_function):
    assert_score("m", number, output=llm(f"question {n}", api_base=at_function.url))

@pytest.mark.parametrize("n", range(3))
def test_by_param(llm, n, by_param):
    assert_score("m", number, output=llm(f"question {n}", api_base=by_param.url))

@pytest.mark.llmeval(trials=2)
def test_over_trials(llm, at_function):
    assert_score("m", number, output=llm("question of a trial", api_base=at_function.url))
"""
WAYS = [("-p", "no:xdist"), ("-n2", "--dist=loadfile")]


@pytest.mark.parametrize("way", WAYS, ids=["serial", "workers"])
def test_a_server_is_up_until_the_last_check_of_its_tests(project, way):
    """Of every scope, with parameters, over trials: a call that finds its server closed leaves a check unscored."""
    project.write("pytest.ini", "[pytest]\nllmeval_model = openai/m\n")
    project.write("__init__.py", "")
    project.write("test_suite.py", SUITE)

    result = project.run_apart(*way)

    assert 0 == result.ret
    result.assert_outcomes(passed=3 + 1 + 2 + 2 * 3 + 1)
    assert {0.9} == set(project.scores().values())
    assert 3 * 4 + 2 + 2 * 3 + 2 == len(project.scores())
    seen = json.loads((project.path / "seen.json").read_text())
    for name, times in {
        "session": 1,
        "package": 1,
        "module": 1,
        "class": 1,
        "module a": 1,
        "module b": 1,
        "function": 4,
    }.items():
        assert (times, times) == (seen.count(f"{name} up"), seen.count(f"{name} down")), name
    assert seen.index("class down") < seen.index("function up")
    assert seen.index("module a down") < seen.index("module b up")


def test_wide_fixtures_do_not_take_the_overlap(project, provider):
    """The tests of a module with a fixture of its own fly together; only its border is waited for."""
    for name in ("one", "two"):
        project.write(
            f"test_{name}.py",
            f"""
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.fixture(scope="module")
def wide():
    yield

@pytest.mark.parametrize("n", range(8))
def test_many(llm, wide, n):
    assert_score("m", number, output=llm(f"0.9 @0.3 {name} {{n}}"))
""",
        )

    result = project.run_apart("-p", "no:xdist")

    assert 0 == result.ret
    assert 4 <= provider.peak <= 8


def test_what_a_test_sets_for_itself_is_what_its_calls_see(project, provider):
    """An environment variable by monkeypatch; the next test's is another."""
    project.write(
        "test_suite.py",
        """
import os
from graded import number
from pytest_llmeval import assert_score

def test_with_a_key(llm, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
    assert_score("m", number, output=llm("0.9 @0.1 with"))

def test_without(llm, monkeypatch):
    assert "OPENAI_API_KEY" not in os.environ
    assert_score("m", number, output=llm("0.9 @0.1 without"))

def test_cwd_and_files(llm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_score("m", number, output=llm("0.9 @0.1 elsewhere"))
""",
    )

    result = project.run_apart("-p", "no:xdist")

    assert 0 == result.ret
    result.assert_outcomes(passed=3)
    by_question = {
        received.body["messages"][-1]["content"].split()[-1]: received.has_key for received in provider.requests
    }
    assert {"with": True, "without": False, "elsewhere": False} == by_question
    assert (project.path / "recordings" / "test_suite.jsonl").exists()
