"""Waiting for what happens elsewhere, in tests."""

import asyncio
from collections.abc import Callable


async def until(happened: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as `happened()` is true; fail when it has not become so in time."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.005)
