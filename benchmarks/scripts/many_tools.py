"""A server over stdio with as many tools as asked for: `python many_tools.py COUNT`."""

import sys
from collections.abc import Callable

from mcp.server import MCPServer

mcp = MCPServer("many", log_level="WARNING")


def answering(number: int) -> Callable[..., str]:
    def tool(query: str, limit: int = 10, at_least: float | None = None) -> str:
        return str(number)

    return tool


for number in range(int(sys.argv[1])):
    described = f"Look something up in archive {number}, at most `limit` of what is found."
    mcp.add_tool(answering(number), name=f"look_up_{number:04}", description=described)
mcp.run()
