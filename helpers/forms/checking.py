"""Arguments checked against their schema by jsonschema: nothing fetched, nothing endless."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import referencing.exceptions
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError, UndefinedTypeCheck, UnknownType
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

from helpers.errors import shorten
from helpers.forms.patterns import Unmatched, bounded, matches, trouble
from helpers.forms.problems import unreadable

LARGEST = 50_000  # parts of a schema
DEEPEST = 60  # levels of a schema
SECONDS = 1.0  # for one check
NESTED = 120  # keywords in keywords; jsonschema takes about four frames for each


@dataclass
class _Budget:
    """How long one check may go on, and how deep it has gone."""

    ends: float
    depth: int = 0


_budget: ContextVar[_Budget] = ContextVar("_budget")


class Uncheckable(ValueError):
    """A schema cannot be used; the message says why, and completes "This schema …"."""


class Checker:
    """Checks arguments against one schema.

    Args:
        schema: JSON Schema, Draft 2020-12 unless its `$schema` names another known draft.

    Raises:
        Uncheckable: no arguments can be checked against it.
    """

    def __init__(self, schema: Any) -> None:
        if isinstance(schema, dict):
            _survey(schema)
        named = schema.get("$schema") if isinstance(schema, dict) else None
        known = {"$schema": named} if isinstance(named, str) else {}
        draft = validator_for(known, default=Draft202012Validator)
        with _within_budget():
            _check_schema(draft, schema)
        self._endless, self._hurried = "", False
        if isinstance(schema, dict):  # its `$schema` would bring back the unguarded class
            schema = {key: value for key, value in schema.items() if key != "$schema"}
        self._validator = _guarded(draft)(
            schema, registry=REGISTRY, format_checker=draft.FORMAT_CHECKER
        )

    def errors(self, arguments: Any) -> list[ValidationError]:
        """What jsonschema finds, without what concerns fields that could not be read.

        Raises:
            Uncheckable: the schema leads in circles, too far, or elsewhere.
        """
        if self._endless:
            raise Uncheckable(self._endless)
        try:
            with _within_budget():
                found = list(self._validator.iter_errors(arguments))
        except _Endless as error:
            self._endless = str(error)  # it would take as long after every key that is pressed
            raise
        return [error for error in found if error.validator == "required" or _whole(error)]

    def allows(self, value: Any, schema: Any) -> bool:
        """Whether a part of the schema allows a value; False where that cannot be said."""
        try:
            if self._endless or self._hurried:
                return False
            with _within_budget():
                return bool(self._validator.evolve(schema=schema).is_valid(value))
        except _Endless:
            self._hurried = True  # it is only asked to choose among alternatives, maybe many
            return False
        except Uncheckable:
            return False


def _check_schema(draft: type[Validator], schema: Any) -> None:
    if draft is not Draft202012Validator:
        draft.check_schema(schema, format_checker=None)
    elif error := next(_metaschema().iter_errors(schema), None):
        raise SchemaError.create_from(error)


@lru_cache
def _metaschema() -> Validator:
    """The metaschema of Draft 2020-12 in one piece: jsonschema takes a hundredth of the time.

    The published one is made of eight, put together by dynamic references.
    """
    core = Draft202012Validator.META_SCHEMA
    together: dict[str, Any] = {"type": core["type"], "properties": {}, "$defs": {}}
    for part in [core, *(REGISTRY.contents(f"{_BASE}{one['$ref']}") for one in core["allOf"])]:
        for word in ("properties", "$defs"):
            together[word].update(part.get(word, {}))
    text = json.dumps(together).replace('"$dynamicRef": "#meta"', '"$ref": "#"')
    return Draft202012Validator(json.loads(text))


_BASE = "https://json-schema.org/draft/2020-12/"


def _whole(error: ValidationError) -> bool:
    return next(unreadable(error.instance), None) is None


def _survey(schema: dict[str, Any]) -> None:
    """Look at every part of a schema once, for what jsonschema would not survive."""
    parts, level, layer = 0, 0, list[Any]([schema])
    while layer:
        parts, level = parts + len(layer), level + 1
        if parts > LARGEST or level > DEEPEST:
            raise Uncheckable(f"has more than {LARGEST:,} parts or {DEEPEST} levels")
        for part in layer:
            if isinstance(part, dict):
                _survey_part(part, outermost=part is schema)
        layer = [
            inner
            for part in layer
            if isinstance(part, (dict, list))
            for inner in (part.values() if isinstance(part, dict) else part)
        ]


def _survey_part(part: dict[str, Any], *, outermost: bool) -> None:
    if not outermost and isinstance(part.get("$schema"), str):
        raise Uncheckable("holds schemas of several drafts")
    patterns = part.get("patternProperties")
    for pattern in patterns if isinstance(patterns, dict) else ():
        if not isinstance(pattern, str) or trouble(pattern) or not bounded(pattern):
            raise Uncheckable(f"names keys by a pattern that is not tried here ({pattern!r:.80})")


class _Endless(Uncheckable):
    """A check has used its time up."""


class _TooLong(Exception):
    """A check has passed its deadline."""


class _TooDeep(Exception):
    """A check has gone too deep, most likely in a circle."""


@contextmanager
def _within_budget() -> Iterator[None]:
    """Let jsonschema work for a while; whatever it raises means that it cannot."""
    token = _budget.set(_Budget(time.monotonic() + SECONDS))
    try:
        yield
    except _TooLong:
        raise _Endless("takes too long to check") from None
    except _FAILURES as error:
        raise Uncheckable(_reason(error)) from None
    finally:
        _budget.reset(token)


_FAILURES = (
    SchemaError,
    _TooDeep,
    RecursionError,
    ArithmeticError,
    re.error,
    referencing.exceptions.Unresolvable,
    referencing.exceptions.CannotDetermineSpecification,
    UnknownType,
    UndefinedTypeCheck,
    AttributeError,  # what jsonschema raises where a $ref leads to something that is no schema
    TypeError,
    ValueError,
    LookupError,
)


def _reason(error: BaseException) -> str:
    match error:
        case _TooDeep() | RecursionError():
            return "leads in circles, or too deep"
        case SchemaError():
            place = "/".join(map(str, error.path))
            reason = f"at {place}: {error.message}" if place else error.message
            return f"is not valid JSON Schema ({shorten(reason, 160)})"
        case referencing.exceptions.Unresolvable():
            return f"refers to something that is not in it ({shorten(str(error.ref), 80)})"
    return f"cannot be used by jsonschema ({shorten(f'{type(error).__name__}: {error}', 120)})"


@lru_cache
def _guarded(draft: type[Validator]) -> Any:
    """jsonschema's class for a draft, with a deadline, and with patterns that end."""
    keywords: dict[str, Any] = dict(draft.VALIDATORS)
    keywords.update(pattern=_pattern, multipleOf=_multiple_of(keywords.get("multipleOf")))
    for name in _APPLICATORS & keywords.keys():
        keywords[name] = _watched(keywords[name])
    for name in ("unevaluatedItems", "unevaluatedProperties"):
        if name in keywords:
            keywords[name] = _last(keywords[name], keywords)
    return extend(draft, keywords)


