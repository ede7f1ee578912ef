"""Let a model answer a question with the tools of an MCP server.

usage: python model_loop.py QUESTION COMMAND [ARGUMENT ...]

COMMAND starts the server. The environment says which model to ask: OPENAI_MODEL, OPENAI_API_KEY,
and OPENAI_BASE_URL (OpenAI's own where it is not set).
"""

import asyncio
import json
import os
import re
import sys

from mcp import Client, MCPError, StdioServerParameters
from openai import AsyncOpenAI, OpenAIError, omit


async def list_all(client):
    page = await client.list_tools()
    tools = page.tools
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        tools = tools + page.tools
    return {re.sub(r"[^a-zA-Z0-9_-]", "_", tool.name)[:64]: tool for tool in tools}


def for_model(name, tool):
    function = {"name": name, "description": tool.description or ""}
    return {"type": "function", "function": {**function, "parameters": tool.input_schema}}


async def allowed(name, tool, arguments):
    if tool.annotations and tool.annotations.read_only_hint:
        return True
    print(f"May it call {name} {arguments}? y/N ", end="", file=sys.stderr, flush=True)
    return (await asyncio.to_thread(sys.stdin.readline)).strip().lower() == "y"


async def run_call(client, box, call):
    if (name := call.function.name) not in box:
        return f"Error: there is no tool {name!r}"
    try:
        arguments = {**json.loads(call.function.arguments or "{}")}
    except (TypeError, ValueError) as error:
        return f"Error: the arguments are not a JSON object: {error}"
    if not await allowed(name, box[name], arguments):
        return "Error: the user declined this call"
    try:
        result = await client.call_tool(box[name].name, arguments, read_timeout_seconds=60)
    except (MCPError, RuntimeError) as error:  # RuntimeError: it breaks its own output schema
        return f"Error: {error}"
    text = "\n".join(getattr(block, "text", f"[{block.type}]") for block in result.content)
    return f"Error: {text}" if result.is_error else text


async def main(ai, model, question, command, *args, rounds=8):
    chat = [{"role": "user", "content": question}]
    async with Client(StdioServerParameters(command=command, args=list(args))) as client:
        box = await list_all(client)
        tools = [for_model(name, tool) for name, tool in box.items()] or omit
        for _ in range(rounds):
            try:
                whole = await ai.chat.completions.create(model=model, messages=chat, tools=tools)
            except OpenAIError as error:
                return f"no model answers at {ai.base_url}: {error}"  # sys.exit prints it and fails
            message = whole.choices[0].message
            chat.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return print(message.content)
            for call in message.tool_calls:
                print("→", call.function.name, call.function.arguments, file=sys.stderr)
                text = await run_call(client, box, call)
                chat.append({"role": "tool", "tool_call_id": call.id, "content": text})
    return f"no answer after {rounds} rounds"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # a Windows terminal may use another
    sys.stderr.reconfigure(encoding="utf-8")
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if not (model := os.environ.get("OPENAI_MODEL")):
        sys.exit("no model is named: set OPENAI_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY")
    try:  # many local servers ask for no key, but the package insists on one
        ai = AsyncOpenAI(api_key=os.environ.get("OPENAI_API_KEY") or "none")
        sys.exit(asyncio.run(main(ai, model, *sys.argv[1:])))
    except* (MCPError, OSError):
        sys.exit(f"no MCP server answers to: {' '.join(sys.argv[2:])}")
