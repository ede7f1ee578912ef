"""Arguments checked against their schema by jsonschema: nothing fetched, nothing endless."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import referencing.exceptions
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError, UndefinedTypeCheck, UnknownType
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

from helpers.errors import shorten
from helpers.forms.patterns import Unmatched, matches, trouble, variable_repeats
from helpers.forms.problems import unreadable

LARGEST = 20_000  # parts of a schema
DEEPEST = 60  # levels of a schema
SECONDS = 2.0  # for one check
_ends: ContextVar[float] = ContextVar("_ends")


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
        try:
            draft.check_schema(schema, format_checker=None)
        except SchemaError as error:
            place = "/".join(map(str, error.path))
            reason = f"at {place}: {error.message}" if place else error.message
            raise Uncheckable(f"is not valid JSON Schema ({shorten(reason, 160)})") from None
        except _FAILURES as error:
            raise Uncheckable(_reason(error)) from None
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
        token = _ends.set(time.monotonic() + SECONDS)
        try:
            found = list(self._validator.iter_errors(arguments))
        except _FAILURES as error:
            raise Uncheckable(_reason(error)) from None
        finally:
            _ends.reset(token)
        return [error for error in found if error.validator == "required" or _whole(error)]

    def allows(self, value: Any, schema: Any) -> bool:
        """Whether a part of the schema allows a value; False where that cannot be said."""
        token = _ends.set(time.monotonic() + SECONDS)
        try:
            return bool(self._validator.evolve(schema=schema).is_valid(value))
        except _FAILURES:
            return False
        finally:
            _ends.reset(token)


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
        if not isinstance(pattern, str) or trouble(pattern) or variable_repeats(pattern) is None:
            raise Uncheckable(f"names keys by a pattern that is not tried here ({pattern!r:.80})")


class _TooLong(Exception):
    """A check has passed its deadline."""


_FAILURES = (
    _TooLong,
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
        case _TooLong():
            return f"takes more than {SECONDS:g} seconds to check"
        case RecursionError():
            return "leads in circles"
        case referencing.exceptions.Unresolvable():
            return f"refers to something that is not in it ({shorten(str(error.ref), 80)})"
    return f"cannot be used by jsonschema ({shorten(f'{type(error).__name__}: {error}', 120)})"


@lru_cache
def _guarded(draft: type[Validator]) -> Any:
    """jsonschema's class for a draft, with a deadline, and with patterns that end."""
    keywords: dict[str, Any] = dict(draft.VALIDATORS)
    watched = {name: _timed(keywords[name]) for name in _BRANCHING if name in keywords}
    return extend(draft, {**watched, "pattern": _pattern, "multipleOf": _multiple_of(keywords)})


_BRANCHING = ("$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "items")


def _timed(keyword: Any) -> Any:
    def timed(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if time.monotonic() > _ends.get():
            raise _TooLong
        yield from keyword(validator, value, instance, schema) or ()

    return timed


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, str) or trouble(pattern):  # beside the field stands "not tried"
        return
    try:
        if not matches(pattern, instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")
    except Unmatched as error:
        yield ValidationError(f"could not be compared with the pattern: {error}")


def _multiple_of(keywords: dict[str, Any]) -> Any:
    plain = keywords.get("multipleOf")

    def multiple_of(
        validator: Any, step: Any, instance: Any, schema: Any
    ) -> Iterator[ValidationError]:
        try:
            yield from (plain(validator, step, instance, schema) or ()) if plain else ()
        except OverflowError:  # an integer too large for a float, divided by a float
            if step != int(step) or instance % int(step):
                yield ValidationError(f"{instance} is not a multiple of {step}")

    return multiple_of
