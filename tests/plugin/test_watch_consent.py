"""``llmeval watch`` spends nothing unasked, loses no change, and leaves nothing behind."""

import json
import os
import signal
import threading

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.loopback import Loopback
from tests.plugin.watching import watch

SUITE = """
import os
from pathlib import Path

def test_one(llm):
    Path("pid").write_text(str(os.getpid()))
    assert llm(Path("one.md").read_text()).text

def test_two(llm):
    assert llm(Path("two.md").read_text()).text
"""


class Model(Loopback):
    """Echoes what it is asked; "hold" is answered when it is let go."""

    def __init__(self):
        super().__init__(self._say)
        self.is_held, self.let_go = threading.Event(), threading.Event()

    def _say(self, body):
        text = body["messages"][-1]["content"]
        if "hold" in text:
            self.is_held.set()
            self.let_go.wait(60)
        return text

    @property
    def asked(self):
        """What was asked, in its order."""
        return [one.body["messages"][-1]["content"] for one in self.requests]


@pytest.fixture
def model(project):
    """The provider, and a project with a recording of each of its two tests."""
    with Model() as server:
        project.write(
            "pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\naddopts = -q\n"
        )
        project.write("test_suite.py", SUITE)
        project.write("one.md", "one")
        project.write("two.md", "two")
        assert 0 == project.run_apart().ret
        yield server
        server.let_go.set()


def price_at(project, dollars):
    """Say what each recorded call has cost."""
    path = project.path / ".llmeval" / "session.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows[1:-1]:
        row["trials"][0]["calls"][0]["cost_usd"] = dollars
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def is_alive(pid):
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_nobody_is_asked_where_nobody_can_agree(project, model):
    """No terminal and no flag: what is recorded is run, the rest is named with its price, and the run is not green."""
    project.write("one.md", "another")
    price_at(project, 0.02)

    with watch(project, "--once") as running:
        told = running.until("not run to their end")
        assert 1 == running.process.wait(60)

    assert "1 case asks what is not recorded: 1 call, about $0.02; nobody is asked: say --yes, or --max-usd" in told
    assert "test_suite.py::test_one" in told
    assert ["one", "two"] == sorted(model.asked)


@pytest.mark.parametrize(("most", "n_asked"), [("0.03", 0), ("0.05", 2)])
def test_up_to_a_sum_it_is_spent_without_a_question(project, model, most, n_asked):
    """Two calls at $0.02 each."""
    price_at(project, 0.02)
    project.write("one.md", "one more")
    project.write("two.md", "two more")

    with watch(project, "--once", "--max-usd", most) as running:
        assert "2 cases ask what is not recorded: 2 calls, about $0.04" in running.until("not recorded")
        assert (0 if n_asked else 1) == running.process.wait(60)

    assert n_asked == len(model.requests) - 2


def test_the_price_is_said_and_the_answer_obeyed(project, model):
    """No, and nothing is sent; the next time yes, and the answers are shown beside those of the run before."""
    with watch(project, is_typed=True) as running:
        running.until()
        project.write("one.md", "one time")
        assert "1 call, at a price that is not known. Ask? [y/N]" in running.until("[y/N]")
        running.type("n")
        assert "not asked, and not run to their end: test_suite.py::test_one" in running.until()
        assert 2 == len(model.requests)

        running.type("")
        assert "running every case" in running.until("[y/N]")
        running.type("y")
        assert "one {+time+}" in running.until()
    assert ["one time"] == model.asked[2:]


def test_replay_mode_asks_nobody_whatever_was_agreed(project, model):
    """By flag, environment or ini, as everywhere."""
    project.write("one.md", "another")

    with watch(project, "--once", "--yes", "--", "--llmeval-cache=replay") as running:
        assert "nobody may be asked (replay)" in running.until("not recorded")
        assert 1 == running.process.wait(60)
    assert 2 == len(model.requests)


def test_a_change_during_a_run_is_not_lost(project, model):
    """It is saved while the provider still thinks, and run afterwards."""
    with watch(project, "--yes") as running:
        running.until()
        project.write("one.md", "hold on")
        assert model.is_held.wait(60)
        project.write("two.md", "two meanwhile")
        model.let_go.set()
        assert "one.md changed: running 1 of 2 cases" in running.until()
        assert "two.md changed: running 1 of 2 cases" in running.until()
    assert ["hold on", "two meanwhile"] == model.asked[2:]


def test_the_prompt_of_a_run_that_goes_on_can_be_saved_again(project, model):
    """The same file: what was asked is not what stands there now."""
    with watch(project, "--yes") as running:
        running.until()
        project.write("one.md", "hold on")
        assert model.is_held.wait(60)
        project.write("one.md", "better")
        model.let_go.set()
        running.until()
        assert "one.md changed: running 1 of 2 cases" in running.until()
    assert ["hold on", "better"] == model.asked[2:]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_during_a_run_ends_both(project, model, number, status):
    """The one that is told passes it on: pytest ends in its own way, and no process is left."""
    with watch(project, "--yes") as running:
        running.until()
        project.write("one.md", "hold on")
        assert model.is_held.wait(60)
        pid = int((project.path / "pid").read_text())
        assert is_alive(pid)

        assert status == running.stop(number)
        assert not is_alive(pid)


def test_ctrl_c_while_it_waits_is_how_it_ends(project, model):
    """Exit status 0, and no traceback."""
    with watch(project) as running:
        running.until()
        assert 0 == running.stop()
    assert "Traceback" not in "\n".join(running.heard)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--max-usd", "many"), "--max-usd='many' is not allowed"),
        (("--max-usd", "nan"), "--max-usd='nan' is not allowed"),
        (("--yes", "--max-usd", "1"), "not allowed with argument --yes"),
        (("--", "--llmeval-cache=live"), "--llmeval-cache=live is not for llmeval watch"),
        (("--", "--llmeval-cache", "refresh"), "--llmeval-cache=refresh is not for llmeval watch"),
    ],
)
def test_what_could_spend_otherwise_than_it_was_meant_is_refused(project, monkeypatch, capsys, args, says):
    """Before anything is run."""
    monkeypatch.chdir(project.path)
    assert 4 == main(["watch", *args])
    assert says in capsys.readouterr().err
