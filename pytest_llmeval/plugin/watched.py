"""In a pytest that ``llmeval watch`` starts: run the cases that are wanted, and tell what each depends on.

Loaded by ``PYTEST_PLUGINS`` in every process of the run, before any ``conftest.py``, and never otherwise.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.datasets.files import find
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.dependencies import VARIABLE, Key, Seen, Told, read_wanted, write_told
from pytest_llmeval.plugin import items as of_items
from pytest_llmeval.plugin.imported import Imports
from pytest_llmeval.plugin.reads import Reads

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_llmeval.gather.dependencies import Wanted

_CODE = (".py",)


class Watched:
    """One process of such a run.

    Args:
        config: of pytest.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        self._wanted, self._reads = _heard()
        self._kept: list[pytest.Item] = []
        self._ran: set[str] = set()
        self._broken: set[str] = set()
        self._failed: set[str] = set()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Import no test module that has none of the wanted cases (:hook:`pytest_ignore_collect`)."""
        modules = self._wanted.modules
        if modules is None or collection_path.suffix not in _CODE or collection_path.name == "__init__.py":
            return None
        return True if self._reads.below(str(collection_path)) not in modules else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the others, and count them as deselected (:hook:`pytest_collection_modifyitems`)."""
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            (kept if self._is_wanted(item) else left_out).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        items[:] = self._kept = kept

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that could not be collected (:hook:`pytest_collectreport`)."""
        if report.failed and report.nodeid:
            self._broken.add(report.nodeid.partition("::")[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that fails (:hook:`pytest_runtest_logreport`)."""
        if report.failed:
            self._failed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """What is read from now on, the test reads (:hook:`pytest_runtest_setup`)."""
        self._ran.add(item.nodeid)
        self._reads.owners[:] = [item.nodeid]
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Until here (:hook:`pytest_runtest_teardown`)."""
        try:
            return (yield)
        finally:
            self._reads.owners.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """What a fixture of several tests reads, it reads for all of them (:hook:`pytest_fixture_setup`)."""
        if fixturedef.scope == "function":
            return (yield)
        owners = self._reads.owners
        owners.append(fixturedef)
        try:
            return (yield)
        finally:
            owners.remove(fixturedef)

    def pytest_sessionfinish(self) -> None:
        """Tell it (:hook:`pytest_sessionfinish`)."""
        imports = Imports(self._reads.below)
        cases = {_key(item): self._seen(item, imports) for item in self._kept}
        write_told(_folder(), Told(cases, frozenset(self._broken), frozenset(self._failed)))

    def _is_wanted(self, item: pytest.Item) -> bool:
        selected, known = self._wanted.selected, self._wanted.known
        key = _key(item)
        return selected is None or key in selected or known.get(key) != of_items.input_hash(item)

    def _seen(self, item: pytest.Item, imports: Imports) -> Seen:
        module = self._reads.below(str(item.path))
        configured = [self._reads.below(str(folder / "conftest.py")) for folder in item.path.parents]
        code = imports.behind(frozenset(filter(None, [module, *configured])))
        fixtures = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
        owners = [item.nodeid, *(one for several in fixtures.values() for one in several)]
        files = code.union(*(self._reads.by_owner.get(owner, ()) for owner in owners), self._reads.by_nobody)
        # What was read may be code that was imported then, so that its own reading counts too.
        code = imports.behind(files)
        files = code.union(*(self._reads.by_module.get(path, ()) for path in code), self._prompts(item))
        has_run = item.nodeid in self._ran
        return Seen(
            of_items.input_hash(item), module, has_run, files - self._reads.written, frozenset(self._datasets(item))
        )

    def _prompts(self, item: pytest.Item) -> Iterator[str]:
        """Yield where the prompt of a variant may stand: from the root, or from its test's folder."""
        variant = of_items.variant_of(item)
        if variant is not None and variant.prompt_file:
            for folder in (self._root, item.path.parent):
                yield from filter(None, [self._reads.below(os.path.abspath(folder / variant.prompt_file))])  # noqa: PTH100 - links stay as they are

    def _datasets(self, item: pytest.Item) -> Iterator[str]:
        try:
            source = of_items.marked(item).get("cases")
            named = (
                [source] if isinstance(source, (str, Path)) else [one for one in source or () if isinstance(one, Path)]
            )
            for file in (file for one in named for file in find(one, beside=item.path.parent)):
                yield from filter(None, [self._reads.below(os.path.abspath(file.path))])  # noqa: PTH100
        except UsageError:
            return  # the test says so itself


def _key(item: pytest.Item) -> Key:
    return Key(*of_items.case_id(item), of_items.arm_of(item))


def _folder() -> Path:
    return Path(os.environ[VARIABLE])


@cache
def _heard() -> tuple[Wanted, Reads]:
    """Read what is wanted and begin to hear what is read, once in a process."""
    wanted = read_wanted(_folder())
    reads = Reads(Path(wanted.root), wanted.leave_out)
    reads.listen()
    return wanted, reads


def pytest_addoption() -> None:
    """Hear from here on, since a ``conftest.py`` may import half of the application (:hook:`pytest_addoption`)."""
    _heard()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take part, if it is the project's own run and not one within a test (:hook:`pytest_configure`)."""
    wanted, _ = _heard()
    if str(config.rootpath) == wanted.root:
        config.pluginmanager.register(Watched(config), "llmeval_watched")
