"""Make the pictures of ``docs/``: the example suite with one broken answer, as each of its readers sees it.

From the root of the repository, in an environment with ``.[html,mlflow-local]``, cmarkgfm and selenium, and with
Debian's chromium, chromium-driver, prometheus and prometheus-pushgateway::

    python docs/pictures/make.py [terminal] [html] [pull-request] [mlflow] [prometheus]

All of it is real: pytest runs, servers are started on loopback and stopped again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import terminal  # noqa: E402 - they stand beside this file
from window import Window  # noqa: E402

from tests.e2e import servers  # noqa: E402

EXAMPLES = ROOT / "example_tests"
PARTS = ("pytest.ini", "shop.py", "test_support.py", "cases", "prompts")
# A colleague's prompt has got in, for one question only: so that a picture shows one thing.
BROKEN = """
import shop

whole = shop.prompt
def answer(ask, question):
    name = "support_worse" if question == "How long can I still cancel my order?" else "support"
    return ask(question, system=whole(name), **shop.SAMPLING)

shop.answer = answer
"""


class Suite:
    """The support module of the example suite in a folder of its own, offline from its recordings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            copy = shutil.copytree if (EXAMPLES / part).is_dir() else shutil.copy
            copy(EXAMPLES / part, folder / part)
        shutil.copytree(EXAMPLES / "baselines" / "test_support", folder / "baselines" / "test_support")
        (folder / "recordings").mkdir()
        shutil.copy(EXAMPLES / "recordings" / "test_support.jsonl", folder / "recordings")
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "the shop"]):
            subprocess.run(
                ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *command], cwd=folder, check=True
            )

    def run(self, *flags: str, is_broken: bool = True) -> str:
        """Run pytest, and return what it prints on a terminal of 80 columns."""
        conftest = self.folder / "conftest.py"
        conftest.unlink(missing_ok=True)
        if is_broken:
            conftest.write_text(BROKEN, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "--no-header", "--color=yes", "-p", "no:cacheprovider"]
        # What the plug-ins of this environment have to say is no part of the picture.
        command += [f"-pno:{name}" for name in ("anyio", "asyncio", "hypothesispytest")]
        command += ["--llmeval-cache=replay", "--llmeval-gate=pr", *flags]
        environ = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
        done = subprocess.run(
            command, cwd=self.folder, env=environ | {"COLUMNS": "80"}, check=False, capture_output=True, text=True
        )
        return done.stdout


def of_terminal(suite: Suite) -> None:
    """What pytest prints."""
    (HERE / "terminal.svg").write_text(terminal.svg("pytest --llmeval-gate=pr", suite.run()), encoding="utf-8")


def of_html(suite: Suite) -> None:
    """The report, with a trend."""
    suite.run(is_broken=False)
    suite.run("--llmeval-report=html:report.html")
    with Window() as window:
        window.take(HERE / "html-report.png", (suite.folder / "report.html").as_uri(), width=1120, height=1640)


def of_pull_request(suite: Suite) -> None:
    """The comment, as GitHub renders it."""
    import cmarkgfm

    suite.run("--llmeval-report=md:comment.md")
    text = (suite.folder / "comment.md").read_text(encoding="utf-8")
    page = (HERE / "comment.html").read_text(encoding="utf-8")
    comment = suite.folder / "comment.html"
    comment.write_text(
        page.replace("{comment}", cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.Options.CMARK_OPT_UNSAFE)),
        encoding="utf-8",
    )
    with Window() as window:
        window.take(HERE / "pull-request.png", comment.as_uri(), width=860, height=1100)


def of_mlflow(suite: Suite) -> None:
    """A run with its verdict and means, and its cases beside those of the run before."""
    from mlflow import MlflowClient

    with servers.mlflow(suite.folder, f"sqlite:///{suite.folder / 'mlflow.db'}") as url, Window() as window:
        suite.run(is_broken=False)
        suite.run()
        export = [str(Path(sys.executable).with_name("llmeval")), "export", "--to", "mlflow", "--last", "2"]
        traced = os.environ | {"LLMEVAL_MLFLOW": url, "LLMEVAL_MLFLOW_TRACES": "all"}
        subprocess.run(export, cwd=suite.folder, env=traced, check=True)
        client = MlflowClient(url)
        experiment = client.get_experiment_by_name("llmeval").experiment_id
        run, before = (found.info.run_id for found in client.search_runs([experiment]))
        page = f"{url}/#/experiments/{experiment}/runs/{run}"
        # Its assistant asks for room and for a model.
        alone = "document.querySelectorAll('[aria-label=Close]').forEach((one) => one.click())"
        window.take(HERE / "mlflow-run.png", page, width=1280, height=960, until="relevance/mean", act=alone)
        page += f"/traces?compareToRunUuid={before}"
        window.take(HERE / "mlflow-cases.png", page, width=1280, height=960, until="cancel my order")


def of_prometheus(suite: Suite) -> None:
    """The alert that fires."""
    deploy = ROOT / "deploy" / "prometheus"
    with ExitStack() as running:
        gateway = running.enter_context(servers.pushgateway(suite.folder))
        shutil.copy(deploy / "llmeval.rules.yml", suite.folder)
        text = (deploy / "prometheus.yml").read_text(encoding="utf-8")
        config = suite.folder / "prometheus.yml"
        config.write_text(text.replace("pushgateway:9091", gateway.removeprefix("http://")).replace("30s", "1s"))
        # By its name alone, which Prometheus shows.
        server = running.enter_context(servers.prometheus(suite.folder, Path(config.name)))
        suite.run(f"--llmeval-pushgateway={gateway}/metrics/job/shop")
        servers.eventually(lambda: "LlmevalRegressed" in server.firing())
        with Window() as window:
            opened = "$('.alert-danger').click(); $('div.show-annotations').click();"
            address = f"{server.url}/classic/alerts"
            window.take(HERE / "prometheus.png", address, width=1120, height=760, until="Regressed", act=opened)


PICTURES = {
    "terminal": of_terminal,
    "html": of_html,
    "pull-request": of_pull_request,
    "mlflow": of_mlflow,
    "prometheus": of_prometheus,
}


def main() -> None:
    """Make those that are named, or all."""
    for name in sys.argv[1:] or PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            PICTURES[name](Suite(Path(folder)))


if __name__ == "__main__":
    main()
