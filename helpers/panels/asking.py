"""Asking a server: not for ever, and only the newest answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from helpers.panels.link import Link

T = TypeVar("T")

ANSWER_SECONDS = 60.0


async def in_time(request: Awaitable[T]) -> T:
    """Await what a server is asked for, but not longer than a minute.

    Raises:
        TimeoutError: a sentence that says how long it was waited for.
        Exception: whatever the request raises.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS) as limit:
            return await request
    except TimeoutError:
        if not limit.expired():
            raise
        raise TimeoutError(f"no answer within {ANSWER_SECONDS:g} seconds") from None


class Newest:
    """Tells the newest of several requests for the same place from those it has overtaken."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._asked = 0

    def ask(self) -> Callable[[], bool]:
        """Begin a request. What is returned says whether its answer is still to be shown."""
        self._asked += 1
        mine = self._asked
        return lambda: mine == self._asked and not self._link.left
