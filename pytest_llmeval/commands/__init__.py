"""The ``llmeval`` command: what a person does between two runs of pytest.

Each subcommand is a module with ``declare``, which adds its arguments, and functions that obey them.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from pytest_llmeval.commands.parser import Parser
from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_ERROR = 4  # pytest's own status for the same

_DESCRIPTION = """\
LLM regression testing in pytest. Tests are run by pytest itself; this command is for what comes before and after.

  llmeval init                              write a first test into a project
  pytest                                    run it; answers are recorded, scores are kept in .llmeval/
  llmeval baseline accept --reason "..."    make these scores the ones that later runs are compared with
  pytest --llmeval-gate=pr                  let the comparison decide the exit status
  llmeval baseline diff                     see what differs, case by case
  llmeval cache explain                     see why a request found no stored answer
  llmeval dataset check FILE                see what is in a file of cases, and what is wrong
  llmeval pack run NAME                     run a ready suite: refusal, injection, safety, robustness
  llmeval watch                             work on a prompt: run again what a saved file may have changed
  llmeval run --until-decided               more trials, round by round, while the gate cannot tell
  llmeval merge FILE...                     make one session of the shards of several machines, and decide
  llmeval sessions show --case ID           see all that was asked, answered and scored
  llmeval label next                        say what you think of answers, for a judge to be measured by
  llmeval judge check LABELS                see how far a metric, or a judge, agrees with people
  llmeval ui                                look, compare, try and label in a browser
  llmeval gate check                        see how far this suite's gate can be trusted"""


def command_line() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    from pytest_llmeval.commands import (
        baseline,
        cache,
        comment,
        compare,
        dataset,
        export,
        gate,
        init,
        judge,
        label,
        merge,
        pack,
        rejudge,
        run,
        sessions,
        store,
        ui,
        watch,
    )

    parser = Parser(
        prog="llmeval",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    init.declare(commands)
    baseline.declare(commands)
    cache.declare(commands)
    run.declare(commands)
    watch.declare(commands)
    gate.declare(commands)
    compare.declare(commands)
    merge.declare(commands)
    dataset.declare(commands)
    judge.declare(commands)
    label.declare(commands)
    rejudge.declare(commands)
    pack.declare(commands)
    sessions.declare(commands)
    store.declare(commands)
    export.declare(commands)
    comment.declare(commands)
    ui.declare(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 4 where it cannot be obeyed or a doctor found something.

    Args:
        argv: the arguments after the command's name; by default those of the process.
    """
    try:
        arguments = command_line().parse_args(argv)
        status: int | None = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left (`llmeval baseline show | head`); Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (LlmevalError, OSError) as error:
        _complain(str(error))
        return USAGE_ERROR
    return status or 0


def _complain(message: str) -> None:
    from pytest_llmeval.commands.output import inert

    sys.stdout.flush()
    lines = [inert(line, limit=1000) for line in message.splitlines()]
    sys.stderr.write("llmeval: " + "\n  ".join(lines) + "\n")
