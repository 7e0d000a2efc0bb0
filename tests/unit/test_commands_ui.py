"""``llmeval ui``: what the process that serves the pages is told, and what is said where it cannot be."""

from importlib import util

import pytest

from pytest_llmeval.commands import main, ui


@pytest.fixture
def replaced(monkeypatch):
    """What the process would become."""
    found = []
    monkeypatch.setattr(ui.os, "execve", lambda *arguments: found.append(arguments))
    monkeypatch.setattr(ui, "find_spec", lambda _: object())
    return found


def test_it_listens_here_only_and_tells_nobody(tmp_path, replaced, capsys):
    """Loopback by default, no usage statistics, nothing but the script of ours, and the project's root."""
    assert 0 == main(["ui", "--rootdir", str(tmp_path), "--port", "8765"])
    ((program, command, _),) = replaced
    assert program == command[0]
    assert {
        "--server.address=127.0.0.1",
        "--browser.serverAddress=127.0.0.1",
        "--browser.gatherUsageStats=false",
        "--server.headless=true",
        "--server.enableXsrfProtection=true",
        "--server.enableCORS=true",
        "--server.port=8765",
    } <= set(command)
    assert ["--", str(tmp_path), str(tmp_path / "labels.jsonl")] == command[-3:]
    assert "Ctrl-C" in capsys.readouterr().out


def test_the_port_is_left_open_where_nobody_names_one(tmp_path, replaced):
    """So that two projects can be looked at at once."""
    main(["ui", "--rootdir", str(tmp_path)])
    assert not any(part.startswith("--server.port") for part in replaced[0][1])


@pytest.mark.parametrize(("address", "name"), [("10.0.0.5", "10.0.0.5"), ("::1", "[::1]")])
def test_another_address_is_one_that_people_open(tmp_path, replaced, address, name):
    """It is where the server listens, and the only name under which a page may speak to it."""
    main(["ui", "--rootdir", str(tmp_path), "--address", address])
    assert {f"--server.address={address}", f"--browser.serverAddress={name}"} <= set(replaced[0][1])


@pytest.mark.parametrize(
    "said", ["--port=0", "--port=70000", "--port=x", "--address=0.0.0.0", "--address=::", "--address=a"]
)
def test_what_is_no_port_or_every_address_is_refused(said, tmp_path, replaced, capsys):
    """A page of somebody else's could be led to a server that answers to every name."""
    assert 4 == main(["ui", "--rootdir", str(tmp_path), said])
    assert [] == replaced
    assert said.partition("=")[2] in capsys.readouterr().err


def test_a_missing_extra_is_told_with_its_command(tmp_path, monkeypatch, capsys):
    """In place of a traceback."""
    monkeypatch.setattr(ui, "find_spec", lambda _: None)
    assert 4 == main(["ui", "--rootdir", str(tmp_path)])
    assert (
        "llmeval: no pages: streamlit is not installed\n  pip install 'pytest-llmeval[ui]'\n" == capsys.readouterr().err
    )


def test_the_script_that_streamlit_runs_is_alone_in_its_folder():
    """Streamlit puts that folder on the path of imports: a module there would stand in the way of another's."""
    assert ["view.py"] == [path.name for path in ui._SCRIPT.parent.iterdir() if path.suffix == ".py"]
    assert util.find_spec("view") is None
