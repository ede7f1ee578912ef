"""What stands beside a field: its name, and what may be put into it, in words."""

from __future__ import annotations

from typing import Any, TypeGuard

from helpers.forms.jsontext import brief
from helpers.forms.kinds import Node
from helpers.forms.patterns import reach
from helpers.forms.schemas import Schema
from helpers.text import escape, one_line

LONG = 400  # characters of a description that stand there without scrolling
LONG_TEXT = 10_000  # characters that hardly anybody types
FORMATS = {
    "date": "date, such as 2026-07-28",
    "date-time": "date and time, such as 2026-07-28T09:30:00Z",
    "time": "time, such as 09:30:00Z",
    "duration": "duration, such as P1DT2H",
    "email": "e-mail address",
    "idn-email": "e-mail address",
    "uri": "URI, such as https://example.org/",
    "iri": "IRI, such as https://example.org/",
    "uri-reference": "URI or path",
    "hostname": "host name, such as example.org",
    "ipv4": "IPv4 address, such as 192.0.2.1",
    "ipv6": "IPv6 address, such as 2001:db8::1",
    "uuid": "UUID, such as 123e4567-e89b-12d3-a456-426614174000",
    "regex": "regular expression",
    "json-pointer": "JSON pointer, such as /films/0",
}


def hint(node: Node) -> str:
    """The type and the bounds of a field in words: "number, 0 to 10"."""
    schema = node.schema
    match node.kind:
        case "string":
            return _joined(_text(schema))
        case "number" | "integer":
            return _joined(_number(node.kind, schema))
        case "array":
            return _joined(["list", _span(schema, "minItems", "maxItems", "item"), _unique(schema)])
        case "object":
            span = _span(schema, "minProperties", "maxProperties", "key")
            return _joined(["object", span])
        case "union":
            return f"one of {len(node.branches)} kinds"
        case "choice":
            return _choice(node)
    return "JSON"


def _joined(parts: list[str]) -> str:
    return ", ".join(part for part in parts if part)


def _choice(node: Node) -> str:
    values = [choice.value for choice in node.choices]
    if values == [None]:
        return "null"
    if all(isinstance(value, bool) for value in values) and len(values) == 2:
        return "true or false"
    return f"always {node.choices[0].label}" if len(values) == 1 else f"one of {len(values)}"


def _text(schema: Schema) -> list[str]:
    form = schema.get("format")
    kind = FORMATS.get(form, f"text, format {one_line(form, 40)}") if isinstance(form, str) else ""
    parts = [kind or "text", _span(schema, "minLength", "maxLength", "character")]
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        parts.append(f"pattern {one_line(pattern, 60)}{_tried(pattern, schema)}")
    return parts


def _tried(pattern: str, schema: Schema) -> str:
    longest, most = reach(pattern), schema.get("maxLength")
    if not longest:
        return ", which is not tried here"
    if longest >= LONG_TEXT or (_is_number(most) and most <= longest):
        return ""
    return f", tried here on up to {longest:,} characters"


def _span(schema: Schema, least: str, most: str, noun: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if _is_number(low) and low and _is_number(high):
        return _count(high, noun, "exactly ") if low == high else f"{low} to {_count(high, noun)}"
    if _is_number(low) and low:
        return _count(low, noun, "at least ")
    return _count(high, noun, "at most ") if _is_number(high) else ""


def _count(number: Any, noun: str, before: str = "") -> str:
    return f"{before}{brief(number)} {noun}{'' if number == 1 else 's'}"


def _unique(schema: Schema) -> str:
    return "none twice" if schema.get("uniqueItems") is True else ""


def _number(kind: str, schema: Schema) -> list[str]:
    parts = ["whole number" if kind == "integer" else "number"]
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if _is_number(low) and _is_number(high):
        parts.append(f"{brief(low)} to {brief(high)}")
    else:
        parts += [f"at least {brief(low)}"] if _is_number(low) else []
        parts += [f"at most {brief(high)}"] if _is_number(high) else []
    parts += [f"more than {brief(above)}"] if _is_number(above) else []
    parts += [f"less than {brief(below)}"] if _is_number(below) else []
    step = schema.get("multipleOf")
    return parts + ([f"a multiple of {brief(step)}"] if _is_number(step) else [])


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def beside(name: str, node: Node, *, required: bool) -> str:
    """The HTML beside a field: its name, whether it is required, words and description."""
    schema = node.schema
    words = hint(node) + (", or null" if node.nullable else "")
    if "default" in schema:
        words += f" · default {brief(schema['default'], 60)}"
    mark = '<span class="mcpk-required">required</span>' if required else ""
    text = about(name, node)
    scrolls = ' tabindex="0" role="group" aria-label="description"' if len(text) > LONG else ""
    described = f'<div class="mcpk-about"{scrolls}>{escape(text)}</div>' if text else ""
    return (
        f'<div class="mcpk-name"><b>{escape(one_line(name, 120))}</b> {mark}</div>'
        f'<div class="mcpk-words">{escape(words)}</div>{described}'
    )


def about(name: str, node: Node) -> str:
    """Title and description, without a title that only repeats the name or names a class."""
    title, description = node.schema.get("title"), node.schema.get("description")
    parts = []
    of_class = node.kind == "object" and isinstance(title, str) and title.isidentifier()
    if isinstance(title, str) and _plain(title) != _plain(name) and not of_class:
        parts.append(title.strip())
    if isinstance(description, str):
        parts.append(description.strip())
    return " – ".join(part for part in parts if part)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def examples(schema: Schema) -> list[Any]:
    found = schema.get("examples")
    return found if isinstance(found, list) else []


def placeholder(schema: Schema) -> str:
    """What stands in an empty field: the first example, where there is one."""
    first = next(iter(examples(schema)), None)
    plain = isinstance(first, (str, int, float)) and not isinstance(first, bool)
    return f"such as {one_line(str(first))}" if plain else ""
