"""Doing something at most a few times a second, however often it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Throttle:
    """Calls `action` at most once in `seconds`; the last request is never lost.

    To be called, as the wire's watchers are, on the thread of the loop.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, action: Callable[[], None], seconds: float
    ) -> None:
        self._loop = loop
        self._action = action
        self._seconds = seconds
        self._waiting: asyncio.TimerHandle | None = None
        self._last = -seconds
        self._stopped = False

    def __call__(self, *_: object) -> None:
        if self._waiting is None and not self._stopped:
            wait = max(0.0, self._last + self._seconds - self._loop.time())
            self._waiting = self._loop.call_later(wait, self._act)

    def _act(self) -> None:
        self._waiting = None
        self._last = self._loop.time()
        self._action()

    def stop(self) -> None:
        self._stopped = True
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None
