"""The end of a session, in the controller: what was gathered is judged and concluded; the exit status is set."""

from __future__ import annotations

import platform
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval import __version__, gate
from pytest_llmeval.calls.guard import address_only, masked
from pytest_llmeval.ending import concluding, exit_status, judging, telling
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.gather import session_file
from pytest_llmeval.plugin import checkout, notices
from pytest_llmeval.records import Session

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.ending.comparing import Confirm
    from pytest_llmeval.ending.exit_status import Decision
    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Line, Spend

    Judged = tuple[Session, Grounds, Decision]


def finish(session: pytest.Session, state: State) -> None:
    """Turn what was gathered into a stored session with its verdict, and set the exit status."""
    if state.sharding is not None:
        state.sharding.excuse(session)
    if state.collector.is_empty and session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return
    session_id = f"{datetime.fromtimestamp(state.started_s, tz=UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    lines = gate.lines_of(session_id, state.collector.results())
    gathered = _gathered(session, state, session_id)
    if state.sharding is None:
        record, grounds, decision = _judged(session, state, gathered, lines)
    else:
        record, grounds, decision = state.sharding.close(session, _measured(gathered, state), lines)
    # What no baseline asks for is let go before all is written: four megabytes of ten thousand tests.
    lines = lines if state.settings.baseline_update else ()
    decision = _with_losses(state, record, decision)
    state.closing_lines += telling.dropped(state.dropped)
    concluded = concluding.conclude(
        record,
        grounds,
        lines,
        decision,
        text_of=state.collector.text_of,
        # Of a whole session: what a shard leaves is not decided.
        tell_users=partial(_tell_users, session.config) if state.sharding is None else None,
    )
    state.session = concluded.session
    state.closing_lines = [concluded.decision.line, *state.closing_lines, *concluded.lines]
    if state.sharding is not None:
        state.closing_lines += state.sharding.told(concluded.path)
    session.exitstatus = concluded.decision.status


def _judged(session: pytest.Session, state: State, gathered: Session, lines: tuple[Line, ...]) -> Judged:
    record = judging.judge(gathered, state, lines, tell=state.closing_lines.append, confirm=_confirm(session, state))
    # Ctrl-C while the base version ran.
    record = replace(_measured(record, state), stopped=record.stopped or _stopped(session))
    decision = exit_status.decide(
        state.settings,
        record,
        status=int(session.exitstatus),
        n_failed=session.testsfailed,
        base_fault=state.base_fault,
    )
    return record, state, decision


def _with_losses(state: State, record: Session, decision: Decision) -> Decision:
    """Look whether all that was paid for could be stored, and take up what every process must tell."""
    # A database that is away has counted what was asked: nothing is asked that it did not count.
    is_uncounted = record.spend is None and state.settings.database is None
    if state.settings.purse and is_uncounted and state.settings.cache != "replay":
        decision = exit_status.unstored(decision, "what was spent could not be read")
    # What this process itself must tell: under xdist no report of its own carries it.
    state.heard.update(dict.fromkeys(state.take_notices().splitlines()))
    state.closing_lines += notices.closing_lines(state.heard)
    if notices.unstored_answers(state.heard):
        decision = exit_status.unstored(decision, "answers could not be stored")
    return decision


def _confirm(session: pytest.Session, state: State) -> Confirm | None:
    if not state.settings.confirm:
        return None
    from pytest_llmeval.plugin.confirming import beside_base

    return partial(beside_base, session, state)


def _gathered(session: pytest.Session, state: State, session_id: str) -> Session:
    """Put what was gathered in one fixed order; nothing is judged yet."""
    stopped, selection = _stopped(session), _selection(session.config, state)
    commit, branch, folder = checkout.place_of(session.config.rootpath)
    return Session(
        id=session_id,
        started_at=datetime.fromtimestamp(state.started_s, tz=UTC).isoformat(timespec="seconds"),
        commit=commit,
        branch=branch,
        folder=folder,
        settings=_shown_settings(state),
        versions=_versions(),
        plan=state.collector.plan(),
        results=state.collector.results(),
        lost=state.collector.lost(was_stopped=bool(stopped), dropped=state.dropped),
        stopped=stopped,
        selection=selection,
        trials=state.trials.plan if state.settings.trials == "auto" else None,
    )


