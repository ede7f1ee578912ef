"""`run`: a coroutine's result from synchronous code, wherever that code stands."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import nest_asyncio2

from helpers.owner import home_loop

T = TypeVar("T")

HAND_OVER_SECONDS = 20.0


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from synchronous code and return its result.

    In a cell it runs on the kernel's own loop (nested, by nest_asyncio2). In another
    thread it is handed to the loop that the connections live on, and waited for. In a
    script without a loop it is `asyncio.run`.

    Raises:
        TypeError: not a coroutine.
        KeyboardInterrupt: the kernel was interrupted; the coroutine was cancelled.
        RuntimeError: called from a thread while the kernel's loop is blocked, for
            example by a cell that waits for this very thread.
        Exception: whatever the coroutine raises.
    """
    __tracebackhide__ = True
    if not asyncio.iscoroutine(coroutine):
        raise TypeError(f"run takes a coroutine, such as client.list_tools(); got {coroutine!r}")
    home = home_loop() or _kernel_loop()
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if home and home.is_running() and home is not here:
        return _hand_over(coroutine, home)
    if here:
        return _nested(coroutine, here)
    return asyncio.run(coroutine)


def _kernel_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs the cells, seen from any thread of a kernel."""
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    return getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)


def _nested(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    nest_asyncio2.apply(loop)
    task = loop.create_task(coroutine)
    if threading.current_thread() is not threading.main_thread():
        return loop.run_until_complete(task)
    interrupted = []

    def interrupt(*_: object) -> None:
        interrupted.append(True)
        loop.call_soon_threadsafe(task.cancel)  # also wakes the loop

    # the kernel would cancel the cell, which cannot notice while it waits in here
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        return loop.run_until_complete(task)
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _hand_over(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    __tracebackhide__ = True
    begun = threading.Event()

    async def announced() -> T:
        begun.set()
        return await coroutine

    future = asyncio.run_coroutine_threadsafe(announced(), loop)
    if not begun.wait(HAND_OVER_SECONDS) and future.cancel():
        coroutine.close()
        raise RuntimeError(
            f"the kernel's loop has been blocked for {HAND_OVER_SECONDS:g} s. Does a cell wait "
            "for this thread, with join() or result()? Write: await asyncio.to_thread(...)"
        )
    return future.result()
