"""Whatever the schema: a form yields what is valid, or names the field that stops it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY

from helpers.forms import Form, FormError
from helpers.forms.checking import _check_schema
from helpers.forms.jsontext import same
from helpers.forms.patterns import reach
from tests.form_schemas import Part, broken, hostile_schemas, roots, texts, values
from tests.form_use import controls

pytestmark = pytest.mark.timeout(600)
slow = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def valid(schema: Any, arguments: Any) -> bool:
    """What jsonschema says without any help of ours."""
    judge = validator_for(schema, default=Draft202012Validator)
    if "pattern" in judge.VALIDATORS:
        judge = extend(judge, {"pattern": _pattern_where_it_is_tried})
    judge = judge(schema, registry=REGISTRY, format_checker=judge.FORMAT_CHECKER)
    return bool(judge.is_valid(arguments))


def _pattern_where_it_is_tried(_: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    tried = isinstance(instance, str) and len(instance) <= reach(pattern)
    if tried and not re.search(pattern, instance):
        yield ValidationError("does not match")


def use(control: Any, draw: st.DataObject) -> None:
    """Do something with a control, as a person might."""
    if isinstance(control, ipywidgets.Button):
        control.click()
    elif isinstance(control, ipywidgets.Dropdown):
        if control.options:
            control.index = draw.draw(st.integers(0, len(control.options) - 1))
    else:
        typed = st.sampled_from(["1", "-5", "2.50", "1e400", "{", "[1]", "true", "a", "2026-07-28"])
        control.value = draw.draw(typed | texts.filter(lambda text: "\r" not in text))


def yields_what_is_valid(form: Form, schema: Any) -> None:
    problems = form.problems()
    if problems:
        with pytest.raises(FormError):
            form.value()
    elif not form.unchecked:
        assert valid(schema, form.value())


@slow
@given(schema=hostile_schemas() | broken)
def test_a_schema_is_sound_to_the_form_where_it_is_to_jsonschema(schema: Any):
    def complaint(check: Callable[[], None]) -> bool:
        try:
            check()
        except SchemaError:
            return True
        return False

    draft = Draft202012Validator
    plainly = complaint(lambda: draft.check_schema(schema, format_checker=None))
    assert complaint(lambda: _check_schema(draft, schema)) == plainly


@slow
@given(data=st.data(), part=roots)
def test_arguments_that_are_filled_in_come_out_as_they_were(data: st.DataObject, part: Part):
    schema, allowed = part
    arguments = data.draw(allowed)
    assume(valid(schema, arguments))  # oneOf may find that two alternatives fit
    form = Form(schema)
    form.fill(arguments)
    assert form.problems() == []
    assert same(form.value(), arguments)


@slow
@given(data=st.data(), part=roots)
def test_a_form_in_use_yields_what_is_valid_or_says_what_stops_it(data: st.DataObject, part: Part):
    form = Form(part[0])
    yields_what_is_valid(form, part[0])
    for _ in range(data.draw(st.integers(1, 8))):
        found = controls(form)
        use(found[data.draw(st.integers(0, len(found) - 1))], data)
        yields_what_is_valid(form, part[0])


@slow
@given(part=roots, arguments=st.dictionaries(st.sampled_from("ab"), values))
def test_arguments_that_are_not_valid_are_kept_and_named(part: Part, arguments: dict[str, Any]):
    form = Form(part[0])
    form.fill(arguments)
    if valid(part[0], arguments):
        assert same(form.value(), arguments)
    else:
        assert form.problems()


@slow
@given(data=st.data(), schema=hostile_schemas())
def test_a_form_of_a_tampered_schema_yields_what_is_valid_or_says_what_stops_it(
    data: st.DataObject, schema: Any
):
    form = Form(schema)
    for _ in range(data.draw(st.integers(1, 6))):
        yields_what_is_valid(form, schema)
        found = controls(form)
        use(found[data.draw(st.integers(0, len(found) - 1))], data)


@slow
@given(schema=broken | hostile_schemas(), arguments=st.dictionaries(st.sampled_from("ab"), values))
def test_no_schema_makes_a_form_fail_or_lose_arguments(schema: Any, arguments: dict[str, Any]):
    form = Form(schema)
    form.problems()
    form.fill(arguments)
    assert form.problems() or same(form.value(), arguments)
