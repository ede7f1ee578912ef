"""Connect to a running MCP server, list its tools, and call one: a client over SSE.

usage: python sse_client.py URL        for example http://127.0.0.1:18080/sse
"""

import asyncio
import sys

import httpx2
from mcp import Client, MCPError
from mcp.client.sse import sse_client


async def main(url):
    async with Client(sse_client(url)) as client:
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
        sys.exit(asyncio.run(main(sys.argv[1])))
    except* (MCPError, httpx2.HTTPError, httpx2.InvalidURL):
        sys.exit(f"no SSE server answers at {sys.argv[1]}: is it running, is the path right?")
