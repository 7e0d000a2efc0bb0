"""The settings that judge a fork, as the base commit has them: the fork may not change what it is judged by."""

from __future__ import annotations

import argparse
import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import UsageError
from pytest_llmeval.options.ini_file import SECTIONS, as_text, settings_in
from pytest_llmeval.options.table import OPTIONS, Option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.options.settings import Settings

GUARDED = ("baseline", "baseline_update", "gate", "min_coverage", "fail_under")


def config_files(rootdir: PurePosixPath, named: PurePosixPath | None = None) -> list[PurePosixPath]:
    """List the files that could hold pytest's settings, in its order: those of rootdir first, then its parents'.

    Args:
        rootdir: relative to the top of the checkout.
        named: the file of ``-c``, which is then the only one.
    """
    if named is not None:
        return [named]
    names = list(dict.fromkeys(name for name, _ in SECTIONS))
    return [folder / name for folder in (rootdir, *rootdir.parents) for name in names]


def judged_by_base(
    settings: Settings, files: Mapping[PurePosixPath, bytes], *, args: Sequence[str], environ: Mapping[str, str]
) -> Settings:
    """Return a fork's settings with the gate's own as the base commit says them; the rest stays.

    The command line that was typed and the environment belong to the job, and stand; ``addopts`` and ini keys of the
    branch do not.

    Args:
        settings: as the branch has them.
        files: of the base commit, in pytest's order of precedence.
        args: what was typed after ``pytest``.
        environ: the environment.

    Raises:
        UsageError: a file of the base commit cannot be parsed, or says what cannot be obeyed.
    """
    from pytest_llmeval.store.baseline_folder import place

    ini = _ini(files)
    typed = [*shlex.split(environ.get("PYTEST_ADDOPTS", "")), *args]
    flags, overridden = _parse([*_words(ini.get("addopts", "")), *typed])
    values: dict[str, Any] = {}
    for option in OPTIONS:
        if option.name in GUARDED:
            stored = ini.get(option.ini)
            sources = (
                flags.get(option.name),
                environ.get(option.variable),
                overridden.get(option.ini),
                None if stored is None else as_text(stored),
                option.default,
            )
            values[option.name] = _value(option, next(text for text in sources if text is not None))
    named = ini.get("llmeval_baseline")
    values["baseline"] = place(
        settings.root,
        [values["baseline"], str(named or ""), "baselines"] if named else [values["baseline"], "baselines"],
    )
    values["fail_under"] = tuple(values["fail_under"])
    return settings._replace(**values)


def _ini(files: Mapping[PurePosixPath, bytes]) -> Mapping[str, object]:
    """Return what the first of the files says that says anything to pytest."""
    for path, data in files.items():
        for section in _sections(path):
            try:
                found = settings_in(path.name, section, data)
            except ValueError as error:
                raise UsageError(f"{str(path)!r} of the base commit cannot be parsed", found=str(error)) from None
            if found is not None:
                return found
    return {}


def _sections(path: PurePosixPath) -> list[str]:
    """Return where pytest looks in a file; one of another name, given by ``-c``, is read by its suffix."""
    by_name = [section for name, section in SECTIONS if name == path.name]
    by_suffix = {".toml": ["[tool.pytest]", "[tool.pytest.ini_options]"], ".cfg": ["[tool:pytest]"]}
    return by_name or by_suffix.get(path.suffix, ["[pytest]"])


def _words(addopts: object) -> list[str]:
    return [str(word) for word in addopts] if isinstance(addopts, list) else shlex.split(str(addopts))


def _parse(args: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the guarded options among pytest's arguments, and the ini keys that ``-o`` overrides."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-o", "--override-ini", action="append", default=[], dest="overridden")
    for option in OPTIONS:
        if option.name in GUARDED:
            nargs = None if option.bare is None else "?"
            parser.add_argument(option.flag, action="append", dest=option.name, nargs=nargs, const=option.bare)
    found = vars(parser.parse_known_args(list(args))[0])
    overridden = dict(text.partition("=")[::2] for text in found.pop("overridden"))
    repeatable = {option.name for option in OPTIONS if option.is_repeatable}
    flags = {
        name: "\n".join(texts) if name in repeatable else texts[-1]
        for name, texts in found.items()
        if texts is not None
    }
    return flags, overridden


def _value(option: Option, text: str) -> Any:  # noqa: ANN401 - each option has its own type
    try:
        return [option.parse(line) for line in text.splitlines()] if option.is_repeatable else option.parse(text)
    except ValueError as error:
        raise UsageError(
            f"{option.ini}={text!r} of the base commit is not allowed", found=f"it takes {error}"
        ) from None
