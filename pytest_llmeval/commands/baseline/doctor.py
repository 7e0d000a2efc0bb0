"""``llmeval baseline doctor``: what is wrong with a baseline, where, and what to do about it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.output import say, say_table, shown
from pytest_llmeval.store import baseline_doctor, baseline_folder, named_recordings
from pytest_llmeval.store.baseline_doctor import Finding

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmeval.records import Line

_DOCTOR = """\
Look for everything that can be wrong: files that are cut, edited wrongly, in conflict, in the wrong place or not ours;
acceptances that have expired; scores of a metric's older version; draws whose answers are in no recording. Print file,
line, what is wrong and the cure. Exit status 4 if something is wrong, 0 if there is nothing but notes.

--fix mends what needs no choice: order and spelling, lines that stand twice to the letter, runs that no line names, and
what a killed writer left."""

_COLUMNS = ("where", "what", "cure")


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group,
        "doctor",
        help="say what is wrong, and the cure",
        description=_DOCTOR,
        run=doctor,
        epilog="",
        has_pattern=False,
    )
    parser.add_argument("--fix", action="store_true", help="mend what needs no choice")
    args.add_session(parser, "session that knows the versions of your own metrics")


def doctor(arguments: argparse.Namespace) -> int:
    """Print the findings; 4 where one is left that is no note."""
    found = project.find(arguments.rootdir)
    folder = found.baseline(arguments.baseline)
    if arguments.fix:
        for path in baseline_doctor.mend(folder):
            say(f"mended {shown(path)}")
    findings = [*baseline_doctor.inspect(folder), *_of_meaning(found, folder, arguments)]
    wrong = [finding for finding in findings if not finding.is_note]
    notes = [finding for finding in findings if finding.is_note]
    if wrong:
        say_table(_COLUMNS, map(_row, wrong))
    if notes:
        say_table(("note", "", ""), map(_row, notes))
    n_files = len(baseline_folder.files(folder))
    say(f"{len(wrong)} wrong in {n_files} files of {shown(folder)}")
    if any(finding.is_mendable for finding in wrong):
        say("llmeval baseline doctor --fix mends those whose cure says so")
    return 4 if wrong else 0


def _row(finding: Finding) -> tuple[str, ...]:
    place = f"{shown(finding.path)}:{finding.number}" if finding.number else shown(finding.path)
    return (place, finding.kind, finding.cure)


def _of_meaning(found: project.Project, folder: Path, arguments: argparse.Namespace) -> Iterator[Finding]:
    """Yield what is wrong with lines that read well."""
    from pytest_llmeval.store.baseline_file import examine

    versions = _versions(found, arguments)
    recorded = _Recorded(found)
    for file in baseline_folder.files(folder):
        path = folder / file
        try:
            contents = examine(path.read_bytes(), file)
        except OSError:
            continue  # told already
        if contents.faults:
            continue
        n_untold = 0
        for id_, line in contents.lines.items():
            n_untold += recorded.is_untold(line)
            for kind, cure in (*_expired(line), *_outdated(line, versions), *recorded.missing(line)):
                yield Finding(path=path, number=contents.places[id_], kind=f"{id_}: {kind}", cure=cure)
        if n_untold:
            kind = f"{n_untold} of {len(contents.lines)} lines stand on answers that no recording is known by"
            cure = "texts that the application made of answers; or they were not recorded"
            yield Finding(path=path, number=0, kind=kind, cure=cure, is_note=True)


def _expired(line: Line) -> Iterator[tuple[str, str]]:
    said = line.acceptance
    if said is not None and said.is_expired(args.today()):
        kind = f"its acceptance expired on {said.expires} ({said.author}: {said.reason})"
        yield kind, "mend the case, or accept it anew"


def _outdated(line: Line, versions: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    known = versions.get(line.id.metric, {line.metric_version})
    if line.metric_version not in known:
        kind = f"scored by version {line.metric_version} of the metric, which is {', '.join(sorted(known))} now"
        yield kind, "run pytest on main, then llmeval baseline accept"


def _versions(found: project.Project, arguments: argparse.Namespace) -> Mapping[str, set[str]]:
    """Return the versions of every metric that is known: as the session measured it, else as it is installed."""
    from pytest_llmeval import gate, metrics
    from pytest_llmeval.metrics import semantic

    installed = {name: import_module(getattr(metrics, name).__module__).VERSION for name in metrics.__all__}
    by_meaning = {name: {version} for name, version in semantic.VERSIONS.items()}
    versions = {name: {version} | by_meaning.get(name, set()) for name, version in installed.items()}
    if not arguments.session and not found.session_file(None).exists():
        return versions
    session = args.session_of(found, arguments)
    measured: dict[str, set[str]] = {}
    for line in gate.lines_of(session.id, session.results):
        if line.draws:
            measured.setdefault(line.id.metric, set()).add(line.metric_version)
    return {**versions, **measured}


class _Recorded:
    """What the recordings beside the test modules hold, each file read once."""

    def __init__(self, found: project.Project) -> None:
        self._found = found
        self._origins: dict[Path, frozenset[str] | None] = {}

    def missing(self, line: Line) -> Iterator[tuple[str, str]]:
        """Yield a word on a line whose draws are in no recording, though others of it are, or there are none at all."""
        n_missing, n, is_recorded = self._count(line)
        if n_missing and (n_missing < n or not is_recorded):
            yield f"{n_missing} of {n} draws are in no recording", "restore the recordings, or accept anew"

    def is_untold(self, line: Line) -> bool:
        """Whether none of its draws is known to a recording of its module: it may stand on a text made of answers."""
        n_missing, n, is_recorded = self._count(line)
        return is_recorded and 0 < n == n_missing

    def _count(self, line: Line) -> tuple[int, int, bool]:
        """Return how many draws no recording is known by, of how many; and whether the module has recordings."""
        draws = [draw for draw in line.draws if draw.origin]
        if not (self._found.recordings and draws):
            return 0, 0, True
        known = self._known(named_recordings.module_file(self._found.root, line.id.test, self._found.recordings))
        return sum(known is None or draw.origin not in known for draw in draws), len(draws), known is not None

    def _known(self, path: Path) -> frozenset[str] | None:
        if path not in self._origins:
            self._origins[path] = None
            if path.exists():
                recorded = named_recordings.read(path)
                self._origins[path] = frozenset(o for one in recorded for o in named_recordings.origins_of(one))
        return self._origins[path]
