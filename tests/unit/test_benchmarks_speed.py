"""The speed benchmark: its statistics, its measuring of processes, and its seal decide whether a build is red."""

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from scipy.stats import binom

SPEED = Path(__file__).parents[2] / "benchmarks" / "speed"


def _load(name):
    """Load a module of the benchmark without putting its folder on the path."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_speed_{name}", SPEED / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ratios, process, seal, tables = (_load(name) for name in ("ratios", "process", "seal", "tables"))


def _python(tmp_path, code, **more):
    return process.Command([sys.executable, "-c", code], tmp_path, {}, **more)


@pytest.mark.parametrize("n", range(6, 61))
def test_interval_is_the_narrowest_of_at_least_95_percent(n):
    """By the sign test: P(the median lies outside) is 2 P(Binomial(n, 1/2) < k), for the k-th value of each end."""
    low, high = ratios.interval([float(value) for value in range(n, 0, -1)])
    k = int(low)
    assert n + 1 == low + high
    assert 0.95 <= 1 - 2 * binom.cdf(k - 1, n, 0.5)
    assert 0.95 > 1 - 2 * binom.cdf(k, n, 0.5)


def test_interval_of_few_runs_is_their_range_and_15_percent():
    """With five runs or fewer there is no such interval, and one run must not look certain."""
    assert (pytest.approx(0.85), pytest.approx(2.3)) == ratios.interval([2.0, 1.0])
    assert (pytest.approx(0.85), pytest.approx(1.15)) == ratios.interval([1.0])


@pytest.mark.parametrize(
    ("values", "target", "verdict"),
    [
        ((1.0, 1.1, 1.2, 1.3, 1.4, 1.5), 1.3, "ok"),
        ((1.0, 1.1, 1.3, 1.4, 1.4, 1.5), 1.3, "point over"),
        ((1.4, 1.4, 1.4, 1.4, 1.4, 1.5), 1.3, "FAILS"),
        ((1.4,), 1.3, "point over"),
        ((1.6,), 1.3, "FAILS"),
        ((9.0,), None, ""),
    ],
)
def test_a_row_fails_on_its_interval_and_not_on_its_point(values, target, verdict):
    """Only what lies above the target as a whole fails; a row without a target never does."""
    row = ratios.Row("work", "limit", values, target)
    assert verdict == row.verdict
    assert ("FAILS" == verdict) == row.is_failed


def test_a_count_has_no_noise_and_an_error_fails():
    """Nine modules are more than eight; a row that did not do its work is not ok."""
    assert "ok" == ratios.Row("modules", "", (8.0,), 8.0, is_exact=True).verdict
    assert "FAILS" == ratios.Row("modules", "", (9.0,), 8.0, is_exact=True).verdict
    assert ratios.Row("work", "", error="exit 1").is_failed
    assert "ERROR" in tables.table([ratios.Row("work", "", error="exit 1\nmore")])


def test_ratios_are_taken_round_by_round():
    """What a round suffers, both its sides suffer."""
    assert (2.0, 2.0) == ratios.ratios([2.0, 20.0], [1.0, 10.0])
    with pytest.raises(ValueError, match="zip"):
        ratios.ratios([1.0, 2.0], [1.0])


def test_sides_run_in_turns_and_every_other_round_in_reverse():
    """One uncounted run of each comes first."""
    order = []
    usages = process.interleaved({name: lambda name=name: order.append(name) for name in "ab"}, 3)
    assert "ab abbaab" == "".join(order[:2]) + " " + "".join(order[2:])
    assert {"a": [None] * 3, "b": [None] * 3} == usages


def test_the_time_and_memory_of_a_child_count(tmp_path):
    """Workers of xdist are children; a figure without them would flatter whoever uses them."""
    child = "import time; block = b'x' * 50_000_000\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    usage = _python(tmp_path, code).run()
    assert 0.3 <= usage.cpu_s
    assert 50.0 <= usage.peak_mb


@pytest.mark.parametrize(
    ("code", "more", "reason"),
    [
        ("print('E   the reason'); raise SystemExit(3)", {}, r"exit 3\n.*(?s:.*)E   the reason"),
        ("print('199 passed')", {"says": "200 passed"}, "expected '200 passed'"),
        ("import time; time.sleep(600)", {"timeout_s": 0.2}, "longer than 0 s"),
    ],
)
def test_a_process_that_does_not_do_its_work_is_no_measurement(tmp_path, code, more, reason):
    """A wrong exit status, a missing word and a hanging process are errors with the output in them."""
    with pytest.raises(process.WrongRunError, match=reason):
        _python(tmp_path, code, **more).run()


def test_the_seal_for_python_lets_loopback_through_and_nothing_else(tmp_path):
    """Where no network namespace is to be had."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"""
import socket
socket.create_connection(("127.0.0.1", {server.getsockname()[1]})).close()
try:
    socket.create_connection(("192.0.2.1", 80))
except OSError as error:
    print(error)
"""
        environment = seal.refuse_in_python(tmp_path)
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    assert "[Errno 101] not loopback: 192.0.2.1" == done.stdout.strip()
