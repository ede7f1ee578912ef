"""A form made from a JSON Schema: what it yields, what it says, what it keeps."""

from __future__ import annotations

import html
import json
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import ipywidgets
import pytest
from mcp import Client

from helpers.forms import Form, FormError, Problem
from helpers.forms.arguments import problems_of
from servers import showcase
from tests.form_use import choose, control, displayed, markup, names, said, text
from tests.places import PYTHON


async def schema_of(tool: str) -> dict[str, Any]:
    async with Client(showcase.mcp) as client:
        [found] = [one for one in (await client.list_tools()).tools if one.name == tool]
    return found.input_schema


def arguments_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


FILM_SEARCH = {
    "query": "无间道",
    "min_rating": 7.5,
    "region": "中国大陆",
    "sort_by": ["rating", "director", "rating"],
    "options": {"exact": True},
    "limit": 5,
}


async def test_every_tool_of_the_showcase_server_has_a_form_of_fields():
    async with Client(showcase.mcp) as client:
        for tool in (await client.list_tools()).tools:
            form = Form(tool.input_schema)
            assert not any(isinstance(w, ipywidgets.Textarea) for w in displayed(form.widget))
            assert form.unchecked == ""


async def test_what_is_filled_into_the_film_search_comes_out_again():
    form = Form(await schema_of("search_movies"))
    form.fill(FILM_SEARCH)
    assert form.value() == FILM_SEARCH


async def test_the_film_search_can_be_filled_in_control_by_control():
    form = Form(await schema_of("search_movies"))
    control(form, "query").value = "无间道"
    control(form, "min_rating").value = "7.5"
    choose(form, "region", "中国大陆")
    choose(form, "sort_by: left out, value", "value")  # the default, ["rating"], comes with it
    choose(form, "sort_by: what to add", "director")
    control(form, "add what is chosen to sort_by").click()
    choose(form, "sort_by: what to add", "rating")
    control(form, "add what is chosen to sort_by").click()
    choose(form, "options: left out, value", "value")
    choose(form, "options.include_actors", "(left out)")
    choose(form, "options.exact", "true")
    control(form, "limit").value = "5"
    assert form.value() == FILM_SEARCH


def test_left_out_null_and_empty_are_three_things():
    form = Form(arguments_of(a={"type": ["string", "null"]}))
    state = "a: left out, value, null"
    assert form.value() == {}
    choose(form, state, "value")
    assert form.value() == {"a": ""}
    choose(form, state, "null")
    assert form.value() == {"a": None}
    choose(form, state, "left out")
    assert form.value() == {}


def test_typing_into_a_field_that_is_left_out_makes_it_count():
    form = Form(
        arguments_of(a={"type": "string"}, n={"anyOf": [{"type": "number"}, {"type": "null"}]})
    )
    control(form, "a").value = "x"
    choose(form, "n: left out, value, null", "null")
    control(form, "n").value = "2"
    assert form.value() == {"a": "x", "n": 2}


def test_clearing_an_optional_number_leaves_it_out_and_clearing_a_text_does_not():
    form = Form(arguments_of(a={"type": "string"}, n={"type": "number"}))
    for name in ("a", "n"):
        control(form, name).value = "1"
        control(form, name).value = ""
    assert form.value() == {"a": ""}


def test_what_was_typed_stays_when_the_field_is_left_out_and_comes_back():
    form = Form(arguments_of(a={"type": "string"}))
    control(form, "a").value = "kept"
    choose(form, "a: left out, value", "left out")
    assert form.value() == {}
    choose(form, "a: left out, value", "value")
    assert form.value() == {"a": "kept"}


