"""Forms close the widgets that they no longer need: none pile up here or in the browser."""

from __future__ import annotations

from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances as live

from helpers.forms import Form
from tests.form_use import choose, control, controls, said

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {}}},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "chips": {"type": "array", "items": {"enum": ["x", "y", "z"]}},
        "map": {"type": "object", "additionalProperties": PERSON},
        "people": {"type": "array", "items": PERSON},
        "either": {"anyOf": [PERSON, {"type": "array", "items": {"type": "string"}}]},
        "text": {"type": "string"},
        "n": {"type": "integer"},
    },
}
PEOPLE = [{"name": "Ada", "tags": [1, "a", None]}, {"tags": []}]
FILLS: dict[str, list[dict[str, Any]]] = {
    "chips": [{"chips": ["x", "y", "x"]}],
    "a map": [{"map": {"a": PEOPLE[0], "b": PEOPLE[1]}}],
    "a list": [{"people": PEOPLE}],
    "a list that shrinks and grows": [{"people": PEOPLE}, {"people": []}],
    "a map that shrinks and grows": [{"map": {"a": {"tags": [[1]]}}}, {"map": {}}],
    "alternatives": [{"either": PEOPLE[0]}, {"either": ["a", "b"]}],
    "text of several lines": [{"text": "a\nb"}, {"text": "a"}],
    "what does not fit": [{"n": "many"}, {"n": 1}, {"people": [{"name": 3}]}, {"map": {"a\n": {}}}],
}


@pytest.fixture
def before() -> set[str]:
    """The widgets that live before the form does."""
    return set(live)


@pytest.mark.parametrize("fills", FILLS.values(), ids=FILLS)
def test_filling_a_form_again_and_again_leaves_as_many_widgets_as_once(
    fills: list[dict[str, Any]], before: set[str]
):
    form = Form(SCHEMA)
    for arguments in [*fills, fills[0]]:
        form.fill(arguments)
    first = len(live)
    for _ in range(50):
        for arguments in fills:
            form.fill(arguments)
    form.fill(fills[0])
    assert len(live) == first
    assert all(one.comm is not None for one in controls(form))
    form.close()
    assert set(live) == before


def test_closing_a_form_that_was_used_leaves_none_of_its_widgets(before: set[str]):
    form = Form({**SCHEMA, "required": ["n"]})
    for name in ("chips", "map", "people", "either"):
        choose(form, f"{name}: left out, value", "value")
    for _ in range(2):
        control(form, "add a key to map").click()
        control(form, "add an item to people").click()
        control(form, "add what is chosen to chips").click()
    control(form, "map key 1").value = "a"
    choose(form, "either: which kind", "list")
    choose(form, "map value 1.tags: left out, value", "value")
    control(form, "add an item to map value 1.tags").click()
    for name in ("map", "people", "either"):
        choose(form, f"{name}: left out, value", "left out")
    control(form, "text: write several lines").click()
    form.problems()
    assert said(form)
    control(form, "JSON").click()
    control(form, "arguments, as JSON").value = "{}"
    form.close()
    assert set(live) == before


def test_what_is_removed_by_hand_is_closed(before: set[str]):
    form = Form(SCHEMA)
    for name in ("chips", "map", "people"):
        choose(form, f"{name}: left out, value", "value")
    first = len(live)
    for _ in range(3):
        control(form, "add a key to map").click()
        control(form, "remove key 1").click()
        control(form, "add an item to people").click()
        control(form, "remove item 1 of people").click()
        control(form, "add what is chosen to chips").click()
        control(form, "remove x from chips").click()
        assert len(live) == first
    assert form.value() == {"chips": [], "map": {}, "people": []}


def test_going_to_the_json_editor_and_back_leaves_no_widget_behind():
    form = Form(SCHEMA)
    for name in ("JSON", "Fields"):
        control(form, name).click()
    first = len(live)
    for name in ("JSON", "Fields") * 5:
        control(form, name).click()
    assert len(live) == first


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "object"}, {"$ref": "#/nowhere"}])
def test_closing_a_form_of_few_or_no_fields_leaves_none_of_its_widgets(
    schema: dict[str, Any], before: set[str]
):
    form = Form(schema)
    form.problems()
    form.close()
    assert set(live) == before


def test_a_list_that_was_filled_often_still_shows_what_it_requires():
    item = {"type": "object", "required": ["o"], "properties": {"o": PERSON}}
    form = Form({"type": "object", "properties": {"a": {"type": "array", "items": item}}})
    for _ in range(60):
        form.fill({"a": [{"o": {}}] * 4})
        form.fill({"a": []})
    control(form, "add an item to a").click()
    assert form.draft() == {"a": [{"o": {}}]}
