"""On whose behalf a file was read: of the test that runs, unless somebody may keep it for others."""

import importlib
import sys

import pytest

from pytest_llmeval.plugin.imported import Imports
from pytest_llmeval.plugin.reads import Reads

READERS = {
    "plain": "def read():\n    return opened()\n",
    "cached": "from functools import cache\n\n@cache\ndef read():\n    return opened()\n",
    "method": (
        "from functools import lru_cache\n\nclass A:\n    @staticmethod\n    @lru_cache\n"
        "    def read():\n        return opened()\n\nread = A.read\n"
    ),
    "property": (
        "from functools import cached_property\n\nclass A:\n    @cached_property\n"
        "    def text(self):\n        return opened()\n\ndef read():\n    return A().text\n"
    ),
    "global": "text = None\n\ndef read():\n    global text\n    text = text or opened()\n    return text\n",
    "table": "texts = {}\n\ndef read():\n    texts['a'] = opened()\n    return texts['a']\n",
    "lazy": (
        "class A:\n    text = None\n    def read(self):\n        self.text = self.text or opened()\n\n"
        "a = A()\n\ndef read():\n    a.read()\n"
    ),
    "made": ("class A:\n    def __init__(self):\n        self.text = opened()\n\ndef read():\n    return A().text\n"),
    "imported": "opened()\n\ndef read():\n    pass\n",
}


@pytest.fixture
def reads(tmp_path):
    """Who hears of what is read below a folder."""
    heard = Reads(tmp_path, "recordings")
    heard.owners.append("test")
    return heard


def _run(reads, tmp_path, source, *, name="app.py"):
    """Run ``read`` of a module below the root, to which ``opened`` is opening a prompt."""
    names = {"opened": lambda: reads._hear("open", (str(tmp_path / "a.md"), "r", 0))}
    exec(compile(source, str(tmp_path / name), "exec"), names)  # noqa: S102 - ours
    names["read"]()


@pytest.mark.parametrize(("way", "is_kept"), [(way, way not in ("plain", "made")) for way in READERS])
def test_what_a_function_may_keep_counts_for_all_who_import_its_module(reads, tmp_path, way, is_kept):
    """By functools, in a global, a table, an object, or while it is imported; any other reading is the test's."""
    _run(reads, tmp_path, READERS[way])
    assert ({"app.py": {"a.md"}} if is_kept else {}) == reads.by_module
    assert ({} if is_kept else {"test": {"a.md"}}) == reads.by_owner


def test_what_a_library_reads_it_may_keep(reads, tmp_path):
    """Such as a template, in a cache that nobody sees."""
    names = {"opened": lambda: reads._hear("open", (str(tmp_path / "a.md"), "r", 0))}
    exec(compile("def load():\n    opened()\n", "/x/site-packages/lib.py", "exec"), names)  # noqa: S102 - ours
    exec(compile("def read():\n    load()\n", str(tmp_path / "app.py"), "exec"), names)  # noqa: S102 - ours
    names["read"]()
    assert {"app.py": {"a.md"}} == reads.by_module


@pytest.mark.parametrize("opened", [3, b"a.md", "/elsewhere/a.md", "recordings/a.jsonl", None, "\0"])
def test_what_is_no_file_of_the_project_is_passed_over(reads, monkeypatch, tmp_path, opened):
    """Whatever Python opens, nobody fails for us."""
    monkeypatch.chdir(tmp_path)
    reads._hear("open", (opened, "r", 0))
    assert b"a.md" == opened or {} == reads.by_owner


@pytest.mark.parametrize(("mode", "flags"), [("w", 0), ("a", 0), ("r+", 0), (None, 1)])
def test_what_is_written_is_told_apart(reads, tmp_path, mode, flags):
    """A test's own output would change with every run."""
    reads._hear("open", (str(tmp_path / "out.txt"), mode, flags))
    assert {"out.txt"} == reads.written
    assert {} == reads.by_owner


def test_what_hooks_of_the_project_read_counts_for_all(reads, tmp_path):
    """Nobody runs then."""
    reads.owners.clear()
    _run(reads, tmp_path, READERS["plain"], name="conftest.py")
    assert {"a.md"} == reads.by_nobody


def test_all_that_a_module_imports_is_behind_it(tmp_path, monkeypatch):
    """By whatever name, relatively, within a function, in a circle; not what is not of the project."""
    files = {
        "shop/__init__.py": "",
        "shop/prompts.py": "from . import texts",
        "shop/texts.py": "import json",
        "shop/late.py": "import shop.prompts",
        "shop/other.py": "",
        "of_shop.py": "from shop.prompts import texts\n\ndef f():\n    from shop import late\n\nimport rounds",
        "rounds.py": "import of_shop",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    try:
        for name in ("of_shop", "shop.late", "shop.other"):
            importlib.import_module(name)
        found = Imports(Reads(tmp_path, "").below).behind(frozenset({"of_shop.py", "conftest.py"}))
    finally:
        for name in set(sys.modules) - before:
            del sys.modules[name]
    assert files.keys() - {"shop/other.py"} | {"conftest.py"} == found
