"""The large server: one of everything that a client can meet.

Run it with `python -m servers.showcase`; `--help` lists the transports. `GENERATED_ROWS` in its
environment adds a large table (servers/generated.py).
"""

import json
import logging
import re
from contextlib import suppress
from typing import Annotated

import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import AssistantMessage, Context, Image, Message, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    ContentBlock,
    EmbeddedResource,
    PromptReference,
    ResourceLink,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from pydantic import Field

from servers import arithmetic, command_line, database, films, generated
from servers.chart import bar_chart

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
MAX_ROWS = 1000
logger = logging.getLogger("servers.showcase")

mcp = MCPServer(
    "showcase",
    title="Showcase",
    description="A calculator, a film database, and one of everything else a client can meet.",
    instructions="Calculate with the tools; read films and provinces as db:// resources.",
    version="1.0.0",
    log_level="WARNING",  # INFO would print every request into a notebook's cell
)

for tool in (arithmetic.add, arithmetic.subtract, arithmetic.multiply, arithmetic.divide):
    mcp.add_tool(tool, annotations=READS)
mcp.add_tool(films.search_movies, annotations=READS)
mcp.add_tool(films.recommend_movie, annotations=READS)


@mcp.tool(annotations=READS)
async def slow_count(
    ctx: Context,
    steps: Annotated[int, Field(ge=1, le=1000, description="How far to count.")] = 20,
    step_seconds: Annotated[
        float, Field(ge=0, le=10, description="How many seconds a step takes.")
    ] = 0.1,
) -> int:
    """Count slowly from 1, reporting progress at every step. Can be cancelled."""
    step = 0
    try:
        for step in range(1, steps + 1):
            await anyio.sleep(step_seconds)
            await ctx.report_progress(step, steps, f"counted {step} of {steps}")
    except anyio.get_cancelled_exc_class():
        logger.info("slow_count was cancelled at step %d of %d", step, steps)
        raise
    return steps


@mcp.tool(annotations=READS)
def rating_report() -> list[ContentBlock]:
    """Report on the film ratings in text, a chart, an embedded resource and a resource link."""
    ratings = [film.rating for film in films.films()]
    address = f"db://tables/{films.TABLE}"
    schema = TextResourceContents(
        uri=f"{address}/schema", mime_type="application/json", text=table_schema(films.TABLE)
    )
    return [
        TextContent(text=f"{len(ratings)} films, rated {min(ratings)} to {max(ratings)}."),
        Image(data=bar_chart(ratings), format="png").to_image_content(),
        EmbeddedResource(resource=schema),
        ResourceLink(
            uri=f"{address}/data/{len(ratings)}",
            name=films.TABLE,
            description="The films behind the chart.",
            mime_type="application/json",
        ),
    ]


@mcp.tool()
async def unlock_average(
    ctx: Context,
    unlocked: Annotated[bool, Field(description="False takes the tool away again.")] = True,
) -> str:
    """Add the tool `average` to this server and announce that the list of tools has changed."""
    with suppress(ToolError):  # it was not there
        mcp.remove_tool("average")
    if unlocked:
        mcp.add_tool(arithmetic.average, annotations=READS)
    await ctx.notify_tools_changed()  # to clients that listen (2026-07-28)
    await ctx.session.send_tool_list_changed()  # to the calling client (2025-11-25 and before)
    return f"The tool `average` is {'there' if unlocked else 'gone'}."


@mcp.prompt()
def introduce_china_province(
    province: Annotated[str, Field(description="A province of China, such as 广东省.")],
) -> str:
    """Ask for an introduction to a province of China."""
    return (
        f"Introduce {province}, China, to someone who has never been there.\n"
        "Write a section on each of these, in this order:\n"
        "1. history\n2. human geography and customs\n3. economy\n4. travel advice"
    )


@mcp.prompt()
def debug_code(
    code: Annotated[str, Field(description="The code that fails.")],
    error_message: Annotated[str, Field(description="What it says when it fails.")],
) -> list[Message]:
    """Open a conversation about code that fails."""
    return [
        UserMessage(f"This code fails:\n\n{code}"),
        UserMessage(f"It says:\n\n{error_message}"),
        AssistantMessage("Before I look for the cause: what did you expect it to do?"),
        UserMessage("To run to its end. Name the line at fault, say why, and mend it."),
    ]


@mcp.resource("test://hello")
def hello() -> str:
    """A greeting."""
    return "Hello from the showcase server!"


@mcp.resource("db://test")
def database_test() -> str:
    """Whether the database can be reached."""
    return f"The database answers: SQLite {database.version()}."


@mcp.resource("db://tables", mime_type="application/json")
def tables() -> str:
    """The names of the tables, as a JSON array."""
    return json.dumps(database.TABLES)


@mcp.resource("db://tables/{table_name}/data/{limit}", mime_type="application/json")
def table_data(table_name: str, limit: str) -> str:
    """The first rows of a table, 1 to 1000 of them, as a JSON array of objects."""
    # Declared `int`, it would also take "1.0", " 5" and "1_000", and fail without a reason.
    if not (re.fullmatch("[0-9]{1,4}", limit) and 1 <= int(limit) <= MAX_ROWS):
        message = f"limit must be a whole number from 1 to {MAX_ROWS}, not {limit[:40]!r}"
        raise MCPError(INVALID_PARAMS, message)
    return json.dumps(database.rows(table_name, int(limit)), ensure_ascii=False)


@mcp.resource("db://tables/{table_name}/schema", mime_type="application/json")
def table_schema(table_name: str) -> str:
    """The columns of a table and their types, as a JSON array of objects."""
    return json.dumps(database.columns(table_name))


@mcp.completion()  # type: ignore[no-untyped-call,untyped-decorator]
async def complete(
    ref: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    context: CompletionContext | None,
) -> Completion | None:
    """Complete the names of tables and of provinces from how they begin."""
    if argument.name == "table_name":
        known = list(database.TABLES)
    elif argument.name == "province":
        known = [row["name"] for row in database.rows("chinese_provinces")]
    else:
        return None
    return Completion(values=[name for name in known if name.startswith(argument.value)])


generated.offer(mcp)

if __name__ == "__main__":
    command_line.main(mcp, port=8080)
