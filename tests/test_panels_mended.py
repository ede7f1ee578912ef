"""What went wrong in the widgets once: ways back, what was read, what is left, who is heard."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances as live
from mcp import Client, MCPError, StdioServerParameters
from mcp.server import MCPServer, Server
from mcp.types import (
    CONNECTION_CLOSED,
    ListResourcesResult,
    ListToolsResult,
    ReadResourceResult,
    Resource,
    ResourceLink,
    TextResourceContents,
    Tool,
)
from mcp_types import JSONRPCNotification

from helpers import close_all, connect, owner, serve, tool_console, wire
from helpers.connection import reconnect
from helpers.forms import Form
from helpers.panels import answer, asking, desk
from helpers.panels.arrivals import Arrivals
from helpers.panels.call import Outcome
from helpers.panels.chooser import Chooser
from helpers.panels.console import ToolConsole
from helpers.panels.inspection import inspector
from helpers.panels.link import Link
from helpers.panels.wire_rows import row
from helpers.recorder import RecordingTransport
from helpers.traffic import Wire
from tests.places import BARE_SERVER, PYTHON
from tests.waiting import until
from tests.widgets import buttons, choice, markup, widgets

Bare = Callable[..., StdioServerParameters]
EMPTY: dict[str, Any] = {"type": "object"}


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


# --- what is left when a widget is closed, or shows something else ---


async def test_ten_calls_leave_no_more_widgets_than_one(server: MCPServer):
    async with Client(server) as client:
        console = await loaded(tool_console(client))
        await press(console, "films")
        choice(console._answer.widget).value = "JSON"  # so that there is one that is not displayed
        await press(console, "films")
        before = len(live)
        for _ in range(10):
            choice(console._answer.widget).value = "JSON"
            await press(console, "films")
        assert len(live) == before


async def test_nothing_is_left_of_a_console_or_an_inspector_that_is_closed(server: MCPServer):
    @server.prompt()
    def ask(topic: str) -> str:
        return topic

    client = await connect(server)
    before = set(live)
    console = await loaded(tool_console(client))
    await press(console, "films")
    await press(console, "linked")
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


async def test_answers_that_come_after_closing_make_nothing(server: MCPServer, gate: asyncio.Event):
    async with Client(server) as client:
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


async def test_other_children_dispose_of_those_before(server: MCPServer):
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
    async with Client(server) as client:
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


# --- nothing is dropped ---


async def test_a_form_that_cannot_be_built_is_told_and_the_other_tools_are_there(
    server: MCPServer, monkeypatch: pytest.MonkeyPatch
):
    def form(schema: Any, **options: Any) -> Form:
        if "topic" in schema["properties"]:
            raise KeyError("a fault of ours")
        return Form(schema, **options)

    @server.tool()
    def broken(topic: str) -> None: ...

    monkeypatch.setattr(desk, "Form", form)
    failed = heard()
    async with Client(server) as client:
        console = tool_console(client, "broken")
        await until(
            lambda: "The form of broken cannot be drawn: KeyError('a fault" in text(console)
        )
        assert buttons(console)["Call"].disabled
        await until(lambda: failed)
        await press(console, "films")
        assert "✓ ok · 3 rows" in text(console)
    assert repr(failed[0]) == "KeyError('a fault of ours')"


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


def heard() -> list[BaseException]:
    """What the loop's exception handler is told from now on."""
    failed = list[BaseException]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failed.append(context["exception"]))
    return failed


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


# --- what the browser sends may come on any thread ---


async def test_what_comes_on_another_thread_is_done_on_the_loop(server: MCPServer):
    client = await connect(server)
    panel = inspector(client)
    pane = panel._resources
    pane.open()
    await until(lambda: pane.listed and panel.console and panel.console._desk.tool)
    console = panel.console
    await press(console, "films")
    threads = list[int]()

    def note(_: Any) -> None:
        threads.append(threading.get_ident())

    chooser, tools, history = pane.chooser, console._list, console._history
    chooser._select.observe(note, "_options_labels")
    tools._select.observe(note, "_options_labels")
    console._desk._about.observe(note, "value")
    console._answer._line.observe(note, "value")
    console._desk.python.widget.observe(note, "value")
    log = panel._panes[4]
    log.notice.observe(note, "value")
    for widget, name, value in (
        (chooser._filter, "value", "zzz"),
        (tools._filter, "value", "linked"),
        (tools._select, "index", 0),
        (history._list, "index", 0),
    ):
        count = len(threads)
        await asyncio.to_thread(setattr, widget, name, value)
        await until(lambda count=count: len(threads) > count)  # type: ignore[misc]
    await asyncio.to_thread(buttons(console)["Earlier"].click)
    await asyncio.to_thread(setattr, panel._tabs, "selected_index", 4)
    await until(lambda: log.opened)
    assert set(threads) == {threading.get_ident()}