def test_required_optional_type_bounds_default_and_description_stand_in_words():
    schema = arguments_of(
        n={"type": "number", "minimum": 0, "maximum": 10, "default": 5, "description": "How many."},
        s={"type": "string", "maxLength": 8, "title": "The name"},
        e={"enum": [1, "b", None]},
        d={"type": "string", "format": "date"},
        x={"type": "integer", "exclusiveMinimum": 0, "multipleOf": 3},
        a={"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
    )
    shown = text(Form({**schema, "required": ["s"]}))
    assert shown.count("required") == 1
    for words in (
        "number, 0 to 10 · default 5",
        "How many.",
        "text, at most 8 characters",
        "The name",
        "one of 3",
        "date, such as 2026-07-28",
        "whole number, more than 0, a multiple of 3",
        "list, 1 to 3 items",
    ):
        assert words in shown


BAD = {
    "limit": ({"type": "integer", "maximum": 50}, 200, "must be at most 50: 200 is too large"),
    "least": ({"type": "number", "minimum": 1}, 0.5, "must be at least 1: 0.5 is too small"),
    "above": ({"exclusiveMinimum": 0}, 0, "must be more than 0: 0 is too small"),
    "below": ({"exclusiveMaximum": 9}, 9, "must be less than 9: 9 is too large"),
    "step": ({"type": "integer", "multipleOf": 5}, 7, "must be a multiple of 5: 7 is not"),
    "short": ({"type": "string", "minLength": 2}, "a", "needs at least 2 characters: it has 1"),
    "day": ({"format": "date"}, "2026-02-30", 'such as 2026-07-28: "2026-02-30" is not'),
    "time": ({"format": "date-time"}, "noon", 'T09:30:00Z: "noon" is not'),
    "mail": ({"format": "email"}, "ada", 'must be an e-mail address: "ada" is not'),
    "link": ({"format": "uri"}, "a b", 'must be a URI, such as https://example.org/: "a b" is not'),
    "code": ({"pattern": "^[a-z]+$"}, "A", 'must match the pattern ^[a-z]+$: "A" does not'),
    "pick": ({"enum": [1, 2]}, 3, "must be one of 1, 2: 3 is not"),
    "only": ({"const": "a"}, "b", 'must be "a": "b" is not'),
    "kind": ({"type": "integer"}, "many", 'must be a whole number: "many" is not'),
    "null": ({"anyOf": [{"maximum": 1}, {"type": "null"}]}, 2, "must be at most 1: 2 is too large"),
    "list": ({"maxItems": 1}, [1, 2], "needs at most 1 item: it has 2"),
    "set": ({"uniqueItems": True}, [1, 1], "must not hold the same item twice"),
    "keys": ({"type": "object", "additionalProperties": False}, {"q": 1}, 'does not know: "q"'),
    "name": (
        {"propertyNames": {"maxLength": 1}},
        {"ab": 1},
        'has the key "ab", which needs at most',
    ),
    "pair": ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, '"a" needs "b" beside it'),
}


@pytest.mark.parametrize("name", BAD)
def test_a_problem_is_said_in_words_at_its_field(name: str):
    schema, value, words = BAD[name]
    form = Form(arguments_of(**{name: schema}))
    form.fill({name: value})
    [problem] = form.problems()
    assert problem.path == (name,)
    assert words in problem.message
    with pytest.raises(FormError) as caught:
        form.value()
    assert caught.value.problems == [problem]
    assert str(caught.value) == f"{name} {problem.message}"


def test_a_problem_goes_away_when_it_is_mended():
    form = Form(arguments_of(limit={"type": "integer", "maximum": 50}))
    control(form, "limit").value = "200"
    assert said(form) == ["must be at most 50: 200 is too large"]
    control(form, "limit").value = "20"
    assert said(form) == []


def test_a_field_that_nobody_has_touched_is_not_scolded_before_the_arguments_are_wanted():
    form = Form(
        {**arguments_of(a={"type": "number"}, b={"type": "number"}), "required": ["a", "b"]}
    )
    assert said(form) == []
    control(form, "a").value = "x"
    assert said(form) == ["must be a number, such as 12 or 0.5"]
    assert [problem.path for problem in form.problems()] == [("a",), ("b",)]
    assert said(form) == ["must be a number, such as 12 or 0.5", "needs a number"]


