"""YAML: a list of mappings, or a mapping with one list of them; read as data, by PyYAML's safe loader.

Plain words are read as YAML 1.2 does: ``no``, ``on``, ``12:30``, ``2026-01-31`` and ``007`` are text. By YAML 1.1,
whose rules PyYAML has by default, an expected answer of ``No`` would be False, and 12:30 the number 750.
A plain word is a number, a truth value or null only where both versions say so, so what PyYAML wrote comes back equal.

Source:
    YAML 1.2.2, section 10.3, core schema; YAML 1.1, the types bool, float, int, merge and null.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pytest_llmeval.datasets.formats import installed
from pytest_llmeval.datasets.formats.documents import LISTS, completed, defaults, one_list
from pytest_llmeval.datasets.formats.strict import BOM_UTF8, decoded, reason
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json

_TAG = "tag:yaml.org,2002:"
_PLAIN = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]*(?:[eE][-+][0-9]+)?", "-+0123456789"),
    ("float", r"\.[0-9]+(?:[eE][-+][0-9]+)?", "."),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)
_JSON_TAGS = frozenset(_TAG + name for name in ("str", "bool", "int", "float", "null", "seq", "map", "merge"))
# Aliases may spell a thing often; a file that is a thousand times what it seems to be is an attack.
_MOST_COPIES = 1_000_000


def read(path: Path, shown: str) -> Iterator[tuple[int, Json]]:
    """Yield the rows, each with the number of its first line."""
    yaml = installed("yaml", shown, extra="yaml")
    text = decoded(path.read_bytes().removeprefix(BOM_UTF8), shown)
    try:
        loader = _loader()(text)
        root = loader.get_single_node()
        if root is None:
            return
        _Check(shown).weigh(root)
        is_list = isinstance(root, yaml.SequenceNode)
        nodes, variables = (root.value, {}) if is_list else _in_document(root, shown, loader)
        for node in nodes:
            yield node.start_mark.line + 1, completed(loader.construct_document(node), variables)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _error(error, shown) from None


@cache
def _loader() -> Json:
    yaml = installed("yaml", "", extra="yaml")
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Json = type("_Loader", (base,), {"yaml_implicit_resolvers": {}})
    for name, pattern, first in _PLAIN:
        loader.add_implicit_resolver(_TAG + name, re.compile(rf"(?:{pattern})\Z"), list(first))
    return loader


def _in_document(root: Json, shown: str, loader: Json) -> tuple[list[Json], dict[str, Json]]:
    """Return the nodes of the one list of cases in a document, and the variables of all of them."""
    if not root.tag.endswith(":map"):
        raise UsageError(f"{shown} holds no cases", found=f"it is the text {root.value!r}"[:200], hint="a list of them")
    members = {name.value: node for name, node in root.value}
    lists = [name for name in LISTS if name in members and members[name].tag.endswith(":seq")]
    name = one_list(shown, lists)
    others = {
        other: loader.construct_document(members[other]) for other in ("defaultTest", "scenarios") if other in members
    }
    return list(members[name].value), defaults(shown, others)


class _Check:
    """Refuses what JSON cannot hold, and what aliases would make of a small file."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._weights: dict[int, int] = {}

    def weigh(self, node: Json) -> int:
        """Return how many nodes it is with all aliases spelt out; 0 marks one that is being weighed."""
        known = self._weights.get(id(node))
        if known is not None:
            if not known:
                raise self._error(node, "it holds itself")
            return known
        self._weights[id(node)] = 0
        if node.tag not in _JSON_TAGS:
            raise self._error(node, f"{node.tag.replace(_TAG, '!!')} is no JSON")
        weight = 1
        if node.tag.endswith(":map"):
            self._keys(node)
            weight += sum(self.weigh(value) for _, value in node.value)
        elif node.tag.endswith(":seq"):
            weight += sum(map(self.weigh, node.value))
        elif node.tag.endswith(":float") and not _is_finite(node.value):
            raise self._error(node, f"{node.value} is no JSON number")
        if weight > max(_MOST_COPIES, 10 * len(self._weights)):
            raise self._error(node, f"its aliases make more than {weight:,} values of it")
        self._weights[id(node)] = weight
        return weight

    def _keys(self, node: Json) -> None:
        names: set[str] = set()
        for name, _ in node.value:
            if name.tag not in (_TAG + "str", _TAG + "merge"):
                raise self._error(name, f"the key {name.value!r} is no text: put it in quotes")
            if name.value in names:
                raise self._error(name, f"the key {name.value!r} twice in one mapping")
            names.add(name.value)

    def _error(self, node: Json, found: str) -> UsageError:
        place = f"{self._shown}:{node.start_mark.line + 1}"
        return UsageError(f"{place} cannot be read as a case", found=found, hint="what JSON can hold, no more")


def _is_finite(number: str) -> bool:
    return not number.lower().endswith((".inf", ".nan")) and math.isfinite(float(number))


def _error(error: Exception, shown: str) -> UsageError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = f"{shown}:{mark.line + 1}" if mark else shown
    found = getattr(error, "problem", None) or " ".join(reason(error).split())
    return UsageError(f"{place} is not YAML", found=found, hint="one document, with a list of cases")
