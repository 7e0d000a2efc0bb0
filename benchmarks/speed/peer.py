"""The peers: what is installed, and the commands that do the nearest to our work. The adapters are in ``peers/``."""

from __future__ import annotations

from dataclasses import dataclass

CONNECTIONS = 50
PYTEST = ("{bin}/python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
PROMPTFOO = ("{bin}/promptfoo", "eval", "-j", str(CONNECTIONS), "--no-table", "--no-progress-bar")


@dataclass(frozen=True)
class Peer:
    """A peer and what it can do.

    Args:
        name: on its registry, and its row's.
        requirements: what is installed.
        files: its adapter, below ``peers/``.
        is_plugin: it loads with every pytest, so what it costs unused is measured.
        record: command that stores the answers of the warm run, if it is not the same as ``warm``.
        warm: command that replays them.
        cold: command that asks for everything.
        cold_words: how it does that, if not in one process.
        says: what its output holds when all is done; ``{n}`` cases.
    """

    name: str
    requirements: tuple[str, ...]
    files: tuple[str, ...]
    is_plugin: bool = False
    record: tuple[str, ...] = ()
    warm: tuple[str, ...] = ()
    cold: tuple[str, ...] = ()
    cold_words: str = ""
    says: str = "{n} graded"


DEEPEVAL_FILES = ("test_deepeval.py", "evaluate_deepeval.py", "graded_deepeval.py")
PEERS = (
    Peer(
        "syrupy",
        ("syrupy", "pytest"),
        ("test_syrupy.py",),
        is_plugin=True,
        record=(*PYTEST, "--snapshot-update"),
        warm=PYTEST,
        says="{n} passed",
    ),
    Peer(
        "pytest-recording",
        ("pytest-recording", "pytest", "httpx"),
        ("test_pytest_recording.py",),
        is_plugin=True,
        record=(*PYTEST, "--record-mode=once"),
        warm=(*PYTEST, "--record-mode=none"),
        says="{n} passed",
    ),
    Peer(
        "pydantic-evals",
        ("pydantic-evals", "openai"),
        ("evaluate_pydantic_evals.py",),
        cold=("{bin}/python", "evaluate_pydantic_evals.py"),
    ),
    Peer(
        "inspect-ai",
        ("inspect-ai", "openai"),
        ("evaluate_inspect.py",),
        warm=("{bin}/python", "evaluate_inspect.py"),
        cold=("{bin}/python", "evaluate_inspect.py"),
    ),
    Peer(
        "deepeval",
        ("deepeval", "openai"),
        DEEPEVAL_FILES,
        is_plugin=True,
        warm=("{bin}/deepeval", "test", "run", "test_deepeval.py", "-c"),
        says="{n} passed",
    ),
    Peer("deepeval", ("deepeval", "openai"), DEEPEVAL_FILES, cold=("{bin}/python", "evaluate_deepeval.py")),
    Peer(
        "deepeval",
        ("deepeval", "openai"),
        DEEPEVAL_FILES,
        cold=("{bin}/deepeval", "test", "run", "test_deepeval.py", "-n", "8"),
        cold_words="in pytest -n 8",
        says="{n} passed",
    ),
    Peer(
        "langsmith",
        ("langsmith[pytest]", "pytest-xdist", "openai"),
        ("test_langsmith.py",),
        is_plugin=True,
        cold=(*PYTEST, "-n", "8"),
        cold_words="in pytest -n 8",
        says="{n} passed",
    ),
    # A hit of its cache imports its proxy, and that needs what only the extra asks for.
    Peer(
        "litellm",
        ("litellm[proxy]>=1.83.7,<2", "diskcache"),
        ("replay_litellm.py", "../limits/asyncio_litellm.py"),
        warm=("{bin}/python", "replay_litellm.py"),
        cold=("{bin}/python", "asyncio_litellm.py"),
    ),
    Peer(
        "promptfoo",
        ("promptfoo",),
        ("promptfooconfig.js",),
        warm=PROMPTFOO,
        cold=(*PROMPTFOO, "--no-cache"),
        says="{n:,} passed",
    ),
)
NAMES = tuple(dict.fromkeys(peer.name for peer in PEERS))
