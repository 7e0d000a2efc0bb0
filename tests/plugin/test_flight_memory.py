"""A parked test keeps nothing of the user's alive: neither its fixtures' values nor its locals."""

SUITE = """
import gc, weakref
import pytest
from graded import number
from pytest_llmeval import assert_safe, assert_score

alive = weakref.WeakSet()
most = []

class Big:
    def __init__(self):
        self.itself = self  # only the garbage collector frees it
        alive.add(self)

@pytest.fixture
def big():
    return Big()

@pytest.fixture(params=range(10))
def by_param(request):
    return Big()

@pytest.mark.parametrize("n", range(10))
def test_function(llm, big, n):
    local = Big()
    answer = llm(f"0.9 @0.5 n {n}")
    assert_score("m", number, output=answer)
    assert_safe(answer)
    gc.collect()
    most.append(len(alive))

class TestMethods:
    def test_method(self, llm, by_param):
        local = Big()
        assert_score("m", number, output=llm(f"0.{1 if len(most) % 2 else 9} @0.5 method {len(most)}"), threshold=None)
        gc.collect()
        most.append(len(alive))

def test_how_many():
    gc.collect()
    assert len(most) == 20
    # What lives is the running test's own.
    assert max(most) <= 2, most
    assert len(alive) == 0
"""


def test_no_fixture_and_no_local_lives_while_its_test_is_parked(project, provider):
    """Many tests in flight at the same time, looked at by weak references."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart("-p", "no:xdist")

    assert 0 == result.ret
    result.assert_outcomes(passed=21)
    assert 4 <= provider.peak