@pytest.mark.parametrize("typed", ["12x", "1,5", "0x10", "١٢", "NaN", "1e400", "1e-400", "--1"])
def test_what_is_no_number_is_kept_as_it_was_typed(typed: str):
    form = Form(arguments_of(n={"type": "number"}))
    control(form, "n").value = typed
    assert len(form.problems()) == 1
    assert control(form, "n").value == typed


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("9" * 400, int("9" * 400)),
        ("-0", 0),
        ("1.0", 1.0),
        ("1e3", 1000.0),
        (" 7 ", 7),
        (".5", 0.5),
    ],
)
def test_integers_are_exact_and_floats_as_written(typed: str, number: float):
    form = Form(arguments_of(n={"type": "number"}))
    control(form, "n").value = typed
    assert form.value() == {"n": number}
    assert type(form.value()["n"]) is type(number)


def test_a_float_that_is_no_multiple_of_a_tiny_step_is_a_problem_and_no_overflow():
    form = Form(arguments_of(n={"type": "number", "multipleOf": 0.3}))
    control(form, "n").value = "1" + "0" * 400
    assert [problem.path for problem in form.problems()] == [("n",)]


def test_items_of_a_list_can_be_added_moved_and_removed():
    form = Form(
        {**arguments_of(tags={"type": "array", "items": {"type": "string"}}), "required": ["tags"]}
    )
    for _ in range(3):
        control(form, "add an item to tags").click()
    for number, word in enumerate(("a", "b", "c"), start=1):
        control(form, f"tags {number}").value = word
    control(form, "move item 3 of tags up").click()
    assert form.value() == {"tags": ["a", "c", "b"]}
    control(form, "remove item 1 of tags").click()
    assert form.value() == {"tags": ["c", "b"]}
    assert control(form, "move item 1 of tags up").disabled
    assert control(form, "move item 2 of tags down").disabled


def test_an_item_that_moved_shows_its_own_problem_at_its_new_place():
    form = Form(arguments_of(ns={"type": "array", "items": {"type": "integer"}}))
    form.fill({"ns": [1, 2]})
    control(form, "ns 1").value = "x"
    control(form, "move item 1 of ns down").click()
    assert form.problems() == [Problem(("ns", 1), "must be a number, such as 12 or 0.5")]


def test_choices_that_may_stand_once_are_offered_once():
    form = Form(
        arguments_of(a={"type": "array", "uniqueItems": True, "items": {"enum": ["x", "y"]}})
    )
    form.fill({"a": ["y"]})
    assert [label for label, _ in control(form, "a: what to add").options] == ["x"]
    control(form, "add what is chosen to a").click()
    control(form, "move x before y").click()
    assert form.value() == {"a": ["x", "y"]}
    assert control(form, "add what is chosen to a").disabled


def test_objects_in_a_list_and_unions_in_objects_have_fields():
    circle = {"properties": {"kind": {"const": "circle"}, "r": {"type": "number"}}}
    square = {"properties": {"kind": {"const": "square"}, "side": {"type": "number"}}}
    shapes = [{"type": "object", "required": ["kind"], **shape} for shape in (circle, square)]
    form = Form(arguments_of(shapes={"type": "array", "items": {"oneOf": shapes}}))
    choose(form, "shapes: left out, value", "value")
    control(form, "add an item to shapes").click()
    choose(form, "shapes 1: which kind", "kind: square")
    control(form, "shapes 1.side").value = "2"
    assert form.value() == {"shapes": [{"kind": "square", "side": 2}]}
    choose(form, "shapes 1: which kind", "kind: circle")
    choose(form, "shapes 1: which kind", "kind: square")
    assert form.value() == {"shapes": [{"kind": "square", "side": 2}]}  # nothing was lost


def test_an_enumeration_tells_values_of_different_types_apart():
    form = Form({**arguments_of(e={"enum": [1, "1", 1.0, True, None]}), "required": ["e"]})
    [problem] = form.problems()
    assert problem.path == ("e",)
    for value in (1, "1", 1.0, True, None):
        form.fill({"e": value})
        assert repr(form.value()) == repr({"e": value})


