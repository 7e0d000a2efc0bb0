"""What is said of a request that nothing is stored for, where nobody may be asked; imported at the first miss."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_llmeval.calls.key import difference
from pytest_llmeval.errors import CacheMiss

if TYPE_CHECKING:
    from pytest_llmeval.calls.cache import Cache
    from pytest_llmeval.records import Request


def miss(request: Request, key: str, cache: Cache, where: str) -> CacheMiss:
    """Say what was looked for, where, what came nearest, and how to record it."""
    trial = "" if request.trial is None else f"trial {request.trial}, "
    places = cache.describe()
    looked = f"{places[:-1]}, mode 'replay')" if places.endswith(")") else f"{places} (mode 'replay')"
    other = cache.nearest(request)
    differs = f"; nearest differs in: {', '.join(difference(request, other))}" if other else ""
    return CacheMiss(
        f"no stored response for this request (model {request.model!r}, {trial}key {key[:4]}…{key[-2:]})",
        found=f"looked in: {looked}{differs}",
        hint=f"to record it: pytest --llmeval-cache=auto {shlex.quote(where) if where else ''}".rstrip(),
    )
