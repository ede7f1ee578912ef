"""Which kind of field a part of a schema asks for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from helpers.forms.choices import Choice, choice, distinct, title_of
from helpers.forms.jsontext import brief
from helpers.forms.members import properties
from helpers.forms.schemas import NOTHING, Schema, Schemas, Unformable, merged

MOST_BRANCHES = 300  # of a union, with those inside it
MOST_FIELDS = 500  # beside each other, and in a form before somebody asks for more
_TOO_MANY = f"JSON, because the schema names more than {MOST_FIELDS} properties here."
OBJECT_WORDS = ("properties", "additionalProperties", "patternProperties", "propertyNames",
                "required", "minProperties", "maxProperties", "dependentRequired")  # fmt: skip
LIST_WORDS = ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")
TEXT_WORDS = ("pattern", "format", "minLength", "maxLength")
NUMBER_WORDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
# what says which values there are, rather than which of them are refused
SHAPES = ("type", "enum", "const", "$ref", "allOf", "anyOf", "oneOf", "properties", "items",
          "prefixItems", "additionalProperties", "patternProperties")  # fmt: skip
_INFERRED = {
    "object": OBJECT_WORDS,
    "array": LIST_WORDS,
    "string": TEXT_WORDS,
    "number": NUMBER_WORDS,
}


@dataclass(frozen=True)
class Node:
    """A part of a schema, and how it is laid out.

    Attributes:
        kind: string, number, integer, array, object, choice, union or json.
        schema: flattened, without its null.
        nullable: null is allowed beside what the kind says.
        refs: the references that led here, to notice recursion.
        choices: of a choice.
        branches: of a union, each with its title.
        note: why it is JSON.
    """

    kind: str
    schema: Schema
    nullable: bool = False
    refs: frozenset[str] = frozenset()
    choices: tuple[Choice, ...] = ()
    branches: tuple[tuple[str, Node], ...] = field(default=())
    note: str = ""


class _Way(NamedTuple):
    """How a reader came to a part of a schema, so that it neither circles nor goes on for ever."""

    schemas: Schemas
    refs: frozenset[str]
    left: list[int]  # how many more alternatives may be looked at, shared by all of one node

    def flat(self, schema: Any) -> tuple[Schema, frozenset[str]]:
        self.left[0] -= 1
        if self.left[0] < 0:
            raise Unformable(f"has more than {MOST_BRANCHES} alternatives")
        return self.schemas.flat(schema, self.refs)


def node(schemas: Schemas, schema: Any) -> Node:
    """The kind of a schema. Never raises: what cannot be laid out is of the kind json."""
    return _read(_Way(schemas, frozenset(), [MOST_BRANCHES]), schema)


def _read(way: _Way, schema: Any) -> Node:
    try:
        flat, refs = way.flat(schema)
        return replace(_node(way._replace(refs=refs), flat), refs=refs)
    except Unformable as error:
        described = schema if isinstance(schema, dict) else {}
        return Node("json", described, note=f"JSON, because this part of the schema {error}.")


def _node(way: _Way, flat: Schema) -> Node:
    if flat == NOTHING:
        return Node("json", flat, note="The schema allows no value here.")
    if "const" in flat:
        return Node("choice", flat, choices=(choice(flat["const"], flat),))
    if isinstance(flat.get("enum"), list):
        if not flat["enum"]:
            return Node("json", flat, note="The schema allows no value here.")
        return Node("choice", flat, choices=distinct([choice(v, {}) for v in flat["enum"]]))
    for word in ("anyOf", "oneOf"):
        if isinstance(flat.get(word), list) and _shapes(flat[word]):
            return _union(way, flat, word)
    kind = flat.get("type")
    if isinstance(kind, list):
        return _typed(flat, [name for name in kind if isinstance(name, str)])
    return _typed(flat, [kind]) if isinstance(kind, str) else _untyped(flat)


def _shapes(branches: list[Any]) -> bool:
    """Whether alternatives differ in what they are, or only in what they refuse."""
    return any(isinstance(one, dict) and any(word in one for word in SHAPES) for one in branches)


def _union(way: _Way, flat: Schema, word: str) -> Node:
    base = {key: value for key, value in flat.items() if key != word}
    shape = {key: value for key, value in base.items() if key not in _ABOUT}
    found = [_branch(way, shape, one) for one in flat[word]]
    nodes = [one for one in found if not _is_null(one)]
    nullable = len(nodes) < len(found)
    if not nodes:
        return Node("choice", base, choices=(Choice("null", None),))
    if len(nodes) == 1:
        [only] = nodes
        schema = merged(base, only.schema)
        return replace(only, schema=schema, nullable=nullable or only.nullable)
    if all(one.kind == "choice" and len(one.choices) == 1 for one in nodes):
        choices = [choice(one.choices[0].value, one.schema) for one in nodes]
        return Node("choice", base, nullable=nullable, choices=distinct(choices))
    return Node("union", base, nullable=nullable, branches=_titled(nodes))


_ABOUT = ("title", "description", "default", "examples", "$defs", "definitions", "$schema", "$id")


def _branch(way: _Way, shape: Schema, schema: Any) -> Node:
    return _read(way, {"allOf": [schema, shape]} if shape else schema)


def _is_null(one: Node) -> bool:
    return one.kind == "choice" and [each.value for each in one.choices] == [None]


def _titled(nodes: list[Node]) -> tuple[tuple[str, Node], ...]:
    titles = [title_of(one.kind, one.schema, one.choices) for one in nodes]
    for index, title in enumerate(titles):
        if titles.count(title) > 1:
            titles[index] = f"{index + 1}: {title}"
    return tuple(zip(titles, nodes, strict=True))


def _typed(flat: Schema, kinds: list[str]) -> Node:
    nullable = "null" in kinds
    kinds = [kind for kind in kinds if kind != "null"]
    if "number" in kinds:
        kinds = [kind for kind in kinds if kind != "integer"]
    if not kinds:
        return Node("choice", flat, choices=(Choice("null", None),))
    if len(kinds) > MOST_BRANCHES:
        raise Unformable(f"names more than {MOST_BRANCHES} types")
    if len(kinds) > 1:
        nodes = [_typed({**_shape(flat), "type": kind}, [kind]) for kind in kinds]
        return Node("union", flat, nullable=nullable, branches=_titled(nodes))
    [kind] = kinds
    if kind == "boolean":
        both = (Choice("true", True), Choice("false", False))
        return Node("choice", flat, nullable=nullable, choices=both)
    if kind not in ("string", "number", "integer", "array", "object"):
        return Node("json", flat, note=f"JSON, because the schema's type {brief(kind)} is unknown.")
    if kind == "object" and len(properties(flat)) > MOST_FIELDS:
        return Node("json", flat, note=_TOO_MANY)
    return Node(kind, flat, nullable=nullable)


def _shape(flat: Schema) -> Schema:
    return {key: value for key, value in flat.items() if key not in _ABOUT}


def _untyped(flat: Schema) -> Node:
    """A field for a schema that names no type: what its words are about, or anything."""
    kinds = [kind for kind, words in _INFERRED.items() if any(word in flat for word in words)]
    names = kinds or ["string", "number", "boolean"]
    nodes = [_typed({**_shape(flat), "type": name}, [name]) for name in names]
    anything = Node("json", _shape(flat))
    return Node("union", flat, nullable=True, branches=_titled([*nodes, anything]))
