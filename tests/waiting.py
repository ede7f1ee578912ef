"""Waiting for what happens elsewhere, in tests."""

import asyncio
from collections.abc import Callable


async def until(happened: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as `happened()` is true; fail when it has not become so in time."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.005)


def heard() -> list[BaseException]:
    """What the loop's exception handler is told from now on."""
    failed = list[BaseException]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failed.append(context["exception"]))
    return failed
