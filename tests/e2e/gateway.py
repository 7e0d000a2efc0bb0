"""LiteLLM's proxy on loopback, in a process of its own, between us and the loopback provider."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-canary-gateway-0123456789"
UPSTREAM_KEY = "sk-canary-upstream-0123456789"
_STARTS_S = 120

# One retry layer, and it is ours: a gateway that tries again, or that shuts a model off for a while after an error,
# makes errors of one case those of another. docs/gateways.md says the same.
_CONFIG = """
model_list:
  - model_name: support
    litellm_params:
      model: openai/any
      api_base: {upstream}
      api_key: {upstream_key}
      input_cost_per_token: 0.001
      output_cost_per_token: 0.002
litellm_settings:
  num_retries: 0
  telemetry: false
router_settings:
  num_retries: 0
  disable_cooldowns: true
general_settings:
  master_key: {key}
"""


@contextmanager
def gateway(upstream: str, folder: Path) -> Iterator[str]:
    """Run the proxy while the block runs, and return what to give as ``api_base``.

    Args:
        upstream: the provider's.
        folder: for its configuration and its log.
    """
    config = folder / "config.yaml"
    config.write_text(_CONFIG.format(upstream=upstream, upstream_key=UPSTREAM_KEY, key=KEY))
    with proxy(config, folder) as url:
        yield url


@contextmanager
def proxy(config: Path, folder: Path, **environment: str) -> Iterator[str]:
    """Run the proxy with a configuration while the block runs, and return what to give as ``api_base``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("litellm")
    command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    known = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "DO_NOT_TRACK": "1", **environment}
    known.pop("PYTHONSAFEPATH", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=known, stdout=log, stderr=log)  # noqa: S603
    try:
        _wait(process, port, folder / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when it answers."""
    deadline_s = time.monotonic() + _STARTS_S
    while time.monotonic() < deadline_s and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/liveliness")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError(f"the proxy did not start:\n{log.read_text()[-3_000:]}")
