"""The tour script: its MCPClient by itself, and its output against servers of every kind."""

import asyncio
import csv
import importlib.util
import json
import re
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import httpx2
import psutil
import pytest
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.server import MCPServer, Server
from mcp.server.mcpserver import Elicit, ElicitationResult, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resources import FunctionResource, TextResource
from mcp_types import (
    Completion,
    ListPromptsResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    Prompt,
    ResourceTemplate,
    TextContent,
    Tool,
    ToolAnnotations,
)

from servers import database, films, paged, showcase
from tests.places import NOTEBOOKS, ODD_SERVER, PYTHON, ROOT
from tests.server_process import command, listening, over_stdio
from tests.waiting import until

SCRIPT = NOTEBOOKS / "scripts" / "tour.py"
TRANSPORTS = ["stdio", "sse", "streamable-http"]
HTTP = ["sse", "streamable-http"]
READS = ToolAnnotations(read_only_hint=True)

spec = importlib.util.spec_from_file_location("tour", SCRIPT)
tour = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tour)
MCPClient, ToolFailed = tour.MCPClient, tour.ToolFailed


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


# MCPClient: each operation


async def test_every_operation_gives_what_the_server_has():
    async with MCPClient(showcase.mcp) as client:
        assert "add" in [tool.name for tool in await client.list_tools()]
        result = await client.execute_tool("add", {"a": 2, "b": 3})
        assert result.structured_content == {"result": 5}
        assert len(await client.list_prompts()) == 2
        prompt = await client.get_prompt("introduce_china_province", {"province": "广东省"})
        assert "广东省" in prompt.messages[0].content.text
        assert len(await client.list_resources()) == 3
        assert len(await client.list_resource_templates()) == 2
        [content] = (await client.read_resource("test://hello")).contents
        assert content.text == "Hello from the showcase server!"
        assert isinstance(client.client, Client)


async def test_a_tool_that_fails_is_an_exception_that_says_what_the_tool_said():
    async with MCPClient(showcase.mcp) as client:
        with pytest.raises(ToolFailed, match="Cannot divide by zero"):
            await client.execute_tool("divide", {"a": 1, "b": 0})
        with pytest.raises(ToolFailed, match="Unknown tool: no_such"):
            await client.execute_tool("no_such")
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource("no://such")


async def test_tools_and_resources_are_listed_to_the_last_page():
    async with MCPClient(over_stdio("paged")) as client:
        assert [tool.name for tool in await client.list_tools()] == [t.name for t in paged.TOOLS]
        assert [resource.uri for resource in await client.list_resources()] == [*paged.RESOURCES]
        assert len(await client.list_tools()) == 25  # the first listing was not added to


async def test_prompts_and_templates_are_listed_to_the_last_page():
    async def prompts(context, params):
        last = params and params.cursor == ""  # an empty cursor is a cursor like any other
        name = "second" if last else "first"
        return ListPromptsResult(prompts=[Prompt(name=name)], next_cursor=None if last else "")

    async def templates(context, params):
        number = int(params.cursor) if params and params.cursor else 1
        return ListResourceTemplatesResult(
            resource_templates=[ResourceTemplate(name=f"t{number}", uri_template="x://{a}")],
            next_cursor=str(number + 1) if number < 3 else None,
        )

    server = Server("two", on_list_prompts=prompts, on_list_resource_templates=templates)
    async with MCPClient(server) as client:
        assert [prompt.name for prompt in await client.list_prompts()] == ["first", "second"]
        assert [t.name for t in await client.list_resource_templates()] == ["t1", "t2", "t3"]


# MCPClient: opening, closing, and what goes wrong


async def test_connect_and_cleanup_may_be_called_from_different_tasks():
    client = MCPClient(over_stdio("achievement"))
    await asyncio.create_task(client.connect())
    assert len(await asyncio.create_task(client.list_tools())) == 1
    [process] = children()
    await asyncio.create_task(client.cleanup())
    assert not process.is_running()


async def test_cleaning_up_twice_or_before_connecting_does_nothing():
    client = MCPClient(showcase.mcp)
    await client.cleanup()
    await client.connect()
    await client.cleanup()
    await client.cleanup()


