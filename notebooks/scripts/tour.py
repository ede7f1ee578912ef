"""Show everything that an MCP server offers: a client over any transport.

usage: python tour.py [--transport stdio|sse|streamable-http] TARGET

TARGET is a command with its arguments, or a URL. Without --transport a URL that ends
in /sse is an SSE server, any other URL a Streamable HTTP server.
"""

import asyncio
import json
import logging
import math
import re
import shlex
import sys
import textwrap
from contextlib import AsyncExitStack
from itertools import chain, count, islice, product
from unicodedata import east_asian_width

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.shared.uri_template import UriTemplate
from mcp_types import CONNECTION_CLOSED, PromptReference, ResourceTemplateReference

SECONDS = 60  # that the tour may take
MOST = 50  # rows shown of a table, resources read
FEW = 5  # resources read by one template
LONGEST = 2000  # characters shown of a text


class ToolFailed(Exception):
    """A tool ran and answered with an error; the text is what it said."""


class MCPClient:
    """One connection to one server, for as long as a program needs it."""

    def __init__(self, transport):
        self._transport = transport  # whatever mcp.Client takes
        self._client = None  # the SDK's client, while the connection is open
        self._owner = None  # the task that opens the connection and closes it

    async def connect(self):
        """Open the connection. What opening raises, this raises, after everything is closed."""
        if self._owner:
            raise RuntimeError("connect() was called before: await cleanup() first")
        opened, self._leave = asyncio.get_running_loop().create_future(), asyncio.Event()
        self._owner = owner = asyncio.create_task(self._own(opened))
        try:
            await asyncio.wait([opened, owner], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            owner.cancel()
            await self.cleanup()
            raise
        if not opened.done():
            self._owner = None
            await owner  # it has failed: this raises why

    async def _own(self, opened):
        """Open, wait until asked to leave, close: all of it in one task."""
        try:
            async with AsyncExitStack() as stack:
                self._client = await stack.enter_async_context(Client(self._transport))
                opened.set_result(True)
                await self._leave.wait()
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        finally:
            self._client = None

    async def cleanup(self):
        """Close the connection, from any task. What closing raises, this raises, once."""
        if self._owner:
            self._leave.set()
            try:
                await self._owner
            finally:
                self._owner = None

    async def __aenter__(self):
        await self.connect()
        return self

    async def __aexit__(self, *error):
        await self.cleanup()

    @property
    def client(self):
        """The SDK's client, for all that has no method here."""
        if self._client is None:
            raise RuntimeError("no connection is open: await connect() first")
        return self._client

    async def list_tools(self):
        return await self._all(self.client.list_tools, "tools")

    async def _all(self, ask, kind):
        """Everything in a list that may come in pages."""
        page = await ask()
        found = [*getattr(page, kind)]
        while page.next_cursor is not None:
            page = await ask(cursor=page.next_cursor)
            found += getattr(page, kind)
        return found

    async def execute_tool(self, name, arguments=None):
        """Call a tool. A result that is an error is raised: nobody can take it for an answer."""
        result = await self.client.call_tool(name, arguments)
        if result.is_error:
            raise ToolFailed("\n".join(part.text for part in result.content if part.type == "text"))
        return result

    async def list_prompts(self):
        return await self._all(self.client.list_prompts, "prompts")

    async def get_prompt(self, name, arguments=None):
        return await self.client.get_prompt(name, arguments)

    async def list_resources(self):
        return await self._all(self.client.list_resources, "resources")

    async def list_resource_templates(self):
        return await self._all(self.client.list_resource_templates, "resource_templates")

    async def read_resource(self, uri):
        return await self.client.read_resource(uri)


def first_error(group):
    """The first error inside an ExceptionGroup, however deep it lies."""
    error = group.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error


async def tour(mcp):
    """Print all that the server offers."""
    server = mcp.client.server_info
    head(f"{server.name} {server.version}" if server else "A server without a name")
    say(f"protocol {mcp.client.protocol_version}", mcp.client.instructions)

    tools = await listed("Tools", mcp.list_tools())
    for tool in tools:
        head(tool.name)
        say(tool.description, f"takes {in_json(tool.input_schema, 2)}")
        if tool.output_schema:
            say(f"returns {in_json(tool.output_schema, 2)}")
    if tools:
        await call_one(mcp, tools)

    for prompt in await listed("Prompts", mcp.list_prompts()):
        head(prompt.name)
        say(prompt.description)
        await show_prompt(mcp, prompt)

    for number, resource in enumerate(await listed("Resources", mcp.list_resources())):
        head(resource.uri)
        say(resource.description)
        if number < MOST:
            await show_resource(mcp, resource.uri)
        else:
            say("(not read: there are too many)")

    for template in await listed("Resource templates", mcp.list_resource_templates()):
        head(template.uri_template)
        say(template.description)
        await show_template(mcp, template.uri_template)


async def listed(title, listing):
    head(f"== {title} ==")
    found = await answer(listing)
    if found is not None:
        say(f"{len(found) or 'none'}")
    return found or []


async def answer(request):
    """What the server answers; None after its refusal has been printed."""
    try:
        return await request
    except ToolFailed as error:
        say(f"(the tool failed: {error})")
    except MCPError as error:
        if error.code == CONNECTION_CLOSED:
            raise  # this is no refusal: nobody is there any more
        say(f"(refused: {error})")


async def call_one(mcp, tools):
    """Call the first tool that says it only reads, and whose arguments its schema gives away.

    A tool that wants to ask the user cannot: this client has not said that it can be asked.
    """
    head("== A call ==")
    for tool in tools:
        hints = tool.annotations
        if not hints or not hints.read_only_hint or hints.destructive_hint:
            continue
        arguments = made_up(tool.input_schema)
        if arguments is None:
            continue
        say(f"{tool.name} {in_json(arguments)}, arguments made up from the schema:")
        if result := await answer(mcp.execute_tool(tool.name, arguments)):
            show(result.content)
            if not result.content:
                say(in_json(result.structured_content))
            break
    else:
        say("none: no tool says that it only reads, and in its schema what it would take")


def made_up(schema):
    """Arguments for all that the schema requires, or None where it does not say enough."""
    numbers, arguments = count(2), {}
    for name in schema.get("required", []):
        match schema.get("properties", {}).get(name):
            case {"default": value} | {"examples": [value, *_]} | {"enum": [value, *_]}:
                arguments[name] = value
            case {"type": "number" | "integer"} as field:
                number = min(next(numbers), field.get("maximum", math.inf))
                arguments[name] = max(number, field.get("minimum", -math.inf))
            case _:
                return None
    return arguments


async def show_prompt(mcp, prompt):
    reference, arguments = PromptReference(name=prompt.name), {}
    for argument in prompt.arguments or []:
        values = await completions(mcp, reference, argument.name)
        source = "the server's first proposal" if values else "made up"
        # made up so that the text shows where the value goes
        value = arguments[argument.name] = values[0] if values else f"<{argument.name}>"
        say(f"{argument.name} = {value} ({source}): {argument.description or 'not described'}")
    if result := await answer(mcp.get_prompt(prompt.name, arguments)):
        for message in result.messages:
            say(f"{message.role}:")
            show([message.content])


async def show_resource(mcp, uri):
    if result := await answer(mcp.read_resource(uri)):
        show(result.contents)


async def show_template(mcp, template):
    """Read what the template leads to, where there are values for its variables."""
    try:
        parsed = UriTemplate.parse(template)
    except ValueError as error:
        say(f"(not read: {error})")
        return
    reference, choices = ResourceTemplateReference(uri=template), {}
    for name in parsed.variable_names:
        choices[name] = await completions(mcp, reference, name)
        if not choices[name] and re.search("limit|count|size", name):
            choices[name] = [str(MOST)]
            say(f"{name} = {MOST} (made up)")
        elif not choices[name]:
            say(f"(not read: it needs {name}, for which the server proposes no value)")
    for values in islice(product(*choices.values()), FEW):
        uri = parsed.expand(dict(zip(choices, values, strict=True)))
        head(uri)
        await show_resource(mcp, uri)
    if (number := math.prod(map(len, choices.values()))) > FEW:
        say(f"({number - FEW:,} more that the server proposes are not read)")


async def completions(mcp, reference, name):
    """The values that the server proposes for an argument."""
    if not mcp.client.server_capabilities.completions:
        return []
    result = await answer(mcp.client.complete(reference, {"name": name, "value": ""}))
    return result.completion.values if result else []


def show(contents):
    for part in contents:
        match part:
            case object(text=text):
                say(as_table(text) or shortened(text, LONGEST))
            case object(resource=resource):
                show([resource])
            case object(blob=data) | object(data=data):
                say(f"[{part.mime_type or 'bytes'}: {len(data) * 3 // 4:,} bytes]")
            case object(uri=uri):
                say(f"[a link to {uri}]")


def as_table(text):
    """A JSON array of objects as an aligned table; of any other text, None."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        return None
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    cells = [[cell(row.get(name, "")) for name in names] for row in rows[:MOST]]
    cells.insert(0, [cell(name) for name in names])
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text + " " * (wide - width(text)) for text, wide in zip(line, widths, strict=True)
        )
        for line in cells
    ]
    shown = f", the first {MOST} of them shown" if len(rows) > MOST else ""
    return "\n".join([line.rstrip() for line in lines] + [f"({len(rows):,} rows{shown})"])


def cell(value):
    text = value if isinstance(value, str) else in_json(value)
    return shortened(" ".join(text.split()), 60)


def width(text):
    """The columns that a terminal needs: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text, most):
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters in all)"


