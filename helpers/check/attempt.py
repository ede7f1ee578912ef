"""Runs a learner's function under a deadline, and leaves nothing of it running."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from helpers import owner
from helpers.check.busy import not_blocking
from helpers.check.record import Record
from helpers.check.standins import StandIn
from helpers.check.trouble import Refused, hung, raised, unfit, with_record
from helpers.errors import root, root_cause

logger = logging.getLogger(__name__)

STOP_SECONDS = 3.0  # for a cancelled function to end

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
    made.trouble = unfit(function, len(arguments), plain)
    if made.trouble:
        return made
    tasks, kept = asyncio.all_tasks(), owner.open_keys()
    records = [Record() for _ in arguments]
    try:
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
    finally:
        await _close(made.name, set(owner.open_keys()) - set(kept))
        await _end([task for task in asyncio.all_tasks() - tasks if _belongs_to(task, function)])
    made.record = Record.of_all(records)
    made.trouble = with_record(made.trouble, made.record)
    return made


def called_at_once(function: Callable[..., Any]) -> Attempt:
    """Call a plain function without arguments, one that only says something."""
    made = Attempt(getattr(function, "__name__", repr(function)))
    made.trouble = unfit(function, 0, plain=True)
    if not made.trouble:
        try:
            made.value = function()
        except Exception as error:
            made.error, made.trouble = error, raised(error, function, 0)
    return made


async def _call(function: Callable[..., Any], given: list[Any]) -> Any:
    value = function(*given)
    return await value if inspect.isawaitable(value) else value


async def _use(use: Use, value: Any) -> Any:
    try:
        return await use(value)
    except AssertionError as error:
        raise Refused(str(error)) from None


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
        made.trouble = hung(made.name, seconds, after, task.done())
        task.add_done_callback(_hear)
    elif task.cancelled():
        made.trouble = f"{after}it was cancelled from inside: it let a CancelledError out."
    elif error := task.exception():
        made.error = root(error)
        made.trouble = raised(made.error, function, seconds, after)
    else:
        made.value = task.result()


async def _close(name: str, keys: set[str]) -> None:
    """Close what the function left open; how that goes is no part of the verdict."""
    try:
        await owner.close_keys(keys)
    except Exception as error:
        logger.warning("What %s left open does not close well: %s", name, root_cause(error))


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


def _belongs_to(task: asyncio.Task[Any], function: Callable[..., Any]) -> bool:
    """Was what the task runs defined where the function was?"""
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame is not None and frame.f_globals is function.__globals__
