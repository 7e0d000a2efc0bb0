"""The user's own line: remembered when a check is made, shown when the check fails at the end of its test.

A check fails after the test's body has returned, so the real frames are gone; keeping them would keep every
local of every test alive. What is kept is (code object, line, instruction) for each frame between the check and the
test function. From these a traceback is built again, only for checks that fail.
"""

from __future__ import annotations

import ast
import os
import sys
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from pytest_llmeval.records import Place

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_STDLIB = str(Path(os.__file__).parent) + os.sep


class Step(NamedTuple):
    """One frame of the user's code: its code object, its line from 1, and its last instruction."""

    code: CodeType
    line: int
    instruction: int


Trace = tuple[Step, ...]


def capture(test_code: CodeType | None) -> Trace:
    """Remember the user's frames from the test function down to the line that made the check.

    Args:
        test_code: code of the test function; where it is not on the stack (a fixture made the check),
            only the innermost frame outside this package is kept.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the public inspect.stack() reads source files
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    steps: list[Step] = []
    while frame is not None:
        steps.append(Step(frame.f_code, frame.f_lineno, frame.f_lasti))
        if frame.f_code is test_code:
            return tuple(reversed(steps))
        frame = frame.f_back
    return tuple(steps[:1])


def place(trace: Trace, root: Path) -> Place:
    """Name the innermost line: path relative to the root where it lies below it, line, and its text."""
    return _place(trace[-1].code.co_filename, trace[-1].line, root) if trace else Place()


@lru_cache(maxsize=4096)
def _place(filename: str, line: int, root: Path) -> Place:
    import linecache

    path = Path(filename)
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return Place(shown.as_posix(), line, linecache.getline(filename, line).strip())


def rebuild(trace: Trace, tail: TracebackType | None = None) -> TracebackType | None:
    """Build a traceback through the remembered frames, with their names, lines and columns but no locals.

    Args:
        trace: the remembered frames.
        tail: what follows them, where an error came from further inside.
    """
    linked = _of_users(tail)
    for step in reversed(trace):
        frame = _frame_at(step)
        linked = TracebackType(linked, frame, frame.f_lasti, step.line)
    return linked


def _of_users(tail: TracebackType | None) -> TracebackType | None:
    """Skip the frames of this package and of the standard library that stand before the user's own."""
    while tail is not None and tail.tb_frame.f_code.co_filename.startswith((_PACKAGE, _STDLIB)):
        tail = tail.tb_next
    return tail


def _frame_at(step: Step) -> FrameType:
    """Run one ``raise`` that stands at the step's position, and take the frame it leaves behind."""
    first = step.code.co_firstlineno
    line, end_line, column, end_column = list(step.code.co_positions())[step.instruction // 2]
    statement = ast.Raise(exc=ast.Name("Stop", ast.Load()), cause=None)
    for node in ast.walk(statement):
        if isinstance(node, (ast.stmt, ast.expr)):
            # The first line is put back by replace() below; compile() counts from it.
            node.lineno = (line or step.line) - first + 1
            node.end_lineno = (end_line or step.line) - first + 1
            node.col_offset, node.end_col_offset = column or 0, end_column or 0
    code = compile(ast.Module([statement], []), step.code.co_filename, "exec")
    code = code.replace(co_name=step.code.co_name, co_qualname=step.code.co_qualname, co_firstlineno=first)
    try:
        exec(code, {"Stop": _Stop, "__file__": step.code.co_filename}, {})  # noqa: S102 - our own one statement
    except _Stop as stop:
        # The first frame is this function's own; the last is the statement's.
        *_, (frame, _) = walk_tb(stop.__traceback__)
    return frame


class _Stop(Exception):
    """Leaves a frame behind."""