async def test_what_was_held_back_is_done_on_the_loop_in_order_whoever_answers(bare: Bare):
    link = Link(await connect(bare()))
    held = Arrivals(link)
    ran = list[tuple[int, bool]]()
    main = threading.get_ident()

    def answer() -> None:
        for echo in held._echoes:
            echo.back.value = echo._out.value

    def hold_back(*numbers: int) -> None:
        for number in numbers:
            held.then(lambda number=number: ran.append((number, threading.get_ident() == main)))  # type: ignore[misc]

    answer()
    await asyncio.to_thread(hold_back, 1, 2)
    hold_back(3)
    await asyncio.to_thread(answer)
    await asyncio.to_thread(hold_back, 4)
    answer()
    await until(lambda: len(ran) == 4)
    assert ran == [(number, True) for number in (1, 2, 3, 4)]


async def test_a_list_that_is_filled_while_one_types_chooses_nothing_by_itself(bare: Bare):
    chosen = list[str]()
    link = Link(await connect(bare()))
    chooser = Chooser(link, "prompts", chosen.append, lambda: None, Arrivals(link))
    items = {f"key {n}": f"name {n}" for n in range(50)}
    chooser.fill(items)
    typing = asyncio.create_task(asyncio.to_thread(type_into, chooser._filter))
    while not typing.done():
        chooser.fill(items)
        await asyncio.sleep(0)
    await typing
    assert chosen == []


def type_into(field: ipywidgets.Text) -> None:
    for n in range(300):
        field.value = str(n % 20)


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


async def test_a_connection_that_was_closed_is_not_called_lost(server: MCPServer):
    client = await connect(server)
    pane = inspector(client)._resources
    pane.open()
    await until(lambda: "Read" in buttons(pane.widget))
    await close_all()
    buttons(pane.widget)["Read"].click()
    await until(lambda: "⊘ connection closed" in text(pane.widget))


async def test_a_link_hears_of_a_loss_from_a_resource_that_cannot_be_read(server: MCPServer):
    async def gone(*_: Any) -> ReadResourceResult:
        raise MCPError(CONNECTION_CLOSED, "the server has gone")

    async with Client(server) as client:
        console = await loaded(tool_console(client))
        client.read_resource = gone  # type: ignore[method-assign]
        await press(console, "linked")
        buttons(console)["Open hello"].click()
        await until(lambda: "⊘ connection lost · The resource test://hello" in text(console))
        assert "✗ lost" in text(console)


async def test_call_with_an_invalid_form_says_so_also_while_a_call_runs(
    server: MCPServer, gate: asyncio.Event
):
    @server.tool()
    def needs(a: int) -> int:
        return a

    async with Client(server) as client:
        console = await loaded(tool_console(client))
        await choose(console, "wait")
        buttons(console)["Call"].click()
        await until(lambda: console._calls.running)
        await choose(console, "needs")
        buttons(console)["Call"].click()
        assert "Not sent. Problems in the form: 1." in text(console._strip.widget)
        await until(lambda: "0.3 s" in text(console._strip.widget))
        assert "Not sent." in text(console._strip.widget)
        gate.set()
        await until(lambda: console._calls.running is None)
        await press(console, "films")
        assert "Not sent." not in text(console._strip.widget)


async def test_a_console_is_printed_in_visible_characters():
    async def tools(*_: Any) -> ListToolsResult:
        raise MCPError(-32000, "\x1b[31mred \u202egnp")

    async with Client(Server("hostile", on_list_tools=tools)) as client:
        console = tool_console(client)
        await until(lambda: "did not come" in repr(console))
        assert repr(console).isprintable()
        assert r"\x1b[31mred \u202egnp" in repr(console)


# --- the wire, and the keyboard ---


def test_a_message_is_measured_when_it_is_recorded_and_not_when_it_is_drawn():
    recorded = Wire()
    for word in ("plain", "电影"):
        recorded.add(
            JSONRPCNotification(jsonrpc="2.0", method="x", params={"word": word}), sent=True
        )
    sizes = [len(message.text.encode()) for message in recorded]
    assert sizes[1] == sizes[0] + 1
    for message in recorded:
        message.text = ""
    assert [message.bytes for message in recorded] == sizes
    assert all(f" {size} " in row(message) for size, message in zip(sizes, recorded, strict=True))


async def test_lists_whose_keys_jupyterlab_takes_are_no_stop_and_have_another_way(
    server: MCPServer,
):
    with serve(server, transport="streamable-http") as handle:
        client = await connect(handle.url)
        panel = inspector(client)
        pane, wires = panel._resources, panel._panes[3]
        for opened in (pane, wires):
            opened.open()
        await until(lambda: pane.listed and wires._table._list.options)
        lists = [w for w in live.values() if type(w) is ipywidgets.Select]
        assert len(lists) == 5
        assert {w.tabbable for w in lists} == {False}
        for _ in range(2):
            buttons(wires.widget)["Earlier"].click()
        buttons(wires.widget)["Later"].click()
        newest = wires._table._list.options[0][1]
        assert f"Message {newest}: " in text(wires.widget)
        pane.chooser.chosen = None
        pane.chooser._filter.value = "greet"
        pane.chooser._filter._handle_custom_msg({"event": "submit"}, [])
        assert pane.chooser._select.label == "The greeting"
        assert pane._shown == "test://hello"
        await close_all()
