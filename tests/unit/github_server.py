"""GitHub's API as far as a comment needs it, on loopback: pull requests, artifacts, comments."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

COMMIT = "1f0c3a9b77e2000000000000000000000000000a"
BOT = "github-actions[bot]"


class GitHub:
    """The repository acme/app with pull request 7.

    Attributes:
        head: repository, branch and commit of the pull request.
        archive: the artifact ``llmeval`` of run 42; None for none.
        comments: of the pull request, as GitHub gives them.
        requests: (method, path, whether the token came along) in their order.
        is_readonly: whether the token may not write.
    """

    def __init__(self) -> None:
        self.head = {"sha": COMMIT, "ref": "shorter", "repo": {"full_name": "acme/app"}}
        self.archive: bytes | None = None
        self.comments: list[dict] = []
        self.requests: list[tuple[str, str, bool]] = []
        self.is_readonly = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def say(self, body: str, author: str = BOT) -> None:
        """Add a comment."""
        number = len(self.comments) + 1
        self.comments.append({"id": number, "body": body, "user": {"login": author}, "html_url": f"comment/{number}"})

    def pack(self, **files: bytes) -> None:
        """Make the artifact."""
        page = io.BytesIO()
        with zipfile.ZipFile(page, "w") as archive:
            for name, content in files.items():
                archive.writestr(name.replace("__", "."), content)
        self.archive = page.getvalue()

    def answer(self, method: str, path: str, query: dict, body: dict) -> tuple[int, object]:
        """Return status and JSON, or the address of a redirection."""
        if method == "GET":
            return self._read(path, query)
        if self.is_readonly:
            return 403, {"message": "Resource not accessible by integration"}
        found = re.fullmatch(r"/repos/acme/app/issues/comments/(\d+)", path)
        if method == "PATCH" and found:
            self.comments[int(found[1]) - 1]["body"] = body["body"]
            return 200, self.comments[int(found[1]) - 1]
        self.say(body["body"])
        return 201, self.comments[-1]

    def _read(self, path: str, query: dict) -> tuple[int, object]:
        first = 100 * (int(query.get("page", ["1"])[0]) - 1)
        is_asked = query.get("head") == [f"{self.head['repo']['full_name'].partition('/')[0]}:{self.head['ref']}"]
        artifact = {"id": 5, "name": "llmeval", "expired": self.archive is None}
        known = {
            "/storage": (200, self.archive),
            "/repos/acme/app/pulls": (200, [{"number": 7, "head": self.head}] if is_asked else []),
            "/repos/acme/app/pulls/7": (200, {"number": 7, "head": self.head}),
            "/repos/acme/app/actions/runs/42/artifacts": (200, {"total_count": 1, "artifacts": [artifact]}),
            "/repos/acme/app/actions/artifacts/5/zip": (302, f"{self.url}/storage"),
            "/repos/acme/app/issues/7/comments": (200, self.comments[first : first + 100]),
        }
        return known.get(path, (404, {"message": "Not Found"}))

    def _handler(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                parts = urlsplit(self.path)
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                has_token = self.headers.get("Authorization") == "Bearer s3cret"
                outer.requests.append((self.command, parts.path, has_token))
                status, said = outer.answer(self.command, parts.path, parse_qs(parts.query), body)
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", str(said))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - http.server's names

            def log_message(self, *args) -> None:
                pass

        return Handler
