"""What to say of a function that gave no value: each a sentence that names the next step."""

from __future__ import annotations

import inspect
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from helpers.check.busy import Busy
from helpers.check.record import Record
from helpers.check.report import counted
from helpers.errors import shorten

# What some errors mean, for those who meet them first.
MEANING = {
    "'coroutine' object": "An `await` is missing before it.",
    "Client must be used within": "This client has been closed, or it was never opened.",
}
REFUSED = "Server returned an error response"  # the SDK does not say which
ANSWERED = {
    401: (
        "The server wants a token: the header Authorization has to say `Bearer` and then the "
        "token, in every request."
    ),
}
OTHER_TRANSPORT = (
    "Is there another transport at this URL? To `Client` and `connect`, a plain URL is "
    "Streamable HTTP; SSE is `sse_client(url)`."
)
NEVER_COMES = "It awaits something that never comes."
BUSY = "kept the kernel busy"
MANY = 100  # of one message: more than any task needs


class Refused(Exception):
    """What the check that uses a returned value has against it."""


def unfit(function: object, count: int, plain: bool) -> str:
    """Why it cannot be called, if it cannot."""
    if not inspect.isfunction(function):
        return f"a function is asked for, written with `def`; this is a {type(function).__name__}."
    name = function.__name__
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        return f"`{name}` has a `yield` in it. Return the value instead."
    if plain and inspect.iscoroutinefunction(function):
        return f"`{name}` is async. This task needs a plain `def`, without `async`."
    if not (plain or inspect.iscoroutinefunction(function)):
        return f"`{name}` is not async. Begin it with `async def`, and await the client's methods."
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        takes = ", ".join(inspect.signature(function).parameters) or "nothing"
        return f"`{name}` must take {counted(count, 'argument')}. It takes {takes}."
    return ""


def hung(name: str, seconds: float, after: str, stopped: bool) -> str:
    """It did not end in time; `stopped` tells whether cancelling it helped."""
    what = f"{after}it did not end" if after else f"`{name}` did not return"
    text = f"{what} within {seconds:g} seconds. {NEVER_COMES}"
    return text if stopped else f"{text} It does not stop when it is cancelled, either."


def raised(
    error: BaseException, function: Callable[..., Any], seconds: float, after: str = ""
) -> str:
    """It raised, or was made to raise."""
    if isinstance(error, NotImplementedError) and not str(error):
        return (
            "not written yet: `raise NotImplementedError()` still stands there. "
            "Put your own lines in its place."
        )
    if isinstance(error, Refused):
        return str(error)
    if any(isinstance(one, Busy) for one in chain(error)):  # what its cleaning up raised follows
        return (
            f"`{function.__name__}` {BUSY} for {seconds:g} seconds. Is there a loop that never "
            "ends, or something that blocks, such as time.sleep, or the reading of a line that "
            "never comes?"
        )
    file = function.__code__.co_filename
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    where = f" in line {lines[-1]} of its cell" if lines else ""
    said = shorten(str(error), 300)
    if isinstance(error, subprocess.TimeoutExpired):  # which names the whole command of the check
        said = f"the process had not ended after {error.timeout:g} seconds."
    more = next((f" {more}" for part, more in MEANING.items() if said.startswith(part)), "")
    end = "." if more and not said.endswith(".") else ""
    return f"{after}it raised {type(error).__name__}{where}: {said}{end}{more}"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those during whose handling it and the others were raised."""
    while error:
        yield error
        error = error.__context__


def with_record(trouble: str, record: Record) -> str:
    """The same, made plainer by what passed between the function and its server."""
    if REFUSED in trouble:
        status = record.refused[-1] if record.refused else 0
        if status not in ANSWERED and "sse_client(url)" in trouble:  # that has been said
            return trouble
        return f"{trouble.rstrip('.')}. {ANSWERED.get(status, OTHER_TRANSPORT)}"
    [(method, times)] = Counter(heard.method for heard in record.sent).most_common(1) or [("", 0)]
    if NEVER_COMES in trouble and times > MANY:
        again = f"It sent {method} {times:,} times: is there a loop that never ends?"
        return trouble.replace(NEVER_COMES, again)
    if (
        record.by_hand
        and record.opened
        and not times
        and (NEVER_COMES in trouble or BUSY in trouble)
    ):
        return f"{trouble} The server has read no line: does it end in \\n, and was it flushed?"
    return trouble
