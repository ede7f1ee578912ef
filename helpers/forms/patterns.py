"""A server's regular expressions, matched without the risk that one never ends.

Python's `re` backtracks: `(a+)+$` on thirty letters runs for minutes, holds the interpreter's
lock, and cannot be interrupted. So a pattern whose cost is bounded runs here, any other one in a
process of its own with a deadline.
Source: https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
"""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

LONGEST = 2_000  # characters of a pattern; compiling takes time, too
STEPS = 2_000_000  # what may run here: some tens of milliseconds
DEADLINE = 1.0  # seconds, for the process
_CHILD = """import re, sys, warnings
warnings.simplefilter("ignore")
pattern, text = sys.stdin.buffer.read().decode("utf-8", "surrogatepass").split("\\0", 1)
sys.stdout.write("yes" if re.search(pattern.replace("\\1", "\\0"), text) else "no")
"""


class Unmatched(ValueError):
    """A pattern cannot be matched here; the message says why."""


@lru_cache(maxsize=500)
def trouble(pattern: str) -> str:
    """Why Python cannot use a pattern of JSON Schema, or ""."""
    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST:,} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets that will change their meaning
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError, ValueError) as error:
        return f"Python's re does not read it: {error}"
    return ""


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text, as `re.search` would find it.

    Raises:
        Unmatched: it is no pattern to Python, or it takes too long on this text.
    """
    if reason := trouble(pattern):
        raise Unmatched(reason)
    if steps(pattern, len(text)) <= STEPS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(re.search(pattern, text))
    found = _matches_elsewhere(pattern, text)
    if found is None:
        raise Unmatched("it takes too long on this text")
    return found


@lru_cache(maxsize=500)
def _matches_elsewhere(pattern: str, text: str) -> bool | None:
    """What a process of its own says; None where it has not ended in time."""
    question = pattern.replace("\0", "\1") + "\0" + text
    try:
        answer = subprocess.run(  # noqa: S603 - this interpreter, and the question on stdin
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=question.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=DEADLINE,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unmatched(f"it could not be tried: {type(error).__name__}") from None
    return answer.stdout == b"yes"


def steps(pattern: str, length: int) -> float:
    """About how many steps `re.search` takes at most on a text of this length.

    A search begins anywhere, and each repeat of variable length may end anywhere: the length to
    the power of their number. What may be there or not, and each choice, doubles that. Repeats in
    repeats, and choices in them, have no such bound.
    """
    try:
        powers, doublings = freedom(pattern)
        return float(length + 1) ** (1 + powers) * 2.0**doublings
    except (_Unbounded, OverflowError):
        return float("inf")


def bounded(pattern: str) -> bool:
    """Whether the cost of a pattern is a power of the text's length, and a small one."""
    return steps(pattern, 20) <= STEPS


@lru_cache(maxsize=500)
def freedom(pattern: str) -> tuple[int, int]:
    """How many repeats of variable length a pattern has, and how many choices of two.

    Raises:
        _Unbounded: there are some in a repeat.
    """
    # what re.compile itself calls; it has no public name, and no version of it lacks this one
    parser: Any = re._parser  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(_choices(parser.parse(pattern), repeated=False))
    return found.count(_REPEAT), found.count(_CHOICE)


class _Unbounded(Exception):
    """A pattern's cost may grow exponentially."""


_REPEAT, _CHOICE = "repeat", "choice"
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def _choices(parsed: Any, *, repeated: bool) -> Iterator[str]:
    """Every place where a match may go on in more than one way."""
    for operation, argument in parsed:
        name, inner = str(operation), list[Any]()
        again = repeated
        if name in _REPEATS:
            low, high, part = argument
            again, inner = repeated or high > 1, [part]
            if low != high:
                yield _REPEAT if high > 1 else _CHOICE
        elif name == "BRANCH":
            inner = argument[1]
            yield from [_CHOICE] * len(inner)
        elif name in ("GROUPREF", "GROUPREF_EXISTS"):
            raise _Unbounded
        elif name in ("SUBPATTERN", "ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"):
            inner = [argument if name == "ATOMIC_GROUP" else argument[-1]]
        if repeated and (name == "BRANCH" or (name in _REPEATS and low != high)):
            raise _Unbounded
        for part in inner:
            yield from _choices(part, repeated=again)
