"""Schemas for the tests of the forms, each with values that it allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

from helpers.forms.jsontext import same

# a schema, and a strategy of values that it allows
Part: TypeAlias = tuple[dict[str, Any] | bool, st.SearchStrategy[Any]]
Parts: TypeAlias = st.SearchStrategy[Part]

NASTY = ["", " a ", "<b>", "</script>", "a\nb", "\r", "\0", "\x1b[31m", "\ud800", "\u202e", "null"]
texts = st.one_of(st.text(max_size=6), st.sampled_from(NASTY))
# none of them is `tree`, which the recursive ones add
names = st.one_of(
    st.sampled_from(["a", "b", "name", "kind", "", "<i>x</i>", "a.b", "$ref", "type", "__proto__"]),
    st.text(max_size=4),
)
huge = st.one_of(st.integers(), st.integers(-(10**300), 10**300))
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(st.none(), st.booleans(), huge, floats, texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


def distinct(choices: list[Any]) -> list[Any]:
    kept = list[Any]()
    for choice in choices:
        if not any(same(choice, one) for one in kept):
            kept.append(choice)
    return kept


@st.composite
def described(draw: st.DrawFn, parts: Parts) -> Part:
    """A part with words around it, whose default may be none of its values."""
    schema, allowed = draw(parts)
    if isinstance(schema, bool):
        return schema, allowed
    about = {"title": texts, "description": texts, "default": values, "examples": st.lists(texts)}
    extra = draw(st.fixed_dictionaries({}, optional=about))
    return {**extra, **schema}, allowed


@st.composite
def strings(draw: st.DrawFn) -> Part:
    kind = draw(st.sampled_from(["any", "length", "pattern", "date", "email", "uri", "ipv4"]))
    match kind:
        case "length":
            low = draw(st.integers(0, 4))
            high = low + draw(st.integers(0, 300))
            allowed = st.text(min_size=low, max_size=min(high, low + 5))
            return {"type": "string", "minLength": low, "maxLength": high}, allowed
        case "pattern":
            pattern = draw(st.sampled_from(["^[a-z]{2,4}$", "^x-", r"^\d+(\.\d+)?$", "(a|b)+c"]))
            return {"type": "string", "pattern": pattern}, st.from_regex(pattern)
        case "date":
            return {"type": "string", "format": "date"}, st.dates().map(str)
        case "email":
            return {"type": "string", "format": "email"}, st.emails()
        case "uri":
            addresses = st.sampled_from(["https://example.org/a?b=c", "urn:isbn:0451450523"])
            return {"type": "string", "format": "uri"}, addresses
        case "ipv4":
            return {"type": "string", "format": "ipv4"}, st.ip_addresses(v=4).map(str)
    return {"type": "string"}, texts


@st.composite
def numbers(draw: st.DrawFn) -> Part:
    low, high = sorted(draw(st.tuples(st.integers(-50, 50), st.integers(51, 10**20))))
    kind = draw(st.sampled_from(["any", "bounds", "exclusive", "float", "step", "whole"]))
    match kind:
        case "bounds":
            return {"type": "integer", "minimum": low, "maximum": high}, st.integers(low, high)
        case "exclusive":
            schema = {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": high}
            return schema, st.integers(low + 1, high - 1)
        case "float":
            allowed = st.floats(low, float(high)).filter(lambda number: number <= high)
            return {"type": "number", "minimum": low, "maximum": high}, allowed
        case "step":
            step = draw(st.integers(1, 9))
            return {"type": "integer", "multipleOf": step}, huge.map(lambda number: number * step)
        case "whole":
            return {"type": "integer"}, huge
    return {"type": "number"}, st.one_of(huge, floats)


@st.composite
def choices(draw: st.DrawFn) -> Part:
    found = distinct(draw(st.lists(values, min_size=1, max_size=5)))
    match draw(st.sampled_from(["enum", "const", "titled", "boolean", "null"])):
        case "const":
            return {"const": found[0]}, st.just(found[0])
        case "titled":
            titled = [{"const": one, "title": f"The {i}"} for i, one in enumerate(found)]
            return {"anyOf": titled}, st.sampled_from(found)
        case "boolean":
            return {"type": "boolean"}, st.booleans()
        case "null":
            return {"type": "null"}, st.none()
    return {"enum": found}, st.sampled_from(found)


@st.composite
def nullable(draw: st.DrawFn, parts: Parts) -> Part:
    schema, allowed = draw(parts)
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(schema, dict) and kind not in (None, "null") and draw(st.booleans()):
        kinds = kind if isinstance(kind, list) else [kind]
        schema = {**schema, "type": [*kinds, *["null"] * ("null" not in kinds)]}
    else:
        schema = {"anyOf": draw(st.permutations([schema, {"type": "null"}]))}
    return schema, st.none() | allowed


@st.composite
def arrays(draw: st.DrawFn, parts: Parts) -> Part:
    schema, allowed = draw(parts)
    if draw(st.booleans()):
        unique = {"type": "array", "items": schema, "uniqueItems": True, "maxItems": 4}
        return unique, st.lists(allowed, max_size=4).map(_unique)
    low = draw(st.integers(0, 2))
    return {"type": "array", "items": schema, "minItems": low}, st.lists(
        allowed, min_size=low, max_size=4
    )


def _unique(items: list[Any]) -> list[Any]:
    """To JSON Schema 1 and 1.0 are the same number, and -0.0 is 0."""
    seen, kept = set[str](), list[Any]()
    for item in items:
        text = json.dumps(_loose(item), sort_keys=True)
        if text not in seen:
            seen.add(text)
            kept.append(item)
    return kept


def _loose(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _loose(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_loose(item) for item in value]
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


@st.composite
def tuples(draw: st.DrawFn, parts: Parts) -> Part:
    first = draw(st.lists(parts, min_size=1, max_size=3))
    schema: dict[str, Any] = {"type": "array", "prefixItems": [one for one, _ in first]}
    exact = st.tuples(*[allowed for _, allowed in first]).map(list)
    if draw(st.booleans()):
        return {**schema, "items": False, "minItems": len(first)}, exact
    rest, more = draw(parts)
    together = st.tuples(exact, st.lists(more, max_size=2)).map(lambda pair: pair[0] + pair[1])
    return {**schema, "items": rest}, together


@st.composite
def objects(draw: st.DrawFn, parts: Parts) -> Part:
    properties = draw(st.dictionaries(names, parts, max_size=4))
    required = [name for name in properties if draw(st.booleans())]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: one for name, (one, _) in properties.items()},
        "required": required,
    }
    always = {name: properties[name][1] for name in required}
    sometimes = {name: one for name, (_, one) in properties.items() if name not in required}
    allowed = st.fixed_dictionaries(always, optional=sometimes)
    match draw(st.sampled_from(["open", "closed", "map"])):
        case "closed":
            schema["additionalProperties"] = False
        case "map":
            schema["additionalProperties"], others = draw(parts)
            more = st.dictionaries(names.filter(lambda key: key not in properties), others)
            allowed = st.tuples(more, allowed).map(lambda pair: {**pair[0], **pair[1]})
    return schema, allowed


@st.composite
def tagged(draw: st.DrawFn, parts: Parts) -> Part:
    """A union of objects that a constant tells apart."""
    branches, allowed = list[Any](), list[st.SearchStrategy[Any]]()
    for number in range(draw(st.integers(1, 3))):
        schema, one = draw(parts)
        tag = f"tag {number}"
        branches.append(
            {
                "type": "object",
                "properties": {"kind": {"const": tag}, "value": schema},
                "required": ["kind", "value"],
                "additionalProperties": False,
            }
        )
        allowed.append(st.fixed_dictionaries({"kind": st.just(tag), "value": one}))
    return {draw(st.sampled_from(["oneOf", "anyOf"])): branches}, st.one_of(allowed)


@st.composite
def any_of(draw: st.DrawFn, parts: Parts) -> Part:
    found = draw(st.lists(parts, min_size=2, max_size=3))
    return {"anyOf": [schema for schema, _ in found]}, st.one_of([one for _, one in found])


@st.composite
def all_of(draw: st.DrawFn, parts: Parts) -> Part:
    schema, allowed = draw(parts)
    return {"allOf": [{"description": draw(texts)}, schema]}, allowed


def compound(parts: Parts) -> Parts:
    makers: list[Callable[[Parts], Parts]] = [
        nullable, arrays, tuples, objects, tagged, any_of, all_of, described,
    ]  # fmt: skip
    return st.one_of([make(parts) for make in makers])


anything: Parts = st.sampled_from([({}, values), (True, values)])
leaves: Parts = st.one_of(strings(), numbers(), choices(), anything)
any_parts: Parts = st.recursive(leaves, compound, max_leaves=8)


@st.composite
def recursive_roots(draw: st.DrawFn) -> Part:
    """The arguments of a tool, some of them a tree."""
    inner, allowed = draw(leaves)
    tree = {
        "type": "object",
        "properties": {
            "value": inner,
            "left": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
            "more": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        },
        "required": ["value"],
    }
    leaf = st.fixed_dictionaries({"value": allowed})
    trees = st.recursive(
        leaf,
        lambda one: st.fixed_dictionaries(
            {"value": allowed},
            optional={"left": st.none() | one, "more": st.lists(one, max_size=2)},
        ),
        max_leaves=4,
    )
    schema, others = draw(objects(any_parts))
    assert isinstance(schema, dict)
    schema = {
        **schema,
        "$defs": {"tree": tree},
        "properties": {**schema["properties"], "tree": {"$ref": "#/$defs/tree"}},
    }
    both = st.tuples(others, trees).map(lambda pair: {**pair[0], "tree": pair[1]})
    return schema, both


roots: Parts = st.one_of(objects(any_parts), recursive_roots(), tagged(any_parts))

# What a hostile or careless server adds to a schema, each valid by itself.
GRAFTS: list[dict[str, Any]] = [
    {"$ref": "#"}, {"$ref": "#/properties/a"}, {"$ref": "#/nowhere"}, {"$ref": "#a"}, {"$ref": ""},
    {"$ref": "http://127.0.0.1:9/schema.json"}, {"$dynamicRef": "#"},
    {"$id": "https://a.example/"}, {"allOf": [{"$ref": "#"}]},
    {"allOf": [{"$ref": "#/properties/a"}, {"type": "object"}]},
    {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, {"oneOf": [{"$ref": "#/properties/a"}, {}]},
    {"allOf": [True, False]}, {"not": {}}, {"not": {"type": "string"}}, {"enum": []},
    {"anyOf": [False]}, {"pattern": "("}, {"pattern": r"^\p{L}+$"}, {"pattern": "(a+)+$"},
    {"format": "made-up"}, {"format": "regex"}, {"multipleOf": 0.01}, {"multipleOf": 1e-300},
    {"maximum": 1e+308},
    {"if": {"required": ["a"]}, "then": {"properties": {"c": {}}, "required": ["c"]}},
    {"dependentRequired": {"a": ["b"]}}, {"dependentSchemas": {"a": {"required": ["name"]}}},
    {"propertyNames": {"maxLength": 2}}, {"unevaluatedProperties": False}, {"minProperties": 2},
    {"patternProperties": {"^a": {"type": "integer"}}}, {"patternProperties": {"(": {}}},
    {"patternProperties": {"(a+)+$": {}}}, {"contains": {"type": "integer"}}, {"maxContains": 0},
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"type": ["object", "array", "number"]},
    {"required": ["c"]}, {"properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    {"minItems": 10**30}, {"minLength": 10**30}, {"unevaluatedItems": False},
    {"$schema": "about:a"}, {"$schema": "http://json-schema.org/draft-04/schema#"},
    {"additionalProperties": {"$ref": "#"}}, {"items": {"$ref": "#"}},
    {"prefixItems": [{"$ref": "#"}]}, {"title": "<b>$x$</b>", "default": {}},
    {"$schema": "http://json-schema.org/draft-07/schema#"}, {"dependencies": {"a": ["b"]}},
]  # fmt: skip


def grafted(draw: st.DrawFn, schema: Any, chance: int) -> Any:
    """A schema with something added in one place or another."""
    if not isinstance(schema, (dict, list)):
        return schema
    if isinstance(schema, list):
        return [grafted(draw, one, chance) for one in schema]
    schema = {key: grafted(draw, one, chance) for key, one in schema.items()}
    if draw(st.integers(0, chance)) == 0:
        schema.update(draw(st.sampled_from(GRAFTS)))
    return schema


@st.composite
def hostile_schemas(draw: st.DrawFn) -> Any:
    """A schema that was sound before somebody tampered with it."""
    schema, _ = draw(roots)
    return grafted(draw, schema, draw(st.integers(1, 6)))


# No schema at all, and words of JSON Schema with anything in them.
broken = st.recursive(
    scalars,
    lambda inner: (
        st.dictionaries(st.sampled_from([key for graft in GRAFTS for key in graft]), inner)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)