def test_keys_of_ones_own_can_be_added_and_a_key_twice_is_a_problem():
    form = Form(
        arguments_of(headers={"type": "object", "additionalProperties": {"type": "string"}})
    )
    choose(form, "headers: left out, value", "value")
    for number in (1, 2):
        control(form, "add a key to headers").click()
        control(form, f"headers key {number}").value = "X-A"
    [problem] = form.problems()
    assert problem.path == ("headers", "X-A")
    control(form, "headers key 2").value = "X-B"
    control(form, "headers value 1").value = "1"
    assert form.value() == {"headers": {"X-A": "1", "X-B": ""}}


def test_a_tuple_has_a_field_for_every_place():
    places = [{"type": "string"}, {"type": "integer"}]
    schema = {"type": "array", "prefixItems": places, "items": False, "minItems": 2}
    form = Form({**arguments_of(pair=schema), "required": ["pair"]})
    control(form, "pair 1").value = "a"
    control(form, "pair 2").value = "2"
    assert form.value() == {"pair": ["a", 2]}


def test_a_tree_grows_as_deep_as_one_likes():
    tree = arguments_of(
        label={"type": "string"}, left={"$ref": "#"}, more={"type": "array", "items": {"$ref": "#"}}
    )
    form = Form(tree)
    value: dict[str, Any] = {"label": "leaf"}
    for _ in range(12):
        value = {"label": "node", "left": value, "more": [{"label": "twig"}]}
    form.fill(value)
    assert form.value() == value
    assert not any(isinstance(one, ipywidgets.Textarea) for one in displayed(form.widget))


def test_arguments_that_do_not_fit_stand_in_the_json_editor_and_come_back_when_mended():
    form = Form(arguments_of(n={"type": "integer"}))
    form.fill({"n": "many", "z": [1]})
    editor = control(form, "arguments, as JSON")
    assert json.loads(editor.value) == {"n": "many", "z": [1]}
    assert "do not fit" in text(form)
    assert form.problems() == [Problem(("n",), 'must be a whole number: "many" is not')]
    control(form, "Fields").click()  # they still do not fit
    assert json.loads(editor.value) == {"n": "many", "z": [1]}
    editor.value = '{"n": 3}'
    control(form, "Fields").click()
    assert control(form, "n").value == "3"
    assert form.value() == {"n": 3}


def test_the_json_editor_takes_over_what_was_typed_and_gives_it_back_untouched():
    form = Form(arguments_of(n={"type": "integer"}, s={"type": "string"}))
    control(form, "n").value = "12x"
    control(form, "JSON").click()
    assert json.loads(control(form, "arguments, as JSON").value) == {"n": "12x"}
    control(form, "Fields").click()
    assert control(form, "n").value == "12x"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ('{"n": 1', "is not JSON"),
        ('{"n": NaN}', "NaN"),
        ('{"n": 1, "n": 2}', 'holds the key "n" twice'),
        ("[" * 5000, "nested more than"),
        ('{"n": ' + "1" * 5000 + "}", "digits"),
        ("[1]", "must be an object: [1] is not"),
        ("", "needs JSON"),
    ],
)
def test_what_is_no_json_object_is_a_problem(typed: str, words: str):
    form = Form(arguments_of(n={}))
    control(form, "JSON").click()
    control(form, "arguments, as JSON").value = typed
    [problem] = form.problems()
    assert problem.path == ()
    assert words in problem.message


def test_text_of_several_lines_gets_several_lines():
    form = Form(arguments_of(a={"type": "string"}, b={"type": "string", "maxLength": 5000}))
    assert isinstance(control(form, "b"), ipywidgets.Textarea)
    control(form, "a").value = "one"
    control(form, "a: write several lines").click()
    assert isinstance(control(form, "a"), ipywidgets.Textarea)
    assert form.value() == {"a": "one"}
    form.fill({"a": "one\ntwo", "b": "\n"})
    assert form.value() == {"a": "one\ntwo", "b": "\n"}


