"""jsonschema, made to end: a deadline, a greatest depth, and patterns that cannot run for ever."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import referencing.exceptions
from jsonschema import ValidationError
from jsonschema.exceptions import SchemaError, UnknownType
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from helpers.errors import shorten
from helpers.forms.patterns import matches

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


class Endless(Uncheckable):
    """A check has used its time up."""


class _TooLong(Exception):
    """A check has passed its deadline."""


class _TooDeep(Exception):
    """A check has gone too deep, most likely in a circle."""


@contextmanager
def within_budget() -> Iterator[None]:
    """Let jsonschema work for a while; whatever it raises means that it cannot."""
    token = _budget.set(_Budget(time.monotonic() + SECONDS))
    try:
        yield
    except _TooLong:
        raise Endless("takes too long to check") from None
    except _FAILURES as error:
        raise Uncheckable(_reason(error)) from None
    finally:
        _budget.reset(token)


# What a schema can make jsonschema raise. A `$ref` may lead to a value that is no schema, such as
# a default, which no metaschema has seen: jsonschema then trips over whatever stands in it.
_FAILURES = (
    SchemaError,
    _TooDeep,
    RecursionError,
    referencing.exceptions.Unresolvable,
    UnknownType,  # {"type": "objekt"} behind a $ref
    AttributeError,  # {"properties": []} behind a $ref, or text where the schema should be
    TypeError,  # {"maximum": "9"} behind a $ref, or a number where the schema should be
    ArithmeticError,  # {"multipleOf": 0} behind a $ref
    ValueError,  # a $ref that is no URI, such as "http://[", or no place in a list
    re.error,  # patterns of keys that only together are none: two that name a group alike
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
def guarded(draft: type[Validator]) -> Any:
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


def _in_time() -> _Budget:
    budget = _budget.get()
    if time.monotonic() > budget.ends:
        raise _TooLong
    return budget


def _watched(keyword: Any) -> Any:
    def watched(validator: Any, value: Any, instance: Any, schema: Any) -> _Errors:
        budget = _in_time()
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
    _in_time()
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _multiple_of(plain: Any) -> Any:
    def multiple_of(validator: Any, step: Any, instance: Any, schema: Any) -> _Errors:
        try:
            yield from (plain(validator, step, instance, schema) or ()) if plain else ()
        except OverflowError:  # an integer too large for a float, divided by a float
            if step != int(step) or instance % int(step):
                yield ValidationError(f"{instance} is not a multiple of {step}")

    return multiple_of
