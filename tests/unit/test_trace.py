"""The user's own line, remembered without its frame: a rebuilt traceback is the one Python would have made."""

from __future__ import annotations

import subprocess
import sys
import traceback
from functools import wraps
from linecache import getline
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.gather import trace
from pytest_llmeval.gather.trace import Trace
from pytest_llmeval.records import Place

if TYPE_CHECKING:
    from types import CodeType, TracebackType

HERE = Path(__file__)


class Captured(Exception):
    """Brings a trace home, together with the real traceback of the same frames."""

    def __init__(self, steps: Trace) -> None:
        self.steps = steps


def check(test_code: CodeType | None) -> None:
    """Stand for a check: remember the frames, and leave a real traceback through them."""
    raise Captured(trace.capture(test_code))


def through_a_function():
    """Call it from the test function itself."""
    check(through_a_function.__code__)


def through_several_lines():
    """Call it in a statement of several lines, with something else on the last."""
    return [
        "before",
        check(
            through_several_lines.__code__,
        ),
        "after",
    ]


class Helper:
    """A user's class."""

    def method(self, code):
        """Call it from a nested function."""

        def nested():
            return check(code)

        return 1 + len([nested()])


def through_a_method():
    """Call it several frames deep, twice from one line."""
    return str(1), Helper().method(through_a_method.__code__)


def wrapped(function):
    """Decorate a helper."""

    @wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@wrapped
def decorated(code):
    """Call it below a decorator."""
    check(code)


def through_a_lambda_and_a_decorator():
    """Call it from frames whose names are no identifiers."""
    return max([through_a_lambda_and_a_decorator.__code__], key=lambda code: [decorated(one) for one in [code]])


def through_wide_text():
    """Call it behind letters that are several bytes each: columns count bytes."""
    return "äöü€👍", check(through_wide_text.__code__), "ß"


WAYS = [
    through_a_function,
    through_several_lines,
    through_a_method,
    through_a_lambda_and_a_decorator,
    through_wide_text,
]


def captured(function) -> Captured:
    """Return what the function brought home."""
    with pytest.raises(Captured) as caught:
        function()
    return caught.value


def described(tb: TracebackType | None) -> list[tuple[object, ...]]:
    """Return name, qualified name, file, the traceback's line and the code's position of each frame."""
    return [
        (
            *(at.f_code.co_name, at.f_code.co_qualname, at.f_code.co_filename, line),
            *(found.lineno, found.end_lineno, found.colno, found.end_colno),
        )
        for found, (at, line) in zip(traceback.extract_tb(tb), traceback.walk_tb(tb), strict=True)
    ]


@pytest.mark.parametrize("function", WAYS, ids=lambda function: function.__name__)
def test_a_rebuilt_traceback_is_the_real_one(function):
    """Names, files, lines and columns of every frame from the test function down to the check."""
    found = captured(function)
    real = described(found.__traceback__)
    first = next(index for index, frame in enumerate(real) if frame[0] == function.__name__)

    # The last frame is the check's own: there the real traceback stands at `raise`, the trace at `capture`.
    assert real[first:-1] == described(trace.rebuild(found.steps))[:-1]


def test_a_rebuilt_traceback_underlines_the_call_on_the_users_line():
    """Spelt out for one: what pytest and Python print below the line."""
    marked = [
        getline(frame.filename, frame.lineno).encode()[frame.colno : frame.end_colno].decode()
        for frame in traceback.extract_tb(trace.rebuild(captured(through_a_method).steps))
    ]

    assert [
        "Helper().method(through_a_method.__code__)",
        "nested()",
        "check(code)",
        "trace.capture(test_code)",
    ] == marked


def test_a_rebuilt_traceback_keeps_no_locals():
    """Remembering a check keeps nothing of the user's alive."""
    tb = trace.rebuild(captured(through_a_method).steps)

    assert [{}] * 4 == [frame.f_locals for frame, _ in traceback.walk_tb(tb)]


def test_a_trace_begins_at_the_test_function():
    """Nothing of pytest, which called it."""
    assert ["through_a_method", "method", "nested", "check"] == [
        step.code.co_name for step in captured(through_a_method).steps
    ]


@pytest.mark.parametrize("test_code", [None, WAYS[0].__code__], ids=["unknown", "not-on-the-stack"])
def test_a_check_of_a_fixture_has_one_frame(test_code):
    """The test function is not on the stack then."""

    def fixture():
        check(test_code)

    assert ["check"] == [step.code.co_name for step in captured(fixture).steps]


def test_nothing_remembered_is_no_traceback_and_no_place():
    """A check that was never added."""
    assert (None, Place()) == (trace.rebuild(()), trace.place((), HERE.parent))


def test_the_place_is_the_innermost_line_by_its_path_from_the_root():
    """With the line's text, as a report shows it."""
    steps = captured(through_a_function).steps[:-1]
    line = through_a_function.__code__.co_firstlineno + 2
    source = "check(through_a_function.__code__)"

    assert Place(f"unit/{HERE.name}", line, source) == trace.place(steps, HERE.parents[1])


def test_the_place_of_a_file_outside_the_root_is_its_whole_path(tmp_path):
    """A plugin of the user's company, installed elsewhere."""
    steps = captured(through_a_function).steps

    assert HERE.as_posix() == trace.place(steps, tmp_path).path


def test_a_place_whose_source_is_gone_has_no_text():
    """Code from ``exec`` or a notebook has a name and a line, and no file."""
    found = {}
    exec(compile("\ndef made(): check(made.__code__)", "<cell 3>", "exec"), {"check": check}, found)  # noqa: S102
    made = found["made"]
    made.__globals__["made"] = made
    steps = captured(made).steps[:-1]

    assert Place("<cell 3>", 2, "") == trace.place(steps, HERE.parent)
    assert [("made", 2)] == [(frame.name, frame.lineno) for frame in traceback.extract_tb(trace.rebuild(steps))]


def test_without_columns_the_lines_are_right_all_the_same(tmp_path):
    """``PYTHONNODEBUGRANGES`` leaves none in the code objects."""
    script = tmp_path / "script.py"
    script.write_text(
        "import traceback\n"
        "from pytest_llmeval.gather import trace\n"
        "def inner(code):\n"
        "    return trace.capture(code)\n"
        "def outer():\n"
        "    return inner(\n"
        "        outer.__code__\n"
        "    )\n"
        "for frame in traceback.extract_tb(trace.rebuild(outer())):\n"
        "    print(frame.name, frame.lineno)\n"
    )

    run = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-X", "no_debug_ranges", script],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("outer 6\ninner 4\n", "") == (run.stdout, run.stderr)
