"""The entry point, which pytest imports in every run of whoever has installed this package; ``asleep`` says what for.

It is as small as can be. pytest imports a plug-in's modules by a hook that rewrites their asserts. There are none in
ours, and its way is dear: it reads a module's compiled code piece by piece, and where it cannot store what it has
rewritten (``PYTHONDONTWRITEBYTECODE``, a read-only or fresh environment) it compiles a hundred files at each start. So
all other modules of ours are imported as Python does.
"""

import sys
from importlib.machinery import PathFinder


class OwnModules:
    """Find the modules of this package, before the finder of pytest does."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN205, ARG004 - pytest would look at the names of its types for hooks
        """Find a module of ours; leave all others to the finders behind this one."""
        return PathFinder.find_spec(name, path) if name.startswith("pytest_llmeval.") else None

    @classmethod
    def begin(cls) -> None:
        """Be asked first from now on; until then nobody's imports pay for it."""
        if sys.meta_path[0] is not cls:
            sys.meta_path[:] = [cls, *(finder for finder in sys.meta_path if finder is not cls)]


OwnModules.begin()

from pytest_llmeval.plugin.asleep import (  # noqa: E402 - found as it says above
    pytest_addoption,
    pytest_collection_finish,
    pytest_configure,
    pytest_configure_node,
    pytest_deselected,
    pytest_generate_tests,
    pytest_load_initial_conftests,
    pytest_plugin_registered,
    pytest_sessionfinish,
    pytest_sessionstart,
)
from pytest_llmeval.plugin.fixtures import (  # noqa: E402
    llm,
    llm_case,
    llm_variant,
    llmeval,
    llmeval_intercept,
    llmeval_loopback,
)

sys.meta_path.remove(OwnModules)
