"""The end of a session, in the controller: store, decide, update, export, exit status; in this order.

The session file comes before any export; an export that fails warns by name and changes nothing.
"""

from __future__ import annotations

import os
import platform
import secrets
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval import __version__, gate
from pytest_llmeval.calls.guard import address_only, masked
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.gate.floors import below_floors
from pytest_llmeval.gate.summary import of_first_pass
from pytest_llmeval.gather import session_file
from pytest_llmeval.plugin import exit_status, exporting, notices
from pytest_llmeval.plugin.recording import needs_recording
from pytest_llmeval.records import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Contest, Line, Spend, TrialPlan

_SHOWN = 5


def finish(session: pytest.Session, state: State) -> None:
    """Turn what was gathered into a stored session with its verdict, and set the exit status."""
    if state.collector.is_empty and session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return
    session_id = f"{datetime.fromtimestamp(state.started_s, tz=UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    lines = gate.lines_of(session_id, state.collector.results())
    record = _session(session, state, session_id, lines)
    decision = exit_status.decide(session, state.settings, record, base_fault=state.base_fault)
    # A database that is away has counted what was asked: nothing is asked that it did not count.
    is_uncounted = record.spend is None and state.settings.database is None
    if state.settings.purse and is_uncounted and state.settings.cache != "replay":
        decision = exit_status.unstored(decision, "what was spent could not be read")
    # What this process itself must tell: under xdist no report of its own carries it.
    state.heard.update(dict.fromkeys(state.take_notices().splitlines()))
    state.closing_lines += notices.closing_lines(state.heard)
    if notices.unstored_answers(state.heard):
        decision = exit_status.unstored(decision, "answers could not be stored")
    state.session = record = replace(record, exit_status=decision.status, exit_line=decision.line)
    try:
        path = session_file.write(record, state.settings.sessions_folder, state.collector.text_of)
    except (LlmevalError, OSError) as error:
        decision = exit_status.unstored(decision, "the session could not be stored")
        state.closing_lines.append(f"llmeval: {error}")
    else:
        try:
            state.closing_lines += exporting.update_baseline(state.settings, record, lines)
        except (LlmevalError, OSError) as error:
            decision = exit_status.unstored(decision, "the baseline is as it was")
            state.closing_lines.append(f"llmeval: {error}")
        state.closing_lines += exporting.export(state, record, path, decision.line)
        state.closing_lines += exporting.tell_users(session.config, path)
        exporting.forget_old(state.settings)
    if state.settings.gate == "off":
        settings = state.settings
        state.closing_lines += notices.told_stale(
            record.results, started_s=state.started_s, max_age_days=settings.max_age
        )
    state.closing_lines += _told_expired(state)
    state.closing_lines += needs_recording(record)
    if record.spend is not None:
        from pytest_llmeval.plugin import spending

        state.closing_lines.append(spending.told(record.spend))
    if state.dropped:
        state.closing_lines.append(_told_dropped(state.dropped))
    state.closing_lines += exporting.tell_github(state.settings, record, os.environ)
    state.closing_lines.insert(0, decision.line)
    session.exitstatus = decision.status


def _session(session: pytest.Session, state: State, session_id: str, lines: tuple[Line, ...]) -> Session:
    """Put the gathered results in one fixed order, aggregate them, and compare them with the baseline."""
    stopped, selection = _stopped(session), _selection(session.config, state)
    commit, branch, folder = _git(session.config)
    lost = state.collector.lost(was_stopped=bool(stopped), dropped=state.dropped)
    verdict = against = None
    if state.settings.gate != "off":
        from pytest_llmeval.plugin import comparing

        verdict, against = comparing.compare(session, state, lines, is_whole=not (stopped or selection or lost))
        # Ctrl-C while the base version ran.
        stopped = stopped or _stopped(session)
    trials = state.trials.plan if state.settings.trials == "auto" else None
    summaries = gate.summarise(lines, trials)
    return Session(
        id=session_id,
        started_at=datetime.fromtimestamp(state.started_s, tz=UTC).isoformat(timespec="seconds"),
        duration_s=time.time() - state.started_s,
        commit=commit,
        branch=branch,
        folder=folder,
        settings=_shown_settings(state),
        versions=_versions(),
        plan=state.collector.plan(),
        results=state.collector.results(),
        lost=lost,
        stopped=stopped,
        selection=selection,
        summaries=summaries,
        verdict=verdict,
        against=against,
        floors=below_floors(state.settings.fail_under, summaries, lines),
        trials=trials,
        contest=_contest(state, lines, trials),
        spend=_spend(state),
        uncalibrated=_uncalibrated(state, lines) if state.settings.judges else (),
    )


def _uncalibrated(state: State, lines: tuple[Line, ...]) -> tuple[str, ...]:
    from pytest_llmeval.plugin import calibrated

    return calibrated.uncalibrated(state.settings, lines, state.closing_lines.append)


