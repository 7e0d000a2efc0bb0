"""The few calls of GitHub's REST API that keep one comment of a pull request up to date; stdlib only.

The artifact of a run is data of whoever wrote the branch: it is bounded, one file of one name is taken out of it, and
nothing of it says which pull request is meant or where anything is sent. The token goes to the API alone, never to the
storage that an artifact's address leads to.

Source: docs.github.com, REST API: "List pull requests", "List workflow run artifacts", "Download an artifact", "List
issue comments", "Create an issue comment", "Update an issue comment".
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Object = Mapping[str, Any]  # Any: GitHub's JSON

_TIMEOUT_S = 30.0
_A_PAGE, _MOST_PAGES = 100, 30
_MOST_BYTES = 500_000_000
_VERSION = "2022-11-28"


class Repository:
    """A repository on GitHub, or on a server of one's own.

    Args:
        name: ``owner/name``.
        api_url: of the API, such as ``https://api.github.com``.
        token: may write to pull requests, and read actions where an artifact is asked for.
    """

    def __init__(self, name: str, *, api_url: str, token: str) -> None:
        if not api_url.startswith(("https://", "http://")):
            raise LlmevalError(f"GITHUB_API_URL={api_url!r} is no address", hint="such as https://api.github.com")
        self._url = f"{api_url.rstrip('/')}/repos/{name}"
        self._token = token

    def pull_of(self, *, head_repository: str, branch: str, commit: str) -> int | None:
        """Return the number of the open pull request whose branch is at that commit; None where there is none."""
        owner = head_repository.partition("/")[0]
        for pull in self._pages("/pulls", state="open", head=f"{owner}:{branch}"):
            head = pull.get("head") or {}
            if head.get("sha") == commit and (head.get("repo") or {}).get("full_name") == head_repository:
                return int(pull["number"])
        return None

    def head_of(self, pull: int) -> str:
        """Return the commit at which the branch of a pull request is now."""
        found = self._json("GET", f"/pulls/{pull}")
        return str((found.get("head") or {}).get("sha", ""))

    def artifact(self, run: int, *, name: str, member: str) -> bytes | None:
        """Return one file of the newest artifact of that name; None where there is no such artifact.

        Args:
            run: of the workflow.
            name: of the artifact.
            member: of the archive; no other is read.

        Raises:
            LlmevalError: it has no such file, is too large, or is no archive.
        """
        found = list(self._pages(f"/actions/runs/{run}/artifacts", key="artifacts", name=name))
        alive = [one for one in found if one.get("name") == name and not one.get("expired")]
        if not alive:
            return None
        newest = max(alive, key=lambda one: int(one["id"]))
        return _member(self._send("GET", f"/actions/artifacts/{int(newest['id'])}/zip"), member)

    def put_comment(self, pull: int, body: str, *, mark: str, author: str) -> str:
        """Replace our comment of a pull request, or make the first one; return its address.

        Args:
            pull: its number.
            body: begins with the mark.
            mark: by which our comment is known.
            author: whose comments are ours; what others begin with the mark is left alone.
        """
        for one in self._pages(f"/issues/{pull}/comments"):
            is_ours = (one.get("user") or {}).get("login") == author
            if is_ours and str(one.get("body", "")).startswith(mark):
                return str(self._json("PATCH", f"/issues/comments/{int(one['id'])}", {"body": body}).get("html_url"))
        return str(self._json("POST", f"/issues/{pull}/comments", {"body": body}).get("html_url"))

    def _pages(self, path: str, *, key: str = "", **query: str) -> Iterator[Object]:
        for number in range(1, _MOST_PAGES + 1):
            asked = urlencode({**query, "per_page": _A_PAGE, "page": number}, quote_via=quote)
            answer = self._json("GET", f"{path}?{asked}")
            found = answer.get(key, []) if key else answer
            yield from found
            if len(found) < _A_PAGE:
                return

    def _json(self, method: str, path: str, body: Object | None = None) -> Any:  # noqa: ANN401 - GitHub's JSON
        try:
            return json.loads(self._send(method, path, body))
        except ValueError as error:
            raise LlmevalError(f"GitHub's answer to {method} {path} is no JSON", found=str(error)) from None

    def _send(self, method: str, path: str, body: Object | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._url + path, data=data, method=method)  # noqa: S310 - http or https, checked above
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("Content-Type", "application/json")
        request.add_header("User-Agent", "pytest-llmeval")
        request.add_header("X-GitHub-Api-Version", _VERSION)
        # Unredirected: an artifact's address leads to a storage that has no right to the token.
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
                content: bytes = answer.read(_MOST_BYTES + 1)
        except HTTPError as error:
            raise LlmevalError(
                f"GitHub refused {method} {path}",
                found=f"status {error.code}: {_reason(error)}",
                hint="the job needs `permissions:` with pull-requests: write, and actions: read for artifacts",
            ) from None
        except (URLError, OSError) as error:
            raise LlmevalError(f"GitHub did not answer {method} {path}", found=str(error)) from None
        if len(content) > _MOST_BYTES:
            raise LlmevalError(f"GitHub's answer to {method} {path} is larger than {_MOST_BYTES:,} bytes")
        return content


def _reason(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read(10_000)).get("message", error.reason))
    except (ValueError, AttributeError, OSError):
        return str(error.reason)


def _member(archive: bytes, name: str) -> bytes:
    """Return one file of an archive; what its head says of its size is not believed."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as found, found.open(name) as file:
            content = file.read(_MOST_BYTES + 1)
    except KeyError:
        raise LlmevalError(f"the artifact holds no file {name!r}") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise LlmevalError("the artifact is no archive that can be read", found=str(error)) from None
    if len(content) > _MOST_BYTES:
        raise LlmevalError(f"file {name!r} of the artifact is larger than {_MOST_BYTES:,} bytes")
    return content
