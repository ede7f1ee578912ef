"""JSON as a person types it: read strictly, written so that all of it can be seen."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from helpers.errors import shorten
from helpers.forms.problems import DoesNotFit
from helpers.text import INVISIBLE

DEEPEST = 100  # levels; what checks and sends the arguments recurses
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")


def number(text: str) -> int | float:
    """The number that a text writes: an integer exactly, with a point or exponent a float.

    Raises:
        ValueError: it writes none; the message completes "it …".
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a number, such as 12 or 0.5")
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return _float(text)


def _integer(digits: str) -> int:
    limit = sys.get_int_max_str_digits()
    if limit and len(digits.lstrip("+-")) > limit:
        raise ValueError(f"has more than {limit} digits: Python reads no more")
    return int(digits)


def _float(text: str) -> float:
    read = float(text)
    if math.isinf(read):
        raise ValueError("is too large for a float, which ends at about 1.8e308")
    if read == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise ValueError("is too small for a float: it would become 0")
    return read


def parsed(text: str) -> Any:
    """The value that a JSON text writes.

    Raises:
        ValueError: it is no JSON (RFC 8259); the message completes "it …".
    """
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_no_constant,
            object_pairs_hook=_no_twins,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not JSON: {error.msg}, at {place}") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if too_deep(value):
        raise ValueError(_TOO_DEEP)
    return value


_TOO_DEEP = f"is nested more than {DEEPEST} levels deep"


def _no_constant(name: str) -> None:
    raise ValueError(f"is not JSON: {name} is no number there")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"holds the key {brief(twin)} twice")
    return found


def layers(value: Any) -> Iterator[list[Any]]:
    """The value, what is in it, what is in that, and so on, without recursion."""
    layer = [value]
    while layer:
        yield layer
        layer = [
            inner
            for outer in layer
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]


def too_deep(value: Any) -> bool:
    """Whether a value has more levels of lists and objects than can be checked and sent."""
    return next(islice(layers(value), DEEPEST + 1, None), None) is not None


def written(value: Any, indent: int | None = 2) -> str:
    """A value as JSON. What cannot be seen, typed or sent is an escape in it."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return INVISIBLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def brief(value: Any, width: int = 40) -> str:
    """A value as JSON on one line, shortened, for a message or a choice."""
    if isinstance(value, str):
        value = value[: 2 * width]  # a megabyte costs nothing
    return shorten(written(value, indent=None), width)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, types and all: 1, 1.0 and true differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def key_of(value: Any) -> str:
    """A text that is the same for values that JSON Schema calls equal: 1 and 1.0, but not true."""
    return json.dumps(_whole_as_integers(value), sort_keys=True)


def _whole_as_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole_as_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_whole_as_integers, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def typable(text: str) -> str:
    """The text, if an input field can hold and show it.

    Raises:
        DoesNotFit: it holds characters that a browser's field drops, changes, or hides.
    """
    if INVISIBLE.search(text):
        raise DoesNotFit("the text holds characters that cannot be typed or seen")
    return text
