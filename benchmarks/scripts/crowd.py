"""Many clients at once: `python crowd.py SSE-URL CLIENTS CALLS`.

Says "one" when the first is connected, "all" when all are, and at last what came of all their
calls: the seconds from the first to the last, and how many failed. It waits for a line each time.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx2
from mcp import Client
from mcp.client.sse import sse_client

PATIENCE = 60.0  # seconds for one call


def http(**options: Any) -> httpx2.AsyncClient:
    """A client that keeps no idle connection for the five seconds after which uvicorn closes it.

    The SDK's own does, and a request that meets the closing is lost, and with it the session.
    """
    return httpx2.AsyncClient(limits=httpx2.Limits(keepalive_expiry=1), **options)


async def say(*words: object) -> None:
    print(*words, flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def wrong(client: Client, number: int, calls: int) -> int:
    """Call one after the other; give the number of calls without the right answer."""
    found = 0
    for call in range(calls):
        result = await client.call_tool("add", {"a": number, "b": call})
        found += result.structured_content != {"result": number + call}
    return found


async def main(url: str, clients: int, calls: int) -> None:
    async with AsyncExitStack() as stack:
        opened: list[Client] = []
        while len(opened) < clients:
            transport = sse_client(url, httpx_client_factory=http)
            client = Client(transport, read_timeout_seconds=PATIENCE)
            opened.append(await stack.enter_async_context(client))
            await wrong(opened[-1], 0, 1)  # the first call imports, and lists the tools
            if len(opened) == 1:
                await say("one")
        await say("all")
        started = time.perf_counter()
        users = [wrong(client, number, calls) for number, client in enumerate(opened)]
        ended = await asyncio.gather(*users, return_exceptions=True)
        seconds = time.perf_counter() - started
        await say(seconds, sum(calls if isinstance(end, BaseException) else end for end in ended))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