async def test_two_tasks_that_clean_up_at_once_both_wait_until_it_is_closed():
    client = MCPClient(over_stdio("achievement"))
    await client.connect()
    [process] = children()

    async def close():
        await client.cleanup()
        assert not process.is_running()

    await asyncio.gather(close(), close())


async def test_without_a_connection_an_operation_says_what_to_do():
    client = MCPClient(showcase.mcp)
    for _ in range(2):  # before the connection, and after it
        with pytest.raises(RuntimeError, match=r"await connect\(\) first"):
            await client.list_tools()
        async with client:
            pass


async def test_a_client_can_connect_again_but_not_twice():
    client = MCPClient(over_stdio("achievement"))
    for _ in range(2):
        await client.connect()
        with pytest.raises(RuntimeError, match=r"await cleanup\(\) first"):
            await client.connect()
        assert len(await client.list_tools()) == 1
        await client.cleanup()
    assert not children()


@pytest.mark.parametrize(
    ("transport", "kind"),
    [
        ("http://127.0.0.1:9/mcp", httpx2.ConnectError),
        (StdioServerParameters(command="no-such-command"), FileNotFoundError),
        (StdioServerParameters(command=PYTHON, args=["-c", ""]), MCPError),
    ],
)
async def test_what_opening_raises_connect_raises_plainly(transport, kind):
    client = MCPClient(transport)
    for _ in range(2):  # and the client is as good as new after it
        with pytest.raises(kind) as caught:
            await client.connect()
        assert "ExceptionGroup" not in shown(caught.value)
        await client.cleanup()
    assert not children()


async def test_an_error_in_the_block_is_not_changed_by_the_way_out():
    with pytest.raises(KeyError, match="mine"):
        async with MCPClient(over_stdio("achievement")):
            raise KeyError("mine")
    assert not children()


async def test_a_connect_that_is_cancelled_leaves_no_process():
    client = MCPClient(StdioServerParameters(command=PYTHON, args=[ODD_SERVER, "silent"]))
    connecting = asyncio.create_task(client.connect())
    await until(children)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert not children()
    await client.cleanup()


async def test_a_connect_that_takes_too_long_is_a_timeout_and_leaves_no_process():
    silent = StdioServerParameters(command=PYTHON, args=[ODD_SERVER, "silent"])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), MCPClient(silent):
            pass
    assert not children()


async def test_a_connect_that_is_cancelled_in_the_moment_it_succeeds_closes_again():
    client = MCPClient(showcase.mcp)
    connecting = asyncio.create_task(client.connect())
    while client._client is None:  # opened, and connect does not know it yet
        await asyncio.sleep(0)
    assert not connecting.done()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert client._client is None
    assert client._owner is None


async def test_a_cleanup_during_connect_waits_and_closes():
    client = MCPClient(over_stdio("achievement"))
    connecting = asyncio.create_task(client.connect())
    await until(children)
    await client.cleanup()
    await connecting
    assert not children()
    with pytest.raises(RuntimeError, match="no connection is open"):
        await client.list_tools()


async def test_a_failing_connect_raises_also_where_a_cleanup_waits_for_it():
    client = MCPClient("http://127.0.0.1:9/mcp")
    outcomes = await asyncio.gather(client.connect(), client.cleanup(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [httpx2.ConnectError] * 2


async def test_a_cleanup_that_is_cancelled_has_closed_all_the_same():
    closed, reached = [], asyncio.Event()

    @asynccontextmanager
    async def slow_to_close():
        async with sse_client(url) as streams:
            try:
                yield streams
            finally:
                reached.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    closed.append(True)

    with listening("achievement", "sse") as server:
        url = server.url
        client = MCPClient(slow_to_close())
        await client.connect()
        closing = asyncio.create_task(client.cleanup())
        await reached.wait()
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
    assert closed
    assert client._owner is None


async def test_what_closing_raises_cleanup_raises_once_and_plainly():
    @asynccontextmanager
    async def broken_at_the_end():
        async with stdio_client(over_stdio("achievement")) as streams:
            yield streams
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [OSError("the door is stuck")])])

    client = MCPClient(broken_at_the_end())
    await client.connect()
    with pytest.raises(OSError, match="the door is stuck") as caught:
        await client.cleanup()
    assert "ExceptionGroup" not in shown(caught.value)
    await client.cleanup()
    assert not children()