# the keywords that apply schemas, in which a schema can go round in circles
_APPLICATORS = {
    "$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "not", "if", "items",
    "prefixItems", "contains", "properties", "additionalProperties", "patternProperties",
    "propertyNames", "dependentSchemas", "dependencies", "extends",
}  # fmt: skip
_Errors: TypeAlias = Iterator[ValidationError]


def _watched(keyword: Any) -> Any:
    def watched(validator: Any, value: Any, instance: Any, schema: Any) -> _Errors:
        budget = _budget.get()
        if time.monotonic() > budget.ends:
            raise _TooLong
        if budget.depth >= NESTED:
            raise _TooDeep
        budget.depth += 1
        try:
            yield from keyword(validator, value, instance, schema) or ()
        finally:
            budget.depth -= 1

    return watched


def _last(keyword: Any, keywords: dict[str, Any]) -> Any:
    """A keyword that follows references unwatched, after the watched ones have come back."""

    def last(validator: Any, value: Any, instance: Any, schema: Any) -> _Errors:
        for name in _APPLICATORS & schema.keys() & keywords.keys():
            list(keywords[name](validator, schema[name], instance, schema))
        yield from keyword(validator, value, instance, schema) or ()

    return last


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> _Errors:
    if not isinstance(instance, str) or trouble(pattern):  # beside the field stands "not tried"
        return
    try:
        if not matches(pattern, instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")
    except Unmatched as error:
        yield ValidationError(f"could not be compared with the pattern: {error}")


def _multiple_of(plain: Any) -> Any:
    def multiple_of(validator: Any, step: Any, instance: Any, schema: Any) -> _Errors:
        try:
            yield from (plain(validator, step, instance, schema) or ()) if plain else ()
        except OverflowError:  # an integer too large for a float, divided by a float
            if step != int(step) or instance % int(step):
                yield ValidationError(f"{instance} is not a multiple of {step}")

    return multiple_of
