"""Proves every claim of lessons 00 to 03 that no cell of theirs shows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urljoin

import httpx2
import nbformat
import pytest
from mcp import Client, ClientSession, MCPError, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.server import MCPServer, Server
from mcp.server.sse import SseServerTransport
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from helpers import close, connect, keep_open, serve, wire
from servers import achievement
from tests.kernels import Kernel
from tests.places import NOTEBOOKS, ODD_SERVER, PYTHON

ACHIEVEMENT = StdioServerParameters(command=PYTHON, args=["-m", "servers.achievement"])
SCRIPTS = NOTEBOOKS / "scripts"


@pytest.fixture
def errors() -> Iterator[TextIO]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        yield file


# lesson 01


def test_without_a_file_descriptor_behind_stderr_the_bare_client_ends_in_fileno(
    shared_kernel: Kernel,
):
    # pytest's environment makes the kernel start as it does on Windows and in Colab
    shared_kernel.ok("import sys; from mcp import *")
    shared_kernel.ok(f"server = StdioServerParameters(command={PYTHON!r}, args=[{ODD_SERVER!r}])")
    failed = shared_kernel.run("async with Client(server): pass")
    assert failed.error == "UnsupportedOperation: fileno"


async def test_nothing_works_before_initialize(errors: TextIO):
    async with (
        stdio_client(ACHIEVEMENT, errlog=errors) as (read, write),
        ClientSession(read, write) as session,
    ):
        with pytest.raises(MCPError, match="Invalid request parameters"):
            await session.list_tools()
        await session.initialize()
        assert (await session.list_tools()).tools


async def test_the_bare_sdk_waits_in_silence_for_a_spoiled_handshake(errors: TextIO):
    half_line = StdioServerParameters(command=PYTHON, args=[ODD_SERVER, "half-line"])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            async with Client(stdio_client(half_line, errlog=errors), mode="legacy"):
                pass


async def test_in_its_default_mode_the_bare_sdk_waits_ten_seconds_asks_again_and_goes_on(
    errors: TextIO,
):
    half_line = StdioServerParameters(command=PYTHON, args=[ODD_SERVER, "half-line"])
    begun = time.monotonic()
    async with Client(stdio_client(half_line, errlog=errors)) as client:
        assert time.monotonic() - begun >= 10
        assert (await client.call_tool("add", {"a": 1, "b": 1})).structured_content == {"result": 2}


@pytest.mark.parametrize("source", ["from mcp import Client", "from mcp import ClientSession"])
def test_a_file_called_mcp_py_hides_the_sdk(tmp_path: Path, source: str):
    own = tmp_path / "mcp.py"
    own.write_text(f"{source}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, own], check=False, capture_output=True, text=True, encoding="utf-8"
    )
    name = source.split()[-1]
    assert f"cannot import name '{name}' from partially initialized module 'mcp'" in done.stderr


# lesson 02


async def test_a_client_session_with_initialize_is_always_the_handshake(errors: TextIO):
    async with (
        stdio_client(ACHIEVEMENT, errlog=errors) as (read, write),
        ClientSession(read, write) as session,
    ):
        assert (await session.initialize()).protocol_version == "2025-11-25"


async def test_discover_may_be_left_out():
    client = await connect(ACHIEVEMENT, mode="2026-07-28")
    result = await client.call_tool("get_score_by_name", {"name": "张三"})
    assert not result.is_error
    assert "server/discover" not in [message.method for message in wire(client)]
    await close(client)


async def test_auto_falls_back_to_the_handshake_where_discover_is_not_known(tmp_path: Path):
    old = tmp_path / "old.py"
    old.write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    answer = {'error': {'code': -32601, 'message': 'Method not found'}}\n"
        "    if asked['method'] == 'initialize':\n"
        "        answer = {'result': {'protocolVersion': '2025-11-25', 'capabilities': {},\n"
        "                             'serverInfo': {'name': 'old', 'version': '1'}}}\n"
        "    if 'id' in asked:\n"
        "        print(json.dumps({'jsonrpc': '2.0', 'id': asked['id'], **answer}), flush=True)\n",
        encoding="utf-8",
    )
    client = await connect(StdioServerParameters(command=PYTHON, args=[str(old)]))
    sent = [message.method for message in wire(client) if message.sent]
    assert sent == ["server/discover", "initialize", "notifications/initialized"]
    assert client.protocol_version == "2025-11-25"
    await close(client)


async def test_the_first_tool_call_makes_the_sdk_list_the_tools_and_the_second_does_not():
    client = await connect(ACHIEVEMENT)
    for _ in range(2):
        await client.call_tool("get_score_by_name", {"name": "张三"})
    sent = [message.method for message in wire(client) if message.sent]
    assert sent == ["server/discover", "tools/call", "tools/list", "tools/call"]
    await close(client)


async def test_a_server_forgets_the_sse_session_of_a_client_that_has_gone():
    with serve(achievement.mcp) as handle:
        ids: list[str] = []
        client = await connect(sse_client(handle.url, on_session_created=ids.append))
        letter_box = urljoin(handle.url, f"/messages/?session_id={ids[0]}")
        # a letter that crosses the session's end costs the connection it came on
        once = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(limits=once) as http:
            ping = {"jsonrpc": "2.0", "id": 99, "method": "ping"}
            assert (await http.post(letter_box, json=ping)).status_code == 202
            await close(client)
            async with asyncio.timeout(5):
                while (await http.post(letter_box, json=ping)).status_code != 404:
                    pass


# lesson 03


async def test_the_sdks_sse_transport_checks_neither_host_nor_origin_by_itself():
    server, transport = Server("open"), SseServerTransport("/messages/")

    class Stream:
        async def __call__(self, scope, receive, send):
            async with transport.connect_sse(scope, receive, send) as (read, write):
                await server.run(read, write, server.create_initialization_options())

    app = Starlette(
        routes=[
            Route("/sse", Stream(), methods=["GET"]),
            Mount("/messages/", transport.handle_post_message),
        ]
    )
    strange = {"Host": "evil.example", "Origin": "http://evil.example"}
    with serve(app) as handle:
        async with httpx2.AsyncClient() as http:
            stream = await keep_open(http.stream("GET", handle.url, headers=strange))
            assert stream.status_code == 200
            await close(stream)


async def test_the_event_reader_of_the_lesson_skips_pings_and_says_so_when_nothing_comes():
    lesson = nbformat.read(NOTEBOOKS / "03_sse.ipynb", as_version=4)
    [source] = [cell.source for cell in lesson.cells if cell.id == "event"]
    reader = source.partition("first =")[0]

    async def stream() -> AsyncIterator[str]:
        ping = [": ping - 2026-01-01 00:00:00", ""]
        first, second = ["event: endpoint", "data: /x", ""], ["event: message", "data: a: b", ""]
        for line in [*ping, *first, *ping, *ping, *second]:
            yield line

    names: dict[str, Any] = {"lines": stream(), "httpx2": httpx2}
    exec(reader, names)
    assert await names["next_event"]("endpoint") == {"event": "endpoint", "data": "/x"}
    assert await names["next_event"]("message") == {"event": "message", "data": "a: b"}
    with pytest.raises(RuntimeError, match="No message comes: run the cells again"):
        await names["next_event"]("message")


def test_a_server_sends_a_ping_every_fifteen_seconds():
    assert EventSourceResponse.DEFAULT_PING_INTERVAL == 15


def test_sse_app_has_the_routes_that_the_lesson_builds_by_hand():
    assert [route.path for route in achievement.mcp.sse_app().routes] == ["/sse", "/messages"]


async def test_the_sdk_speaks_sse_without_a_warning():
    with serve(achievement.mcp) as handle, warnings.catch_warnings():
        warnings.simplefilter("error")
        client = await connect(sse_client(handle.url))
        assert (await client.list_tools()).tools
        await close(client)


@pytest.mark.parametrize(("size", "arrives"), [(900_000, True), (1_200_000, False)])
async def test_an_sse_event_holds_at_most_one_mebibyte(size: int, arrives: bool):
    mcp = MCPServer("long", log_level="WARNING")

    @mcp.tool(structured_output=False)
    def text() -> str:
        return "x" * size

    with serve(mcp) as handle:
        client = await connect(sse_client(handle.url))
        if arrives:
            assert len((await client.call_tool("text")).content[0].text) == size
        else:
            with pytest.raises(MCPError):
                await client.call_tool("text")
        await close(client)


# the scripts


def run_script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPTS / name, *arguments],
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_a_script_without_arguments_says_how_it_is_called_and_fails(script: str):
    done = run_script(script)
    assert done.returncode == 1
    assert f"usage: python {script}" in done.stderr


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_a_script_imports_no_helper(script: str):
    assert "helpers" not in (SCRIPTS / script).read_text(encoding="utf-8")


def test_the_stdio_script_prints_the_tools_and_a_score():
    done = run_script("stdio_client.py", PYTHON, "-m", "servers.achievement")
    assert done.stdout.splitlines() == [
        "get_score_by_name: 根据员工的姓名获取该员工的绩效得分",
        "name: 张三 绩效评分: 85.9",
    ]
    assert done.returncode == 0


def test_the_stdio_script_says_in_one_line_that_the_tool_failed():
    done = run_script("stdio_client.py", PYTHON, "-m", "servers.showcase")
    assert done.stderr == "the tool failed: Unknown tool: get_score_by_name\n"
    assert done.returncode == 1


@pytest.mark.parametrize("command", [[PYTHON, "-m", "servers.nowhere"], ["no-such-command"]])
def test_the_stdio_script_says_in_one_line_that_there_is_no_server(command: list[str]):
    done = run_script("stdio_client.py", *command)
    assert done.stderr.splitlines()[-1] == f"no MCP server answers to: {' '.join(command)}"
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_the_handshake_script_shows_three_phases():
    done = run_script("handshake.py", PYTHON, "-m", "servers.achievement")
    phases = [line for line in done.stdout.splitlines() if line[0] not in "→← "]
    assert phases == ["initialization", "operation", "shutdown"]
    assert done.stdout.rstrip().endswith("the server ended with status 0")
    assert done.returncode == 0


def test_the_handshake_script_says_when_the_server_ended_without_an_answer():
    done = run_script("handshake.py", PYTHON, ODD_SERVER, "exit")
    assert done.returncode == 1
    assert "the server ended without an answer" in done.stderr


def test_the_sse_script_prints_the_tools_and_a_score():
    with serve(achievement.mcp) as handle:
        done = run_script("sse_client.py", handle.url)
    assert done.stdout.splitlines()[-1] == "name: 张三 绩效评分: 85.9"
    assert done.returncode == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/sse", "127.0.0.1:9"])
def test_the_sse_script_says_in_one_line_that_nothing_answers(url: str):
    done = run_script("sse_client.py", url)
    assert done.stderr == f"no SSE server answers at {url}: is it running, is the path right?\n"
    assert done.returncode == 1
