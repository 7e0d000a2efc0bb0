"""One test function → one test of each case and variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import UsageError
from pytest_llmeval.plugin.fixtures import is_ours
from pytest_llmeval.plugin.items import said_by, valid_trials
from pytest_llmeval.plugin.state import STATE

if TYPE_CHECKING:
    from collections.abc import Mapping


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case that the marker's ``cases=`` names, in each variant of marker or settings.

    Raises:
        pytest.Collector.CollectError: cases or variants cannot be read, or the test does not ask for them.
    """
    from pytest_llmeval.plugin.cases import load, parameters, shown_id

    try:
        said = said_by(metafunc.definition)
        valid_trials(said.get("trials", 1), metafunc.definition.nodeid)
        source = said.get("cases")
        if source is None:
            _refuse_without_cases(said, metafunc.definition.nodeid)
        else:
            _asked_for(metafunc)
            cases = load(metafunc, source, said.get("tags"), said.get("perturb"))
            ids = [shown_id(case.id) for case in cases]
            metafunc.parametrize("llm_case", parameters(cases, metafunc.config), ids=ids, indirect=True)
        # Behind the cases, so that a case's own part of the id and the variant's stand together.
        _cross(metafunc, said)
    except UsageError as error:
        raise pytest.Collector.CollectError(f"llmeval: {error}") from None


def _cross(metafunc: pytest.Metafunc, said: Mapping[str, Any]) -> None:
    """Make one test of each variant, if the test can tell them apart: it asks for ``llm`` or ``llm_variant``."""
    asked = [name for name in ("llm_variant", "llm") if name in metafunc.fixturenames]
    settings = metafunc.config.stash[STATE].settings
    if "variants" not in said:
        # A model that the marker names is the only one of its tests.
        variants = () if "model" in said else settings.variants
        if not variants or not asked or not is_ours(metafunc.definition, asked[0]):
            return
    else:
        from pytest_llmeval.options.variants import matrix

        if not asked:
            raise UsageError(
                f"{metafunc.definition.nodeid} has variants= and cannot tell them apart",
                hint="add the argument llm, or llm_variant",
            )
        if not isinstance(said["variants"], Sequence) or isinstance(said["variants"], str):
            raise UsageError(f"variants={said['variants']!r:.200} is not allowed", hint="variants= takes a list")
        beside, root = metafunc.definition.path.parent, metafunc.config.rootpath
        models = () if "model" in said else settings.models
        variants = matrix(said["variants"], models, folder=beside, root=root) if said["variants"] else ()
        if not variants:
            return
    from pytest_llmeval.plugin.cases import shown_id

    ids = [shown_id(variant.name) for variant in variants]
    metafunc.parametrize(asked[0], variants, ids=ids, indirect=True)


def _refuse_without_cases(said: Mapping[str, Any], nodeid: str) -> None:
    for name, what in (("tags", "picks cases by their tags"), ("perturb", "derives cases from cases")):
        if name in said:
            raise UsageError(f"{nodeid} has {name}= and no cases=", hint=f"{name}= {what}")


def _asked_for(metafunc: pytest.Metafunc) -> None:
    if "llm_case" not in metafunc.fixturenames:
        raise UsageError(
            f"{metafunc.definition.nodeid} has cases= and does not ask for them", hint="add the argument llm_case"
        )
