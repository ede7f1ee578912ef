"""What was read stays, the newest answer counts, and a failure is named for what it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.server import MCPServer, Server
from mcp.types import (
    CONNECTION_CLOSED,
    ListResourcesResult,
    ListToolsResult,
    ReadResourceResult,
    Resource,
    TextResourceContents,
    Tool,
)

from helpers import close_all, connect, tool_console
from helpers.panels import answer, asking
from helpers.panels.inspection import inspector
from tests.console_use import call, choose, loaded
from tests.waiting import until
from tests.widgets import buttons, choice, text

EMPTY: dict[str, Any] = {"type": "object"}

pytestmark = pytest.mark.usefixtures("_no_widget_stays")


# --- what was read stays ---


async def test_pressing_call_leaves_the_result_before_as_one_had_arranged_it(
    shelf: MCPServer, gate: asyncio.Event
):
    async with Client(shelf) as client:
        console = await loaded(tool_console(client))
        await call(console, "films")
        choice(console._answer.widget).value = "JSON"
        arranged = console._answer._body.children
        await choose(console, "wait")
        buttons(console)["Call"].click()
        await until(lambda: console._calls.running and not console._drawing)
        assert console._answer._body.children == arranged
        gate.set()
        await until(lambda: "at last" in text(console._answer.widget))


async def test_a_resource_opened_above_a_result_stays_while_the_next_call_runs(
    shelf: MCPServer, gate: asyncio.Event
):
    async with Client(shelf) as client:
        console = await loaded(tool_console(client))
        await call(console, "linked")
        buttons(console)["Open hello"].click()
        await until(lambda: "Hello there!" in text(console))
        await choose(console, "wait")
        buttons(console)["Call"].click()
        await until(lambda: console._calls.running and not console._drawing)
        assert "Hello there!" in text(console)
        gate.set()
        await until(lambda: "Hello there!" not in text(console))


async def test_what_a_link_led_to_stays_read_when_the_list_that_names_it_arrives(
    shelf: MCPServer,
):
    async with Client(shelf) as client:
        panel = inspector(client)
        await until(lambda: panel.console)
        panel._open_link("test://hello")
        pane = panel._resources
        await until(lambda: "The greeting" in text(pane.widget))  # as the list calls it
        await until(lambda: "Hello there!" in text(pane.widget))
        assert "Hello there!" in text(pane.widget)
        assert pane.chooser._select.label == "The greeting"


# --- the newest answer counts ---


class Shelf:
    """A server whose first answers wait until they are let go, and which numbers its answers."""

    def __init__(self) -> None:
        self.asked = {"list": 0, "read": 0, "tools": 0}
        self.first = asyncio.Event()
        self.server = Server(
            "shelf",
            on_list_resources=self.list_resources,
            on_read_resource=self.read,
            on_list_tools=self.list_tools,
        )

    async def number(self, kind: str, late: int) -> int:
        self.asked[kind] += 1
        mine = self.asked[kind]
        if mine == late:
            await self.first.wait()
        return mine

    async def list_resources(self, *_: Any) -> ListResourcesResult:
        number = await self.number("list", late=2)
        return ListResourcesResult(resources=[Resource(name=f"list {number}", uri="t://r")])

    async def read(self, *_: Any) -> ReadResourceResult:
        number = await self.number("read", late=1)
        return ReadResourceResult(
            contents=[TextResourceContents(uri="t://r", text=f"answer {number}")]
        )

    async def list_tools(self, *_: Any) -> ListToolsResult:
        number = await self.number("tools", late=2)
        return ListToolsResult(tools=[Tool(name=f"tool_{number}", input_schema=EMPTY)])


async def test_an_answer_that_was_overtaken_is_not_shown():
    shelf = Shelf()
    async with Client(shelf.server) as client:
        panel = inspector(client)
        pane = panel._resources
        pane.open()
        await until(lambda: pane.listed and panel.console and panel.console._tools)
        console = panel.console
        for _ in range(2):
            buttons(pane.widget)["Refresh"].click()
        late = console.refresh()
        await asyncio.wrap_future(console.refresh())
        await until(lambda: pane.chooser._select.label == "list 3")
        exchange = pane._views["t://r"]._exchange
        for _ in range(2):
            exchange.press()
        await until(lambda: "answer 2" in text(pane.widget))
        shelf.first.set()
        await asyncio.wrap_future(late)
        await until(lambda: not panel._link._running - {panel._changes._listening})
        assert "answer 2" in text(pane.widget)
        assert panel.result.contents[0].text == "answer 2"
        assert pane.chooser._select.label == "list 3"
        assert [tool.name for tool in console._tools] == ["tool_3"]


async def test_what_is_not_answered_in_a_minute_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.2)
    shelf = Shelf()
    async with Client(shelf.server) as client:
        pane = inspector(client)._resources
        pane.open()
        await until(lambda: "Read" in buttons(pane.widget))
        buttons(pane.widget)["Read"].click()
        await until(lambda: "⊘ no answer" in text(pane.widget))
        assert "no answer within 0.2 seconds" in text(pane.widget)
        assert not buttons(pane.widget)["Read"].disabled
        buttons(pane.widget)["Refresh"].click()
        await until(lambda: "no answer within" in text(pane.notice))


# --- failures are named for what they are ---


async def test_a_fault_in_drawing_is_not_called_the_server_s(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise KeyError("a fault of ours")

    shelf = Shelf()
    shelf.first.set()
    async with Client(shelf.server) as client:
        pane = inspector(client)._resources
        pane.open()
        await until(lambda: "Read" in buttons(pane.widget))
        monkeypatch.setattr(answer, "shown", fail)
        buttons(pane.widget)["Read"].click()
        await until(lambda: "✓ ok" in text(pane.widget))
        assert "It cannot be drawn (KeyError('a fault of ours'))" in text(pane.widget)
        assert "answer 1" in text(pane.widget)  # nor is it lost


async def test_a_connection_that_was_closed_is_not_called_lost(shelf: MCPServer):
    client = await connect(shelf)
    pane = inspector(client)._resources
    pane.open()
    await until(lambda: "Read" in buttons(pane.widget))
    await close_all()
    buttons(pane.widget)["Read"].click()
    await until(lambda: "⊘ connection closed" in text(pane.widget))


async def test_a_link_hears_of_a_loss_from_a_resource_that_cannot_be_read(shelf: MCPServer):
    async def gone(*_: Any) -> ReadResourceResult:
        raise MCPError(CONNECTION_CLOSED, "the server has gone")

    async with Client(shelf) as client:
        console = await loaded(tool_console(client))
        client.read_resource = gone  # type: ignore[method-assign]
        await call(console, "linked")
        buttons(console)["Open hello"].click()
        await until(lambda: "⊘ connection lost · The resource test://hello" in text(console))
        assert "✗ lost" in text(console)
