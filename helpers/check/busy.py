"""Stops a function that blocks the event loop: a loop without end, a sleep, a read."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

TICK_SECONDS = 0.2


class Busy(BaseException):
    """Raised inside the function; no `except Exception` of its own stops it."""


@contextmanager
def not_blocking(function: Callable[..., Any], seconds: float) -> Iterator[None]:
    """Raise `Busy` in `function` when the loop has not run for `seconds`.

    An alarm signal is put off each time the loop comes round. Where there is no such signal
    (Windows) or no right to it (outside the main thread), a busy function stays busy.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not (in_main_thread and hasattr(signal, "setitimer")):
        yield
        return

    def ring(_: int, frame: FrameType | None) -> None:
        while frame:  # only in the learner's own code: elsewhere it would break the loop
            if frame.f_globals is function.__globals__:
                raise Busy
            frame = frame.f_back

    async def put_off() -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)

    handler_before = signal.signal(signal.SIGALRM, ring)
    timer_before = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    ticking = asyncio.create_task(put_off())
    try:
        yield
    finally:
        ticking.cancel()
        signal.setitimer(signal.ITIMER_REAL, *timer_before)
        signal.signal(signal.SIGALRM, handler_before)