def left_open():
    """Connects in a loop that ends without cleaning up."""

    async def connect():
        client = MCPClient(over_stdio("achievement"))
        await client.connect()
        return client

    asyncio.run(connect())


def test_a_loop_that_ends_without_a_cleanup_leaves_no_process():
    thread = threading.Thread(target=left_open)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert not children()


async def test_after_a_stdio_server_has_died_a_call_says_so_and_cleaning_up_is_quiet():
    client = MCPClient(StdioServerParameters(command=PYTHON, args=[ODD_SERVER]))
    await client.connect()
    for tool in ("die", "add"):
        with pytest.raises(MCPError, match="Connection closed"):
            await client.execute_tool(tool)
    await client.cleanup()
    assert not children()
    await client.connect()
    assert (await client.execute_tool("add", {"a": 1, "b": 1})).structured_content == {"result": 2}
    await client.cleanup()


@pytest.mark.parametrize("transport", HTTP)
async def test_after_a_served_server_has_died_the_errors_are_plain_ones(transport):
    with listening("showcase", transport) as server:
        client = MCPClient(server.target())
        await client.connect()
        server.process.kill()
        server.process.wait()
        with pytest.raises(MCPError, match="Connection closed"):
            await client.execute_tool("add", {"a": 1, "b": 1})
        try:
            await client.cleanup()
        except httpx2.HTTPError as error:  # what the transport has to say on leaving, if anything
            assert "ExceptionGroup" not in shown(error)
    with pytest.raises(RuntimeError, match="no connection is open"):
        await client.list_tools()


# the script, against showcase: every item of its description


def run_tour(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=100,
        cwd=ROOT,
    )


@pytest.fixture(scope="module", params=TRANSPORTS)
def shown_of_showcase(request) -> str:
    if request.param == "stdio":
        done = run_tour(*command("showcase"))
    else:
        with listening("showcase", request.param) as server:
            done = run_tour(server.url)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def rows_of(output: str, uri: str) -> list[list[str]]:
    """The table under a URI, as the cells of its lines; two spaces divide them."""
    block = output.split(f"\n{uri}\n")[1].split("\n\n")[0]
    *lines, tail = block.splitlines()
    assert tail == f"  ({len(lines) - 1} rows)"
    return [re.split(r" {2,}", line.strip()) for line in lines]


