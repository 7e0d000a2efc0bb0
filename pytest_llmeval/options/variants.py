"""Variants as they are declared, in the ini or in a marker, crossed with the models of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json, Variant, digest

if TYPE_CHECKING:
    from pathlib import Path

_TEXTS = ("model", "api_base", "prompt")


def matrix(declared: Sequence[object], models: Sequence[str], *, folder: Path, root: Path) -> tuple[Variant, ...]:
    """Return every way in which a case is answered, in the order of their declaration; the first is the reference.

    Args:
        declared: one a variant: its name and fields as a mapping, or a Variant. One that names a model keeps it; one
            that names none is asked of every model of the run.
        models: of the run.
        folder: where relative names of prompt files start.
        root: rootdir; a prompt file outside of it is refused.

    Raises:
        UsageError: a variant that cannot be read, a prompt file that is not there, or two variants of one name.
    """
    wanted = [_variant(said, folder, root) for said in declared]
    if not wanted:
        wanted = [Variant(name=model, model=model) for model in models]
    found: dict[str, Variant] = {}
    for variant in (one for each in wanted for one in _crossed(each, models)):
        if variant.name in found:
            raise UsageError(f"two variants are called {variant.name!r}", hint="give each a name of its own")
        found[variant.name] = variant
    return tuple(found.values())


def _crossed(variant: Variant, models: Sequence[str]) -> Sequence[Variant]:
    if variant.model or len(models) < 2:  # noqa: PLR2004 - one model is the settings' own
        return [variant]
    return [replace(variant, name=f"{variant.name}+{model}", model=model) for model in models]


def _variant(said: object, folder: Path, root: Path) -> Variant:
    if isinstance(said, Variant):
        return said
    if not isinstance(said, Mapping) or not isinstance(said.get("name"), str) or not said["name"].strip():
        raise UsageError(
            f"variant {said!r:.200} is not allowed",
            hint='a variant is a Variant, or a dict such as {"name": "short", "prompt": "prompts/short.md"}',
        )
    fields = {str(key): value for key, value in said.items()}
    name = fields.pop("name")
    texts = {key: fields.pop(key, "") for key in _TEXTS}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise UsageError(f"variant {name!r} has {key}={value!r}", hint=f"{key}= is text")
    share = fields.pop("share", 1.0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 < share <= 1.0:
        raise UsageError(f"variant {name!r} has share={share!r}", hint="a share is a number above 0, at most 1")
    return Variant(
        name=name,
        model=texts["model"],
        api_base=texts["api_base"],
        prompt=_read(name, texts["prompt"], folder, root) if texts["prompt"] else None,
        prompt_file=texts["prompt"],
        settings=_settings(name, fields),
        share=float(share),
    )


def _settings(name: str, fields: Mapping[str, Json]) -> Mapping[str, Json]:
    try:
        digest(fields)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the settings of variant {name!r} cannot be sent", found=str(error), hint="settings are JSON values"
        ) from None
    return fields


def _read(name: str, said: str, folder: Path, root: Path) -> str:
    path = (folder / said).resolve()
    if not path.is_relative_to(root.resolve()):
        raise UsageError(
            f"prompt={said!r} of variant {name!r} lies outside the root",
            found=f"root: {root}",
            hint="move the file below it",
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read prompt={said!r} of variant {name!r}",
            found=str(error),
            hint="in the ini a path is relative to the root, in a marker to the test module",
        ) from None