def in_json(value, indent=None):
    return json.dumps(value, ensure_ascii=False, indent=indent)


def head(text):
    print(f"\n{harmless(text)}")


def say(*texts):
    for text in filter(None, texts):
        print(textwrap.indent(harmless(text), "  "))


def harmless(text):
    """Without the control characters by which a server could command the terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\N{REPLACEMENT CHARACTER}", text)


async def main(transport, where):
    failure = f"no MCP server answers {where}"
    try:
        async with asyncio.timeout(SECONDS), MCPClient(transport) as mcp:
            failure = "the tour broke off"
            await tour(mcp)
    except TimeoutError:
        return f"{failure}: no answer after {SECONDS} seconds"
    except Exception as error:  # the SDK, the network and the server have many kinds
        reason = harmless(str(error) or type(error).__name__).splitlines()[0]
        return f"{failure}: {reason}"  # sys.exit prints it and fails
    return None


def chosen(arguments):
    """What mcp.Client takes, and the words for it in a message."""
    hint = "(is it running, and are the path and the transport right?)"
    match arguments:
        case ["--transport", "sse", url]:
            return sse_client(url), f"at {url} over SSE {hint}"
        case ["--transport", "streamable-http", url]:
            return url, f"at {url} over Streamable HTTP {hint}"
        case [url] if re.match("https?://", url):
            transport = "sse" if url.endswith("/sse") else "streamable-http"
            return chosen(["--transport", transport, url])
        case ["--transport", "stdio", *command] if command:
            pass
        case [first, *_] if not re.match("-|https?://", first):
            command = arguments
        case _:
            sys.exit(__doc__)
    return StdioServerParameters(command=command[0], args=command[1:]), f"to {shlex.join(command)}"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stderr.reconfigure(encoding="utf-8")
    logging.getLogger("mcp").addHandler(logging.NullHandler())  # one line says what went wrong
    sys.exit(asyncio.run(main(*chosen(sys.argv[1:]))))
