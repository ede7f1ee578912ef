"""Handing work to an event loop, from whatever thread a widget's callback comes in."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Work:
    """Work for a loop, until `end`; what it raises goes to the loop's exception handler.

    Args:
        loop: where it is done.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.left = False  # does nothing any more
        self._running: set[concurrent.futures.Future[Any]] = set()

    def end(self) -> None:
        """Do nothing any more; what was submitted and still runs is cancelled. From any thread."""
        self.left = True
        for future in () if self.loop.is_closed() else tuple(self._running):
            future.cancel()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop; from any thread, the loop's own included.

        What it raises goes to whoever waits for the future, too; mostly nobody does.
        """
        if self.left:
            coroutine.close()
            future = concurrent.futures.Future[T]()
            future.cancel()
            return future
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        self._running.add(future)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: concurrent.futures.Future[Any]) -> None:
        self._running.discard(future)
        if not future.cancelled() and (error := future.exception()):
            told = {"message": "a widget's work on the loop failed", "exception": error}
            self.loop.call_exception_handler(told)

    def post(self, callback: Callable[..., object], *arguments: object) -> None:
        """Have the loop call `callback` soon, in the order of posting; from any thread."""
        self.loop.call_soon_threadsafe(self._do, callback, arguments)

    def _do(self, callback: Callable[..., object], arguments: tuple[object, ...]) -> None:
        if not self.left:
            callback(*arguments)

    def on_loop(self, action: Callable[[], object]) -> Callable[..., None]:
        """A callback for a widget that does `action` on the loop, in whatever thread it is called.

        On the loop's own thread it does so at once, so that a widget that fills itself can
        tell its own changes from the reader's; from elsewhere, soon.
        """

        def act(*_: object) -> None:
            if _running_loop() is self.loop:
                self._do(action, ())
            else:
                self.post(action)

        return act


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
