"""Images and files: a digest in the request, the contents on the wire only."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256

import pytest

from pytest_llmeval.calls.client import Client
from pytest_llmeval.calls.files import MOST_BYTES, inlined
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Response

PNG = b"\x89PNG\r\n\x1a\n" + bytes(9000)
DIGEST = sha256(PNG).hexdigest()
URL = "data:image/png;base64," + b64encode(PNG).decode()
SMALL_URL = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def llm(tmp_path):
    """A client of a test module in a folder."""
    return Client(
        ask=lambda request: Response(text="", request=request),
        model="openai/m",
        trial=0,
        on_response=lambda response: None,
        module=tmp_path / "test_a.py",
    )


def parts(url):
    """A message with an image."""
    return [
        {"role": "user", "content": [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": url}}]}
    ]


def url_in(messages):
    """The image's address in one."""
    return messages[0]["content"][1]["image_url"]["url"]


def test_one_picture_has_one_key_however_it_is_given(llm, tmp_path):
    """By path, by address of a file, inline, in a message: the contents count."""
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    ways = [
        llm("?", images=["a.png"]),
        llm("?", images=path),
        llm("?", images=[f"file://{path}"]),
        llm("?", images=[URL]),
        llm(parts("a.png")),
        llm(parts(URL)),
        llm([{"role": "user", "content": [parts(URL)[0]["content"][0], {"type": "image_url", "image_url": "a.png"}]}]),
    ]
    requests = [way.request for way in ways]
    assert {f"data:image/png;sha256,{DIGEST}"} == {url_in(request.messages) for request in requests}
    assert [0, 1, 2, 3, 4, 5, 6] == [request.repeat for request in requests]  # one key: equal questions of a trial
    assert {URL} == {url_in(inlined(request)) for request in requests}


def test_another_picture_of_that_name_is_another_question(llm, tmp_path):
    """Its recording is not replayed for it."""
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    before = cache_key(llm("?", images=["a.png"]).request)
    path.write_bytes(PNG[:-1] + b"\1")
    assert before != cache_key(llm("?", images=["a.png"]).request)


def test_an_address_and_a_small_inline_file_stay_as_they_are(llm):
    """Nothing is fetched; old keys of small ones stay what they were."""
    given = ["https://example.com/a.png", SMALL_URL]
    request = llm("?", images=given).request
    assert given == [part["image_url"]["url"] for part in request.messages[0]["content"][1:]]
    assert list(request.messages) == inlined(request)


def test_every_kind_of_file_is_kept_by_its_digest(llm):
    """Sound and documents, by OpenAI's names and by Anthropic's; what is no base64 too; texts never."""
    long = "x" * 20_000
    content = [
        {"type": "text", "text": long},
        {"type": "input_audio", "input_audio": {"data": b64encode(PNG).decode(), "format": "wav"}},
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{b64encode(PNG).decode()}"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "é" * 20_000}},
    ]
    request = llm([{"role": "user", "content": content}]).request
    text, audio, file, odd = request.messages[0]["content"]
    assert long == text["text"]
    assert f"data:;sha256,{DIGEST}" == audio["input_audio"]["data"]
    assert f"data:application/pdf;sha256,{DIGEST}" == file["file"]["file_data"]
    assert odd["source"]["data"].startswith("data:;sha256,")
    assert [{"role": "user", "content": content}] == inlined(request)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a", b"\xff\xd8\xff\xe0", "jpeg"),
        ("a.txt", b"GIF89a", "gif"),
        ("a", b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
    ],
)
def test_an_image_is_told_by_its_first_bytes(llm, tmp_path, name, content, kind):
    """Not by its name."""
    (tmp_path / name).write_bytes(content)
    assert f"data:image/{kind};sha256,{sha256(content).hexdigest()}" == url_in(llm("?", images=[name]).request.messages)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_text("root:x:0:0"), "does not begin as PNG"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), MOST_BYTES + 1), "at most"),
    ],
    ids=["missing", "folder", "secret", "huge"],
)
def test_what_is_no_image_is_sent_to_nobody(llm, tmp_path, make, why):
    """A case's file may name any path: only pictures leave the machine."""
    make(tmp_path / "a")
    with pytest.raises(UsageError, match=why) as caught:
        llm("?", images=["a"])
    assert 3 == len(str(caught.value).splitlines())


def test_a_picture_that_changes_on_its_way_is_not_sent(llm, tmp_path):
    """It would stand under the digest of another."""
    (tmp_path / "a.png").write_bytes(PNG)
    request = llm("?", images=["a.png"]).request
    (tmp_path / "a.png").write_bytes(PNG + b"\1")
    with pytest.raises(UsageError, match="has changed since it was asked about"):
        inlined(request)


def test_images_beside_a_list_of_messages_are_refused(llm):
    """To which of them would they belong?"""
    with pytest.raises(UsageError, match="goes with a prompt that is text"):
        llm([{"role": "user", "content": "?"}], images=["a.png"])