def test_letters_that_arrive_after_the_line_has_become_several_are_kept():
    form = Form(arguments_of(a={"type": "string"}))
    line = control(form, "a")
    line.value = "Bo"
    control(form, "a: write several lines").click()
    line.set_state({"value": "Bob"})  # as the browser sends it, a moment later
    assert form.value() == {"a": "Bob"}
    control(form, "a").value = "Bob\nAda"
    assert form.value() == {"a": "Bob\nAda"}


def test_the_arguments_as_they_stand_are_known_without_scolding():
    form = Form({**arguments_of(n={"type": "number"}), "required": ["n"]})
    assert form.draft() is None
    assert said(form) == []
    control(form, "n").value = "1"
    assert form.draft() == {"n": 1}


def test_enter_in_a_line_submits_and_every_edit_is_announced():
    heard: list[str] = []
    schema = arguments_of(a={"type": "string"}, n={"type": "number"})
    form = Form(schema, on_submit=lambda: heard.append("submit"))
    form.on_change(lambda: heard.append("change"))
    control(form, "a").value = "x"
    for name in ("a", "n"):
        control(form, name)._handle_custom_msg({"event": "submit"}, [])
    form.fill({"n": 1})
    assert heard == ["change", "submit", "submit", "change"]


def test_the_focus_goes_to_the_first_field_with_a_problem(monkeypatch: pytest.MonkeyPatch):
    focused: list[str] = []
    monkeypatch.setattr(
        ipywidgets.Text, "focus", lambda self: focused.append(self.description), raising=True
    )
    form = Form(
        arguments_of(
            a={"type": "string"},
            b={"type": "object", "required": ["n"], **arguments_of(n={"type": "number"})},
            c={"type": "integer"},
        )
    )
    choose(form, "b: left out, value", "value")
    control(form, "c").value = "x"
    form.problems()
    form.focus_first_problem()
    assert focused == ["b.n"]


HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202e</b><script>alert(1)</script>"


def test_names_titles_descriptions_defaults_and_values_are_never_html():
    schema = arguments_of(
        **{
            HOSTILE: {
                "type": "object",
                "title": HOSTILE,
                "description": HOSTILE,
                "default": {HOSTILE: HOSTILE},
                "properties": {HOSTILE: {"enum": [HOSTILE, "b"], "default": HOSTILE}},
                "additionalProperties": {"type": "string", "pattern": HOSTILE, "format": HOSTILE},
            }
        },
        list={"type": "array", "items": {"enum": [HOSTILE, "b"], "description": HOSTILE}},
        union={
            "anyOf": [{"type": "object", "title": HOSTILE}, {"type": "string", "format": HOSTILE}]
        },
        broken={"$ref": HOSTILE},
    )
    form = Form(schema)
    form.fill({HOSTILE: {HOSTILE: HOSTILE, "a": HOSTILE}, "list": [HOSTILE], "union": HOSTILE})
    form.problems()
    fields = Form(schema)
    for state in [name for name in names(fields) if name.endswith(": left out, value")]:
        choose(fields, state, "value")
    fields.problems()
    for shown in (markup(fields), markup(form), markup(Form({**schema, "type": HOSTILE}))):
        assert "<img" not in shown
        assert "<script" not in shown
        assert not any(sign in shown for sign in "\x1b\u202e")
    assert html.escape("<img src=x onerror=alert(1)>") in markup(fields)
    assert not any("\x1b" in name for name in names(fields))


BROKEN = {
    "no object": 3,
    "nothing": None,
    "nothing allowed": False,
    "an unknown type": {"type": "objekt"},
    "a list": {"type": "array"},
    "itself": {"$ref": "#"},
    "a circle of allOf": {
        "allOf": [{"$ref": "#/$defs/a"}],
        "$defs": {"a": {"allOf": [{"$ref": "#"}]}},
    },
    "unresolvable": {"$ref": "#/$defs/nowhere"},
    "too deep": json.loads('{"properties": {"a": ' * 80 + "{}" + "}}" * 80),
    "keys by a pattern that may never end": {"type": "object", "patternProperties": {"(a+)+$": {}}},
    "keys by a pattern that is none": {"type": "object", "patternProperties": {"(": {}}},
}


