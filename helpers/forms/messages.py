"""What jsonschema found, in words for the person who fills in the form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jsonschema import ValidationError

from helpers.errors import shorten
from helpers.forms.jsontext import brief
from helpers.forms.problems import Path, Problem
from helpers.forms.words import FORMATS

_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}


def problems_in(errors: Iterable[ValidationError], before: Path = ()) -> Iterator[Problem]:
    """The problems that errors of jsonschema stand for, each at its place.

    Args:
        errors: of a check of the arguments, or inside another one's `context`.
        before: the place that their paths begin at.
    """
    said = set[tuple[Path, int]]()
    for error in errors:
        path = (*before, *error.path)
        if error.validator in _ONE_PER_KEY:
            keyword = path, id(error.validator_value)
            if keyword in said:
                continue
            said.add(keyword)
        yield from _problems(error, path)


# jsonschema gives an error for every key that is missing, and each of ours names them all
_ONE_PER_KEY = ("required", "dependentRequired")


def _problems(error: ValidationError, path: Path) -> Iterator[Problem]:
    if error.validator in ("anyOf", "oneOf") and error.context:
        yield from _alternatives(error, path)
    elif error.validator == "required" and isinstance(error.instance, dict):
        missing = [key for key in error.validator_value if key not in error.instance]
        yield from (Problem((*path, key), "is required") for key in missing)
    elif "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str):
        yield Problem(path, f"has the key {brief(error.instance)}, which {_words(error)}")
    else:
        yield Problem(path, _words(error))


def _alternatives(error: ValidationError, path: Path) -> Iterator[Problem]:
    """The problems of the alternative that the value is nearest to."""
    branches = dict[Any, list[ValidationError]]()
    for inner in error.context:
        # the alternative `false` has no path
        branch = inner.schema_path[0] if inner.schema_path else f"false {id(inner)}"
        branches.setdefault(branch, []).append(inner)
    nearest = min(branches.values(), key=_distance)
    if _distance(nearest)[0] and len(branches) > 1:
        yield Problem(path, f"is none of the {len(error.validator_value)} things allowed here")
        return
    yield from problems_in(nearest, path)


def _distance(errors: list[ValidationError]) -> tuple[bool, int, int]:
    """How far a value is from an alternative: it is another type, another tag, has faults."""
    other_type = any(one.validator in ("type", None) and not one.path for one in errors)
    other_tag = sum(one.validator in ("const", "enum", "required", "type") for one in errors)
    return other_type, other_tag, len(errors)


def _words(error: ValidationError) -> str:
    if error.validator is None:
        return "is not allowed here"
    say = _WORDS.get(str(error.validator))
    return say(error.instance, error.validator_value, error) if say else _plain(error)


def _plain(error: ValidationError) -> str:
    return f"does not keep the rule {error.validator}: {shorten(error.message, 160)}"


def _type(value: Any, wanted: Any, _: ValidationError) -> str:
    wanted = wanted if isinstance(wanted, list) else [wanted]
    names = " or ".join(_TYPES.get(name, str(name)) for name in wanted)
    return f"must be {names}: {brief(value)} is not"


def _choice(value: Any, allowed: Any, _: ValidationError) -> str:
    shown = ", ".join(brief(one, 30) for one in allowed[:8])
    return f"must be one of {shown}{', …' if len(allowed) > 8 else ''}: {brief(value)} is not"


def _format(value: Any, name: Any, _: ValidationError) -> str:
    kind = FORMATS.get(name, f"text in the format {name}")
    kind = kind if kind[:4] == "text" else f"{'an' if kind[0] in 'aeioI' else 'a'} {kind}"
    return f"must be {kind}: {brief(value)} is not"


def _pattern(value: Any, pattern: Any, _: ValidationError) -> str:
    return f"must match the pattern {shorten(pattern, 80)}: {brief(value)} does not"


def _unknown(value: Any, _: Any, error: ValidationError) -> str:
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    extra = [key for key in value if key not in known] if isinstance(value, dict) else []
    return "has keys that the schema does not know: " + ", ".join(map(brief, extra[:5]))


def _count(noun: str, most: bool) -> Callable[[Any, Any, ValidationError], str]:
    def say(value: Any, limit: Any, _: ValidationError) -> str:
        bound = f"{'at most' if most else 'at least'} {brief(limit)}"
        return f"needs {bound} {noun}{'' if limit == 1 else 's'}: it has {len(value)}"

    return say


def _bound(words: str, fault: str) -> Callable[[Any, Any, ValidationError], str]:
    def say(value: Any, limit: Any, _: ValidationError) -> str:
        return f"must be {words} {brief(limit)}: {brief(value)} {fault}"

    return say


def _needs(value: Any, wanted: Any, _: ValidationError) -> str:
    pairs = wanted.items() if isinstance(wanted, dict) else ()
    lacking = [
        f"{brief(key)} needs {brief(other)} beside it"
        for key, others in pairs
        if key in value and isinstance(others, list)
        for other in others
        if other not in value
    ]
    return "is not complete: " + ", ".join(lacking)


_Say = Callable[[Any, Any, ValidationError], str]
_WORDS: dict[str, _Say] = {
    "type": _type,
    "enum": _choice,
    "const": lambda value, only, _: f"must be {brief(only)}: {brief(value)} is not",
    "format": _format,
    "pattern": _pattern,
    "minimum": _bound("at least", "is too small"),
    "maximum": _bound("at most", "is too large"),
    "exclusiveMinimum": _bound("more than", "is too small"),
    "exclusiveMaximum": _bound("less than", "is too large"),
    "multipleOf": _bound("a multiple of", "is not"),
    "minLength": _count("character", most=False),
    "maxLength": _count("character", most=True),
    "minItems": _count("item", most=False),
    "maxItems": _count("item", most=True),
    "minProperties": _count("key", most=False),
    "maxProperties": _count("key", most=True),
    "uniqueItems": lambda *_: "must not hold the same item twice",
    "additionalProperties": _unknown,
    "unevaluatedProperties": _unknown,
    "dependentRequired": _needs,
    "oneOf": lambda *_: "fits more than one of the alternatives, and must fit exactly one",
    "not": lambda value, *_: f"must not be as it is: the schema rules {brief(value)} out",
    "contains": lambda *_: "lacks an item that the schema asks for",
}
