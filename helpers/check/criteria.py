"""What a check can ask of an attempt: what it returned or raised, and how it ended.

Each function makes a `Criterion`. Its hint, where it is not met, is a sentence that names the next
step. What a criterion does not know of a task, its maker says with `hint=`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from helpers.check.attempt import Attempt
from helpers.check.report import counted
from helpers.errors import shorten


@dataclass(frozen=True)
class Criterion:
    """Judges an attempt: `judge` returns "" where it is met, else the sentence to show."""

    label: str
    judge: Callable[[Attempt], str]
    needs_value: bool = False  # cannot be judged of a function that did not return
    wants_error: bool = False  # the function is meant to raise

    def but(self, hint: str) -> Criterion:
        """The same, with another sentence where it is not met."""
        return replace(self, judge=lambda made: self.judge(made) and hint)


def opens(connections: int) -> Criterion:
    """The function opens exactly so many connections."""

    def judge(made: Attempt) -> str:
        found = made.record.opened
        if found == connections:
            return ""
        hint = " Open one, and use it for everything." if found > connections == 1 else ""
        return f"it opened {counted(found, 'connection')}, not {connections}.{hint}"

    return Criterion(f"opens {counted(connections, 'connection')}", judge)


def closes() -> Criterion:
    """Every connection that was opened is closed as the protocol wants it: no process is left."""

    def judge(made: Attempt) -> str:
        record = made.record
        if not record.opened:
            step = "start the process" if record.by_hand else "enter `async with Client(...)`"
            return f"it never opened a connection: {step}."
        if record.left_open:
            ended = "ended" if made.trouble else "returned"
            some = "its connection is"
            if record.opened > 1:
                verb = "is" if record.left_open == 1 else "are"
                some = f"{record.left_open} of its {record.opened} connections {verb}"
            step = (
                "Close the process's standard input"
                if record.by_hand
                else "Leave the `async with` block, or `await close(client)`"
            )
            return f"your function {ended} and {some} still open. {step}, whatever happens."
        if record.closed < record.opened:
            return "the server was ended by force. Close its standard input, and wait for its end."
        return ""

    return Criterion("closes what it opened", judge)


def returns(expected: Any) -> Criterion:
    """The function returns a value that is equal to `expected` and of its type."""

    def judge(made: Attempt) -> str:
        value = made.value
        if type(value) is not type(expected):
            hint = " Is there a `return`?" if value is None else ""
            kinds = f"{type(value).__name__}, not {type(expected).__name__}"
            return f"it returned {shown_value(value)}: {kinds}.{hint}"
        if value == expected:
            return ""
        found, right = shown_value(value), shown_value(expected)
        if found != right:
            return f"it returned {found} where {right} is right."
        return f"it returned {found}: so far it is right.{_later(value, expected)}"

    return Criterion(f"returns {shown_value(expected)}", judge, needs_value=True)


def returns_that(label: str, judge: Callable[[Any], str | bool | None]) -> Criterion:
    """Judges the returned value: `judge` returns a hint, or something empty where it is right."""
    return Criterion(label, lambda made: str(judge(made.value) or ""), needs_value=True)


def raises(kind: type[BaseException], text: str = "") -> Criterion:
    """The function raises this kind of error, and its text contains `text`."""

    def judge(made: Attempt) -> str:
        error = made.error
        if error is None:
            end = made.trouble or f"it returned {shown_value(made.value)}."
            return f"no {kind.__name__} came out of it: {end}"
        if not isinstance(error, kind):
            return f"it raised {type(error).__name__} where {kind.__name__} is right."
        said = shorten(str(error), 300)
        return "" if text in said else f"its error does not say {text!r} but {said!r}."

    saying = f" that says {text!r}" if text else ""
    return Criterion(f"raises {kind.__name__}{saying}", judge, wants_error=True)


def _later(value: Any, expected: Any) -> str:
    """How two values differ that look the same as far as they are shown."""
    if not isinstance(value, list | tuple | str):
        return ""
    for number, (found, right) in enumerate(zip(value, expected, strict=False), 1):
        if found != right:
            return f" Number {number} is {shown_value(found)} where {shown_value(right)} is right."
    return f" Its length is {len(value)} where {len(expected)} is right."


def shown_value(value: Any) -> str:
    return shorten(repr(value), 120)
