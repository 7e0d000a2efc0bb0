"""Images and other files in messages: a request holds the digest of their contents, never the contents.

So the key changes when the file does, and not when it is moved; and recordings stay small. The contents are put in
where a request is sent, and only there.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records.exchange import FILES

if TYPE_CHECKING:
    from os import PathLike

    from pytest_llmeval.records import Json, Request

Files: TypeAlias = dict[str, "Path | str"]
"""A digest as it stands in a message → the file, or the text that stood in its place."""
LONGEST_INLINE = 10_000
MOST_BYTES = 20 * 2**20
_INLINE = re.compile(r"data:([\w.+/-]*);base64,")
# What holds a file in a part of a message: OpenAI's names, and Anthropic's. Texts are never looked into.
_HOLDERS = frozenset({"url", "image_url", "data", "file_data"})
_BEGINNINGS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"))
_REMOTE = ("http://", "https://")


def with_images(
    prompt: object, images: Sequence[str | PathLike[str]] | str | PathLike[str]
) -> list[Mapping[str, Json]]:
    """Return a question and its images as one message.

    Args:
        prompt: text.
        images: paths, addresses (``https://…``) or ``data:`` addresses; one, or several.

    Raises:
        UsageError: the prompt is no text.
    """
    if not isinstance(prompt, str):
        raise UsageError(
            "images= goes with a prompt that is text",
            found=f"the prompt is of type {type(prompt).__name__!r}",
            hint='in a list of messages: {"type": "image_url", "image_url": {"url": "photo.png"}}',
        )
    several = [images] if isinstance(images, str) or not isinstance(images, Sequence) else images
    parts = [{"type": "image_url", "image_url": {"url": str(image)}} for image in several]
    return [{"role": "user", "content": [{"type": "text", "text": prompt}, *parts]}]


def by_reference(
    messages: Sequence[Mapping[str, Json]], module: Path | None, *, has_paths: bool = True
) -> tuple[tuple[Mapping[str, Json], ...], Files]:
    """Put digests in the place of files.

    Args:
        messages: as they were written; an ``image_url`` may name a path, and any part may hold a file inline.
        module: the file beside which relative paths begin; None: in the working folder.
        has_paths: whether an address that is none is a path.

    Returns:
        the messages, and what their digests stand for. Inline files of up to ``LONGEST_INLINE`` characters stay.

    Raises:
        UsageError: a path leads to no image, or to one that is too large.
    """
    files: Files = {}
    folder = (module.parent if module else Path()) if has_paths else None
    found = tuple(
        message if isinstance(message.get("content"), str) else _deep(message, folder, files) for message in messages
    )
    return found, files


def inlined(request: Request) -> list[dict[str, Json]]:
    """Return the messages of a request as they are sent.

    Raises:
        UsageError: a file has changed since the request was made, or its contents are not known in this process.
    """
    messages = [dict(message) for message in request.messages]
    files: Files | None = request.__dict__.get(FILES)
    return [_filled(message, files) for message in messages] if files else messages


def _deep(value: Json, folder: Path | None, files: Files, name: str = "") -> Json:
    if isinstance(value, Mapping):
        if value.get("type") == "image_url" and isinstance(value.get("image_url"), str):  # a short form of some servers
            value = {**value, "image_url": {"url": value["image_url"]}}
        return {key: _deep(part, folder, files, key) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_deep(part, folder, files, name) for part in value]
    if not isinstance(value, str) or name not in _HOLDERS:
        return value
    if len(value) > LONGEST_INLINE:
        reference = _inline_reference(value)
    elif name == "url" and folder is not None and not value.startswith((*_REMOTE, "data:")):
        path = folder / value.removeprefix("file://")
        reference, value = _file_reference(path), path
    else:
        return value
    files[reference] = value
    return reference


def _inline_reference(text: str) -> str:
    head = _INLINE.match(text)
    encoded = text[head.end() :] if head else text
    try:
        content = b64decode(encoded, validate=True)
    except ValueError:
        content = encoded.encode("utf-8", "surrogatepass")
    return f"data:{head[1] if head else ''};sha256,{sha256(content).hexdigest()}"


def _file_reference(path: Path) -> str:
    try:
        status = path.stat()
        if status.st_size > MOST_BYTES:
            raise _no_image(path, f"it has {status.st_size} bytes, and at most {MOST_BYTES} are sent")
        return _digested(path, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError) as error:
        raise _no_image(path, getattr(error, "strerror", None) or str(error)) from None


@lru_cache(maxsize=1024)
def _digested(path: Path, mtime_ns: int, n_bytes: int) -> str:  # noqa: ARG001 - a changed file is another
    content = path.read_bytes()
    return f"data:{_media_type(path, content)};sha256,{sha256(content).hexdigest()}"


def _media_type(path: Path, content: bytes) -> str:
    """Tell an image by its first bytes; nothing else is sent: a case's file might name any path."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return f"image/{kind}"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    raise _no_image(path, "it does not begin as PNG, JPEG, GIF or WebP do")


def _no_image(path: Path, why: str) -> UsageError:
    return UsageError(
        f"image {str(path)!r} cannot be sent",
        found=why,
        hint="give the path of an image, relative to the test module, or its address (https://...)",
    )


def _filled(value: Json, files: Files) -> Json:
    if isinstance(value, Mapping):
        return {key: _filled(part, files) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, files) for part in value]
    known = files.get(value) if isinstance(value, str) else None
    if not isinstance(known, Path):
        return value if known is None else known
    if _file_reference(known) != value:
        raise _no_image(known, "it has changed since it was asked about")
    media_type = value[len("data:") :].partition(";")[0]
    return f"data:{media_type};base64,{b64encode(known.read_bytes()).decode('ascii')}"
