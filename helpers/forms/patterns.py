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
    the power of their number. Repeats in repeats, and choices in them, have no such bound.
    """
    variable = variable_repeats(pattern)
    return float("inf") if variable is None else float(length + 1) ** (1 + variable)


@lru_cache(maxsize=500)
def variable_repeats(pattern: str) -> int | None:
    """How many repeats of variable length a pattern has; None where they are not bounded."""
    # what re.compile itself calls; it has no public name, and no version of it lacks this one
    parser: Any = re._parser  # type: ignore[attr-defined]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _count(parser.parse(pattern), repeated=False)
    except _Unbounded:
        return None


class _Unbounded(Exception):
    """A pattern's cost may grow exponentially."""


_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def _count(parsed: Any, *, repeated: bool) -> int:
    found = 0
    for operation, argument in parsed:
        name = str(operation)
        if name in _REPEATS:
            low, high, inner = argument
            if repeated and low != high:
                raise _Unbounded
            found += low != high
            found += _count(inner, repeated=repeated or high > 1)
        elif name == "BRANCH":
            if repeated:
                raise _Unbounded
            found += 1 + sum(_count(choice, repeated=False) for choice in argument[1])
        elif name in ("GROUPREF", "GROUPREF_EXISTS"):
            raise _Unbounded
        elif name == "SUBPATTERN":
            found += _count(argument[3], repeated=repeated)
        elif name in ("ASSERT", "ASSERT_NOT"):
            found += _count(argument[1], repeated=repeated)
        elif name == "ATOMIC_GROUP":
            found += _count(argument, repeated=repeated)
    return found
