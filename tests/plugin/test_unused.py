"""Installed and unused: nothing imported, nothing written, nothing said (FAULTS 29 and 31)."""

import os
import subprocess
import sys

HEAVY = ("litellm", "mlflow", "pydantic", "rich", "sqlite_utils", "scipy", "numpy", "aiohttp", "prometheus_client")

PROBE = """
import sys
import pytest

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    heavy = [name for name in {heavy!r} if name in sys.modules]
    ours = sorted(name for name in sys.modules if name.startswith("pytest_llmeval"))
    open("modules.txt", "w").write("\\n".join(["heavy: " + ",".join(heavy), *ours]))
"""


def _files(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def test_nothing_heavy_is_imported_and_five_modules_of_ours(project):
    """For --collect-only and for a run of a foreign suite alike, with no option of ours set."""
    project.write("tox.ini", "[pytest]\n")
    project.write("conftest.py", PROBE.format(heavy=HEAVY))
    project.write("test_plain.py", "def test_plain():\n    assert True\n")
    for args in (("--collect-only",), ()):
        result = project.pytester.runpytest_subprocess(*args)
        assert 0 == result.ret
        heavy, *ours = (project.path / "modules.txt").read_text().splitlines()
        assert "heavy: " == heavy
        assert 5 == len(ours), ours


def test_an_option_is_read_where_one_is_set_and_refused_before_anything_runs(project, monkeypatch):
    """By flag, environment, ini and ``-o``: nobody waits for an LLM test to hear of a wrong one."""
    project.write("tox.ini", "[pytest]\n")
    project.write("test_plain.py", "def test_plain():\n    assert True\n")
    wrong = "llmeval_concurrency=none"
    monkeypatch.setenv("LLMEVAL_CONCURRENCY", "none")
    assert 4 == project.pytester.runpytest_subprocess().ret
    monkeypatch.delenv("LLMEVAL_CONCURRENCY")
    assert 4 == project.pytester.runpytest_subprocess("--llmeval-concurrency=none").ret
    assert 4 == project.pytester.runpytest_subprocess("-o", wrong).ret
    assert 0 == project.pytester.runpytest_subprocess().ret
    project.write("tox.ini", f"[pytest]\n{wrong}\n")
    assert 4 == project.pytester.runpytest_subprocess().ret


def test_collecting_llm_tests_imports_nothing_heavy_and_calls_nobody(project, loopback):
    """--co of an LLM suite makes no call and writes no file."""
    project.write("pytest.ini", f"[pytest]\nllmeval_api_base = {loopback.url}\nllmeval_model = openai/m\n")
    project.write("conftest.py", PROBE.format(heavy=HEAVY))
    project.write("test_llm.py", "def test_llm(llm):\n    llm('hello')\n")
    before = _files(project.path)

    result = project.pytester.runpytest_subprocess("--collect-only", "-p", "no:cacheprovider", "--llmeval-gate=pr")

    assert 0 == result.ret
    assert [] == loopback.requests
    theirs = {"modules.txt", "stdout", "stderr"}
    assert before == [name for name in _files(project.path) if name not in theirs]
    # The gate reads the baseline at start, and pydantic with it; nothing else.
    assert "litellm" not in (project.path / "modules.txt").read_text()


def test_a_foreign_suite_has_the_same_output_exit_and_files(project):
    """With us and without us, serial and with workers."""
    project.write("tox.ini", "[pytest]\n")
    project.write(
        "test_foreign.py",
        """
import pytest

@pytest.fixture
def llm():
    return "somebody else's"

def test_own_fixture_of_the_same_name(llm):
    assert llm == "somebody else's"

def test_fails():
    assert 1 == 2

@pytest.mark.xfail
def test_xfails():
    assert False
""",
    )
    assert _run(project.path, "-p", "no:llmeval") == _run(project.path)
    # Which worker runs what, and when, is a race with or without us: the last line and the status are not.
    status, lines = _run(project.path, "-n2")
    expected, expected_lines = _run(project.path, "-n2", "-p", "no:llmeval")
    assert (expected, expected_lines[-1], len(expected_lines)) == (status, lines[-1], len(lines))
    assert ["test_foreign.py", "tox.ini"] == _files(project.path)


def _run(path, *args):
    """Run pytest and return exit status and output, less times and the list of plug-ins."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
    done = subprocess.run(command, cwd=path, capture_output=True, text=True, check=False, env=os.environ)  # noqa: S603
    lines = [line for line in done.stdout.splitlines() if not line.startswith("plugins:")]
    # A line is padded with "=" to its width, and a time of ten seconds is wider than one of nine.
    return done.returncode, [line.split(" in ")[0].strip("=") for line in lines]
