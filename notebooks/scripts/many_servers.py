"""List the tools of all servers in an mcpServers file, or call one: a client of many servers.

usage: python many_servers.py CONFIG [SERVER TOOL ARGUMENTS]      ARGUMENTS is a JSON object
"""

import asyncio
import json
import logging
import os
import re
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

SECONDS = 20  # that each server may take to answer


async def opened(entry, stack):
    """The client for one entry, with ${NAME} filled in; the stack closes what this opens."""
    place, value = r"\$\{(?:env:)?(\w+)\}", lambda found: json.dumps(os.environ[found[1]])[1:-1]
    entry = json.loads(re.sub(place, value, json.dumps(entry)))
    if "command" in entry:
        transport = StdioServerParameters.model_validate(entry)  # leaves out what it does not know
    else:
        url, headers = entry["url"], entry.get("headers")
        kind = entry.get("type") or entry.get("transport") or url.split("/")[-1]
        if kind == "sse":
            transport = sse_client(url, headers=headers)
        else:
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers))
            transport = streamable_http_client(url, http_client=http)
    return await stack.enter_async_context(Client(transport))


def reason(error):
    while isinstance(error, BaseExceptionGroup):  # the SDK does several things at once
        error = error.exceptions[0]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"  # in one line


async def main(entries, server=None, tool=None, arguments="{}"):
    async with AsyncExitStack() as stack:
        clients = {}
        for name, entry in entries.items():
            try:
                if not entry.get("disabled"):
                    async with asyncio.timeout(SECONDS):
                        clients[name] = await opened(entry, stack)
            except Exception as error:  # it shall not spoil the others
                print(f"{name} is not open: {reason(error)}", file=sys.stderr)
        if server is None:
            for name, client in clients.items():
                for found in (await client.list_tools()).tools:
                    print(f"{name}: {found.name}: {found.description}")
        elif server not in clients:
            return f"no server is open under the name {server}"  # sys.exit prints it and fails
        else:
            result = await clients[server].call_tool(tool, json.loads(arguments))
            if result.is_error:
                return f"the tool failed: {result.content[0].text}"
            print(result.content[0].text)
    return None


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # a Windows terminal may use another
    if len(sys.argv) not in (2, 5):
        sys.exit(__doc__)
    logging.getLogger("mcp").addHandler(logging.NullHandler())  # one line says what went wrong
    try:
        file = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
        sys.exit(asyncio.run(main(file["mcpServers"], *sys.argv[2:])))
    except Exception as error:
        sys.exit(reason(error))
