"""What a schema foresees inside an object or a list: named properties, other keys, items."""

from __future__ import annotations

from typing import Any


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """The schemas of all named properties, also of those that only a condition asks for."""
    found = dict[str, Any]()
    conditions = [schema.get("then"), schema.get("else")]
    for word in ("dependentSchemas", "dependencies"):
        more = schema.get(word)
        conditions += list(more.values()) if isinstance(more, dict) else []
    for part in [schema, *conditions]:
        named = part.get("properties") if isinstance(part, dict) else None
        for key, value in named.items() if isinstance(named, dict) else ():
            found.setdefault(key, value)
    return found


def other_keys(schema: dict[str, Any]) -> Any:
    """The schema of values under keys of one's own; False where the schema foresees none."""
    others = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
    patterns = schema.get("patternProperties")
    if isinstance(patterns, dict) and patterns and others in (None, False):
        return next(iter(patterns.values())) if len(patterns) == 1 else True
    if others is None:
        return "properties" not in schema
    return others


def item_schemas(schema: dict[str, Any]) -> tuple[list[Any], Any]:
    """The schemas of the first items, each its own, and the one of the others; False: none."""
    first, rest = schema.get("prefixItems"), schema.get("items", True)
    if isinstance(rest, list):  # how drafts before 2020-12 wrote it
        first, rest = rest, schema.get("additionalItems", True)
    first = first if isinstance(first, list) else []
    full = "items" not in schema and schema.get("maxItems") == len(first)
    return first, False if first and full else rest