@pytest.mark.parametrize("schema", BROKEN.values(), ids=BROKEN)
def test_an_absurd_schema_ends_in_the_json_editor_with_a_sentence(schema: Any):
    form = Form(schema)
    control(form, "arguments, as JSON").value = '{"a": [1]}'
    form.problems()
    assert "." in text(form)
    assert len(text(form)) > 40
    assert form.unchecked or schema in (False, {"type": "array"})


DRAFT_4 = "http://json-schema.org/draft-04/schema#"


@pytest.mark.parametrize("odd", [{}, [], [1], 3, True, None, {"$ref": {}}], ids=repr)
def test_words_whose_type_an_old_draft_leaves_open_are_no_reason_to_fail(odd: Any):
    form = Form({**arguments_of(a={"$ref": odd}, b={"type": "string"}), "$schema": DRAFT_4})
    choose(form, "a: left out, value", "value")
    assert "refers to something that is no text" in text(form)
    control(form, "b").value = "x"
    form.problems()
    form = Form({**arguments_of(b={"type": "string"}), "$schema": DRAFT_4, "$id": odd})
    control(form, "b").value = "x"
    form.problems()


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
@pytest.mark.parametrize(
    ("branches", "said"),
    [
        ([False], "is not allowed here"),
        ([False, False], "is none of the 2 things allowed here"),
        ([False, {"maxProperties": 0}], "needs at most 0 keys: it has 1"),
    ],
)
def test_the_alternative_false_is_no_reason_to_fail(word: str, branches: Any, said: str):
    form = Form({**arguments_of(a={"type": "string"}), word: branches})
    form.fill({"a": "x"})
    assert form.problems() == [Problem((), said)]


TWINS = {"(?P<x>a)": {}, "(?P<x>b)": {}}


@pytest.mark.parametrize(
    "part",
    [
        *({"$ref": "#/x", "x": odd} for odd in ("text", 3, None, [1])),
        {"$ref": "#/x", "x": {"type": "objekt"}},
        {"$ref": "#/x", "x": {"properties": [1]}},
        {"$ref": "#/x", "x": {"maximum": "9"}},
        {"$ref": "#/x", "x": {"multipleOf": 0}},
        {"$ref": "#/x", "x": {"format": []}},
        {"$ref": "#/x/a", "x": [1]},
        {"$ref": "#/x/9", "x": [1]},
        {"$ref": "http://["},
        {"patternProperties": TWINS, "additionalProperties": False},
    ],
    ids=repr,
)
def test_what_jsonschema_trips_over_leaves_the_arguments_unchecked_with_a_reason(part: Any):
    form = Form({**arguments_of(a={**part, "x": 0}), "x": part.get("x")})
    reasons = ""
    for value in (1, {"b": 1}):
        form.fill({"a": value})
        assert form.value() == {"a": value}
        reasons += form.unchecked
    assert "cannot be used by jsonschema" in reasons or "is not in it" in reasons


@pytest.mark.parametrize(
    "part",
    [
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "#/properties/a"},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"enum": []},
        {"not": {}},
        False,
    ],
)
def test_an_absurd_part_is_edited_as_json_and_the_rest_has_fields(part: Any):
    form = Form(arguments_of(a=part, b={"type": "string"}))
    choose(form, "a: left out, value", "value")
    assert isinstance(control(form, "a, as JSON"), ipywidgets.Textarea)
    choose(form, "a: left out, value", "left out")
    control(form, "b").value = "x"
    assert form.value() == {"b": "x"}


