"""``response_format=``: what is sent for a model, a schema, or the setting itself."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from pytest_llmeval.calls.forms import as_setting
from pytest_llmeval.errors import UsageError


class Item(BaseModel):
    """One thing."""

    name: str = Field(description="as in the catalogue")
    n: int = 1


class Pen(BaseModel):
    """One of two kinds."""

    kind: Literal["pen"]


class Ink(BaseModel):
    """The other."""

    kind: Literal["ink"]


class Order(BaseModel):
    """Several things."""

    items: list[Item]
    note: str | None = None
    gift: Item | None = None
    extra: Pen | Ink = Field(discriminator="kind")


class Tree(BaseModel):
    """It holds itself."""

    children: list[Tree]


class Open(BaseModel):
    """Names of any kind."""

    prices: dict[str, float]


def objects(schema):
    """Every object in a schema, however deep."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)
    if isinstance(schema, list):
        for part in schema:
            yield from objects(part)


@pytest.mark.parametrize("form", [Item, Order, Tree, Item.model_json_schema(), Order.model_json_schema()])
def test_a_strict_schema_is_closed_at_every_depth_and_requires_every_field(form):
    """As strict mode wants it, or it refuses the request; no word in it that it does not know."""
    sent = as_setting(form)["json_schema"]
    assert sent["strict"]
    found = list(objects(sent["schema"]))
    assert found
    for one in found:
        assert (False, list(one["properties"])) == (one["additionalProperties"], one["required"])
    text = str(sent["schema"])
    assert [] == [word for word in ("'default'", "'oneOf'", "'discriminator'") if word in text]
    assert "object" == sent["schema"]["type"]


def test_what_a_field_is_for_is_still_said():
    """Descriptions, enumerations and alternatives stay."""
    schema = as_setting(Order)["json_schema"]["schema"]
    assert "as in the catalogue" == schema["$defs"]["Item"]["properties"]["name"]["description"]
    assert [{"type": "string"}, {"type": "null"}] == schema["properties"]["note"]["anyOf"]
    assert [{"$ref": "#/$defs/Pen"}, {"$ref": "#/$defs/Ink"}] == schema["properties"]["extra"]["anyOf"]


@pytest.mark.parametrize("form", [Open, {"type": "object"}, {"allOf": [Item.model_json_schema()]}])
def test_what_strict_mode_cannot_say_is_sent_as_it_is(form):
    """Not strict, and so not refused; the answer is validated all the same."""
    sent = as_setting(form)["json_schema"]
    assert not sent["strict"]
    assert (form if isinstance(form, dict) else form.model_json_schema()) == sent["schema"]


@pytest.mark.parametrize("form", [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "a"}}])
def test_the_setting_itself_is_left_alone(form):
    """Whoever writes it knows why; old keys stay what they were."""
    assert form == as_setting(form)


def test_a_name_is_one_that_a_provider_takes():
    """Letters, digits, - and _, at most 64."""
    name = as_setting({"type": "object", "title": "Größe [cm]" * 10, "properties": {}})["json_schema"]["name"]
    assert name.isascii()
    assert "Gr_e_cm_" == name[:8]
    assert 64 == len(name)


@pytest.mark.parametrize("form", [int, list[int], "json", object(), type("Odd", (), {})])
def test_what_is_no_form_of_an_answer_is_refused_before_anything_is_asked(form):
    """In three lines."""
    with pytest.raises(UsageError, match="is no form of an answer") as caught:
        as_setting(form)
    assert 3 == len(str(caught.value).splitlines())
