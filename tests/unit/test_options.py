"""What an option may say: each value is parsed where it is read, and a wrong one names what is allowed."""

from __future__ import annotations

import pytest

from pytest_llmeval.options.table import OPTIONS

PARSE = {option.name: option.parse for option in OPTIONS}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("api.openai.com: 500 requests, 200000 tokens", ("api.openai.com", (500.0, 200000.0))),
        ("127.0.0.1:8000: 20 tokens", ("127.0.0.1:8000", (None, 20.0))),
        ("*: 60 requests", ("*", (60.0, None))),
    ],
)
def test_a_rate_limit_names_a_provider_and_what_it_takes_in_a_minute(text, expected):
    """A host may have a port; either part may be left out."""
    assert expected == PARSE["rate_limits"](text)


@pytest.mark.parametrize("uri", ["", "sqlite:///x.db", "https://host/base", "postgresql://u:p@h/db", "databricks"])
def test_a_tracker_is_named_by_its_uri(uri):
    """Whatever MLflow knows; a folder that followed the flag by mistake is none."""
    assert uri == PARSE["mlflow"](uri)


def test_a_setting_of_judges_is_json_where_it_can_be():
    """A number, null, true; else text; an equals sign may stand in the value."""
    texts = ["temperature=0.5", "response_format = null", "user=a=b", ""]
    assert [("temperature", 0.5), ("response_format", None), ("user", "a=b"), None] == list(
        map(PARSE["judge_settings"], texts)
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("judge_settings", "temperature"),
        ("judge_settings", "two words=1"),
        ("rate_limits", "500 requests"),
        ("rate_limits", "openai: many requests"),
        ("rate_limits", "openai: 0 requests"),
        ("rate_limits", "openai: 5 calls"),
        ("concurrency", "0"),
        ("concurrency", "many"),
        ("timeout_s", "0"),
        ("timeout_s", "inf"),
        ("timeout_s", "nan"),
        ("eager", "perhaps"),
        ("mlflow", "tests"),
        ("mlflow", "./mlruns"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(name, text):
    """With a word on what is allowed."""
    with pytest.raises(ValueError, match=r"\w+"):
        PARSE[name](text)
