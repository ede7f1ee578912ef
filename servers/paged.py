"""A server that hands out its lists in pages, which `MCPServer` never does.

Built on the low-level `Server`. Run it over stdio with `python -m servers.paged`.
Pagination is specified at
https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/pagination
"""

import argparse
from collections.abc import Sequence
from typing import TypeVar

from mcp import MCPError
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    TextContent,
    TextResourceContents,
    Tool,
)

from servers import serving

PAGE_SIZE = 10
NUMBERS = range(1, 26)
TOOLS = [
    Tool(
        name=f"tool_{n:02}",
        description=f"Answers with its number, {n}.",
        input_schema={"type": "object", "properties": {}},
    )
    for n in NUMBERS
]
RESOURCES = {
    f"page://item/{n}": Resource(
        uri=f"page://item/{n}", name=f"item_{n:02}", description=f"Item {n} of {len(NUMBERS)}."
    )
    for n in NUMBERS
}
Item = TypeVar("Item")


def page(
    items: Sequence[Item], params: PaginatedRequestParams | None
) -> tuple[list[Item], str | None]:
    """Cut out one page.

    Args:
        items: the whole list.
        params: what the client sent; no cursor means the first page.

    Returns:
        The page, and the cursor of the one after it: None when this is the last. To the
        client a cursor is a word without meaning, only to be sent back.

    Raises:
        MCPError: the cursor is none that was handed out (-32602, as specified).
    """
    starts = {f"page-{start // PAGE_SIZE + 1}": start for start in range(0, len(items), PAGE_SIZE)}
    cursor = params.cursor if params and params.cursor is not None else "page-1"
    if cursor not in starts:
        raise MCPError(INVALID_PARAMS, f"unknown cursor {cursor[:40]!r}: use one that was sent")
    end = starts[cursor] + PAGE_SIZE
    following = f"page-{end // PAGE_SIZE + 1}" if end < len(items) else None
    return list(items[starts[cursor] : end]), following


async def list_tools(
    ctx: ServerRequestContext, params: PaginatedRequestParams | None
) -> ListToolsResult:
    """Answer `tools/list`."""
    tools, cursor = page(TOOLS, params)
    return ListToolsResult(tools=tools, next_cursor=cursor)


async def call_tool(ctx: ServerRequestContext, params: CallToolRequestParams) -> CallToolResult:
    """Answer `tools/call`."""
    for number, tool in zip(NUMBERS, TOOLS, strict=True):
        if tool.name == params.name:
            return CallToolResult(content=[TextContent(text=str(number))])
    return CallToolResult(content=[TextContent(text=f"Unknown tool: {params.name}")], is_error=True)


async def list_resources(
    ctx: ServerRequestContext, params: PaginatedRequestParams | None
) -> ListResourcesResult:
    """Answer `resources/list`."""
    resources, cursor = page(list(RESOURCES.values()), params)
    return ListResourcesResult(resources=resources, next_cursor=cursor)


async def read_resource(
    ctx: ServerRequestContext, params: ReadResourceRequestParams
) -> ReadResourceResult:
    """Answer `resources/read`."""
    if params.uri not in RESOURCES:
        raise MCPError(INVALID_PARAMS, f"Unknown resource: {params.uri}")
    text = f"This is {RESOURCES[params.uri].name}."
    return ReadResourceResult(contents=[TextResourceContents(uri=params.uri, text=text)])


server = Server(
    "paged",
    title="Paged lists",
    version="1.0.0",
    on_list_tools=list_tools,
    on_call_tool=call_tool,
    on_list_resources=list_resources,
    on_read_resource=read_resource,
)


async def serve() -> None:
    """Speak MCP over this process's stdin and stdout."""
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m servers.paged", description="Serves lists in pages, over stdio."
    ).parse_args()
    serving.run_stdio(serve)
