"""`connect`: what it opens, what it says when it cannot, and which connection replaces which."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx2
import psutil
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client import stdio as sdk_stdio
from mcp.client.session import DISCOVER_TIMEOUT_SECONDS
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer
from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from helpers import close, close_all, connect, owner, serve, server_log, targets, wire
from helpers.connection import gone
from helpers.server_thread import ServerHandle
from tests.leftovers import cutting_sse_off
from tests.places import BARE_SERVER, PYTHON
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("_no_connection_stays_open")

Bare = Callable[..., StdioServerParameters]
CLEAN_UP = owner.CLEAN_UP_SECONDS
COMMAND = f"{Path(PYTHON).name} -I -S {BARE_SERVER}"
WARM = """
import asyncio, sys, threading
from mcp import StdioServerParameters
from helpers import close_all, connect

async def main():
    before = "jsonschema" in sys.modules
    await connect(StdioServerParameters(command=sys.executable, args=sys.argv[1:]))
    others = [thread for thread in threading.enumerate() if thread.name == "warm"]
    [await asyncio.to_thread(thread.join) for thread in others]
    print(before, "jsonschema.validators" in sys.modules)
    await close_all()

asyncio.run(main())
"""


calculator = MCPServer("calculator", log_level="WARNING")


@calculator.tool()
def add(a: int, b: int) -> int:
    return a + b


@calculator.tool()
async def hold() -> None:
    await asyncio.Event().wait()


def servers() -> list[int]:
    """The process ids of the servers that this process has started and that still run."""
    children = psutil.Process().children(recursive=True)
    return [child.pid for child in children if BARE_SERVER in child.cmdline()]


async def said(client: Client, tool: str, **arguments: Any) -> str:
    return (await client.call_tool(tool, arguments)).content[0].text


async def failure(opening: Awaitable[Client]) -> Exception:
    """The error that connecting ends in; there is no group in it and nothing is left open."""
    with pytest.raises(Exception) as raised:
        await opening
    error = raised.value
    assert not isinstance(error, BaseExceptionGroup)
    assert error.__context__ is None
    assert error.__cause__ is None
    assert servers() == []
    assert not owner._owners
    return error


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK wait less for a process to end by itself."""
    monkeypatch.setattr(sdk_stdio, "PROCESS_TERMINATION_TIMEOUT", 0.3)
    monkeypatch.setattr(sdk_stdio, "FORCE_KILL_TIMEOUT", 0.3)


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, ServerHandle]]:
    """The odd server over both HTTP transports."""
    with (
        cutting_sse_off(),
        serve(calculator, name="for this module") as sse,
        serve(calculator, name="for it too", transport="streamable-http") as http,
    ):
        yield {"sse": sse, "streamable-http": http}


@pytest.fixture
def refusing() -> Iterator[Callable[[int], str]]:
    """The URL of an endpoint that answers everything with this HTTP status."""
    handles = []

    def endpoint(status: int) -> str:
        async def refuse(_: object) -> Response:
            if status == 302:
                return RedirectResponse("http://elsewhere.invalid/mcp", status)
            return Response(status_code=status)

        routes = [Route(path, refuse, methods=["GET", "POST"]) for path in ("/mcp", "/sse")]
        handles.append(serve(Starlette(routes=routes), transport="streamable-http"))
        return handles[-1].url

    yield endpoint
    for handle in handles:
        handle.stop()


async def over(transport: str, bare: Bare, served: dict[str, ServerHandle]) -> Client:
    """A client connected in one of four ways: over each transport, and by a handshake."""
    url = served["streamable-http"].url
    target = {"stdio": bare(), "sse": sse_client(served["sse"].url)}.get(transport, url)
    return await connect(target, mode="legacy" if transport == "legacy" else "auto")


FOUR_WAYS = ["stdio", "sse", "streamable-http", "legacy"]


# ---- what it opens ----


async def test_connect_returns_the_sdks_own_client_that_is_entered(bare: Bare):
    client = await connect(bare())
    assert type(client) is Client
    assert client.server_info.name == "bare"
    assert await said(client, "where") == str(servers()[0])


