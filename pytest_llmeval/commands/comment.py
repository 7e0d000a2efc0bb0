"""``llmeval comment``: keep one comment of a GitHub pull request up to date, in the job that tested or in one after."""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import say
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.exports.github_api import Repository
    from pytest_llmeval.records import Session

    # Any: argparse does not name the type of its subparsers; GitHub's JSON.
    Commands = Any
    Object = Mapping[str, Any]

_DESCRIPTION = """\
Write the page of --llmeval-report=md into a comment of the pull request, and replace it at the next run.

In a workflow on `pull_request`: of the last session here. The job of a fork may not write: it says so, and ends well.
In a workflow on `workflow_run`: of the session in an artifact of the run that has ended. Nothing of that run is
executed; the pull request is found by the run's own commit, and the page is made here, so that no branch can put a
link, a mention or another verdict's look into it. Its figures are what the run of that branch wrote.

GITHUB_TOKEN needs pull-requests: write, and in the second case actions: read."""

_MEMBER = "session.jsonl"
_AUTHOR = "github-actions[bot]"
_KEY = re.compile(r"[\w.-]{1,40}", re.ASCII)


class _Target(NamedTuple):
    """Which pull request, at which commit, and what is to be said there; None: nothing may be said."""

    pull: int | None
    commit: str
    page: str | None
    is_fork: bool
    run_url: str


def declare(commands: Commands) -> None:
    """Add ``comment``."""
    parser = commands.add_parser(
        "comment",
        help="keep one comment of a GitHub pull request up to date",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.add_argument("--session", metavar="FILE", help="the session of this job (default: the last one)")
    parser.add_argument("--artifact", metavar="NAME", default="llmeval", help="of the run that has ended (llmeval)")
    parser.add_argument("--key", default="", help="one comment a key, where a pull request has several sessions")
    parser.add_argument("--author", default=_AUTHOR, help=f"whose comments are replaced ({_AUTHOR})")
    parser.set_defaults(run=comment)


def comment(arguments: argparse.Namespace) -> None:
    """Find the pull request and the session, and put the page there."""
    from pytest_llmeval.exports.github_api import Repository

    if arguments.key and not _KEY.fullmatch(arguments.key):
        raise UsageError(f"--key={arguments.key!r} is not allowed", hint="up to 40 letters, digits, '.', '_' and '-'")
    name, token = _needed("GITHUB_REPOSITORY"), _needed("GITHUB_TOKEN")
    event = _event()
    repository = Repository(name, api_url=os.environ.get("GITHUB_API_URL", "https://api.github.com"), token=token)
    if "workflow_run" in event:
        target = _of_run(repository, event["workflow_run"], name, arguments.artifact)
    elif "pull_request" in event:
        target = _of_pull(event["pull_request"], name, arguments)
    else:
        raise UsageError("this is no pull request", hint="run it in a workflow on pull_request or workflow_run")
    if target.pull is None:
        say(f"no open pull request is at {target.commit[:12]}: nothing is written")
    elif target.page is None:
        say("the branch is of another repository, whose job may not comment: a workflow on workflow_run does")
    elif repository.head_of(target.pull) != target.commit:
        say(f"the branch has moved on from {target.commit[:12]}: the comment is left to its next run")
    else:
        mark, body = _body(target, target.page, arguments.key)
        say(repository.put_comment(target.pull, body, mark=mark, author=arguments.author))


def _of_run(repository: Repository, run: Object, name: str, artifact: str) -> _Target:
    theirs, commit = str((run.get("head_repository") or {}).get("full_name", "")), str(run["head_sha"])
    pull = repository.pull_of(head_repository=theirs, branch=str(run["head_branch"]), commit=commit)
    number = int(run["id"])
    page = _page_of(repository, number, artifact) if pull is not None else None
    return _Target(pull, commit, page, theirs != name, _run_url(name, number))


def _page_of(repository: Repository, run: int, artifact: str) -> str:
    """Return the page of the session that a run left; where it left none, no reader may take the last one for it."""
    from pytest_llmeval.gather import session_file

    content = repository.artifact(run, name=artifact, member=_MEMBER)
    if content is None:
        return "## llmeval: NO SESSION\n\nThe run ended before it had one, or its artifact has expired."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _MEMBER)
        path.write_bytes(content)
        return _rendered(session_file.read(path))


def _rendered(session: Session) -> str:
    project.refuse_shard(session, "the comment")
    return markdown.render(session)


def _of_pull(pull: Object, name: str, arguments: argparse.Namespace) -> _Target:
    from pytest_llmeval.gather import session_file

    head = pull["head"]
    is_fork = (head.get("repo") or {}).get("full_name") != name
    path = project.find(arguments.rootdir).session_file(arguments.session)
    page = None if is_fork else _rendered(session_file.read(path))
    run = os.environ.get("GITHUB_RUN_ID", "")
    return _Target(int(pull["number"]), str(head["sha"]), page, is_fork, _run_url(name, run))


def _body(target: _Target, page: str, key: str) -> tuple[str, str]:
    """Return the mark by which the comment is known again, and the comment."""
    mark = f"{markdown.MARK} {key} -->" if key else f"{markdown.MARK} -->"
    lines = [mark, page.removeprefix(f"{markdown.MARK} -->\n").rstrip()]
    if target.is_fork:
        lines += ["", "*The branch is of another repository: these figures are what its own run wrote.*"]
    lines += ["", f"[This run]({target.run_url}), at {target.commit[:12]}"]
    return mark, "\n".join(lines) + "\n"


def _run_url(name: str, run: object) -> str:
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}/actions/runs/{run}"


def _event() -> Object:
    path = _needed("GITHUB_EVENT_PATH")
    try:
        found = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise UsageError(f"GitHub's event {path!r} is no JSON", found=str(error)) from None
    return found if isinstance(found, dict) else {}


def _needed(variable: str) -> str:
    said = os.environ.get(variable, "")
    if not said:
        raise UsageError(
            f"{variable} is not set",
            hint="in GitHub Actions: env: GITHUB_TOKEN: ${{ github.token }}; the others are set by GitHub",
        )
    return said
