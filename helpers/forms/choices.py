"""The values that an enumeration allows, and the titles of alternatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from helpers.forms.jsontext import brief
from helpers.forms.schemas import Schema

_TITLES = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
    "json": "JSON",
    "null": "null",
}


@dataclass(frozen=True)
class Choice:
    """One of the values that an enumeration allows."""

    label: str
    value: Any


def choice(value: Any, schema: Schema) -> Choice:
    """A value under the title that its schema has, or as a person writes it."""
    title = schema.get("title")
    plain = isinstance(value, str) and value.strip() == value and value.isprintable() and value
    label = value if plain else brief(value, 80)
    return Choice(f"{title} ({label})" if isinstance(title, str) and title else label, value)


def distinct(choices: list[Choice]) -> tuple[Choice, ...]:
    """The choices; all as JSON where two would look the same, such as 1 and "1"."""
    if len({one.label for one in choices}) < len(choices):
        choices = [Choice(brief(one.value, 80), one.value) for one in choices]
    return tuple(choices)


def title_of(kind: str, schema: Schema, choices: tuple[Choice, ...]) -> str:
    """What an alternative is called in the list of them all."""
    title = schema.get("title")
    if isinstance(title, str) and title.strip():
        return title
    if kind == "choice":
        return "one of " + ", ".join(one.label for one in choices[:3])
    return _tag(schema) or _TITLES.get(kind, "one of several")


def _tag(schema: Schema) -> str:
    """What tells an object from its alternatives: `kind: circle`."""
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        if isinstance(inner, dict) and "const" in inner:
            return f"{name}: {choice(inner['const'], {}).label}"
    return ""
