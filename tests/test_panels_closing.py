"""What is left of a console or an inspector that is closed, or that shows something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances as live
from mcp import Client, MCPError, StdioServerParameters
from mcp.server import MCPServer, Server
from mcp.types import ListToolsResult, Tool

from helpers import connect, tool_console, wire
from helpers.panels.call import Outcome
from helpers.panels.inspection import inspector
from tests.console_use import call, choose, loaded
from tests.waiting import until
from tests.widgets import buttons, choice, text

Bare = Callable[..., StdioServerParameters]

pytestmark = pytest.mark.usefixtures("_no_widget_stays")


async def test_ten_calls_leave_no_more_widgets_than_one(shelf: MCPServer):
    async with Client(shelf) as client:
        console = await loaded(tool_console(client))
        await call(console, "films")
        choice(console._answer.widget).value = "JSON"  # so that there is one that is not displayed
        await call(console, "films")
        before = len(live)
        for _ in range(10):
            choice(console._answer.widget).value = "JSON"
            await call(console, "films")
        assert len(live) == before


async def test_nothing_is_left_of_a_console_or_an_inspector_that_is_closed(shelf: MCPServer):
    @shelf.prompt()
    def ask(topic: str) -> str:
        return topic

    client = await connect(shelf)
    before = set(live)
    console = await loaded(tool_console(client))
    await call(console, "films")
    await call(console, "linked")
    panel = inspector(client)
    for at, pane in enumerate(panel._panes):
        panel._tabs.selected_index = at
        await until(lambda pane=pane: pane.opened and "Loading…" not in text(pane.widget))  # type: ignore[misc]
    buttons(panel._resources.widget)["Read"].click()
    await until(lambda: panel.result)
    await loaded(panel.console)
    assert len(live) > len(before) + 200
    console.close()
    panel.close()
    console.close()  # which does nothing
    assert [type(live[known]).__name__ for known in set(live) - before] == []


async def test_answers_that_come_after_closing_make_nothing(shelf: MCPServer, gate: asyncio.Event):
    async with Client(shelf) as client:
        before = set(live)
        console, panel = tool_console(client), inspector(client)
        panel._open_link("test://hello")
        panel.close()
        console.close()  # while the tools are being listed
        other = await loaded(tool_console(client))
        await choose(other, "wait")
        buttons(other)["Call"].click()
        await until(lambda: other._calls.running)
        other.close()
        await until(lambda: other._calls.running is None)
        assert next(iter(other._history)).outcome is Outcome.CANCELLED
        assert set(live) == before


async def test_other_children_dispose_of_those_before(shelf: MCPServer):
    """A form whose schema has changed, and what was read before."""
    schemas = iter([{}, {"a": {"type": "string"}}, {"b": {"type": "string"}}] * 4)

    async def tools(*_: Any) -> ListToolsResult:
        schema = {"type": "object", "properties": next(schemas)}
        return ListToolsResult(tools=[Tool(name="t", input_schema=schema)])

    async with Client(Server("changing", on_list_tools=tools)) as client:
        console = await loaded(tool_console(client))
        counts = list[int]()
        for _ in range(3):
            for _ in range(3):
                await asyncio.wrap_future(console.refresh())
            counts.append(len(live))
        assert len(set(counts)) == 1
    async with Client(shelf) as client:
        pane = inspector(client)._resources
        pane.open()
        await until(lambda: "Read" in buttons(pane.widget))
        counts.clear()
        for _ in range(3):
            buttons(pane.widget)["Read"].click()
            await until(lambda: not buttons(pane.widget)["Read"].disabled)
            counts.append(len(live))
        assert len(set(counts)) == 1


async def test_a_closed_inspector_stays_closed_when_the_connection_is_opened_again(bare: Bare):
    client = await connect(bare())
    panel, console = inspector(client), tool_console(client)
    await loaded(console)
    panel.close()
    before = set(live)
    with suppress(MCPError):
        await client.call_tool("die")
    await until(lambda: "✗ lost" in text(console))
    again = await console._link.reconnect()
    await until(lambda: "● open" in text(console) and not console._link._running)
    assert panel.client is client
    assert wire(again)._watchers == ()
    assert [m.method for m in wire(again) if m.sent and m.method == "tools/list"] == ["tools/list"]
    assert set(live) == before
