"""A change is what stands there now and did not stand there when a run began, however it was written."""

import pytest

from pytest_llmeval.commands.watch.tree import Tree
from pytest_llmeval.commands.watch.waiting import wait


@pytest.fixture
def root(tmp_path):
    """A project with two prompts."""
    for name in ("a.md", "prompts/b.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("kind")
    return tmp_path


@pytest.fixture
def tree(root):
    """Its files."""
    return Tree(root, "recordings")


def _learned(tree):
    then = tree.look()
    tree.learn(then, then)
    return then


def test_files_that_nobody_edits_are_not_looked_at(root, tree):
    """Hidden ones, caches, recordings, a virtual environment by any name; links to folders are not followed."""
    hidden = (
        ".git/x",
        "__pycache__/x.pyc",
        "recordings/x.jsonl",
        "env/pyvenv.cfg",
        "env/lib/x.py",
        "node_modules/x.js",
    )
    for name in (*hidden, ".swp"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (root / "round").symlink_to(root)
    (root / "nowhere").symlink_to(root / "gone")
    assert {"a.md", "prompts/b.md"} == tree.look().keys()


def test_another_content_a_new_file_and_one_that_is_gone_are_changes(root, tree):
    """Each by its path from the root."""
    then = _learned(tree)
    (root / "a.md").write_text("king")
    (root / "prompts" / "b.md").unlink()
    (root / "c.md").write_text("")
    assert {"a.md", "prompts/b.md", "c.md"} == tree.changed(then, tree.look())


def test_a_new_file_in_the_place_of_the_old_one_is_a_change_by_its_content(root, tree):
    """Editors write so; and a file that is saved as it was is none."""
    then = _learned(tree)
    (root / "draft").write_text("kind")
    (root / "draft").replace(root / "a.md")
    assert frozenset() == tree.changed(then, tree.look())
    (root / "draft").write_text("king")
    (root / "draft").replace(root / "a.md")
    assert {"a.md"} == tree.changed(then, tree.look())


def test_what_was_written_during_a_run_is_a_change_after_it(root, tree):
    """The run may have read the one or the other: its content is remembered only if it stood from the beginning."""
    then = _learned(tree)
    (root / "a.md").write_text("king")
    tree.learn(["a.md", "prompts/b.md"], then)
    assert {"a.md"} == tree.changed(then, tree.look())


def test_a_file_that_is_waited_for_is_a_change_once_it_is_there(root, tree):
    """A test that reads what does not exist depends on it."""
    then = tree.look()
    tree.learn(["later.md"], then)
    assert frozenset() == tree.changed(then, tree.look())
    (root / "later.md").write_text("")
    assert {"later.md"} == tree.changed(then, tree.look())


def test_a_file_that_was_read_by_way_of_a_linked_folder_is_looked_at(root, tree, tmp_path_factory):
    """Such as prompts that several projects share."""
    shared = tmp_path_factory.mktemp("shared") / "a.md"
    shared.write_text("kind")
    (root / "shared").symlink_to(shared.parent)
    tree.learn(["shared/a.md"], tree.look())
    then = tree.look()
    tree.learn(["shared/a.md"], then)
    shared.write_text("king")
    assert {"shared/a.md"} == tree.changed(then, tree.look())


class Hand:
    """Changes files between two looks, where a person would sit at a keyboard."""

    def __init__(self, *changes):
        self._changes = list(changes)

    def line(self, pause):
        """Make the next change; type a line when there is none left."""
        if not self._changes:
            return ""
        self._changes.pop(0)()
        return None


def test_a_change_is_waited_for_until_it_stays_as_it_is(root, tree):
    """Whoever writes in several steps is not interrupted; a log that grows all the time is not waited for."""
    then = _learned(tree)

    def writes(text):
        return lambda: ((root / "a.md").write_text(text), (root / "a.log").write_text(text))

    def grows():
        (root / "a.log").write_text("more than before")

    hand = Hand(writes("k"), writes("ki"), writes("king"), grows, writes("never seen"))
    now, is_typed = wait(tree, then, hand, lambda changed: "a.md" in changed)
    assert not is_typed
    assert "king" == (root / "a.md").read_text()
    assert {"a.md", "a.log"} == tree.changed(then, now)


def test_what_does_not_matter_is_waited_through_until_a_line_is_typed(root, tree):
    """And then all there is now is what the run begins with."""
    then = _learned(tree)
    now, is_typed = wait(tree, then, Hand(lambda: (root / "notes").write_text("")), lambda changed: "a.md" in changed)
    assert is_typed
    assert "notes" in now
