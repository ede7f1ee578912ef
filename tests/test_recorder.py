"""The recording transport: what it copies, and what it answers when the server cannot."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.server import MCPServer
from mcp.shared.message import SessionMessage
from mcp_types import (
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCRequest,
    JSONRPCResponse,
    ListRootsResult,
    Root,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from helpers import close, connect, pending, serve, server_log, wire
from helpers.recorder import RecordingTransport
from tests import odd_server
from tests.places import PYTHON, ROOT
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")

Bare = Callable[..., StdioServerParameters]

big = MCPServer("big", log_level="WARNING")


@big.tool()
def text_of(size: int) -> str:
    return "x" * size


async def said(client: Client, tool: str, **arguments: Any) -> str:
    return (await client.call_tool(tool, arguments)).content[0].text


async def refusal(call: Any) -> MCPError:
    """The error that a call ends in, and soon."""
    async with asyncio.timeout(10):
        with pytest.raises(MCPError) as raised:
            await call
    return raised.value


async def called(client: Client, number: int = 1) -> None:
    """Wait until this many tool calls are under way or answered."""
    await until(
        lambda: len([m for m in wire(client) if m.method == "tools/call" and m.sent]) >= number
    )


class Line:
    """A transport whose far end is in the test's hands."""

    def __init__(self, leave: Exception | None = None) -> None:
        self._leave = leave
        self._crash = anyio.Event()

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[Any]:
        self.to_client, read = anyio.create_memory_object_stream[Any](0)
        write, self.from_client = anyio.create_memory_object_stream[Any](0)
        async with self.to_client, read, write, self.from_client, anyio.create_task_group() as tg:
            tg.start_soon(self._wait_for_crash)
            yield read, write
            tg.cancel_scope.cancel()
            if self._leave:
                raise self._leave

    async def _wait_for_crash(self) -> None:
        await self._crash.wait()
        raise RuntimeError("the cable is out")

    async def answer(self, item: SessionMessage) -> None:
        """Send it, if anyone still reads."""
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            await self.to_client.send(item)

    def crash(self) -> None:
        self._crash.set()


def request(number: int) -> SessionMessage:
    return SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=number, method="tools/call"))


def response(number: int) -> SessionMessage:
    return SessionMessage(JSONRPCResponse(jsonrpc="2.0", id=number, result={}))


# ---- what it copies ----


async def test_what_is_recorded_is_what_crossed_at_the_servers_end(bare: Bare):
    client = await connect(bare())
    await said(client, "where", name="张三", nested={"a": [1, None, 2.5, True]})
    crossed = [json.loads(line) for line in json.loads(await said(client, "crossed"))]
    recorded = [message.json for message in wire(client)]
    assert recorded[: len(crossed)] == crossed
    assert [message.get("method") for message in crossed if "method" in message] == [
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/call",
        "tools/list",
        "tools/call",
    ]


async def test_a_learner_who_changes_a_result_does_not_change_the_record():
    with serve(odd_server.mcp, transport="streamable-http") as handle:
        client = await connect(handle.url)
        result = await client.call_tool("add", {"a": 1, "b": 2})
        result.structured_content["result"] = "changed"
        [answered] = [m for m in wire(client) if m.kind == "response" and "structured" in m.text]
        assert answered.json["result"]["structuredContent"] == {"result": 3}
        await close(client)


async def test_a_question_of_the_server_under_the_id_of_our_call_is_not_mixed_up_with_it(
    bare: Bare,
):
    async def roots(_: object) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri="file:///films")])

    client = await connect(bare(), list_roots_callback=roots)
    answered = json.loads(await said(client, "ask"))
    assert answered["result"] == {"roots": [{"uri": "file:///films"}]}
    call, question, reply, result = list(wire(client))[5:9]
    assert call.id == question.id == reply.id == result.id
    assert [m.method for m in (call, question, reply, result)] == [
        "tools/call",
        "roots/list",
        "roots/list",
        "tools/call",
    ]
    assert [m.sent for m in (call, question, reply, result)] == [True, False, True, False]
    assert call.ms > question.ms > 0


async def test_everything_is_handed_on_once_and_in_order():
    line = Line()
    async with RecordingTransport(line.transport()) as (read, write), write, read:
        for number in range(5):
            async with anyio.create_task_group() as tg:
                tg.start_soon(write.send, request(number))
                assert (await line.from_client.receive()).message.id == number
            async with anyio.create_task_group() as tg:
                tg.start_soon(line.to_client.send, response(number))
                assert (await read.receive()).message.id == number


# ---- a server that dies ----


