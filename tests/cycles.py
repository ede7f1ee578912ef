"""Does one thing over and over in a process of its own, and tells what each round left behind.

    python -m tests.cycles WAY ROUNDS [URL]

WAY is a name in `WAYS`; URL is the server's, where it is not started here. Prints one JSON
object: what was open before the first round and after the last, and the memory in bytes and
the number of Python objects along the way.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import jsonschema  # noqa: F401 - `connect` imports it in a thread, which would be counted
import psutil
from mcp import StdioServerParameters
from mcp.client.sse import sse_client

from helpers import close, connect, owner, serve, serving
from servers import achievement
from tests.places import BARE_SERVER, PYTHON
from tests.server_process import over_stdio
from tests.waiting import until

WARM = 100  # rounds after which the memory has to stay as it is
TIDY = 10  # rounds between two collections of garbage
BARE = StdioServerParameters(command=PYTHON, args=["-I", "-S", BARE_SERVER])


async def use(target: Any, mode: str = "auto") -> None:
    client = await connect(target, mode=mode)
    await client.list_tools()
    await close(client)


async def serve_and_use(transport: Any) -> None:
    with serve(achievement.mcp, transport=transport) as handle:
        await use(sse_client(handle.url) if transport == "sse" else handle.url)


WAYS: dict[str, Callable[[str], Awaitable[None]]] = {
    "stdio": lambda _: use(BARE),
    "stdio, a server of the course": lambda _: use(over_stdio("achievement")),
    "sse": lambda url: use(sse_client(url)),
    "streamable-http": use,
    "legacy": lambda url: use(url, "legacy"),
    "serve sse": lambda _: serve_and_use("sse"),
    "serve streamable-http": lambda _: serve_and_use("streamable-http"),
}


def open_now() -> dict[str, int]:
    process = psutil.Process()
    return {
        "processes": len(process.children(recursive=True)),
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
        "tasks": len(asyncio.all_tasks()),
        "registered": len(owner.open_keys()) + len(serving._handles),
    }


def size() -> dict[str, int]:
    gc.collect()
    return {"bytes": psutil.Process().memory_info().rss, "objects": len(gc.get_objects())}


async def main(way: str, rounds: int, url: str = "") -> None:
    for _ in range(2):  # what is imported late, and what asyncio keeps once it has it
        await WAYS[way](url)
    await until(lambda: threading.active_count() == 1)
    gc.collect()
    # what is there now is not looked through again, so collecting is cheap; else garbage would
    # wait until there is a quarter as much of it as of everything else, and count as memory
    gc.freeze()
    before, sizes = open_now(), {}
    for number in range(1, rounds + 1):
        await WAYS[way](url)
        if number % TIDY == 0:
            gc.collect()
        if number in (min(WARM, rounds // 3), rounds):
            sizes[number] = size()
    # a server closes its end of a connection a moment after ours
    with suppress(TimeoutError):
        await until(lambda: open_now() == before, 5)
    print(json.dumps({"before": before, "after": open_now(), "sizes": list(sizes.values())}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
