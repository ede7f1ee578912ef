"""Runs a learner's function under a deadline, and leaves nothing of it running."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from helpers import owner
from helpers.check.busy import Busy, not_blocking
from helpers.check.record import Record
from helpers.check.standins import StandIn
from helpers.errors import root, shorten

STOP_SECONDS = 3.0  # for a cancelled function to end

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
AFTER = "when what it returned was used: "

Use = Callable[[Any], Awaitable[Any]]


@dataclass
class Attempt:
    """What a function did: its value, or what it raised, or in a sentence why there is neither."""

    name: str
    value: Any = None
    error: BaseException | None = None
    trouble: str = ""
    record: Record = field(default_factory=Record)


async def attempt(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    seconds: float,
    plain: bool = False,
    use: Use | None = None,
) -> Attempt:
    """Call `function` and, unless it is `plain`, await what it returns, for at most `seconds`.

    With `use`, what it returned is handed to that, and `use` gives the value. Stand-ins among the
    arguments are opened for the call and closed after it. Processes, tasks and connections that
    the function leaves behind are ended.
    """
    made = Attempt(getattr(function, "__name__", repr(function)))
    made.trouble = _unfit(function, len(arguments), plain)
    if made.trouble:
        return made
    tasks, kept = asyncio.all_tasks(), owner.open_keys()
    records = [Record() for _ in arguments]
    async with AsyncExitStack() as stack:
        given = [
            await stack.enter_async_context(argument.opening(record))
            if isinstance(argument, StandIn)
            else argument
            for argument, record in zip(arguments, records, strict=True)
        ]
        await _run(made, function, _call(function, given), seconds)
        if use and not made.trouble:
            await _run(made, function, _use(use, made.value), seconds, AFTER)
    for key in owner.open_keys():
        if key not in kept:
            await owner.close(key)
    await _end([task for task in asyncio.all_tasks() - tasks if _belongs_to(task, function)])
    made.record = Record.of_all(records)
    if REFUSED in made.trouble:
        status = made.record.refused[-1] if made.record.refused else 0
        made.trouble += f". {ANSWERED.get(status, OTHER_TRANSPORT)}"
    return made


def _unfit(function: object, count: int, plain: bool) -> str:
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
        return f"`{name}` must take {count} argument(s). It takes {takes}."
    return ""


def called_at_once(function: Callable[..., Any]) -> Attempt:
    """Call a plain function without arguments, one that only says something."""
    made = Attempt(getattr(function, "__name__", repr(function)))
    made.trouble = _unfit(function, 0, plain=True)
    if not made.trouble:
        try:
            made.value = function()
        except Exception as error:
            made.error, made.trouble = error, _raised(error, function, 0)
    return made


async def _call(function: Callable[..., Any], given: list[Any]) -> Any:
    value = function(*given)
    return await value if inspect.isawaitable(value) else value


async def _use(use: Use, value: Any) -> Any:
    try:
        return await use(value)
    except AssertionError as error:
        raise Refused(str(error)) from None


class Refused(Exception):
    """What `use` has against a value."""


async def _run(
    made: Attempt,
    function: Callable[..., Any],
    running: Coroutine[Any, Any, Any],
    seconds: float,
    after: str = "",
) -> None:
    task = asyncio.create_task(running, name=f"check of {made.name}")
    with not_blocking(function, seconds):
        try:
            await asyncio.wait([task], timeout=seconds)
            in_time = task.done()
        finally:  # it took too long, or the check itself was interrupted
            task.cancel()
            await asyncio.wait([task], timeout=STOP_SECONDS)
    if not in_time:
        made.trouble = _hang(made.name, seconds, after, task.done())
        task.add_done_callback(_hear)
    elif task.cancelled():
        made.trouble = f"{after}it was cancelled from inside: it let a CancelledError out."
    elif error := task.exception():
        made.error = root(error)
        made.trouble = _raised(made.error, function, seconds, after)
    else:
        made.value = task.result()


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
        task.add_done_callback(_hear)
    if tasks:
        await asyncio.wait(tasks, timeout=STOP_SECONDS)


def _hear(task: asyncio.Task[Any]) -> None:
    """Take note of a task's error, or asyncio would print it into some later cell."""
    if not task.cancelled():
        task.exception()


def _hang(name: str, seconds: float, after: str, stopped: bool) -> str:
    what = f"{after}it did not end" if after else f"`{name}` did not return"
    text = f"{what} within {seconds:g} seconds. It awaits something that never comes."
    return text if stopped else f"{text} It does not stop when it is cancelled, either."


def _raised(
    error: BaseException, function: Callable[..., Any], seconds: float, after: str = ""
) -> str:
    if isinstance(error, NotImplementedError) and not str(error):
        return "not written yet. Put your own lines in place of `raise NotImplementedError()`."
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, Busy):
        return (
            f"`{function.__name__}` kept the kernel busy for {seconds:g} seconds. Is there a loop "
            "that never ends, or something that blocks, such as time.sleep, or the reading of a "
            "line that never comes?"
        )
    file = function.__code__.co_filename
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    where = f" in line {lines[-1]} of its cell" if lines else ""
    said = shorten(str(error), 300)
    more = next((f" {more}" for part, more in MEANING.items() if said.startswith(part)), "")
    end = "." if more and not said.endswith(".") else ""
    return f"{after}it raised {type(error).__name__}{where}: {said}{end}{more}"


def _belongs_to(task: asyncio.Task[Any], function: Callable[..., Any]) -> bool:
    """Was what the task runs defined where the function was?"""
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame is not None and frame.f_globals is function.__globals__