async def test_a_server_that_dies_during_a_call_ends_every_pending_call_with_its_last_lines(
    bare: Bare,
):
    client = await connect(bare())
    waiting = [asyncio.create_task(client.call_tool("hold", {})) for _ in range(3)]
    await called(client, 3)
    dying = await refusal(client.call_tool("die", {}))
    for error in [dying, *[await refusal(call) for call in waiting]]:
        assert "The server has gone" in str(error)
        assert "run the cell that connects again" in str(error)
        assert str(error).endswith("    the roof is on fire")
    local = [message for message in wire(client) if message.local]
    assert sorted(m.id for m in local) == sorted(
        m.id for m in wire(client) if m.sent and m.method == "tools/call"
    )
    assert {m.kind for m in local} == {"error"}


async def test_a_server_that_dies_while_idle_is_told_by_the_next_call_whatever_it_is(bare: Bare):
    client = await connect(bare())
    process = psutil.Process(int(await said(client, "where")))
    process.kill()
    await until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    for call in (client.call_tool("where", {}), client.list_tools(cache_mode="bypass")):
        error = await refusal(call)
        assert "The server has gone" in str(error)
        assert "run the cell that connects again" in str(error)
    again = await connect(bare())
    assert await said(again, "where")


@pytest.mark.usefixtures("sse_cut_off")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
async def test_a_served_server_that_stops_ends_the_call_and_every_later_one(
    transport: str, mode: str
):
    handle = serve(odd_server.mcp, transport=transport)
    client = await connect(sse_client(handle.url) if transport == "sse" else handle.url, mode=mode)
    call = asyncio.create_task(client.call_tool("wait", {"seconds": 30}))
    await called(client)
    await asyncio.to_thread(handle.stop)
    await refusal(call)
    error = await refusal(client.call_tool("add", {"a": 1, "b": 2}))
    assert "run the cell that connects again" in str(error)


async def test_a_transport_that_crashes_is_told_with_its_reason_and_the_client_lives_on():
    line = Line()
    async with RecordingTransport(line.transport()) as (read, write), write, read:
        async with anyio.create_task_group() as tg:
            tg.start_soon(write.send, request(1))
            await line.from_client.receive()
        line.crash()
        answer = await read.receive()
        assert answer.message.id == 1
        assert answer.message.error.message == "The connection broke: the cable is out."
        await write.send(request(2))
        assert (await read.receive()).message.id == 2


async def test_an_answer_that_comes_at_the_moment_of_the_end_is_given_once():
    for pause in range(6):  # the end falls on another turn of the loop each time
        line = Line()
        recording = RecordingTransport(line.transport())
        async with recording as (read, write), write, read:
            async with anyio.create_task_group() as tg:
                tg.start_soon(write.send, request(1))
                await line.from_client.receive()
            received = []

            async def collect(read: Any = read, received: list[Any] = received) -> None:
                async for item in read:
                    received.append(item.message)

            async with anyio.create_task_group() as tg:
                tg.start_soon(collect)
                tg.start_soon(line.answer, response(1))
                for _ in range(pause):
                    await asyncio.sleep(0)
                recording.give_up("The end.")
                await asyncio.sleep(0.01)
                tg.cancel_scope.cancel()
            assert [message.id for message in received] == [1], pause


async def test_who_fails_on_hearing_of_the_end_keeps_it_from_nobody(
    caplog: pytest.LogCaptureFixture,
):
    line, heard = Line(), list[str]()
    recording = RecordingTransport(line.transport())
    recording.on_gone = [lambda: heard[7], lambda: heard.append("the end")]
    async with recording as (read, write), write, read:
        async with anyio.create_task_group() as tg:
            tg.start_soon(write.send, request(1))
            await line.from_client.receive()
        recording.give_up("The end.")
        assert (await read.receive()).message.error.message == "The end."
    assert heard == ["the end"]
    assert "IndexError" in caplog.text


async def test_a_call_that_was_cancelled_is_not_answered_when_the_server_dies(bare: Bare):
    client = await connect(bare())
    call = asyncio.create_task(client.call_tool("hold", {}))
    await called(client)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await refusal(client.call_tool("die", {}))
    assert "heard notifications/cancelled" in server_log(client)
    held, died = [m.id for m in wire(client) if m.sent and m.method == "tools/call"]
    assert [message.id for message in wire(client) if message.local] == [died]
    assert held != died


async def test_an_error_of_a_transport_on_leaving_reaches_the_one_who_closes():
    line = Line(leave=ValueError("the door is stuck"))
    with pytest.raises(ValueError, match="the door is stuck"):
        async with RecordingTransport(line.transport()) as (read, write):
            await write.aclose()
            await read.aclose()


