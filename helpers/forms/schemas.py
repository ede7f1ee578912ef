"""A part of a JSON Schema, flattened: its `$ref` followed, its `allOf` put together.

The form only lays out what it finds here; whether arguments are valid is jsonschema's to say. So
where two parts of an `allOf` cannot be put together exactly, the nearest will do.
Source: https://json-schema.org/draft/2020-12/json-schema-core
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeAlias

from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from helpers.errors import shorten
from helpers.forms.jsontext import brief, key_of, layers, same

Schema: TypeAlias = dict[str, Any]

MOST_PARTS = 500  # of one flattened schema
NOTHING: Schema = {"not": {}}  # what the schema `false` says
_MISSING = object()


class Unformable(ValueError):
    """A part of a schema cannot be laid out as fields; the message completes "This … "."""


class Schemas:
    """The parts of one schema, flattened one at a time."""

    def __init__(self, root: Schema | bool) -> None:
        if isinstance(root, dict) and not isinstance(root.get("$id", ""), str):
            root = {key: value for key, value in root.items() if key != "$id"}  # draft 4 lets it
        resource = DRAFT202012.create_resource(root)
        self._resolver = REGISTRY.resolver_with_root(resource)
        self._inner_ids = _holds_inner_id(root)

    def flat(
        self, schema: Any, seen: frozenset[str] = frozenset()
    ) -> tuple[Schema, frozenset[str]]:
        """The schema without `$ref` and `allOf`, and the references that led there.

        `seen` are those already followed on the way to it.

        Raises:
            Unformable: it refers to itself, to something that is not there, or to too much.
        """
        return self._flat(schema, seen, [MOST_PARTS])

    def _flat(
        self, schema: Any, seen: frozenset[str], left: list[int]
    ) -> tuple[Schema, frozenset[str]]:
        left[0] -= 1
        if left[0] < 0:
            raise Unformable(f"is made of more than {MOST_PARTS} parts")
        if isinstance(schema, bool):
            return ({} if schema else NOTHING), seen
        if not isinstance(schema, dict):
            raise Unformable("is no schema")
        together = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        refs = seen
        for part, before in self._parts(schema, seen):
            flat, followed = self._flat(part, before, left)
            together, refs = merged(together, flat), refs | followed
        return together, refs

    def _parts(self, schema: Schema, seen: frozenset[str]) -> list[tuple[Any, frozenset[str]]]:
        parts = [(part, seen) for part in _as_list(schema.get("allOf"))]
        if "$ref" in schema:
            ref = schema["$ref"]
            if not isinstance(ref, str):  # the metaschema of draft 4 lets it be anything
                raise Unformable(f"refers to something that is no text ({brief(ref)})")
            if ref in seen:
                raise Unformable(f"refers to itself ({shorten(ref)})")
            parts.insert(0, (self._target(ref), seen | {ref}))
        return parts

    def _target(self, ref: str) -> Any:
        if self._inner_ids:
            raise Unformable("is made of several documents")
        try:
            return self._resolver.lookup(ref).contents
        except (Unresolvable, ValueError, TypeError, AttributeError, LookupError):
            raise Unformable(
                f"refers to {shorten(ref)}, which is not in the schema; nothing is fetched"
            ) from None


def _holds_inner_id(root: Schema | bool) -> bool:
    """Whether a part has a base of its own, from which its references would be resolved."""
    return any(
        isinstance(part, dict) and isinstance(part.get("$id"), str)
        for layer in islice(layers(root), 1, None)
        for part in layer
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def merged(one: Schema, other: Schema) -> Schema:
    """Both schemas as one, nearly; where both only describe, what the first says."""
    together = dict(one)
    for key, value in other.items():
        mine = together.get(key, _MISSING)
        if mine is _MISSING:
            together[key] = value
        elif key in _MERGE and not same(mine, value):
            together[key] = _MERGE[key](mine, value)
    return together


def _all_of(one: Any, other: Any) -> Any:
    return {"allOf": [one, other]}


def _properties(one: Any, other: Any) -> Any:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return one
    both = {key: _all_of(one[key], other[key]) for key in one if key in other}
    return {**one, **other, **both}


def _union(one: Any, other: Any) -> Any:
    one, other = _as_list(one), _as_list(other)
    known = set(map(key_of, one))
    return one + [item for item in other if key_of(item) not in known]


def _types(one: Any, other: Any) -> Any:
    one = one if isinstance(one, list) else [one]
    other = other if isinstance(other, list) else [other]
    common = [kind for kind in one if kind in other]
    if ("integer" in one and "number" in other) or ("number" in one and "integer" in other):
        common += ["integer"] if "integer" not in common else []
    if not common:
        raise Unformable("asks for two types at once")
    return common[0] if len(common) == 1 else common


def _common(one: Any, other: Any) -> Any:
    allowed = set(map(key_of, _as_list(other)))
    return [item for item in _as_list(one) if key_of(item) in allowed]


def _strictest(choose: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def strictest(one: Any, other: Any) -> Any:
        numbers = isinstance(one, (int, float)) and isinstance(other, (int, float))
        return choose(one, other) if numbers else one

    return strictest


_MERGE: dict[str, Callable[[Any, Any], Any]] = {
    "properties": _properties,
    "required": _union,
    "enum": _common,
    "type": _types,
    "items": _all_of,
    "additionalProperties": _all_of,
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
        _strictest(max),
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
        _strictest(min),
    ),
}
