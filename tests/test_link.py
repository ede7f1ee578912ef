"""A widget's link to its client, and `reconnect`: the same connection, opened again."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.server import MCPServer

from helpers import close, connect, connection, owner, serve
from helpers.connection import reconnect
from helpers.panels.link import Link
from helpers.recorder import RecordingTransport
from helpers.server_thread import ServerHandle
from tests.leftovers import cutting_sse_off
from tests.places import BARE_SERVER
from tests.waiting import heard, until

pytestmark = pytest.mark.usefixtures("_no_connection_stays_open")

Bare = Callable[..., StdioServerParameters]

calculator = MCPServer("calculator", log_level="WARNING")


@calculator.tool()
def add(a: int, b: int) -> int:
    return a + b


@pytest.fixture(scope="module")
def served() -> Iterator[ServerHandle]:
    with cutting_sse_off(), serve(calculator, name="for the links") as handle:
        yield handle


def servers() -> list[int]:
    children = psutil.Process().children(recursive=True)
    return [child.pid for child in children if BARE_SERVER in child.cmdline()]


async def killed(client: Client) -> Client:
    with suppress(MCPError):
        await client.call_tool("die")
    return client


async def test_a_link_describes_the_connection_in_a_line(bare: Bare):
    link = Link(await connect(bare()))
    assert link.describe() == "bare · stdio · 2025-11-25 ● open"
    async with Client(calculator) as client:
        assert Link(client).describe() == "calculator · in this process · 2026-07-28 ● open"


async def test_the_transport_is_named_also_where_connect_was_given_one(served: ServerHandle):
    link = Link(await connect(sse_client(served.url)))
    assert link.describe().startswith("calculator · SSE · ")


async def test_a_coroutine_runs_on_the_clients_loop_from_any_thread(bare: Bare):
    link = Link(await connect(bare()))
    here = asyncio.get_running_loop()

    async def where() -> bool:
        return asyncio.get_running_loop() is here

    assert await asyncio.to_thread(lambda: link.submit(where()).result(5))
    assert await asyncio.wrap_future(link.submit(where()))  # from the loop's own thread


async def test_what_is_posted_from_another_thread_is_called_on_the_loop_in_order(bare: Bare):
    link = Link(await connect(bare()))
    heard = list[tuple[int, bool]]()
    main = threading.get_ident()

    def post() -> None:
        for number in range(100):
            link.post(lambda n: heard.append((n, threading.get_ident() == main)), number)

    await asyncio.to_thread(post)
    await until(lambda: len(heard) == 100)
    assert heard == [(number, True) for number in range(100)]


async def test_a_link_is_made_in_another_thread_where_connect_opened_the_client(bare: Bare):
    client = await connect(bare())
    link = await asyncio.to_thread(Link, client)
    assert link.loop is asyncio.get_running_loop()


def test_what_is_no_client_is_refused_with_what_to_pass():
    with pytest.raises(TypeError, match=r"client = await connect\(\.\.\.\); not a str"):
        Link("showcase")  # type: ignore[arg-type]


def test_where_no_loop_runs_the_error_says_what_to_do():
    with pytest.raises(RuntimeError, match="in a notebook cell"):
        Link(Client(calculator))


async def test_a_server_that_dies_is_told_at_once_and_is_not_closed(bare: Bare):
    link = Link(await connect(bare()))
    told = list[str]()
    link.on_change(lambda: told.append(link.state))
    await killed(link.client)
    assert told == ["lost"]
    assert link.state == "lost"
    assert link.describe().endswith("✗ lost")


async def test_closing_on_purpose_is_not_a_loss(bare: Bare):
    link = Link(await connect(bare()))
    told = list[str]()
    link.on_change(lambda: told.append(link.state))
    await close(link.client)
    assert set(told) == {"closed"}
    assert link.describe() == "bare · stdio ○ closed"


async def test_a_plain_client_over_a_process_is_lost_when_a_call_finds_it_so(bare: Bare):
    async with Client(bare()) as client:
        link = Link(client)
        told = list[str]()
        link.on_change(lambda: told.append(link.state))
        with pytest.raises(MCPError) as raised:
            await client.call_tool("die")
        link.heard(raised.value)
        link.heard(raised.value)
        assert told == ["lost"]
        assert not link.can_reconnect
        with pytest.raises(ValueError, match="run the cell that connects again"):
            await link.reconnect()


async def test_reconnecting_starts_the_server_again_under_the_same_name(bare: Bare):
    first = await killed(await connect(bare(), name="mine", mode="legacy", log_level="error"))
    second = await reconnect(first)
    assert second is not first
    assert (second.mode, second.log_level) == ("legacy", "error")
    assert list(owner._owners) == ["mine"]
    assert len(servers()) == 1
    assert [tool.name for tool in (await second.list_tools()).tools]


async def test_a_link_follows_the_reconnection_and_so_does_every_other(bare: Bare):
    client = await connect(bare())
    one, two = Link(client), Link(client)
    told = list[str]()
    two.on_change(lambda: told.append(two.state))
    await killed(client)
    again = await one.reconnect()
    assert one.client is two.client is again
    assert told[-1] == one.state == two.state == "open"
    await killed(again)  # the new connection is watched like the first
    assert told[-1] == "lost"


async def test_two_that_reconnect_at_once_get_the_same_connection(bare: Bare):
    client = await killed(await connect(bare()))
    one, two = await asyncio.gather(reconnect(client), reconnect(client))
    assert one is two
    assert len(servers()) == 1


async def test_reconnecting_is_tried_again_after_it_has_failed(served: ServerHandle):
    handle = serve(calculator, name="comes and goes")
    port = handle.port if hasattr(handle, "port") else int(handle.url.split(":")[2].split("/")[0])
    client = await connect(sse_client(handle.url))
    with cutting_sse_off():
        handle.stop()
        await until(lambda: Link(client).state == "lost")
        with pytest.raises(ConnectionError):
            await reconnect(client)
        with serve(calculator, name="comes and goes", port=port):
            again = await reconnect(client)
            result = await again.call_tool("add", {"a": 1, "b": 2})
            await close(again)
    assert result.structured_content == {"result": 3}


async def test_a_transport_that_cannot_be_made_again_says_what_to_do(bare: Bare):
    class OnlyOnce:
        def __init__(self) -> None:
            from mcp import stdio_client

            self._inner = stdio_client(bare())

        async def __aenter__(self) -> Any:
            return await self._inner.__aenter__()

        async def __aexit__(self, *error: object) -> None:
            await self._inner.__aexit__(None, None, None)

    client = await connect(OnlyOnce())
    with pytest.raises(ValueError, match=r"can be entered only once.*run the cell that connects"):
        await reconnect(client)
    assert not Link(client).can_reconnect


async def test_a_client_that_connect_did_not_open_cannot_be_reconnected():
    async with Client(calculator) as client:
        with pytest.raises(ValueError, match="not a client that connect"):
            await reconnect(client)


async def test_what_connect_remembers_of_a_client_goes_with_the_client(bare: Bare):
    link = Link(await connect(bare()))
    known_as = id(link.client)
    assert known_as in connection._openings
    await close(link.client)
    del link
    # the owner's last tick still holds it for a moment
    await until(lambda: gc.collect() >= 0 and known_as not in connection._openings)


async def test_links_that_have_gone_leave_nothing_with_the_connection_s_owner():
    client = await connect(calculator)
    left = owner._owners[next(iter(owner._owners))].left
    link = Link(client)
    before = len(left._done_callbacks)
    for _ in range(5):
        Link(client).leave()
    assert len(left._done_callbacks) == before
    told = list[str]()
    link.on_change(lambda: told.append(link.state))
    await close(client)
    assert set(told) == {"closed"}


async def test_a_link_that_nobody_holds_goes_and_one_that_has_left_hears_nothing(bare: Bare):
    client = await connect(bare())
    assert isinstance(client.server, RecordingTransport)
    before = len(client.server.on_gone)
    held, others = Link(client), [weakref.ref(Link(client)) for _ in range(5)]
    told = list[str]()
    held.on_change(lambda: told.append("left"))
    unwatched = Link(client)
    unwatched.on_change(lambda: told.append("unwatched"))()
    gc.collect()
    assert [link() for link in others] == [None] * 5
    assert len(client.server.on_gone) == before + 2
    held.leave()
    assert len(client.server.on_gone) == before + 1
    with suppress(MCPError):
        await client.call_tool("die")
    again = await reconnect(client)
    assert told == []
    assert (held.client, unwatched.client) == (client, again)


async def test_what_runs_through_a_link_that_leaves_is_cancelled(bare: Bare):
    link = Link(await connect(bare()))
    ran = list[int]()
    running = link.submit(asyncio.sleep(60))
    link.post(ran.append, 1)
    link.leave()
    assert running.cancelled()
    assert link.submit(asyncio.sleep(60)).cancelled()
    link.on_loop(lambda: ran.append(2))()
    await asyncio.sleep(0)
    assert ran == []


async def test_what_is_submitted_or_posted_and_raises_reaches_the_loop_s_handler(bare: Bare):
    link = Link(await connect(bare()))
    failed = heard()

    async def fail() -> None:
        raise ValueError("submitted")

    def fail_at_once() -> None:
        raise ValueError("posted")

    link.submit(fail())
    await until(lambda: failed)
    link.post(fail_at_once)
    await until(lambda: len(failed) == 2)
    assert [str(error) for error in failed] == ["submitted", "posted"]
