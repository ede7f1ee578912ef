"""What a piece of work leaves behind: processes, threads, tasks, sockets and other descriptors."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psutil

from tests.waiting import until


def census() -> Counter[str]:
    """Everything that this process has open at this moment."""
    gc.collect()
    descriptors = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one of this very listing
            descriptors.append(link.readlink())
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return Counter(
        [f"process {child.pid}" for child in psutil.Process().children(recursive=True)]
        + [f"thread {thread.name}" for thread in threading.enumerate()]
        + [f"task {task.get_coro().__qualname__}" for task in tasks]
        + [f"descriptor {name}" for name in descriptors]
    )


@asynccontextmanager
async def leaving_nothing(seconds: float = 5.0) -> AsyncIterator[None]:
    """Fail if what this block opens is not closed soon after it."""
    before = census()
    yield
    with suppress(TimeoutError):
        await until(lambda: not census() - before, seconds)
    assert census() - before == Counter()


@contextmanager
def cutting_sse_off() -> Iterator[None]:
    """For what stops an SSE server before it has noticed that its clients are gone.

    The SDK's server then leaves two of its streams unclosed, which the garbage collector
    would tell to a later test.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unclosed <MemoryObject", ResourceWarning)
        yield
        gc.collect()
