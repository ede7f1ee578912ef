"""What went wrong in the widgets once: ways back, what was read, what is left, who is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.server import MCPServer
from mcp.types import ResourceLink

from helpers import close_all, connect, owner, tool_console
from helpers.panels.console import ToolConsole
from helpers.panels.inspection import inspector
from tests.places import BARE_SERVER, PYTHON
from tests.waiting import until
from tests.widgets import buttons, choice, markup, widgets


@pytest.fixture(autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    yield
    ipywidgets.Widget.close_all()
    await close_all()
    assert not owner._owners


@pytest.fixture
def gate() -> asyncio.Event:
    """What the tool `wait` and the list of resources wait for."""
    return asyncio.Event()


@pytest.fixture
def server(gate: asyncio.Event) -> MCPServer:
    mcp = MCPServer("shelf", log_level="WARNING")

    @mcp.tool()
    def films() -> list[dict[str, Any]]:
        return [{"name": f"film {n}", "rating": n} for n in range(3)]

    @mcp.tool()
    async def wait() -> str:
        await gate.wait()
        return "at last"

    @mcp.tool()
    def linked() -> ResourceLink:
        return ResourceLink(uri="test://hello", name="hello")

    @mcp.resource("test://hello", name="hello", title="The greeting")
    def hello() -> str:
        return "Hello there!"

    return mcp


def text(widget: ipywidgets.Widget) -> str:
    return markup(widget).text


async def loaded(console: ToolConsole) -> ToolConsole:
    await until(lambda: console._desk.tool)
    return console


async def choose(console: ToolConsole, tool: str) -> None:
    [found] = [w for w in widgets(console) if getattr(w, "description", "").startswith("Tools")]
    found.label = tool
    await until(lambda: console._desk.tool and console._desk.tool.name == tool)


async def press(console: ToolConsole, tool: str) -> None:
    """Call a tool without arguments, and wait until the result is drawn."""
    await choose(console, tool)
    before = len(list(console._history))
    buttons(console)["Call"].click()
    await until(lambda: len(list(console._history)) > before)
    await until(lambda: console._calls.running is None and not console._drawing)


# --- the way back ---


@pytest.fixture
def startable(tmp_path: Path) -> StdioServerParameters:
    """A server that starts only while there is a file `may_start`."""
    (tmp_path / "may_start").touch()
    script = (
        "import os, runpy, sys\n"
        f"os.path.exists({str(tmp_path / 'may_start')!r}) or sys.exit('it may not start')\n"
        f"runpy.run_path({BARE_SERVER!r}, run_name='__main__')\n"
    )
    return StdioServerParameters(command=PYTHON, args=["-I", "-S", "-c", script])


async def test_a_reconnect_that_fails_can_be_tried_again_with_the_same_button(
    startable: StdioServerParameters, tmp_path: Path
):
    client = await connect(startable)
    one, other = [await loaded(tool_console(client)) for _ in range(2)]
    with suppress(MCPError):
        await client.call_tool("die")
    await until(lambda: "✗ lost" in text(one))
    (tmp_path / "may_start").unlink()
    said = list[str]()
    one._title._text.observe(lambda change: said.append(change["new"]), "value")
    buttons(one)["Reconnect"].click()
    await until(lambda: "Not connected." in text(one))
    assert len(said) > 2
    assert all("Reconnecting…" in html for html in said[:-1])  # also when the old one was closed
    for console in (one, other):
        assert buttons(console)["Reconnect"].layout.display != "none"
        assert not buttons(console)["Reconnect"].disabled
    (tmp_path / "may_start").touch()
    buttons(other)["Reconnect"].click()
    for console in (one, other):
        await until(lambda console=console: "● open" in text(console))  # type: ignore[misc]
        assert buttons(console)["Reconnect"].layout.display == "none"
        assert console.client is not client
    assert "Not connected" not in text(one)


# --- what was read stays ---


async def test_pressing_call_leaves_the_result_before_as_one_had_arranged_it(
    server: MCPServer, gate: asyncio.Event
):
    async with Client(server) as client:
        console = await loaded(tool_console(client))
        await press(console, "films")
        choice(console._answer.widget).value = "JSON"
        arranged = console._answer._body.children
        await choose(console, "wait")
        buttons(console)["Call"].click()
        await until(lambda: console._calls.running and not console._drawing)
        assert console._answer._body.children == arranged
        gate.set()
        await until(lambda: "at last" in text(console._answer.widget))


async def test_a_resource_opened_above_a_result_stays_while_the_next_call_runs(
    server: MCPServer, gate: asyncio.Event
):
    async with Client(server) as client:
        console = await loaded(tool_console(client))
        await press(console, "linked")
        buttons(console)["Open hello"].click()
        await until(lambda: "Hello there!" in text(console))
        await choose(console, "wait")
        buttons(console)["Call"].click()
        await until(lambda: console._calls.running and not console._drawing)
        assert "Hello there!" in text(console)
        gate.set()
        await until(lambda: "Hello there!" not in text(console))


async def test_what_a_link_led_to_stays_read_when_the_list_that_names_it_arrives(
    server: MCPServer,
):
    async with Client(server) as client:
        panel = inspector(client)
        await until(lambda: panel.console)
        panel._open_link("test://hello")
        pane = panel._resources
        await until(lambda: "The greeting" in text(pane.widget))  # as the list calls it
        await until(lambda: "Hello there!" in text(pane.widget))
        assert "Hello there!" in text(pane.widget)
        assert pane.chooser._select.label == "The greeting"


async def test_a_prompt_keeps_what_was_typed_unless_it_asks_for_other_arguments(
    server: MCPServer,
):
    @server.prompt(description="Before.")
    def ask(topic: str) -> str:
        return topic

    async with Client(server) as client:
        panel = inspector(client)
        pane = panel._panes[2]
        pane.open()
        await until(lambda: "Before." in text(pane.widget))
        field = next(w for w in widgets(pane._work) if isinstance(w, ipywidgets.Text))
        field.value = "films"
        for change, kept in ((rename, True), (extend, False)):
            change(server)
            pane.refresh()
            await until(lambda change=change: change.__name__ in text(pane.widget))  # type: ignore[misc]
            assert (field in widgets(pane._work)) is kept


def rename(server: MCPServer) -> None:
    server._prompt_manager._prompts.clear()
    server.prompt("ask", description="rename")(lambda topic: topic)


def extend(server: MCPServer) -> None:
    server._prompt_manager._prompts.clear()
    server.prompt("ask", description="extend")(lambda topic, depth: topic + depth)
