"""One owner task for each open thing: the task that enters it is the task that leaves it.

anyio's cancel scopes must be left by the task that entered them, and Jupyter runs
every cell as a task of its own. So a background task enters, says that it is ready,
waits for the stop signal, and leaves. Nothing else ever owns a connection.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio

from helpers.errors import root, without_groups

CLEAN_UP_SECONDS = 5.0
TICK_SECONDS = 0.1


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

    def start(self, timeout: float = math.inf, *, tick: bool = True) -> None:
        """Begin to enter, within `timeout` seconds; `ready` and `left` tell how it goes.

        `tick`: wake the loop, too; not needed inside of what another owner holds.
        """
        self._timeout = timeout
        self._scope.deadline = self.loop.time() + timeout
        # kept, because the loop keeps only a weak reference to a task
        self.task = asyncio.create_task(self._hold(), name=f"owner of {self.key}")
        self.task.add_done_callback(self._settle)
        if tick:
            self._tick()

    def _tick(self) -> None:
        """Wake the loop regularly while this is open.

        The kernel turns an interrupt into a callback that a sleeping loop does not notice.
        """
        if not self.left.done():
            self.loop.call_later(TICK_SECONDS, self._tick)

    async def _hold(self) -> None:
        """Enter before the deadline, say that it is open, wait for the stop signal, leave."""
        with self._scope:
            async with self._manager as value:
                # a manager that swallows its cancellation comes up too late
                if not self._scope.cancel_called:
                    self._scope.deadline = math.inf
                    self.ready.set_result(value)
                    await self._stop.wait()

    def _settle(self, task: asyncio.Task[None]) -> None:
        """Tell those who wait for `ready` or `left` how it ended."""
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if not self.ready.done():
            self.ready.set_exception(error or self._why_cancelled())
        elif isinstance(error, Exception):
            self.left.set_exception(error)
            return
        self.left.set_result(None)

    def _why_cancelled(self) -> Exception:
        if self._stop.is_set():
            return ConnectionAbortedError("it was closed while it was still opening")
        return TimeoutError(f"not open after {self._timeout:g} seconds")

    def yielded(self, value: object) -> bool:
        """Is this open, and was it `value` that the context manager yielded?"""
        return self.ready.done() and not self.ready.exception() and self.ready.result() is value

    @property
    def leaving(self) -> bool:
        """Has this been asked to close?"""
        return self._stop.is_set()

    def stop(self, *, now: bool = False) -> None:
        """Ask the owner task to leave; from any thread. `now` cancels what it waits for."""
        if self.left.done():
            return
        if self.loop.is_closed():
            self.left.set_result(None)  # the task ended with its loop
        else:
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
        raise TimeoutError(
            f"{self.key} does not close: its context manager never returns. "
            "Restart the kernel, or open it under another name=."
        )


async def leave_in_turn(owners: Iterable[Owner]) -> None:
    """Let each leave, also after one has failed; then raise the first failure."""
    failures: list[Exception] = []
    for owner in owners:
        try:
            await owner.leave()
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]


async def settled(future: concurrent.futures.Future[Any], seconds: float | None = None) -> bool:
    """Wait until an owner's future is done; to stop waiting leaves that future alone."""
    waiting = asyncio.wrap_future(future)
    # asyncio complains of an exception that nobody has looked at
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([waiting], timeout=seconds)
    return future.done()
