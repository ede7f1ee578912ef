"""A server all of whose texts are hostile: `python hostile_server.py`, over stdio.

What it is called, what it describes, returns and fails with carries markup, script, links with
`javascript:`, terminal escapes, characters that cannot be seen, and megabytes in a line. Whatever
of it executes in a page sets `window.hacked`.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import anyio
from mcp import MCPError
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    CompleteResult,
    Completion,
    EmbeddedResource,
    GetPromptResult,
    ImageContent,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceResult,
    Resource,
    ResourceLink,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
    Tool,
)

ACT = "window.hacked=1"
NASTY = (
    f"<script>{ACT}</script><img src=x onerror={ACT}><svg/onload={ACT}>"
    f"[link](javascript:{ACT}) $\\href{{javascript:{ACT}}}{{x}}$ \"'`</pre></style>"
    "\x1b[31mred\x1b[0m \u202egnp.exe\u202c \u200bzero\u200b \x00nul \U000e0041tag & &lt;"
)
LONG = NASTY + "x" * 2_000_000
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{ACT}'><script>{ACT}</script></svg>"
ROWS = json.dumps([{NASTY: NASTY, "number": 1, "nested": {NASTY: [NASTY]}}] * 60)
TREE = json.dumps({NASTY: {NASTY: [NASTY, None, {"deep": NASTY}]}})
SCRIPT_LINK = f"javascript:{ACT}"
SCHEMA = {
    "type": "object",
    "title": NASTY,
    "properties": {NASTY: {"type": "string", "title": NASTY, "description": NASTY}},
}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def text(uri: str, content: str, kind: str = "text/plain") -> TextResourceContents:
    return TextResourceContents(uri=uri, text=content, mime_type=kind)


CONTENTS: dict[str, Any] = {
    "text": text("x:text", NASTY, NASTY),
    "html": text("x:html", f"<html><body onload={ACT}>{NASTY}", "text/html"),
    "rows": text("x:rows", ROWS, "application/json"),
    "tree": text("x:tree", TREE, "application/json"),
    "long": text("x:long", LONG),
    "svg": BlobResourceContents(uri="x:svg", blob=encoded(SVG), mime_type="image/svg+xml"),
    "broken": BlobResourceContents(uri="x:broken", blob=f'"><script>{ACT}', mime_type="image/png"),
}
BLOCKS = [
    TextContent(text=NASTY),
    ImageContent(data=encoded(SVG), mime_type="image/png"),
    ImageContent(data=f'"><img src=x onerror={ACT}>', mime_type=NASTY),
    AudioContent(data=encoded(NASTY), mime_type="audio/wav"),
    EmbeddedResource(resource=CONTENTS["html"]),
    ResourceLink(uri=SCRIPT_LINK, name=NASTY, title=NASTY, description=NASTY, mime_type=NASTY),
    ResourceLink(uri=f'https://example.com/"onclick="{ACT}', name="a link with quotes"),
    ResourceLink(uri="https://example.com/\u202egnp.exe", name="a link that lies"),
]


async def list_tools(*_: object) -> ListToolsResult:
    names = (f"call {NASTY}", f"fail {NASTY}", f"error {NASTY}")
    return ListToolsResult(
        tools=[Tool(name=n, title=NASTY, description=NASTY, input_schema=SCHEMA) for n in names]
    )


async def call_tool(_: object, params: Any) -> CallToolResult:
    if params.name.startswith("error"):
        raise MCPError(-32000, NASTY, data={NASTY: NASTY})
    return CallToolResult(content=BLOCKS, is_error=params.name.startswith("fail"))


async def list_resources(*_: object) -> ListResourcesResult:
    return ListResourcesResult(
        resources=[
            Resource(uri=f"x:{name}", name=f"{name} {NASTY}", description=NASTY, mime_type=NASTY)
            for name in (*CONTENTS, "error")
        ]
    )


async def list_templates(*_: object) -> ListResourceTemplatesResult:
    uris = ("x:{name}", "x:{" + NASTY + "}")
    return ListResourceTemplatesResult(
        resource_templates=[
            ResourceTemplate(uri_template=uri, name=NASTY, description=NASTY) for uri in uris
        ]
    )


async def read_resource(_: object, params: Any) -> ReadResourceResult:
    name = params.uri.removeprefix("x:")
    if name not in CONTENTS:
        raise MCPError(-32002, f"there is no {NASTY}")
    return ReadResourceResult(contents=[CONTENTS[name]])


async def list_prompts(*_: object) -> ListPromptsResult:
    argument = PromptArgument(name=NASTY, title=NASTY, description=NASTY)
    return ListPromptsResult(
        prompts=[Prompt(name=NASTY, title=NASTY, description=NASTY, arguments=[argument])]
    )


async def get_prompt(*_: object) -> GetPromptResult:
    messages = [PromptMessage(role="user", content=block) for block in BLOCKS]
    return GetPromptResult(description=NASTY, messages=messages)


async def complete(*_: object) -> CompleteResult:
    return CompleteResult(completion=Completion(values=["text", NASTY, "<b>rows</b>"]))


server = Server(
    NASTY,
    title=NASTY,
    version=NASTY,
    instructions=NASTY,
    on_list_tools=list_tools,
    on_call_tool=call_tool,
    on_list_resources=list_resources,
    on_list_resource_templates=list_templates,
    on_read_resource=read_resource,
    on_list_prompts=list_prompts,
    on_get_prompt=get_prompt,
    on_completion=complete,
)


async def serve() -> None:
    print(NASTY, file=sys.stderr, flush=True)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(serve)
