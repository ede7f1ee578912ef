"""Time calls with the raw SDK: `python sdk_calls.py SSE-URL HTTP-URL SERVER-COMMAND…`."""

import asyncio
import sys
import time

from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client


async def main(sse: str, http: str, command: str, *args: str) -> None:
    async with (
        Client(StdioServerParameters(command=command, args=list(args))) as over_stdio,
        Client(sse_client(sse)) as over_sse,
        Client(http) as over_http,
    ):
        clients = {"stdio": over_stdio, "sse": over_sse, "streamable-http": over_http}
        print("ready", flush=True)
        for line in sys.stdin:  # which transport, and how many calls
            name, count = line.split()
            client = clients[name]
            started = time.perf_counter()
            for _ in range(int(count)):
                await client.call_tool("add", {"a": 2, "b": 3})
            print((time.perf_counter() - started) / int(count), flush=True)


asyncio.run(main(*sys.argv[1:]))
