"""The plug-in sleeps until something of ours shows itself, and then does what it does where it never slept.

Each run is a process of its own: in this one, everything of ours has been imported.
"""

import pytest

from pytest_llmeval import hookspecs
from pytest_llmeval.plugin.asleep import OWN_HOOKS

SLEEPY = """
import sys

import pytest

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    is_awake = "pytest_llmeval.plugin.hooks" in sys.modules
    if not hasattr(config, "workerinput"):
        open("awake.txt", "w").write(str(is_awake))
"""
CHECKED = """
from pytest_llmeval import assert_matches

def check(text):
    assert_matches(text, "a")
"""


@pytest.fixture
def sleeper(project):
    """A project that sets nothing, and says whether the plug-in woke."""
    project.write("tox.ini", "[pytest]\n")
    project.write("conftest.py", SLEEPY)
    return project


def _is_awake(project):
    return "True" == (project.path / "awake.txt").read_text()


def test_it_sleeps_through_a_suite_of_somebody_else(sleeper):
    """Also where that has marks, an assert of its own that is called like ours, and tests that are left out."""
    sleeper.write(
        "test_plain.py",
        """
import unittest
from unittest import mock

import pytest

def assert_fine(x):
    assert x

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.xfail(strict=False))])
def test_plain(x):
    assert_fine(x)

class TestOld(unittest.TestCase):
    def test_old(self):
        mock.Mock().assert_not_called()
""",
    )
    result = sleeper.run_apart("-k", "not 2")

    assert 0 == result.ret
    assert not _is_awake(sleeper)
    assert not (sleeper.path / ".llmeval").exists()


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("@pytest.mark.llmeval\ndef test_it():\n    check('a')\n", id="marker"),
        pytest.param(
            "@pytest.mark.parametrize('x', ['b', pytest.param('a', marks=pytest.mark.llmeval)])\n"
            "def test_it(x):\n    if x == 'a':\n        check(x)\n",
            id="marked-parameter",
        ),
        pytest.param("pytestmark = pytest.mark.llmeval\ndef test_it():\n    check('a')\n", id="marked-module"),
        pytest.param("def test_it(llmeval):\n    check('a')\n", id="fixture"),
        pytest.param("def test_it():\n    from pytest_llmeval import assert_matches\n    check('a')\n", id="import"),
        pytest.param("import checked\ndef test_it():\n    checked.check('a')\n", id="assertions-imported"),
    ],
)
def test_a_test_wakes_it(sleeper, way, test):
    """However it shows itself, and in every way to run it: its scores are gathered."""
    sleeper.write("checked.py", CHECKED)
    late = "def check(text):\n    from checked import check\n    check(text)\n"
    sleeper.write("test_it.py", f"import pytest\n{late}\n{test}")

    result = sleeper.run_apart(*way)

    assert 0 == result.ret
    assert {1.0} == set(sleeper.scores().values())


def test_a_metric_that_a_conftest_declares_is_known_when_it_wakes(sleeper):
    """A start forgets the metrics of the start before, and not those of this one."""
    own = "import pytest_llmeval\n\n@pytest_llmeval.metric\ndef share(output):\n    return 0.75\n"
    sleeper.write("conftest.py", SLEEPY + own)
    sleeper.write(
        "test_it.py",
        "import pytest\n\n@pytest.mark.llmeval\ndef test_it():\n"
        "    from pytest_llmeval import assert_share\n    assert_share('a')\n",
    )

    assert 0 == sleeper.run_apart().ret

    assert [0.75] == list(sleeper.scores().values())


@pytest.mark.parametrize("folder", ["", "deep/"])
def test_who_implements_a_hook_of_ours_wakes_it(sleeper, folder):
    """In the first conftest.py and in one that is met later: pytest would refuse an unknown hook."""
    hook = "def pytest_llmeval_session(session):\n    print('heard', len(session.results))\n"
    sleeper.write(f"{folder}conftest.py", (SLEEPY if not folder else "") + hook)
    sleeper.write(f"{folder}test_it.py", "def test_it():\n    pass\n")
    assert 0 == sleeper.run_apart().ret
    assert _is_awake(sleeper)
    sleeper.write(f"{folder}test_it.py", "import pytest\n\n@pytest.mark.llmeval\ndef test_it():\n    pass\n")

    result = sleeper.run_apart("-s")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["*heard 1*"])