# ---- an answer that cannot be read ----


@pytest.mark.parametrize(
    "text",
    [
        '{"jsonrpc": "2.0", "id": ID, "result": \n',
        'Loading...{"jsonrpc": "2.0", "id": ID, "result": {}}\n',
        '{"jsonrpc": "2.0", "id": ID, "result": "no object"}\n',
        '{"jsonrpc": "1.0", "id": ID, "result": {}}\n',
        '{"id": ID, "result": {}}\n',
        '{"result": {"id": 0}, "id": "ID", "jsonrpc": 2}\n',
        '{\n  "jsonrpc": "2.0",\n  "id": ID\n}\n',
    ],
)
async def test_a_spoiled_answer_ends_its_call_and_the_connection_goes_on(bare: Bare, text: str):
    client = await connect(bare())
    number = wire(client)[-1].id or wire(client)[-2].id
    error = await refusal(client.call_tool("write", {"text": text.replace("ID", str(number + 1))}))
    assert "cannot be read" in str(error)
    assert "has to go to stderr" in str(error)
    assert await said(client, "where")
    assert [m.id for m in wire(client) if m.local] == [number + 1]


async def test_other_calls_go_on_when_an_answer_is_spoiled(bare: Bare):
    client = await connect(bare())
    await said(client, "where")
    held = asyncio.create_task(said(client, "hold"))
    await called(client, 2)
    spoiled = wire(client)[-1].id + 1
    await refusal(
        client.call_tool("write", {"text": f'{{"jsonrpc": "2.0", "id": {spoiled}, "result"\n'})
    )
    stale = '{"jsonrpc": "2.0", "id": 1, "result"\n'  # one that was answered long ago
    answered_later = asyncio.create_task(client.call_tool("write", {"text": stale}))
    await called(client, 4)
    assert await said(client, "release") == "released"
    assert await held == "released"
    assert not answered_later.done()
    await close(client)
    with pytest.raises(MCPError, match="closed"):
        await answered_later


async def test_junk_between_answers_disturbs_nothing_and_does_not_pile_up(bare: Bare):
    client = await connect(bare())
    held = asyncio.create_task(said(client, "hold"))
    junk = "".join(f"step {number}\n" for number in range(1200)) + '{"level": "info", "id": 4}\n'
    junk += "x" * 100_000 + "\n"
    writing = asyncio.create_task(client.call_tool("write", {"text": junk}))
    await called(client, 2)
    assert await said(client, "release") == "released"
    assert await held == "released"
    assert not writing.done()
    assert len(client.server.stray) == 1000
    assert len(client.server.stray[-1]) == 4000
    await close(client)
    with pytest.raises(MCPError, match="closed"):
        await writing


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_server_that_prints_each_message_besides_is_understood(bare: Bare, mode: str):
    client = await connect(bare("debug"), mode=mode)
    held = asyncio.create_task(said(client, "hold"))
    await called(client)
    assert await said(client, "where")
    await asyncio.sleep(pending.DOUBT_SECONDS + 0.1)  # so long is what was printed doubted
    assert not held.done()
    assert await said(client, "release") == await held == "released"
    assert "DEBUG received" in client.server.stray[0]
    assert "DEBUG sending" in client.server.stray[1]
    assert [m for m in wire(client) if m.local] == []


async def test_an_answer_that_cannot_be_read_is_told_at_once_where_the_server_ends_after_it():
    line = Line()
    recording = RecordingTransport(line.transport())
    with pytest.raises(ValidationError) as raised:
        jsonrpc_message_adapter.validate_json('Loading {"jsonrpc": "2.0"')
    async with recording as (read, write), write, read:
        async with anyio.create_task_group() as tg:
            tg.start_soon(write.send, request(1))
            await line.from_client.receive()
            tg.start_soon(line.to_client.send, raised.value)
            assert await read.receive() is raised.value
        line.to_client.close()
        assert "cannot be read" in (await read.receive()).message.error.message


def not_read(text: str) -> SessionMessage:
    """Log what the SDK logs of this answer over HTTP, and return what it says instead of it."""
    try:
        jsonrpc_message_adapter.validate_json(text)
    except ValidationError as error:
        logging.getLogger("mcp.client.streamable_http").exception("Error parsing JSON response")
        data = ErrorData(code=PARSE_ERROR, message=f"Failed to parse JSON response: {error}")
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=1, error=data))