@pytest.mark.parametrize("table", database.TABLES)
def test_the_tour_shows_every_row_of_every_table(shown_of_showcase, table):
    with (database.DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == {"chinese_provinces": 35, "chinese_movie_ratings": 21}[table]
    assert rows_of(shown_of_showcase, f"db://tables/{table}/data/50") == rows


@pytest.mark.parametrize("table", database.TABLES)
def test_the_tour_shows_the_schema_of_every_table(shown_of_showcase, table):
    names = list(database.rows(table, 1)[0])
    schema = rows_of(shown_of_showcase, f"db://tables/{table}/schema")
    assert schema == [["name", "type"], *([name, "TEXT"] for name in names)]


def test_the_columns_of_a_table_stand_below_each_other(shown_of_showcase):
    block = shown_of_showcase.split("\ndb://tables/chinese_movie_ratings/data/50\n")[1]
    header, *lines = block.split("\n\n")[0].splitlines()[:-1]
    ratings = {
        tour.width(line[: line.index(f"  {film.rating}  ")])
        for line, film in zip(lines, films.films(), strict=True)
    }
    assert ratings == {tour.width(header[: header.index("  rating  ")])}


async def listings():
    async with Client(showcase.mcp) as client:
        return (
            (await client.list_tools()).tools,
            (await client.list_prompts()).prompts,
            (await client.list_resources()).resources,
            (await client.list_resource_templates()).resource_templates,
        )


async def test_the_tour_shows_every_tool_with_its_description_and_its_schemas(shown_of_showcase):
    tools, *_ = await listings()
    assert {"add", "subtract", "multiply", "divide", "search_movies"} <= {t.name for t in tools}
    section = shown_of_showcase.split("== Tools ==")[1].split("== A call ==")[0]
    for tool in tools:
        block = section.split(f"\n{tool.name}\n  {tool.description}\n")[1]
        takes, rest = json.JSONDecoder().raw_decode(block.removeprefix("  takes "))
        assert takes == tool.input_schema
        if tool.output_schema:
            returns = block[rest:].removeprefix("  takes ").partition("  returns ")[2]
            assert json.JSONDecoder().raw_decode(returns)[0] == tool.output_schema
    assert "Dividing by zero is an error." in section


def test_the_tour_calls_add_and_says_that_it_made_the_arguments_up(shown_of_showcase):
    section = shown_of_showcase.split("== A call ==")[1].split("\n== ")[0]
    assert section == '\n  add {"a": 2, "b": 3}, arguments made up from the schema:\n  5\n'


async def test_the_tour_shows_every_prompt_with_its_text(shown_of_showcase):
    _, prompts, *_ = await listings()
    section = shown_of_showcase.split("== Prompts ==")[1].split("== Resources ==")[0]
    for prompt in prompts:
        assert f"\n{prompt.name}\n  {prompt.description}\n" in section
    assert "  province = 北京市 (the server's first proposal): A province of China" in section
    assert "Introduce 北京市, China" in section
    for number, part in enumerate(
        ["history", "human geography and customs", "economy", "travel advice"], 1
    ):
        assert f"  {number}. {part}\n" in section
    assert "  code = <code> (made up): The code that fails.\n" in section
    conversation = section.split("(made up): What it says when it fails.\n")[1]
    assert re.findall(r"^  (user|assistant):$", conversation, re.MULTILINE) == [
        *("user", "user", "assistant", "user")
    ]
    for part in ("<code>", "<error_message>", "what did you expect", "Name the line at fault"):
        assert part in conversation


async def test_the_tour_shows_every_resource_with_its_text(shown_of_showcase):
    *_, resources, _ = await listings()
    section = shown_of_showcase.split("== Resources ==")[1].split("== Resource templates ==")[0]
    async with Client(showcase.mcp) as client:
        for resource in resources:
            [content] = (await client.read_resource(resource.uri)).contents
            assert f"\n{resource.uri}\n  {resource.description}\n  {content.text}\n" in section
    assert '["chinese_provinces", "chinese_movie_ratings"]' in section


async def test_the_tour_shows_every_template_and_what_it_made_up(shown_of_showcase):
    *_, templates = await listings()
    section = shown_of_showcase.split("== Resource templates ==")[1]
    for template in templates:
        assert f"\n{template.uri_template}\n  {template.description}\n" in section
    assert "  limit = 50 (made up)\n" in section


# the script, against other servers


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_tour_of_achievement_shows_all_of_it_and_calls_its_tool(transport):
    if transport == "stdio":
        done = run_tour("--transport", "stdio", *command("achievement"))
    else:
        with listening("achievement", transport) as server:
            done = run_tour("--transport", transport, server.url)
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "get_score_by_name\n  根据员工的姓名获取该员工的绩效得分\n",
        '== A call ==\n  get_score_by_name {"name": "张三"}, arguments made up',
        "\n  name: 张三 绩效评分: 85.9\n",
        "file://info.md\n  员工信息表：姓名、性别、年龄\n  | 姓名 | 性别 | 年龄 |",
        "| 李四 | 女 | 25 |",
        "appraise\n  查询员工的绩效得分，并给出评价\n  name = <name> (made up): 员工的姓名",
        "== Resource templates ==\n  none",
    ):
        assert part in done.stdout


def test_the_tour_of_paged_lists_goes_to_the_last_page():
    done = run_tour(*command("paged"))
    assert (done.returncode, done.stderr) == (0, "")
    for number in range(1, 26):
        assert f"\ntool_{number:02}\n" in done.stdout
        assert f"  This is item_{number:02}.\n" in done.stdout
    assert "== Prompts ==\n  (refused: Method not found)" in done.stdout


