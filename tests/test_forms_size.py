"""Schemas and arguments that are large: the work grows with them, and not with their square."""

from __future__ import annotations

import time
from typing import Any

import ipywidgets
import pytest

from helpers.forms import Form, Problem
from helpers.forms.checking import Checker
from helpers.forms.jsontext import DEEPEST, layers, too_deep
from helpers.forms.kinds import node
from helpers.forms.problems import divided
from helpers.forms.schemas import Schemas
from tests.form_use import choose, control, controls, displayed, text


def arguments_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is checked from now on."""
    found = list[Any]()
    plain = Checker.errors

    def errors(self: Checker, arguments: Any) -> Any:
        found.append(arguments)
        return plain(self, arguments)

    monkeypatch.setattr(Checker, "errors", errors)
    return found


@pytest.mark.parametrize("count", [3, 2000])
def test_every_missing_key_is_named_once_and_soon(count: int):
    keys = [f"k{n}" for n in range(count)]
    form = Form({"type": "object", "required": keys, "minProperties": 1})
    started = time.process_time()
    problems = form.problems()
    assert time.process_time() - started < 2
    assert problems[:count] == [Problem((key,), "is required") for key in keys]
    assert len(problems) == count + 1


def test_what_two_parts_require_is_named_for_both():
    parts = [{"required": ["a"]}, {"required": ["b"]}]
    form = Form({"allOf": parts, "type": "object", "additionalProperties": {"type": "integer"}})
    assert [problem.path for problem in form.problems()] == [("a",), ("b",)]


def test_an_edit_is_checked_once_however_often_the_arguments_are_asked_for(checks: list[Any]):
    form = Form(arguments_of(a={"type": "string"}))
    control(form, "a").value = "x"
    assert form.draft() == form.draft() == form.value() == {"a": "x"}
    assert checks == [{"a": "x"}]
    control(form, "JSON").click()
    control(form, "arguments, as JSON").value = '{"a": "y"}'
    assert form.value() == {"a": "y"}
    form.fill({"a": "z"})
    assert form.value() == {"a": "z"}
    assert checks[-2:] == [{"a": "y"}, {"a": "z"}]


def test_problems_are_told_once_they_are_wanted_although_nothing_was_edited_since():
    form = Form({**arguments_of(n={"type": "number"}), "required": ["n"]})
    assert form.draft() is None
    assert "needs a number" not in text(form)
    form.problems()
    assert "needs a number" in text(form)


def test_two_long_enumerations_are_put_together_soon():
    values = [[n] for n in range(70_000)]
    enums = [{"enum": values[:36_000]}, {"enum": values[34_000:]}]
    started = time.process_time()
    found = node(Schemas({}), {"allOf": enums})
    assert time.process_time() - started < 2
    assert [one.value for one in found.choices] == values[34_000:36_000]


def test_true_is_not_one_where_enumerations_are_put_together():
    one = {"enum": [True, 0, 2.0, [1], {"a": 1, "b": 2}]}
    other = {"enum": [1, False, 2, [True], {"b": 2, "a": 1}]}
    found = node(Schemas({}), {"allOf": [one, other]})
    assert [one.value for one in found.choices] == [2.0, {"a": 1, "b": 2}]


@pytest.mark.parametrize("part", [{"type": "string"}, {"type": "object"}, {"$ref": "#/$defs/a"}])
def test_an_object_of_too_many_properties_is_edited_as_json(part: dict[str, Any]):
    many = arguments_of(**{f"p{n}": part for n in range(501)})
    form = Form({**many, "$defs": {"a": {"enum": [1, 2]}}})
    assert "names more than 500 properties" in text(form)
    assert isinstance(control(form, "arguments, as JSON"), ipywidgets.Textarea)
    assert len(displayed(form.widget)) < 10
    form = Form({**arguments_of(a=many, b={"type": "string"}), "$defs": {"a": {"enum": [1, 2]}}})
    choose(form, "a: left out, value", "value")
    assert "names more than 500 properties" in text(form)
    form.fill({"a": {}, "b": "x"})
    assert form.value() == {"a": {}, "b": "x"}


def test_five_hundred_properties_have_fields():
    form = Form(arguments_of(**{f"p{n}": {"enum": [1, 2]} for n in range(500)}))
    assert len([one for one in controls(form) if isinstance(one, ipywidgets.Dropdown)]) == 500


def test_problems_are_divided_by_the_key_that_leads_to_them():
    deep, other, whole = Problem(("a", 1), "x"), Problem(("z",), "y"), Problem((), "w")
    deeper, here = divided([deep, other, whole], {"a"})
    assert deeper == {"a": [Problem((1,), "x")]}
    assert here == [other, whole]


def test_a_thousand_problems_of_five_hundred_fields_are_shown_soon():
    fields = {
        f"p{n}": {"type": "integer", "allOf": [{"minimum": 3}, {"multipleOf": 3}]}
        for n in range(500)
    }
    form = Form(arguments_of(**fields))
    form.fill({f"p{n}": 1 for n in range(500)})
    assert [problem.path for problem in form.problems()[::2]] == [(f"p{n}",) for n in range(500)]
    seconds = list[float]()
    for typed in ("1", "2", "1"):
        started = time.process_time()
        control(form, "p0").value = typed
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.5


@pytest.mark.parametrize("levels", [0, 1, DEEPEST, DEEPEST + 1])
def test_values_are_too_deep_from_one_level_more_than_the_deepest(levels: int):
    value: Any = 0
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    assert len(list(layers(value))) == levels + 1
    assert too_deep(value) == (levels > DEEPEST)