def test_a_remote_reference_is_never_fetched():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        form = Form(arguments_of(a={"$ref": address}))
        form.fill({"a": 1})
        assert form.problems() == []
        assert address in form.unchecked
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("word", ["allOf", "anyOf"])
def test_references_that_double_at_every_step_do_not_hang(word: str):
    steps = {f"a{n}": {word: [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    schema = {
        **arguments_of(a={"$ref": "#/$defs/a0"}),
        "$defs": {**steps, "a40": {"type": "string"}},
    }
    started = time.monotonic()
    form = Form(schema)
    form.fill({"a": 1})
    form.problems()
    form.fill({"a": "x"})
    form.problems()
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "part", [{"type": "array", "minItems": 10**9}, {"type": "object", "required": ["x", "y"]}]
)
def test_required_parts_in_required_parts_are_not_built_without_end(part: dict[str, Any]):
    steps = {
        f"a{n}": {
            **part,
            "items": {"$ref": f"#/$defs/a{n + 1}"},
            "properties": {key: {"$ref": f"#/$defs/a{n + 1}"} for key in "xy"},
        }
        for n in range(30)
    }
    form = Form(
        {**arguments_of(a={"$ref": "#/$defs/a0"}), "required": ["a"], "$defs": {**steps, "a30": {}}}
    )
    assert len(displayed(form.widget)) < 4000


def test_another_draft_is_checked_by_its_own_rules():
    schema = {
        **arguments_of(n={"minimum": 0, "exclusiveMinimum": True}),
        "$schema": "http://json-schema.org/draft-04/schema#",
    }
    form = Form(schema)
    form.fill({"n": 0})
    assert len(form.problems()) == 1
    form.fill({"n": 1})
    assert form.value() == {"n": 1}


def test_a_form_of_ten_fields_takes_milliseconds_and_one_of_two_hundred_not_long():
    kinds: list[dict[str, Any]] = [
        {"type": "string", "description": "Text."},
        {"type": "integer", "minimum": 0},
        {"enum": ["a", "b"]},
        {"type": "array", "items": {"type": "string"}},
    ]

    def seconds(count: int) -> float:
        started = time.process_time()
        Form(arguments_of(**{f"p{n}": kinds[n % 4] for n in range(count)}))
        return time.process_time() - started

    assert min(seconds(10) for _ in range(5)) < 0.030
    assert min(seconds(200) for _ in range(5)) < 0.300


def test_an_edit_in_another_thread_is_not_lost_to_a_slower_check_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
):
    form = Form(arguments_of(n={"type": "integer", "maximum": 50}))
    edits, told = list[Any](), list[Any]()
    form.on_change(lambda: told.append(form.draft()))

    def overtaken(value: Any, checker: Any) -> Any:
        found = problems_of(value, checker)
        if value == {"n": 5}:
            edits.append(pool.submit(control(form, "n").set_trait, "value", "500"))
            wait(edits, 0.3)  # while this check lasts, the other one can do no harm
        return found

    monkeypatch.setattr("helpers.forms.form.problems_of", overtaken)
    with ThreadPoolExecutor() as pool:
        control(form, "n").value = "5"
    with pytest.raises(FormError):
        form.value()
    assert said(form) == ["must be at most 50: 500 is too large"]
    assert told[-1] is None


@pytest.mark.parametrize(
    "hidden", ["\U000e0041", "\u3164", "\u2800", "\u115f", "\u034f", "\ufe01", "\u202e", "\ud800"]
)
def test_what_cannot_be_seen_stands_as_an_escape_in_the_json_editor_and_in_no_field(hidden: str):
    form = Form(arguments_of(a={"type": "string"}))
    form.fill({"a": f"x{hidden}y"})
    shown = control(form, "arguments, as JSON").value
    assert shown.isascii()
    assert json.loads(shown) == form.value() == {"a": f"x{hidden}y"}


def test_forms_can_be_had_without_the_panels_that_use_them():
    loaded = "[name for name in sys.modules if name.startswith('helpers.panels')]"
    code = f"import sys, helpers.forms; sys.exit(', '.join({loaded}) or None)"
    subprocess.run([PYTHON, "-c", code], check=True)
