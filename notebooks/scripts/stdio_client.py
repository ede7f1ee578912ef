"""Start an MCP server, list its tools, and call one: a client over stdio.

usage: python stdio_client.py COMMAND [ARGUMENT ...]
"""

import asyncio
import sys

from mcp import Client, MCPError, StdioServerParameters


async def main(command, *args):
    server = StdioServerParameters(command=command, args=list(args))
    async with Client(server) as client:
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
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        sys.exit(asyncio.run(main(*sys.argv[1:])))
    except* (MCPError, OSError):
        sys.exit(f"no MCP server answers to: {' '.join(sys.argv[1:])}")
