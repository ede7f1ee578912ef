"""One owner task per open thing: the task that enters it is the task that leaves it.

anyio's cancel scopes must be left by the task that entered them, and Jupyter runs
every cell as a task of its own. So a background task enters, says that it is ready,
waits for the stop signal, and leaves. Nothing else ever owns a connection.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import itertools
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, cast

import anyio

from helpers.errors import root, without_groups

T = TypeVar("T")

CLEAN_UP_SECONDS = 5.0
TICK_SECONDS = 0.1

_owners: dict[str, Owner] = {}
_numbers = itertools.count(1)


class Owner:
    """Holds one async context manager open in a task of its own."""

    def __init__(self, key: str, manager: AbstractAsyncContextManager[Any]) -> None:
        self.key = key
        self.loop = asyncio.get_running_loop()
        # concurrent futures, so that any thread and any loop can wait for them
        self.ready: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self.left: concurrent.futures.Future[None] = concurrent.futures.Future()
        self.task: asyncio.Task[None]
        self._manager = manager
        self._scope = anyio.CancelScope()
        self._stop = asyncio.Event()

    def start(self, timeout: float = math.inf) -> None:
        """Begin to enter; `ready` and `left` tell how it goes."""
        # the loop keeps only a weak reference to a task
        self.task = asyncio.create_task(self._hold(timeout), name=f"owner of {self.key}")
        self._tick()

    def _tick(self) -> None:
        """Wake the loop regularly while this is open.

        The kernel turns an interrupt into a callback that a sleeping loop does not notice.
        """
        if not self.left.done():
            self.loop.call_later(TICK_SECONDS, self._tick)

    async def _hold(self, timeout: float) -> None:
        """Enter within `timeout` seconds, wait for the stop signal, leave."""
        error: BaseException | None = None
        try:
            self._scope.deadline = anyio.current_time() + timeout
            with self._scope:
                async with self._manager as value:
                    # a manager that swallows its cancellation comes up too late
                    if not self._scope.cancel_called:
                        self._scope.deadline = math.inf
                        self.ready.set_result(value)
                        await self._stop.wait()
        except BaseException as caught:
            error = caught
        if _owners.get(self.key) is self:
            del _owners[self.key]
        if not self.ready.done():
            self.ready.set_exception(error or self._why_cancelled(timeout))
            error = None
        if isinstance(error, Exception):
            self.left.set_exception(error)  # for the one who waits in `leave`
            return
        self.left.set_result(None)
        if error:
            raise error

    def _why_cancelled(self, timeout: float) -> Exception:
        if self._stop.is_set():
            return ConnectionAbortedError("it was closed while it was still opening")
        return TimeoutError(f"not open after {timeout:g} seconds")

    def yielded(self, value: object) -> bool:
        """Is this open, and was it `value` that the context manager yielded?"""
        return self.ready.done() and not self.ready.exception() and self.ready.result() is value

    def stop(self, *, now: bool = False) -> None:
        """Ask the owner task to leave; from any thread. `now` cancels what it waits for."""
        if not self.left.done():
            self.loop.call_soon_threadsafe(self._request_stop, now)

    def _request_stop(self, now: bool) -> None:
        self._stop.set()
        if now or not self.ready.done():
            self._scope.cancel()

    async def leave(self) -> None:
        """Stop, and wait until everything is closed.

        Raises:
            TimeoutError: it is still not closed after twice the clean-up time.
            Exception: whatever leaving raised.
        """
        for now in (False, True):
            self.stop(now=now)
            if await settled(self.left, CLEAN_UP_SECONDS):
                if error := self.left.exception():
                    raise without_groups(root(error))
                return
        raise TimeoutError(f"{self.key} does not close: its context manager never returns")


async def settled(future: concurrent.futures.Future[Any], seconds: float | None = None) -> bool:
    """Wait until an owner's future is done; to stop waiting leaves that future alone."""
    waiting = asyncio.wrap_future(future)
    # asyncio complains of an exception that nobody has looked at
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([waiting], timeout=seconds)
    return future.done()


async def hold_open(
    key: str,
    manager: AbstractAsyncContextManager[T],
    timeout: float,
    tell: Callable[[Exception], BaseException] = root,
) -> T:
    """Open `manager` in an owner task, registered under `key`; close an earlier one first.

    `tell` turns what opening raised into the error that the caller should see.
    """
    __tracebackhide__ = True
    if not (isinstance(timeout, int | float) and timeout > 0):
        raise ValueError(f"timeout is a number of seconds greater than 0, not {timeout!r}")
    while key in _owners:  # not `if`: others may have waited for the same one to leave
        await _owners[key].leave()
    owner = _owners[key] = Owner(key, manager)
    owner.start(timeout)
    try:
        if await settled(owner.ready, timeout + CLEAN_UP_SECONDS):
            return cast(T, owner.ready.result())
        failure = tell(TimeoutError(f"not open after {timeout:g} seconds, and it does not stop"))
    except asyncio.CancelledError:
        owner.stop()
        raise
    except Exception as error:
        failure = tell(error)
    # raised here, so that what was caught does not become its context
    raise without_groups(failure)


def next_name() -> str:
    """A name for what has none; nothing opened later has the same."""
    return f"opened #{next(_numbers)}"


async def keep_open(
    context_manager: AbstractAsyncContextManager[T],
    *,
    name: str | None = None,
    timeout: float = 20.0,
) -> T:
    """Enter any async context manager in one owner task and keep it open across cells.

    Args:
        context_manager: what you would write after `async with`.
        name: opening again under the same name closes the earlier one first.
        timeout: seconds that entering may take.

    Returns:
        What the context manager yields, to be handed to `close` later.

    Raises:
        TypeError: it is not an async context manager.
        TimeoutError: it was not entered in time; it has been cancelled and left.
        Exception: whatever entering raised.
    """
    __tracebackhide__ = True
    if not hasattr(context_manager, "__aenter__"):
        raise TypeError(
            "keep_open takes what you would write after `async with`; "
            f"a {type(context_manager).__name__} cannot be entered"
        )
    return await hold_open(name or next_name(), context_manager, timeout)


async def close(opened: object) -> None:
    """Leave what `connect` or `keep_open` opened, in the task that entered it.

    Args:
        opened: what they returned, or the `name` it was opened under. Closing
            something that is closed already does nothing.

    Raises:
        TimeoutError: it does not close; ten seconds were given.
    """
    found = [o for o in _owners.values() if o.key == opened or o.yielded(opened)]
    await in_turn([owner.leave for owner in found])


async def close_all() -> None:
    """Close everything that `connect` and `keep_open` have open, the newest first.

    Raises:
        TimeoutError: something does not close; the rest is closed all the same.
    """
    await in_turn([owner.leave for owner in reversed(_owners.values())])


async def in_turn(steps: list[Callable[[], Awaitable[None]]]) -> None:
    """Await each step, also after one has failed; then raise the first failure."""
    failures: list[Exception] = []
    for step in steps:
        try:
            await step()
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]


def home_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that open things live on, if there is one and it is running."""
    return next((o.loop for o in _owners.values() if o.loop.is_running()), None)


@atexit.register
def _close_at_exit() -> None:
    """The kernel's loop has stopped by now, but it is not closed: run it once more."""
    for loop in {owner.loop for owner in _owners.values()}:
        if loop.is_closed() or loop.is_running():
            continue
        closing = loop.create_task(close_all())
        while not closing.done():
            # a stop that the kernel has left in the queue ends the run, once
            with contextlib.suppress(RuntimeError, TimeoutError):
                loop.run_until_complete(asyncio.shield(closing))