def test_what_the_first_call_imports_is_imported_without_a_call(tmp_path: Path):
    script = tmp_path / "warm.py"
    script.write_text(WARM, encoding="utf-8")
    ran = subprocess.run([PYTHON, script, BARE_SERVER], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("False True\n", "")


async def test_the_mode_is_the_sdks(served: dict[str, ServerHandle]):
    modern = await connect(served["streamable-http"].url)
    legacy = await connect(served["streamable-http"].url, mode="legacy")
    assert [m.method for m in wire(modern)] == ["server/discover"] * 2
    assert [m.method for m in wire(legacy)][:2] == ["initialize"] * 2
    with pytest.raises(ValueError, match="mode must be"):
        await connect(served["streamable-http"].url, mode="newest")


async def test_client_options_are_handed_to_the_sdk(bare: Bare):
    client = await connect(bare(), read_timeout_seconds=0.2)
    with pytest.raises(MCPError, match="timed out"):
        await client.call_tool("hold", {})


@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
async def test_http_servers_are_reached_with_the_sdks_meaning_of_a_target(
    served: dict[str, ServerHandle], transport: str
):
    url = served[transport].url
    client = await connect(sse_client(url) if transport == "sse" else url)
    assert await said(client, "add", a=2, b=3) == "5"


async def test_a_server_object_is_called_in_this_process():
    client = await connect(calculator)
    assert await said(client, "add", a=2, b=3) == "5"
    with pytest.raises(ValueError, match="same process: no transport, no messages"):
        wire(client)
    with pytest.raises(ValueError, match="same process"):
        server_log(client)


async def test_a_client_that_connect_did_not_open_has_no_wire(bare: Bare):
    async with Client(bare()) as client:
        with pytest.raises(ValueError, match="not a client that connect"):
            wire(client)
    with pytest.raises(ValueError, match="Run the cell that connects"):
        server_log("text")  # type: ignore[arg-type]


async def test_the_server_log_is_its_stderr_also_after_it_was_closed(bare: Bare):
    client = await connect(bare("environment", env={"WANTED": "绩效"}))
    assert server_log(client).startswith("the environment has 绩效\n")
    await close(client)
    assert "the environment has 绩效" in server_log(client)


async def test_an_http_servers_log_is_not_known_to_the_client_but_to_its_handle(
    served: dict[str, ServerHandle],
):
    client = await connect(served["streamable-http"].url)
    with pytest.raises(ValueError, match=r"server_log\(handle\)"):
        server_log(client)
    assert server_log(served["sse"]) == served["sse"].log


async def test_a_long_server_log_is_kept_from_its_end(bare: Bare):
    client = await connect(bare("talk"))
    log = server_log(client)
    assert len(log) <= 1_000_000
    assert " 19999\n" in log
    await close(client)
    assert len(server_log(client)) <= 1_000_000
    assert " 19999\n" in server_log(client)


# ---- errors: a process ----


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_server_that_exits_at_start_is_told_with_its_last_lines(bare: Bare, mode: str):
    error = await failure(connect(bare("exit"), mode=mode))
    assert isinstance(error, ConnectionError)
    assert str(error).startswith(f"No connection to {COMMAND} exit.\nThe server has gone")
    *_, before, last = str(error).splitlines()
    assert (before, last) == ("    line 19", "    no DATABASE_URL in the environment")
    assert "line 12" not in str(error)  # the last eight lines


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_server_that_never_answers_is_given_up_in_time(bare: Bare, mode: str):
    begun = time.monotonic()
    error = await failure(connect(bare("silent"), mode=mode, timeout=0.8))
    assert time.monotonic() - begun < 0.8 + CLEAN_UP
    assert isinstance(error, TimeoutError)
    assert "did not answer within 0.8 s" in str(error)
    assert "timeout=" in str(error)
    assert str(error).endswith("    thinking")


async def test_a_server_that_ignores_the_end_of_its_input_and_sigterm_is_killed_in_time(
    bare: Bare,
):
    begun = time.monotonic()
    attempts = [
        connect(bare("deaf"), mode=mode, timeout=0.8, name=mode) for mode in ("auto", "legacy")
    ]
    errors = await asyncio.gather(*attempts, return_exceptions=True)
    assert time.monotonic() - begun < 0.8 + CLEAN_UP
    assert servers() == []
    for error in errors:
        assert isinstance(error, TimeoutError)
        assert str(error).endswith("    I hear nothing")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_half_a_line_before_the_first_answer_is_told_at_once(bare: Bare, mode: str):
    begun = time.monotonic()
    error = await failure(connect(bare("half-line"), mode=mode))
    assert time.monotonic() - begun < 5
    assert isinstance(error, ConnectionError)
    assert """It begins 'Loading...{"jsonrpc": "2.0", """ in str(error)
    assert "has to go to stderr" in str(error)
    assert str(error).endswith("    about to write half a line")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_whole_lines_of_junk_are_skipped_with_one_readable_note(
    bare: Bare, mode: str, capfd: pytest.CaptureFixture[str]
):
    client = await connect(bare("junk"), mode=mode)
    assert await said(client, "where") == str(servers()[0])
    printed = capfd.readouterr()
    note = " ".join(printed.out.split())
    assert note.count("Note:") == 1
    assert note.startswith("Note: the server printed something to stdout that is no MCP message.")
    assert "Skipped lines: 2. The first: 'Loading the model'." in note
    assert printed.err == ""


async def test_a_line_in_another_encoding_is_junk_and_does_not_hang_the_connection(
    bare: Bare, capfd: pytest.CaptureFixture[str]
):
    client = await connect(bare("latin"))
    assert await said(client, "where") == str(servers()[0])
    assert "The first: 'Caf\ufffd'." in capfd.readouterr().out


async def test_who_asks_for_a_strict_encoding_gets_it_and_its_error(bare: Bare):
    target = bare("latin", encoding_error_handler="strict")
    error = await failure(connect(target, timeout=0.8))
    assert isinstance(error, ConnectionError)
    assert "'utf-8' codec can't decode byte 0xe9" in str(error)


@pytest.mark.usefixtures("_hurried")
async def test_a_server_that_closes_its_stdout_is_told_at_once_and_ended(bare: Bare):
    begun = time.monotonic()
    error = await failure(connect(bare("mute"), timeout=10))
    assert time.monotonic() - begun < 5
    assert isinstance(error, ConnectionError)
    assert "it closed the connection" in str(error)
    assert str(error).endswith("    I say nothing")


async def test_a_missing_environment_variable_is_seen_in_the_servers_last_lines(bare: Bare):
    error = await failure(connect(bare("environment")))
    assert "KeyError: 'WANTED'" in str(error)


async def test_a_missing_command_is_named():
    error = await failure(connect(StdioServerParameters(command="no-such-command")))
    assert isinstance(error, FileNotFoundError)
    assert "There is no command 'no-such-command' here" in str(error)
    assert "sys.executable" in str(error)


async def test_a_file_that_cannot_be_executed_is_not_called_missing(tmp_path: Path):
    script = tmp_path / "server.py"
    script.touch(mode=0o644)
    error = await failure(connect(StdioServerParameters(command=str(script))))
    assert isinstance(error, PermissionError)
    assert f"{str(script)!r} could not be started" in str(error)


async def test_a_missing_working_directory_is_named(bare: Bare, tmp_path: Path):
    error = await failure(connect(bare(cwd=tmp_path / "nowhere")))
    assert isinstance(error, FileNotFoundError)
    assert f"The working directory {str(tmp_path / 'nowhere')!r} does not exist" in str(error)


async def test_a_wrong_working_directory_is_seen_in_the_servers_last_lines(tmp_path: Path):
    target = StdioServerParameters(command=PYTHON, args=["server.py"], cwd=tmp_path)
    error = await failure(connect(target))
    assert isinstance(error, ConnectionError)
    assert "can't open file" in str(error)
    assert str(tmp_path) in str(error)


# ---- errors: an address ----


async def test_a_path_where_nothing_is_served_is_told_over_both_transports(
    served: dict[str, ServerHandle],
):
    for target in (
        sse_client(served["sse"].url.replace("/sse", "/nothing")),
        served["streamable-http"].url.replace("/mcp", "/nothing"),
    ):
        error = await failure(connect(target))
        assert isinstance(error, ConnectionError)
        assert "/nothing answered HTTP 404.\nNothing is served at this path." in str(error)
        assert "/sse, of Streamable HTTP in /mcp" in str(error)


async def test_a_port_where_nothing_listens_is_told_over_both_transports():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    for target in (sse_client(f"http://localhost:{port}/sse"), f"http://localhost:{port}/mcp"):
        error = await failure(connect(target))
        assert isinstance(error, ConnectionError)
        assert str(error).startswith(f"Nothing answers at http://localhost:{port}/")
        assert "Is the server running, on this port?" in str(error)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_sse_url_given_as_a_plain_string_is_told_with_the_line_to_write(
    served: dict[str, ServerHandle], mode: str
):
    error = await failure(connect(served["sse"].url, mode=mode))
    assert isinstance(error, ConnectionError)
    assert "answered HTTP 405" in str(error)
    assert "connect(sse_client(url))" in str(error)


async def test_sse_client_pointed_at_a_streamable_http_server_is_told(
    served: dict[str, ServerHandle],
):
    error = await failure(connect(sse_client(served["streamable-http"].url)))
    assert isinstance(error, ConnectionError)
    assert "A plain URL is Streamable HTTP" in str(error)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(("status", "says"), [(401, "token"), (421, "host name"), (500, "log")])
async def test_a_refusal_is_told_with_its_status_over_both_transports(
    refusing: Callable[[int], str], status: int, says: str, mode: str
):
    url = refusing(status)
    for target in (url, sse_client(url.replace("/mcp", "/sse"))):
        error = await failure(connect(target, mode=mode))
        assert isinstance(error, ConnectionError)
        assert f"answered HTTP {status}.\n" in str(error)
        assert says in str(error)


async def test_a_redirect_to_another_place_is_told_with_that_place(refusing: Callable[[int], str]):
    url = refusing(302)
    for target in (url, sse_client(url.replace("/mcp", "/sse"))):
        error = await failure(connect(target))
        assert isinstance(error, ConnectionError)
        assert "http://elsewhere.invalid/mcp" in str(error)


async def test_a_foreign_host_is_refused_by_what_serve_serves(served: dict[str, ServerHandle]):
    foreign = {"Host": "learner.example"}
    error = await failure(connect(sse_client(served["sse"].url, headers=foreign)))
    assert "answered HTTP 421" in str(error)
    async with httpx2.AsyncClient(headers=foreign) as http:
        target = streamable_http_client(served["streamable-http"].url, http_client=http)
        error = await failure(connect(target))
    assert isinstance(error, ConnectionError)


async def test_an_encrypted_address_of_a_plain_server_is_told_with_the_reason(
    served: dict[str, ServerHandle],
):
    error = await failure(connect(served["streamable-http"].url.replace("http:", "https:")))
    assert "Nothing answers at https://" in str(error)
    assert "SSL" in str(error)


async def test_an_address_that_takes_connections_and_never_answers_is_given_up_and_left():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        for target in (sse_client(f"{address}/sse"), f"{address}/mcp"):
            begun = time.monotonic()
            error = await failure(connect(target, timeout=0.3))
            assert time.monotonic() - begun < 2
            assert isinstance(error, TimeoutError)
    assert asyncio.all_tasks() == {asyncio.current_task()}


# ---- errors: nothing to connect to ----


@pytest.mark.parametrize("target", ["server.py", "localhost:8080/mcp", ""])
async def test_a_string_that_is_no_url_is_refused_with_what_to_write(target: str):
    error = await failure(connect(target))
    assert isinstance(error, ValueError)
    assert "is not a URL" in str(error)
    assert "StdioServerParameters(command=..., args=[...])" in str(error)


@pytest.mark.parametrize("target", [None, 5, ["python", "server.py"], object()])
async def test_what_is_no_target_is_refused_by_its_type(target: object):
    error = await failure(connect(target))
    assert isinstance(error, TypeError)
    assert f"not {type(target).__name__}" in str(error)


async def test_a_client_is_not_wrapped_in_another(bare: Bare):
    error = await failure(connect(Client(bare())))
    assert isinstance(error, TypeError)


async def test_a_url_that_cannot_be_read_is_told():
    error = await failure(connect("http://[::1/mcp"))
    assert isinstance(error, ConnectionError)
    assert "InvalidURL" in str(error)


async def test_an_error_of_a_transport_of_ones_own_is_told_without_its_group():
    @asynccontextmanager
    async def broken() -> AsyncIterator[Any]:
        raise ExceptionGroup("unhandled", [RuntimeError("the cable is out")])
        yield

    error = await failure(connect(broken(), name="mine"))
    assert isinstance(error, ConnectionError)
    assert str(error) == "No connection to mine.\nRuntimeError: the cable is out"


async def test_an_error_that_a_lifespan_raises_in_this_process_is_told():
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    error = await failure(connect(MCPServer("mine", lifespan=lifespan, log_level="WARNING")))
    assert isinstance(error, ConnectionError)
    assert "no database" in str(error)


# ---- names: which connection replaces which ----


async def test_the_same_target_again_leaves_one_process_and_the_newest_client(bare: Bare):
    clients = [await connect(bare()) for _ in range(3)]
    assert len(servers()) == 1
    assert await said(clients[-1], "where") == str(servers()[0])
    with pytest.raises(RuntimeError):
        await clients[0].call_tool("where", {})


async def test_another_mode_or_other_arguments_make_another_connection(bare: Bare):
    await connect(bare())
    await connect(bare(), mode="legacy")
    await connect(bare("junk"))
    assert len(servers()) == 3


async def test_environment_and_folder_are_no_part_of_what_a_target_is_known_by(
    bare: Bare, tmp_path: Path
):
    await connect(bare())
    await connect(bare(env={"WANTED": "x"}))
    client = await connect(bare(cwd=tmp_path))
    assert servers() == [int(await said(client, "where"))]
    assert psutil.Process(servers()[0]).cwd() == str(tmp_path)


async def test_a_name_stands_for_the_connection_whatever_its_target(
    bare: Bare, served: dict[str, ServerHandle]
):
    await connect(bare(), name="one")
    two = await connect(bare(), name="two")
    assert len(servers()) == 2
    one = await connect(served["streamable-http"].url, name="one")
    assert servers() == [int(await said(two, "where"))]
    assert await said(one, "add", a=1, b=1) == "2"


async def test_the_same_url_again_closes_the_earlier_connection(served: dict[str, ServerHandle]):
    first = await connect(served["streamable-http"].url)
    second = await connect(served["streamable-http"].url)
    with pytest.raises(RuntimeError):
        await first.list_tools()
    assert await second.list_tools()


async def test_a_transport_already_built_is_replaced_only_by_name(served: dict[str, ServerHandle]):
    url = served["sse"].url
    first, second = await connect(sse_client(url)), await connect(sse_client(url))
    assert await said(first, "add", a=1, b=1) == await said(second, "add", a=1, b=1) == "2"
    third = await connect(sse_client(url), name="named")
    await connect(sse_client(url), name="named")
    with pytest.raises(RuntimeError):
        await third.list_tools()


async def test_the_same_server_object_again_closes_the_earlier_connection():
    first = await connect(calculator)
    await connect(calculator)
    with pytest.raises(RuntimeError):
        await first.list_tools()
    await connect(MCPServer("calculator", log_level="WARNING"))  # another of the same name
    assert len(owner._owners) == 2


@pytest.mark.parametrize("attempts", [2, 4])
async def test_connecting_at_the_same_time_leaves_one_process_and_nobody_waits_for_ever(
    bare: Bare, attempts: int
):
    async with asyncio.timeout(20):
        results = await asyncio.gather(
            *(connect(bare()) for _ in range(attempts)), return_exceptions=True
        )
    clients = [result for result in results if isinstance(result, Client)]
    assert len(clients) == 1
    assert servers() == [int(await said(clients[0], "where"))]
    for error in results:
        if not isinstance(error, Client):
            assert isinstance(error, ConnectionAbortedError)
            assert "or connected to again" in str(error)


async def test_an_error_leaves_the_earlier_connection_closed_and_the_name_free(bare: Bare):
    await connect(bare(), name="mine")
    with pytest.raises(ConnectionError):
        await connect(bare("exit"), name="mine")
    assert servers() == []
    client = await connect(bare(), name="mine")
    assert servers() == [int(await said(client, "where"))]


# ---- closing ----


async def test_close_ends_the_process_and_a_second_close_does_nothing(bare: Bare):
    client = await connect(bare(), name="mine")
    await asyncio.create_task(close(client))  # as another cell would
    assert servers() == []
    await close(client)
    await close("mine")


async def test_close_by_name(bare: Bare):
    await connect(bare(), name="one")
    two = await connect(bare(), name="two")
    await close("one")
    assert servers() == [int(await said(two, "where"))]


async def test_close_all_closes_every_transport(bare: Bare, served: dict[str, ServerHandle]):
    await connect(bare())
    await connect(served["streamable-http"].url)
    await connect(served["streamable-http"].url, mode="legacy")
    await connect(sse_client(served["sse"].url))
    await connect(calculator)
    await close_all()
    assert servers() == []
    assert not owner._owners


@pytest.mark.parametrize("transport", FOUR_WAYS)
async def test_closing_in_the_middle_of_a_call_ends_the_call_with_an_error(
    bare: Bare, served: dict[str, ServerHandle], transport: str
):
    client = await over(transport, bare, served)
    call = asyncio.create_task(client.call_tool("hold", {}))
    await until(lambda: [m for m in wire(client) if m.method == "tools/call"])
    begun = time.monotonic()
    await close(client)
    with pytest.raises(MCPError, match="closed"):
        await call
    assert time.monotonic() - begun < 3


@pytest.mark.usefixtures("sse_cut_off")
async def test_closing_after_the_server_died_is_quiet_over_every_transport(
    bare: Bare, capfd: pytest.CaptureFixture[str]
):
    with serve(calculator) as sse, serve(calculator, transport="streamable-http") as http:
        clients = [
            await connect(bare()),
            await connect(sse_client(sse.url)),
            await connect(http.url),
            await connect(http.url, mode="legacy"),
        ]
        psutil.Process(servers()[0]).kill()
    # over Streamable HTTP nothing tells of it before something is sent
    await until(lambda: all(gone(client) for client in clients[:2]))
    async with asyncio.timeout(5):
        for client in clients:
            await close(client)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_hurried")
async def test_a_frozen_server_is_closed_all_the_same(bare: Bare):
    client = await connect(bare())
    psutil.Process(servers()[0]).suspend()
    begun = time.monotonic()
    await close(client)
    assert time.monotonic() - begun < 3
    assert servers() == []


# ---- nothing is left ----


def open_now() -> dict[str, int]:
    process = psutil.Process()
    return {
        "children": len(process.children(recursive=True)),
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
        "tasks": len(asyncio.all_tasks()),
    }


@pytest.mark.parametrize("transport", FOUR_WAYS)
async def test_thirty_connections_leave_nothing_behind(
    bare: Bare, served: dict[str, ServerHandle], transport: str
):
    async def once() -> None:
        client = await over(transport, bare, served)
        await client.list_tools()
        await close(client)

    before = open_now()
    for _ in range(30):
        await once()
    # the served side closes its end of a connection a moment after ours
    with suppress(TimeoutError):
        await until(lambda: open_now() == before, 5)
    assert open_now() == before


async def test_the_messages_of_a_closed_connection_can_still_be_read(bare: Bare):
    client = await connect(bare())
    await said(client, "where")
    recorded = [message.text for message in wire(client)]
    await close(client)
    assert [message.text for message in wire(client)] == recorded
    assert json.loads(recorded[-1])["result"]["tools"]
    assert len(wire(client).frame()) == len(recorded)


@pytest.fixture
def _packets_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """No packet that asks for a connection is answered, as behind a firewall."""

    async def dropped(**_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(anyio, "connect_tcp", dropped)
    monkeypatch.setattr(targets, "CONNECT_SECONDS", 0.1)


@pytest.mark.usefixtures("_packets_are_dropped")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_host_that_drops_packets_is_named_over_both_transports(mode: str):
    begun = time.monotonic()
    for target in (sse_client("http://10.255.255.1/x", timeout=0.1), "http://10.255.255.1/x"):
        error = await failure(connect(target, mode=mode))
        assert isinstance(error, ConnectionError)
        assert str(error).startswith("No reply from http://10.255.255.1/x.\n")
        assert "a firewall drops what we send" in str(error)
    assert time.monotonic() - begun < CLEAN_UP


@pytest.mark.usefixtures("_packets_are_dropped")
async def test_a_host_that_drops_packets_is_named_to_who_keeps_something_open():
    async with httpx2.AsyncClient(timeout=0.1) as http:
        with pytest.raises(ConnectionError, match=r"No reply from http://10\.255\.255\.1/x"):
            await owner.keep_open(http.stream("GET", "http://10.255.255.1/x"))


def test_a_host_that_drops_packets_is_given_up_before_the_sdk_asks_it_again():
    assert targets.CONNECT_SECONDS < DISCOVER_TIMEOUT_SECONDS


async def test_a_connection_wakes_the_loop_no_oftener_than_its_one_owner_has_to(bare: Bare):
    await connect(bare())
    ticks = [h for h in asyncio.get_running_loop()._scheduled if "_tick" in repr(h)]  # type: ignore[attr-defined]
    assert len(ticks) == 1