def _spend(state: State) -> Spend | None:
    if not state.settings.purse:
        return None
    from pytest_llmeval.plugin import spending

    try:
        return spending.spend_of(state.settings, state.collector.results())
    except LlmevalError as error:
        state.notify(f"llmeval: {error}")
        return None


def _contest(state: State, every: Sequence[Line], trials: TrialPlan | None) -> Contest | None:
    """Set the variants against each other, where there are several; whoever wins, the exit status does not ask."""
    variants = {variant.name: variant for variant in state.collector.plan().variants}
    if len(variants) < 2:  # noqa: PLR2004 - it takes two
        return None
    # Cases that were drawn again because they looked bad would speak against the arm in which they did.
    lines = [of_first_pass(line, trials) for line in every]
    rounds = state.settings.looks
    if state.settings.trials not in rounds:
        return gate.compare_arms(tuple(variants), lines, state.collector.results())
    from pytest_llmeval.gate.arm_rounds import looks_of
    from pytest_llmeval.gate.arms import pairs_of

    looks = looks_of(pairs_of(tuple(variants), lines), variants, rounds, rounds.index(state.settings.trials) + 1)
    return gate.compare_arms(tuple(variants), lines, state.collector.results(), looks=looks)


def _told_dropped(nodeids: Sequence[str]) -> str:
    shown = ", ".join(nodeids[:_SHOWN]) + (", …" if len(nodeids) > _SHOWN else "")
    tests = f"{len(nodeids)} test{'s' * (len(nodeids) != 1)}"
    return f"llmeval: {tests} had run when the session stopped; their checks were not waited for: {shown}"


def _told_expired(state: State) -> list[str]:
    """Name the lines that were accepted for a time that is over, where the gate compares with them."""
    if state.settings.gate == "off" or state.settings.baseline_update == "all":
        return []
    expired = [line for line in state.baseline.lines.values() if line.is_expired(state.today)]
    if not expired:
        return []
    first = [f"{line.id} ({line.acceptance.expires})" for line in expired if line.acceptance][:_SHOWN]
    shown = ", ".join(first) + (", …" if len(expired) > _SHOWN else "")
    have = "line is" if len(expired) == 1 else "lines are"
    what = f"{len(expired)} {have} accepted no longer, and the threshold decides again: {shown}"
    return [f"llmeval: {what}; mend it, or accept it anew: llmeval baseline accept PATTERN --reason ... --expires DATE"]


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
    plan = state.collector.plan()
    if plan.n_deselected and not said:
        said.append(f"{plan.n_deselected} LLM tests deselected")
    if state.settings.gate != "off":
        planned = {_module(case.id.test) for case in plan.cases.values()}
        known = {_module(id_.test) for id_ in state.baseline.lines}
        said += [f"without {module}" for module in sorted(known - planned) if (state.settings.root / module).exists()]
    return ", ".join(said)


def _module(test_id: str) -> str:
    return test_id.partition("::")[0]


def _shown_settings(state: State) -> dict[str, object]:
    settings = state.settings
    names = ["model", "api_base", "cache", "trials", "gate", "baseline_update", "min_coverage"]
    # Only an extension of a baseline counts its trials from elsewhere.
    names += ["first_trial"] if settings.first_trial else []
    names += [name for name in ("namespace", "tenant") if getattr(settings, name)]
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


def _git(config: pytest.Config) -> tuple[str, str, str]:
    """Return commit and branch of the root, and where it lies in its repository; empty texts where there is none."""
    command = ["git", "rev-parse", "HEAD", "--abbrev-ref", "HEAD", "--show-prefix"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command, cwd=config.rootpath, env=environment, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "", "", ""
    commit, branch, folder, *_ = [*done.stdout.splitlines(), "", "", ""]
    return commit, branch, folder


def show(terminalreporter: pytest.TerminalReporter, state: State) -> None:
    """Print the summary: the verdict first."""
    from pytest_llmeval.exports import terminal

    if state.session is None:
        return
    stream = terminalreporter._tw  # noqa: SLF001 - pytest offers width and colour nowhere else
    encoding = getattr(getattr(stream, "_file", None), "encoding", None) or "ascii"
    terminalreporter.write_sep("=", "llmeval")
    if any(kind == "term" for kind, _ in state.settings.reports):
        text = terminal.render(
            state.session,
            width=stream.fullwidth,
            color=stream.hasmarkup,
            verbose=terminalreporter.config.get_verbosity() > 0,
            ascii_only=not encoding.lower().startswith("utf"),
            exit_line=state.closing_lines[0],
        )
    else:
        text = ""
    # A session without LLM tests has no page, and its exit status needs its reason all the same.
    terminalreporter.write_line(text.rstrip("\n") or state.closing_lines[0])
    for line in state.closing_lines[1:]:
        terminalreporter.write_line(line)
