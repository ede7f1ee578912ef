"""A server's regular expressions, tried only where that is sure to end soon.

Python's `re` backtracks: `(a+)+$` on thirty letters runs for minutes, holds the interpreter's
lock, and cannot be interrupted. So the cost of a pattern is bounded before it is tried. Where it
has no bound, or too large a one, the pattern is not tried on this side: the server judges.
Source: https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
"""

from __future__ import annotations

import math
import re
import threading
import warnings
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 2_000  # characters of a pattern; compiling takes time, too
STEPS = 5_000_000  # of one search: some tens of milliseconds
SHORTEST = 20  # characters; what can only be tried on shorter texts is never tried
ANY_LENGTH = 10**9
_one_at_a_time = threading.Lock()
# What `re` reads as one. Groups with flags, conditions and the like are not among it.
_TOKEN = re.compile(
    r"""(?P<refers>\\[1-9])
    | (?P<opens>\((?:\?(?:[:=!]|<[=!]|P<\w+>)|(?!\?)))
    | (?P<closes>\))
    | (?P<or>\|)
    | (?:[*+?]|\{(?P<low>[0-9]+)\}|\{(?P<least>[0-9]*),(?P<most>[0-9]*)\})[?+]?(?P<repeats>)
    | (?P<atom>\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|[^(\\\[])""",
    re.VERBOSE | re.DOTALL,
)


class _Unbounded(Exception):
    """The cost of a pattern may grow exponentially, or is not known."""


@dataclass
class _Cost:
    """How many steps a part of a pattern takes at most: 2 ** doublings * length ** powers."""

    doublings: float = 0.0
    powers: int = 0
    free: bool = False  # it may match the same text in several ways

    def add(self, other: _Cost) -> None:
        self.doublings += other.doublings
        self.powers += other.powers
        self.free = self.free or other.free

    def repeated(self, low: int, high: int | None) -> _Cost:
        """The cost of as many in a row; None: of any number."""
        if high is None:
            if self.free:
                raise _Unbounded
            return _Cost(self.doublings + math.log2(low + 1), 1, free=True)
        times = max(high, 1)
        free = self.free or low != high
        return _Cost(self.doublings * times + math.log2(high + 1), self.powers * times, free)


@lru_cache(maxsize=500)
def reach(pattern: str) -> int:
    """The length of the longest text, in characters, on which a pattern is tried; 0: on none."""
    if len(pattern) > LONGEST or not _compiled(pattern):
        return 0
    try:
        cost, anchored = _cost(pattern)
    except _Unbounded:
        return 0
    powers, doublings = cost.powers + (not anchored), math.log2(STEPS) - cost.doublings
    if doublings < 0:
        return 0
    longest = 2 ** min(doublings / powers, 60) if powers else ANY_LENGTH
    return min(int(longest), ANY_LENGTH) if longest >= SHORTEST else 0


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text, or the text is too long to be tried."""
    compiled = _compiled(pattern) if len(text) <= reach(pattern) else None
    return not compiled or bool(compiled.search(text))


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """What Python makes of a pattern that it can read, without its words on sets such as `[[a]`.

    `catch_warnings` puts back what it found: two threads in it could keep them ignored for ever.
    """
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(pattern)
    except (re.error, RecursionError, OverflowError, ValueError):
        return None


def _cost(pattern: str) -> tuple[_Cost, bool]:
    """The cost of a match that begins at one place, and whether there is only one such place."""
    groups, last, anchored, place = [_Cost()], _Cost(), pattern.startswith("^"), 0
    while place < len(pattern):
        token = _TOKEN.match(pattern, place)
        if not token or token["refers"]:
            raise _Unbounded
        place = token.end()
        if token["repeats"] is not None:
            last = last.repeated(*_bounds(token))
            continue
        groups[-1].add(last)  # nothing repeats it
        last = _Cost()
        if token["opens"]:
            groups.append(_Cost())
        elif token["closes"]:
            last = groups.pop()
        elif token["or"]:
            groups[-1].add(_Cost(1.0, free=True))
            anchored = anchored and len(groups) > 1
    groups[-1].add(last)
    return groups[0], anchored


def _bounds(token: re.Match[str]) -> tuple[int, int | None]:
    if token["low"]:
        return int(token["low"]), int(token["low"])
    if token["least"] is not None:
        return int(token["least"] or 0), int(token["most"]) if token["most"] else None
    return (1 if token[0][0] == "+" else 0), (1 if token[0][0] == "?" else None)
