"""The rows of the cache, which cache.py measures within one process of its own."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from bench import HERE
from process import Command
from ratios import Row

if TYPE_CHECKING:
    from bench import Bench

MARK = "ROWS:"
# In a process of its own: what it imports and holds must not become part of what starts the others.
ASK = f"""
import dataclasses, json, sys
sys.path.insert(0, {str(HERE)!r})
import cache
print("{MARK}" + json.dumps([dataclasses.asdict(row) for row in cache.rows(int(sys.argv[1]))]))
"""


def cache(bench: Bench) -> list[Row]:
    """Hits, puts, writers and size, at 100,000 responses."""
    n_responses = 10_000 if bench.is_quick else 100_000
    argv = [sys.executable, "-c", ASK, str(n_responses)]
    output = Command(argv, bench.folder, bench.environment(), says=MARK).run().output
    found = json.loads(output.rpartition(MARK)[2])
    return [Row(**{**row, "work": f"cache: {row['work']}", "values": tuple(row["values"])}) for row in found]