@pytest.mark.parametrize("help_", ["-h", "--help", "-vh"])
def test_help_shows_every_flag(sleeper, help_):
    """Whether it stands alone or among other short flags."""
    result = sleeper.run_apart(help_)

    result.stdout.fnmatch_lines(["LLM regression testing*", "*--llmeval-gate=*", "*llmeval_retention*"])


def test_a_flag_is_known_wherever_it_stands(sleeper, monkeypatch):
    """In a file of arguments, in the environment, in addopts, in a program that starts pytest."""
    sleeper.write("test_plain.py", "def test_plain():\n    assert True\n")
    wrong = "--llmeval-concurrency=none"
    sleeper.write("args.txt", f"{wrong}\n")
    assert 4 == sleeper.run_apart("@args.txt").ret
    monkeypatch.setenv("PYTEST_ADDOPTS", wrong)
    assert 4 == sleeper.run_apart().ret
    monkeypatch.delenv("PYTEST_ADDOPTS")
    program = f"import pytest\nraise SystemExit(pytest.main(['{wrong}']))\n"
    assert 4 == sleeper.pytester.runpython_c(program).ret
    sleeper.write("tox.ini", f"[pytest]\naddopts = {wrong}\n")
    assert 4 == sleeper.run_apart().ret
    sleeper.write("tox.ini", "[pytest]\naddopts = @args.txt\n")
    assert 4 == sleeper.run_apart().ret
    sleeper.write("tox.ini", "[pytest]\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "@args.txt")
    assert 4 == sleeper.run_apart().ret


EARLY = """
import os
os.environ["LLMEVAL_{name}"] = "{value}"
"""
LATER = """
def pytest_configure(config):
    config.option.llmeval_{name} = "{value}"
"""


@pytest.mark.parametrize("when", [EARLY, LATER], ids=["conftest", "configure"])
def test_what_a_conftest_sets_is_heard(sleeper, when):
    """Into the environment, or into pytest's options: as where the ini had said it."""

    def said(name, value):
        name = name.upper() if when == EARLY else name
        sleeper.write("conftest.py", SLEEPY + when.format(name=name, value=value))
        return sleeper.run_apart()

    sleeper.write("test_it.py", "def test_it():\n    pass\n")
    assert 4 == said("concurrency", "none").ret
    assert 6 == said("gate", "pr").ret  # there is no LLM test to judge
    said("plan", "true").stdout.fnmatch_lines(["*nothing was run*"])
    sleeper.write("test_it.py", "def test_it(llm):\n    pass\n")
    said("model", "openai/a,openai/b").assert_outcomes(passed=2)


def test_a_setting_that_is_wrong_ends_the_run_whenever_it_is_met(sleeper):
    """Set while tests are collected, where an error would be one module's: exit status 4, and nothing is run."""
    wrong = "import os\nos.environ['LLMEVAL_CONCURRENCY'] = 'none'\n"
    test = "import pytest\n\n@pytest.mark.llmeval\ndef test_it():\n    open('ran.txt', 'w')\n"
    sleeper.write("test_a.py", wrong + test)
    sleeper.write("test_b.py", test)

    for more in ((), ("--continue-on-collection-errors",)):
        result = sleeper.run_apart(*more)

        assert 4 == result.ret
        result.stderr.fnmatch_lines(["*LLMEVAL_CONCURRENCY='none' is not allowed"])
        assert not (sleeper.path / "ran.txt").exists()


def test_a_hook_of_ours_that_takes_what_we_do_not_give_is_refused(sleeper):
    """As pytest refuses one of its own: an error of the folder, and no crash."""
    sleeper.write("deep/conftest.py", "def pytest_llmeval_session(weather):\n    pass\n")
    sleeper.write("deep/test_it.py", "def test_it():\n    pass\n")

    result = sleeper.run_apart()

    assert 0 != result.ret
    assert "weather" in result.stdout.str() + result.stderr.str()


def test_a_conftest_is_configured_first(sleeper):
    """What it sets is obeyed, though it is its own hook that wakes us."""
    redacts = "def pytest_llmeval_redact(text):\n    return text\n"
    sleeper.write("conftest.py", SLEEPY + redacts + LATER.format(name="concurrency", value="none"))
    sleeper.write("test_it.py", "def test_it():\n    pass\n")

    assert 4 == sleeper.run_apart().ret


@pytest.mark.parametrize("kind", ["set", "list", "iter"])
def test_what_others_leave_out_may_be_any_iterable(sleeper, kind):
    """Pytest asks for a sequence and takes a set; so do we."""
    hook = f"""
def pytest_collection_modifyitems(config, items):
    config.hook.pytest_deselected(items={kind}(items[1:]))
    del items[1:]
"""
    sleeper.write("conftest.py", SLEEPY + hook)
    sleeper.write("test_it.py", "def test_one():\n    pass\n\ndef test_two():\n    pass\n")

    assert 0 == sleeper.run_apart("-p", "no:terminal").ret


def test_two_runs_of_one_process_know_nothing_of_each_other(sleeper):
    """Awake in one, asleep in the next, awake in the third."""
    sleeper.write("test_it.py", "import pytest\n\n@pytest.mark.llmeval\ndef test_it(llmeval):\n    pass\n")
    sleeper.write("test_plain.py", "def test_plain():\n    pass\n")
    program = (
        "import pytest\n"
        "said = [pytest.main([name]) for name in ('test_it.py', 'test_plain.py', 'test_it.py')]\n"
        "raise SystemExit(max(said))\n"
    )

    assert 0 == sleeper.pytester.runpython_c(program).ret

    assert 1 == len(sleeper.session.results)


def test_our_hooks_are_those_that_wake_it():
    """Whoever adds one to the specifications adds it to the look."""
    assert set(OWN_HOOKS) == {name for name in vars(hookspecs) if name.startswith("pytest_")}


def test_options_can_be_read_by_others(sleeper):
    """With a default at any time; once it is awake by their names, with what they are where nobody says anything."""
    early = "\ndef pytest_configure(config):\n    assert config.getoption('llmeval_gate', None) is None\n"
    sleeper.write("conftest.py", SLEEPY + early)
    read = "    assert request.config.getoption('--llmeval-gate') is request.config.getini('llmeval_gate') is None\n"
    sleeper.write("test_it.py", f"import pytest\n\n@pytest.mark.llmeval\ndef test_it(request):\n{read}")

    assert 0 == sleeper.run_apart().ret


def test_what_was_left_out_before_it_woke_is_counted(sleeper):
    """Two LLM tests are collected, one is left out: that is no whole session."""
    sleeper.write("checked.py", CHECKED)
    tests = "".join(f"def test_{name}(llmeval):\n    checked.check('a')\n" for name in ("one", "two"))
    sleeper.write("test_it.py", "import checked\n" + tests)

    assert 0 == sleeper.run_apart("-k", "one").ret

    assert 1 == sleeper.session.plan.n_deselected


def test_a_cache_that_cannot_be_read_stops_the_run_though_nothing_is_set(sleeper, monkeypatch):
    """In CI without a key, where answers can only come from there: exit status 4, as where an option was set."""
    monkeypatch.setenv("CI", "true")
    sleeper.write(".llmeval/llmeval.db", "this is no database" * 100)
    sleeper.write("test_it.py", "import pytest\n\n@pytest.mark.llmeval\ndef test_it():\n    pass\n")

    for more in ((), ("-o", "llmeval_concurrency=3")):
        result = sleeper.run_apart(*more)
        assert 4 == result.ret
        result.stderr.fnmatch_lines(["*llmeval.db*"])


def test_strict_markers_know_ours(sleeper):
    """Without any option, and in ``--markers``."""
    sleeper.write("test_it.py", "import pytest\n\n@pytest.mark.llmeval\ndef test_it():\n    pass\n")

    assert 0 == sleeper.run_apart("--strict-markers").ret
    sleeper.run_apart("--markers").stdout.fnmatch_lines(["@pytest.mark.llmeval(cases*"])


def test_a_fixture_that_nobody_saw_says_that_no_test_is_running(sleeper):
    """``getfixturevalue`` in a test that shows nothing, in a run that sleeps."""
    for name in ("llm", "llm_variant", "llmeval"):
        sleeper.write("test_it.py", f"def test_it(request):\n    request.getfixturevalue('{name}')\n")
        result = sleeper.run_apart()
        assert 1 == result.ret
        result.stdout.fnmatch_lines(["E*UsageError: no test is running that could ask"])


def test_it_can_be_loaded_by_name(sleeper, monkeypatch):
    """``-p pytest_llmeval.plugin``, as those do who turn the search for plug-ins off."""
    test = "def test_it(llmeval):\n    assert llmeval.trial == 0\n"
    sleeper.write("test_it.py", test)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    assert 0 == sleeper.run_apart("-p", "pytest_llmeval.plugin").ret
    assert _is_awake(sleeper)