def _measured(record: Session, state: State) -> Session:
    """Add what it took, once all is done that takes something."""
    return replace(record, duration_s=time.time() - state.started_s, spend=_spend(state))


def _spend(state: State) -> Spend | None:
    if not state.settings.purse:
        return None
    from pytest_llmeval.plugin import spending

    try:
        return spending.spend_of(state.settings, state.collector.results())
    except LlmevalError as error:
        state.notify(f"llmeval: {error}")
        return None


def _tell_users(config: pytest.Config, path: Path) -> list[str]:
    """Hand the session, as it was stored, to the users' own hooks; return a line where one of them failed."""
    if not config.hook.pytest_llmeval_session.get_hookimpls():
        return []
    record = session_file.read(path)
    try:
        config.hook.pytest_llmeval_session(config=config, session=record)
    except Exception as error:  # noqa: BLE001 - it is the user's code: whatever it raises cannot change the verdict
        return [f"llmeval: a hook pytest_llmeval_session failed: {type(error).__name__}: {error}"]
    return []


def _stopped(session: pytest.Session) -> str:
    if session.exitstatus == pytest.ExitCode.INTERRUPTED:
        return "interrupted"
    return str(session.shouldfail or session.shouldstop or "")


def _selection(config: pytest.Config, state: State) -> str:
    """Say how the user narrowed the run; an empty text where they did not."""
    option = config.option
    said = [f"-k {option.keyword}"] if option.keyword else []
    said += [f"-m {option.markexpr}"] if option.markexpr else []
    said += ["--lf"] if getattr(option, "lf", False) else []
    said += ["--sw"] if getattr(option, "stepwise", False) else []
    said += ["--deselect"] if option.deselect else []
    said += [arg for arg in config.args if "::" in str(arg)]
    n_deselected = state.collector.n_deselected
    if n_deselected and not said:
        said.append(f"{n_deselected} LLM tests deselected")
    return ", ".join(said)


def _shown_settings(state: State) -> dict[str, object]:
    settings = state.settings
    names = ["model", "api_base", "cache", "trials", "gate", "baseline_update", "min_coverage"]
    # Only an extension of a baseline counts its trials from elsewhere.
    names += ["first_trial"] if settings.first_trial else []
    names += ["namespace"] if settings.namespace else []
    # Only `llmeval compare --run` looks several times; how often must be known to whoever reads the session.
    looks = {"looks": list(settings.looks)} if settings.trials in settings.looks else {}
    # The environment may hold one with a password, which the first call refuses.
    shown = {"api_base": address_only(settings.api_base), "model": masked(settings.model)}
    return {name: getattr(settings, name) for name in names} | shown | looks


def _versions() -> dict[str, str]:
    return {
        "pytest": pytest.__version__,
        "pytest-llmeval": __version__,
        "python": platform.python_version(),
    }


def show(terminalreporter: pytest.TerminalReporter, state: State) -> None:
    """Print the summary: the verdict first."""
    from pytest_llmeval.exports import terminal

    if state.session is None:
        return
    stream = terminalreporter._tw  # noqa: SLF001 - pytest offers width and colour nowhere else
    encoding = getattr(getattr(stream, "_file", None), "encoding", None) or "ascii"
    terminalreporter.write_sep("=", "llmeval")
    if any(kind == "term" for kind, _ in state.settings.reports):
        is_verbose = terminalreporter.config.get_verbosity() > 0
        text = terminal.render(
            state.session,
            width=stream.fullwidth,
            color=stream.hasmarkup,
            verbose=is_verbose,
            beside=_bars(state, state.session) if is_verbose else None,
            ascii_only=not encoding.lower().startswith("utf"),
            exit_line=state.closing_lines[0],
        )
    else:
        text = ""
    # A session without LLM tests has no page, and its exit status needs its reason all the same.
    terminalreporter.write_line(text.rstrip("\n") or state.closing_lines[0])
    for line in state.closing_lines[1:]:
        terminalreporter.write_line(line)


def _bars(state: State, record: Session) -> Beside:
    from pytest_llmeval.ending import known

    return known.bars(state, record)