async def test_twins_among_unreadable_answers_are_both_told_in_words_and_no_more_are_kept():
    line = Line()
    recording = RecordingTransport(line.transport())
    async with recording as (read, write), write, read:
        for number in range(150):
            not_read(f"<p>{number}</p>")
        twins = [not_read("<html>"), not_read("<html>")]
        for twin in twins:
            async with anyio.create_task_group() as tg:
                tg.start_soon(line.to_client.send, twin)
                said = (await read.receive()).message.error.message
            assert said.endswith("It begins '<html>'.")
        assert len(recording._pending.unread) == 100


# ---- limits of the transports ----


@pytest.mark.usefixtures("sse_cut_off")
async def test_a_message_that_an_sse_server_refuses_does_not_hang():
    with serve(odd_server.mcp) as handle:
        client = await connect(sse_client(handle.url))
        error = await refusal(client.call_tool("add", {"a": 1, "b": 2, "c": "x" * 5_000_000}))
        assert "A message could not be sent" in str(error)
        assert "413" in str(error)
        assert "run the cell that connects again" in str(error)
        assert wire(client)[-1].local
        error = await refusal(client.call_tool("add", {"a": 1, "b": 2}))
        assert "413" in str(error)
        await close(client)


@pytest.mark.usefixtures("sse_cut_off")
async def test_an_answer_of_more_than_one_mebibyte_over_sse_ends_the_call_with_the_reason():
    with serve(big) as handle:
        client = await connect(sse_client(handle.url))
        assert len(await said(client, "text_of", size=100_000)) == 100_000
        error = await refusal(client.call_tool("text_of", {"size": 1_100_000}))
        assert "The connection broke" in str(error)
        assert "event" in str(error)
        assert wire(client)[-1].local
        await close(client)


async def test_a_large_answer_over_stdio_is_recorded_in_its_full_size(bare: Bare):
    client = await connect(bare())
    text = "绩" * 500_000
    await asyncio.wait_for(said(client, "where", text=text), 10)
    [asked] = [m for m in wire(client) if m.sent and m.method == "tools/call"]
    assert asked.bytes > 1_500_000


# ---- logging ----

DEBUGGING = f"""
import asyncio, logging, sys
from mcp import StdioServerParameters
from mcp.client.sse import sse_client
from mcp.server import MCPServer
from helpers import close_all, connect, serve

server = MCPServer("quiet", log_level="WARNING")

@server.tool()
async def add(a: int, b: int) -> int:
    return a + b

@server.tool()
async def fail() -> int:
    raise ValueError("a tool's own mistake")

async def main():
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
    logging.getLogger("mcp.learner").info("before")
    sse, http = serve(server), serve(server, transport="streamable-http")
    odd = StdioServerParameters(command={PYTHON!r}, args={["-I", "-S", "tests/bare_server.py"]!r})
    for target, mode in [(sse_client(sse.url), "auto"), (http.url, "auto"), (http.url, "legacy"),
                         (odd, "auto")]:
        client = await connect(target, mode=mode)
        await client.call_tool("where" if target is odd else "add", {{"a": 1, "b": 2}})
        if target is not odd:
            await client.call_tool("fail", {{}})
        await asyncio.create_task(client.list_tools(cache_mode="bypass"))
    logging.getLogger("mcp.learner").info("meanwhile")
    logging.getLogger("learner").debug("of my own")
    await close_all()
    sse.stop()
    http.stop()
    logging.getLogger("mcp.learner").info("after")

asyncio.run(main())
"""


def test_a_learner_who_logs_everything_sees_their_own_lines_and_nothing_from_behind():
    script = subprocess.run(
        [PYTHON, "-W", "ignore::ResourceWarning", "-c", DEBUGGING],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        cwd=ROOT,
        check=True,
    )
    assert script.stdout == ""
    lines = script.stderr.splitlines()
    assert [line for line in lines if "learner" in line] == [
        "INFO:mcp.learner:before",
        "INFO:mcp.learner:meanwhile",
        "DEBUG:learner:of my own",
        "INFO:mcp.learner:after",
    ]
    # one is logged by the call of `serve` itself, one by the SDK on the root logger
    others = [line for line in lines if "learner" not in line]
    assert len(others) == 2
    assert others[0].startswith("DEBUG:mcp.server.sse:SseServerTransport initialized")
    assert others[1].startswith("DEBUG:root:Client session disconnected")


async def test_what_the_sdk_logs_of_a_connection_is_kept_with_it(bare: Bare):
    client = await connect(bare("junk"))
    assert "Failed to parse JSONRPC message from server" in client.server.notes[0]
