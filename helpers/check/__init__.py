"""The exercises' checks: they look at what a learner's code did, above all the messages it sent.

A check runs a function against a server with a recorder in between, under a deadline, and judges
it by criteria. It never reads the function's source, and it leaves nothing running:

    await check.task(
        score_of, check.stdio("-m", "servers.achievement"), "李四",
        criteria=[check.calls("get_score_by_name", {"name": "李四"}), check.closes()],
    )
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from helpers.check.attempt import Use, attempt, called_at_once
from helpers.check.criteria import Criterion, closes, opens, raises, returns, returns_that
from helpers.check.messages import (
    asks,
    calls,
    hears_no_error,
    introduces_itself,
    never_sends,
    sends,
    speaks_json_rpc,
)
from helpers.check.report import Verdict, often, report
from helpers.check.standins import (
    StandIn,
    client,
    command,
    new_client,
    service,
    several,
    stdio,
    url,
)
from helpers.errors import shorten

__all__ = [
    "Criterion",
    "answers",
    "asks",
    "calls",
    "client",
    "closes",
    "command",
    "hears_no_error",
    "introduces_itself",
    "never_sends",
    "new_client",
    "often",
    "opens",
    "raises",
    "returns",
    "returns_that",
    "sends",
    "service",
    "several",
    "speaks_json_rpc",
    "stdio",
    "task",
    "url",
]

SECONDS = 15.0


async def task(
    function: Callable[..., Any],
    *arguments: Any,
    criteria: Sequence[Criterion],
    seconds: float | None = None,
    plain: bool = False,
    use: Use | None = None,
) -> None:
    """Run a learner's async function once, and judge what it did.

    Args:
        function: called with `arguments` and awaited.
        *arguments: values, or stand-ins for a server: `stdio`, `command`, `client`,
            `new_client`, `url`, `service`, `several`.
        criteria: what is asked of it, in the order in which it is reported.
        seconds: it has to return within (None: `SECONDS`); a function that blocks the kernel is
            stopped as well.
        plain: the function is meant to be a `def` without `async`.
        use: is given what the function returned, while the servers are still there, and in
            another task, as another cell would be. What `use` returns is judged in its place;
            the text of an AssertionError that it raises is shown as a hint.

    Raises:
        AssertionError: not all criteria are met. What is printed before says which, and for each
            the next step.
    """
    __tracebackhide__ = True
    made = await attempt(function, arguments, seconds or SECONDS, plain, use)
    shown = ", ".join(map(_shown, arguments))
    meant = bool(made.error) and any(criterion.wants_error for criterion in criteria)
    verdicts = [] if meant else [Verdict("runs to its end", made.trouble)]
    record = made.record
    if meant or record.opened or record.heard or not made.trouble:  # else nothing to judge
        for criterion in criteria:
            if not (criterion.needs_value and made.trouble):
                verdicts.append(Verdict(criterion.label, criterion.judge(made)))
    report(f"{made.name}({shown})", verdicts)


def _shown(argument: Any) -> str:
    if isinstance(argument, StandIn):
        return argument.shown
    if inspect.isfunction(argument):
        return argument.__name__
    if isinstance(argument, list) and argument and isinstance(argument[0], BaseModel):
        return f"[{len(argument)} × {type(argument[0]).__name__}]"
    if isinstance(argument, BaseModel):
        return f"a {type(argument).__name__}"
    if isinstance(argument, Path):
        return argument.name
    bare = repr(argument) == object.__repr__(argument)  # an address, which tells nobody anything
    return f"a {type(argument).__name__}" if bare else shorten(repr(argument), 120)


def answers(
    given: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    right: Mapping[str, Any],
    **hints: str,
) -> None:
    """Judge values that a learner has filled in.

    Args:
        given: what the learner filled in, by name, or a function that returns it; `...` and None
            count as not filled in.
        right: what is right, by the same names, taken from something that really ran.
        **hints: for a name, where to look.

    Raises:
        AssertionError: a value is missing or wrong.
    """
    __tracebackhide__ = True
    if not isinstance(given, Mapping):
        made = called_at_once(given)
        if made.trouble:
            return report(f"{made.name}()", [Verdict("runs to its end", made.trouble)])
        if not isinstance(made.value, Mapping):
            hint = f"it returned {made.value!r}. A dictionary is asked for."
            return report(f"{made.name}()", [Verdict("returns a dictionary", hint)])
        given = dict(made.value)
    verdicts = []
    for name, value in right.items():
        found = given.get(name)
        look = hints.get(name, "look at the trace again")
        look += "" if look.endswith(("?", ".")) else "."
        hint = ""
        if found is None or found is ...:
            hint = f"fill in {name!r}: {look}"
        elif type(found) is not type(value):
            kinds = f"{type(found).__name__} where {type(value).__name__} is asked for"
            hint = f"{found!r} is of type {kinds}."
        elif found != value:
            hint = f"{found!r} is not it: {look}"
        verdicts.append(Verdict(name, hint))
    return report("your answers", verdicts)
