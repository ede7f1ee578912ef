"""Connect to a running MCP server, list its tools, and call one: a client over Streamable HTTP.

usage: python http_client.py URL       for example http://127.0.0.1:18080/mcp

Does the server want a token? Put it into the environment variable MCP_TOKEN.
"""

import asyncio
import os
import sys

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client


async def main(url, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        for tool in (await client.list_tools()).tools:
            print(f"{tool.name}: {tool.description}")
        result = await client.call_tool("get_score_by_name", {"name": "张三"})

    text = result.content[0].text
    if result.is_error:
        return f"the tool failed: {text}"  # sys.exit prints it and fails
    print(text)
    return None


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # a Windows terminal may use another
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        sys.exit(asyncio.run(main(sys.argv[1], os.environ.get("MCP_TOKEN"))))
    except* (MCPError, httpx2.HTTPError, httpx2.InvalidURL):
        sys.exit(
            f"no Streamable HTTP server answers at {sys.argv[1]}: "
            "is it running, are path and token right?"
        )
