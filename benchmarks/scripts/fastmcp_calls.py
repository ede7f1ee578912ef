"""Time calls with fastmcp's Client: `python fastmcp_calls.py SSE-URL HTTP-URL SERVER-COMMAND…`."""

import asyncio
import sys
import time

from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport


async def main(sse: str, http: str, command: str, *args: str) -> None:
    async with (
        Client(StdioTransport(command, list(args))) as over_stdio,
        Client(SSETransport(sse)) as over_sse,
        Client(StreamableHttpTransport(http)) as over_http,
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