def script_of(tmp_path: Path, source: str) -> str:
    """A server of a few lines, which takes the transports that ours take."""
    path = tmp_path / "server.py"
    path.write_text(source, encoding="utf-8")
    return str(path)


@contextmanager
def started(script: str, transport: str) -> Iterator[list[str]]:
    """The arguments with which the tour finds the server of a script."""
    if transport == "stdio":
        yield [PYTHON, script]
        return
    with subprocess.Popen(
        [PYTHON, script, "--transport", transport], stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            yield [process.stderr.readline().split()[-1]]
        finally:
            process.kill()


NOTHING = """
import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server

async def serve():
    server = Server("nothing")
    async with stdio_server() as streams:
        await server.run(*streams, server.create_initialization_options())

anyio.run(serve)
"""


def test_the_tour_of_a_server_with_nothing_says_so_and_does_not_fail(tmp_path):
    done = run_tour(PYTHON, script_of(tmp_path, NOTHING))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("  (refused: Method not found)") == 4


DIES = """
import os
from mcp.server import MCPServer
from servers import command_line

mcp = MCPServer("dies", log_level="ERROR")

@mcp.tool()
def first() -> str:
    return "never called"

@mcp.prompt()
def deadly() -> str:
    os._exit(7)

command_line.main(mcp, port=0)
"""


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_that_dies_in_the_middle_ends_the_tour_in_one_line(tmp_path, transport):
    with started(script_of(tmp_path, DIES), transport) as target:
        done = run_tour(*target)
    assert done.returncode == 1
    assert "\nfirst\n" in done.stdout
    assert done.stdout.endswith("\ndeadly\n")
    [line] = done.stderr.splitlines()
    assert line.startswith("the tour broke off: ")


class Page(BaseHTTPRequestHandler):
    """A web server that has never heard of MCP."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    do_POST = do_GET

    def log_message(self, *arguments):
        pass


@contextmanager
def web_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def refused(done: subprocess.CompletedProcess[str], url: str) -> str:
    """What the one line says after the URL and the transport."""
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"no MCP server answers at {url} over ")
    assert "is it running, and are the path and the transport right?" in line
    return line


@pytest.mark.parametrize(("path", "name"), [("mcp", "Streamable HTTP"), ("sse", "SSE")])
def test_a_closed_port_is_one_line(path, name):
    url = f"http://127.0.0.1:9/{path}"
    line = refused(run_tour(url), url)
    assert f"over {name} " in line
    assert line.endswith("All connection attempts failed")


@pytest.mark.parametrize("path", ["mcp", "sse"])
def test_a_web_server_that_is_not_mcp_is_one_line(path):
    with web_server() as url:
        assert "text/html" in refused(run_tour(f"{url}/{path}"), f"{url}/{path}")


@pytest.mark.parametrize("transport", HTTP)
def test_a_wrong_path_or_a_transport_contradicting_the_url_is_one_line(transport):
    other = {"sse": "streamable-http", "streamable-http": "sse"}[transport]
    with listening("showcase", transport) as server:
        wrong_path = f"{server.url}/nowhere"
        assert "Not Found" in refused(run_tour("--transport", transport, wrong_path), wrong_path)
        refused(run_tour("--transport", other, server.url), server.url)


@pytest.mark.parametrize(
    "target", [["no-such-command", "x y"], [str(ROOT)], [PYTHON, "-c", "print('no server')"], [""]]
)
def test_a_command_that_does_not_start_or_is_no_server_is_one_line(target):
    done = run_tour(*target)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("no MCP server answers to ")


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["--transport"], ["--transport", "stdio"], ["--transport", "pigeon", "x"]),
        *(["--help"], ["http://127.0.0.1:9/mcp", "more"], ["--transport", "sse", "a", "b"]),
    ],
)
def test_arguments_that_make_no_sense_show_the_usage(arguments):
    done = run_tour(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert "usage: python tour.py [--transport stdio|sse|streamable-http] TARGET" in done.stderr


async def test_a_server_that_never_answers_ends_the_tour_in_time(monkeypatch):
    monkeypatch.setattr(tour, "SECONDS", 1)
    silent = StdioServerParameters(command=PYTHON, args=[ODD_SERVER, "silent"])
    assert (
        await tour.main(silent, "to it") == "no MCP server answers to it: no answer after 1 seconds"
    )
    assert not children()


def test_the_output_is_utf_8_wherever_it_goes(tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, *command("achievement")],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C", "PATH": ""},
    )
    assert "绩效满分为 100 分" in done.stdout.decode("utf-8")


HALF = r"""
from mcp.server import MCPServer
from mcp.server.mcpserver.resources import TextResource

mcp = MCPServer("half", log_level="ERROR")
mcp.add_resource(TextResource(uri="a://b", name="b", text='[{"a": "\\ud83d"}]'))
mcp.run()
"""


def test_half_a_character_in_a_row_does_not_end_the_tour(tmp_path):
    done = run_tour(PYTHON, script_of(tmp_path, HALF))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n  a\n  \\ud83d\n  (1 rows)\n" in done.stdout


# the tour's choices, in this process


async def output_of(server, capsys) -> str:
    assert await tour.main(server, "here") is None
    return capsys.readouterr().out


async def test_only_a_tool_that_says_it_reads_and_does_not_destroy_is_called(capsys):
    called, mcp = [], MCPServer("tools", log_level="ERROR")
    hints = {
        "silent": None,
        "writes": ToolAnnotations(read_only_hint=False),
        "contradicts": ToolAnnotations(read_only_hint=True, destructive_hint=True),
        "reads": READS,
        "later": READS,
    }
    for name, annotations in hints.items():
        mcp.add_tool(lambda name=name: called.append(name), name=name, annotations=annotations)
    await output_of(mcp, capsys)
    assert called == ["reads"]


async def test_arguments_come_from_defaults_examples_choices_and_bounds(capsys):
    schema = {
        "required": ["default", "example", "choice", "low", "high", "free"],
        "properties": {
            "default": {"type": "string", "default": "d"},
            "example": {"type": "string", "examples": ["e", "f"]},
            "choice": {"enum": ["c1", "c2"]},
            "low": {"type": "integer", "minimum": 7},
            "high": {"type": "number", "maximum": 1.5},
            "free": {"type": "number"},
            "optional": {"type": "string"},
        },
    }
    assert tour.made_up(schema) == {
        "default": "d",
        "example": "e",
        "choice": "c1",
        "low": 7,
        "high": 1.5,
        "free": 4,
    }
    assert tour.made_up({"type": "object"}) == {}
    for unknown in ({"type": "string"}, {"$ref": "#/$defs/X"}, True, None):
        assert tour.made_up({"required": ["x"], "properties": {"x": unknown}}) is None
    assert tour.made_up({"required": ["x"]}) is None


async def test_a_tool_that_would_ask_the_user_is_refused_and_the_next_one_is_called(capsys):
    mcp, asked = MCPServer("asks", log_level="ERROR"), []

    @mcp.tool(annotations=READS)
    def recommend(
        taste: Annotated[ElicitationResult[films.Taste], Resolve(lambda: Elicit("?", films.Taste))],
    ) -> str:
        asked.append(taste)
        return "never"

    @mcp.tool(annotations=READS)
    def fails() -> str:
        raise ToolError("not today")

    @mcp.tool(annotations=READS)
    def works() -> str:
        return "called all the same"

    output = await output_of(mcp, capsys)
    assert not asked
    assert re.search(r"recommend {}, .*\n  \(refused: .*elicitation", output)
    assert re.search(r"fails {}, .*\n  \(the tool failed: .*not today", output)
    assert "  called all the same\n" in output


async def test_a_template_says_what_it_would_need(capsys):
    mcp = MCPServer("templates", log_level="ERROR")
    read = []

    @mcp.resource("x://{city}/{page_size}")
    def weather(city: str, page_size: str) -> str:
        read.append(city)
        return city

    @mcp.resource("y://{limit}")
    def some(limit: str) -> str:
        return f"{limit} of them"

    output = await output_of(mcp, capsys)
    assert "(not read: it needs city, for which the server proposes no value)" in output
    assert not read
    assert "  limit = 50 (made up)\n\ny://50\n  50 of them\n" in output


async def test_of_many_proposed_values_the_tour_reads_a_few_and_says_so(capsys):
    mcp = MCPServer("many", log_level="ERROR")

    @mcp.resource("x://{name}")
    def one(name: str) -> str:
        return f"this is {name}"

    @mcp.completion()
    async def complete(ref, argument, context):
        return Completion(values=[f"é {number}/" for number in range(9)])

    output = await output_of(mcp, capsys)
    assert output.count("  this is é") == 5
    assert "\nx://%C3%A9%200%2F\n  this is é 0/\n" in output
    assert "(4 more that the server proposes are not read)" in output


async def test_a_template_that_the_sdk_cannot_read_does_not_end_the_tour(capsys):
    async def templates(context, params):
        broken = ResourceTemplate(name="broken", uri_template="x://{a:3}{")
        return ListResourceTemplatesResult(resource_templates=[broken])

    output = await output_of(Server("s", on_list_resource_templates=templates), capsys)
    assert "  (not read: " in output


async def test_every_kind_of_content_is_shown(capsys):
    mcp = MCPServer("kinds", log_level="ERROR")
    mcp.add_tool(showcase.rating_report, annotations=READS)
    mcp.add_resource(
        FunctionResource(
            uri="b://b", name="b", fn=lambda: b"\0" * 3000, mime_type="application/zip"
        )
    )
    output = await output_of(mcp, capsys)
    assert "20 films, rated 6.7 to 9.2.\n" in output
    assert re.search(r"  \[image/png: \d+ bytes\]\n", output)
    assert "  main_actors  TEXT\n" in output
    assert "  [a link to db://tables/chinese_movie_ratings/data/20]\n" in output
    assert "  [application/zip: 3,000 bytes]\n" in output


async def test_what_is_long_is_cut_and_the_output_says_so(capsys):
    mcp = MCPServer("long", log_level="ERROR")
    rows = [{"n": n, "text": "long " * 100, "more": {"a": [None, "é"]}} for n in range(60)]
    mcp.add_resource(TextResource(uri="r://rows", name="rows", text=json.dumps(rows)))
    mcp.add_resource(TextResource(uri="t://text", name="text", text="x" * 5000))
    output = await output_of(mcp, capsys)
    assert "(60 rows, the first 50 of them shown)" in output
    assert re.search(
        r"^  49 +long .*… \(499 characters in all\)  {\"a\": \[null, \"é\"\]}$",
        output,
        re.MULTILINE,
    )
    assert f"  {'x' * 2000}… (5,000 characters in all)\n" in output


async def test_more_resources_than_fit_are_named_but_not_read(capsys):
    mcp = MCPServer("many", log_level="ERROR")
    for number in range(52):
        mcp.add_resource(TextResource(uri=f"r://{number}", name="r", text=f"text {number}"))
    output = await output_of(mcp, capsys)
    assert output.count("  text ") == 50
    assert "\nr://51\n" in output
    assert output.count("  (not read: there are too many)") == 2


async def test_a_server_cannot_command_the_terminal(capsys):
    async def tools(context, params):
        evil = Tool(name="\x1b[2Jgone", description="\x9b31m\x07", input_schema={"type": "object"})
        return ListToolsResult(tools=[evil])

    rows = json.dumps([{"\x1b]0;title\x07": "\x1b[2J\nnext"}])
    for text in (rows, "\x1b[2J\r"):
        tour.show([TextContent(text=text)])
    await tour.main(Server("\x1b[1m", on_list_tools=tools, instructions="\x00"), "here")
    output = capsys.readouterr().out
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", output)
    assert "\N{REPLACEMENT CHARACTER}[2Jgone" in output


@pytest.mark.parametrize("text", ["", "[]", "[1, 2]", '{"a": 1}', "no JSON", "[" * 100_000, "null"])
def test_only_an_array_of_objects_is_a_table(text):
    assert tour.as_table(text) is None


def test_a_table_shows_every_key_of_every_row():
    rows = [{"name": "广东省", "n": 1}, {}, {"n": None, "new": True}]
    assert tour.as_table(json.dumps(rows)).splitlines() == [
        "name    n     new",
        "广东省  1",
        "",
        "        null  true",
        "(3 rows)",
    ]
