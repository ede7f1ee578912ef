"""The tool console: what it lists, sends, shows and remembers."""

from __future__ import annotations

import ast
import asyncio
import gc
import json
import math
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ipywidgets
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.server import MCPServer, Server
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    CallToolResult,
    ListToolsResult,
    ResourceLink,
    TextContent,
    Tool,
    ToolAnnotations,
)

from helpers import close, connect, serve, server_log, tool_console
from helpers.forms import Form
from helpers.panels import answer, arrivals, history, saved
from helpers.panels.about import about, hints
from helpers.panels.answer import error_text
from helpers.panels.call import Outcome, Progress, duration
from helpers.panels.console import ToolConsole
from helpers.panels.history import KEPT_CALLS
from helpers.panels.python_line import literal, python_line
from helpers.panels.strip import counted, progress_bar
from helpers.panels.tool_list import no_such_tool
from servers import paged
from tests.console_use import call, choose, form, html, loaded, named
from tests.kernels import Kernel, ended_within
from tests.leftovers import cutting_sse_off
from tests.places import BARE_SERVER, PYTHON
from tests.waiting import heard, until
from tests.widgets import buttons, text, widgets

Bare = Callable[..., StdioServerParameters]
HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[2J"

pytestmark = pytest.mark.usefixtures("_no_connection_stays_open")


@pytest.fixture
def seen() -> list[dict[str, Any]]:
    """The arguments that reached the server, in order."""
    return []


@pytest.fixture
def server(seen: list[dict[str, Any]]) -> MCPServer:
    mcp = MCPServer("desk", log_level="WARNING")

    @mcp.tool(annotations=ToolAnnotations(read_only_hint=True))
    def add(a: int, b: int) -> int:
        """Add two whole numbers."""
        seen.append({"a": a, "b": b})
        return a + b

    @mcp.tool()
    def films() -> list[dict[str, Any]]:
        return [{"name": "无间道", "rating": 9.2}, {"name": "英雄", "rating": 7.4}]

    @mcp.tool()
    def fail() -> str:
        raise ToolError("no such film: <b>英雄</b>")

    @mcp.tool()
    async def hold(ctx: Context, steps: int = 3) -> str:
        seen.append({"steps": steps})
        await ctx.report_progress(steps, 4, f"held {steps}")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append({"cancelled": steps})
            raise
        return "never"

    @mcp.tool()
    def linked() -> ResourceLink:
        return ResourceLink(uri="test://hello", name="hello")

    @mcp.resource("test://hello")
    def hello() -> str:
        return "Hello!"

    return mcp


@pytest.fixture
async def desk(server: MCPServer) -> ToolConsole:
    """A console on a server in this process, with its tools loaded."""
    return await loaded(tool_console(await connect(server)))


def first_field(console: ToolConsole) -> ipywidgets.Text:
    found = widgets(form(console).widget)
    return next(w for w in found if isinstance(w, ipywidgets.Text))


async def test_a_console_comes_at_once_and_loads_its_tools_in_the_background(server: MCPServer):
    async with Client(server) as client:
        console = tool_console(client)
        assert "Loading tools…" in html(console)
        await loaded(console)
        assert [label for label, _ in named(console, "Tools").options] == [
            "add",
            "films",
            "fail",
            "hold",
            "linked",
        ]
        assert named(console, "Tools").description == "Tools (5)"
        assert "Add two whole numbers." in html(console)
        assert repr(console) == "<tool console: 5 tools, no call yet>"
        assert (console.result, console.arguments) == (None, None)


async def test_the_tool_to_begin_with_can_be_named(server: MCPServer):
    async with Client(server) as client:
        console = await loaded(tool_console(client, "films"))
        assert console._desk.tool.name == "films"
        assert named(console, "Tools").label == "films"


async def test_a_tool_that_is_not_there_is_named_with_those_that_are_near(server: MCPServer):
    async with Client(server) as client:
        console = await loaded(tool_console(client, "film"))
        assert "has no tool &#x27;film&#x27;. Did you mean films" in html(console)
        assert named(console, "Call").disabled


def test_names_that_are_near_are_offered_and_others_are_not():
    tools = [Tool(name=name, input_schema={}) for name in ("search_movies", "add")]
    assert no_such_tool("serch_movie", tools).endswith("Did you mean search_movies?")
    assert no_such_tool("zzz", tools) == "This server has no tool 'zzz'."


async def test_what_is_no_client_is_refused_with_what_to_pass(server: MCPServer):
    with pytest.raises(TypeError, match=r"pass an open mcp\.Client"):
        tool_console(server)  # type: ignore[arg-type]


def test_outside_a_loop_the_error_says_what_to_do(server: MCPServer):
    with pytest.raises(RuntimeError, match="in a notebook cell"):
        tool_console(Client(server))


async def test_a_call_gives_its_result_to_the_console_and_to_the_next_cell(desk: ToolConsole):
    made = await call(desk, "add", a=2, b=3)
    assert made.outcome is Outcome.OK
    assert desk.result is not None
    assert desk.result.structured_content == {"result": 5}
    assert desk.arguments == {"a": 2, "b": 3}
    assert re.search(r"Result · ✓ ok · [\d.]+ m?s", html(desk))
    assert re.fullmatch(r"<tool console: add · ok · [\d.]+ m?s>", str(desk))
    [(line, _)] = named(desk, "History").options
    assert re.fullmatch(r'\d\d:\d\d:\d\d  add  ✓ ok  [\d.]+ m?s  \{"a": 2, "b": 3\}', line)


async def test_rows_are_counted_in_the_line_above_them(desk: ToolConsole):
    made = await call(desk, "films")
    assert made.rows == 2
    assert "✓ ok · 2 rows · " in html(desk)


async def test_a_tool_that_fails_reads_differently_from_one_that_does_not(desk: ToolConsole):
    made = await call(desk, "fail")
    assert made.outcome is Outcome.TOOL_ERROR
    assert "Result · ✗ tool error · " in html(desk)
    assert "mcpk-tool-error" in html(desk)
    assert "no such film: &lt;b&gt;英雄" in html(desk)
    assert desk.result is not None
    assert desk.result.is_error


async def test_a_protocol_error_is_told_with_code_message_and_data():
    async def reply(*_: Any) -> CallToolResult:
        raise MCPError(-32602, "no <b>query</b>", {"missing": ["查询"]})

    async with Client(lowlevel([tool("search")], reply)) as client:
        console = await loaded(tool_console(client))
        made = await call(console, "search")
        assert made.outcome is Outcome.PROTOCOL_ERROR
        assert "Result · ‼ protocol error · " in html(console)
        assert "-32602: no &lt;b&gt;query&lt;/b&gt;" in html(console)
        assert "查询" in html(console)
        assert console.result is None
        assert console.arguments == {}


async def test_an_answer_that_is_against_the_protocol_is_a_protocol_error():
    """The SDK raises a RuntimeError where structured content does not fit its schema."""

    async def reply(*_: Any) -> CallToolResult:
        return CallToolResult(content=[], structured_content={"n": "three"})

    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    promised = Tool(name="count", input_schema={"type": "object"}, output_schema=schema)
    async with Client(lowlevel([promised], reply)) as client:
        console = await loaded(tool_console(client))
        made = await call(console, "count")
        assert made.outcome is Outcome.PROTOCOL_ERROR
        assert "RuntimeError: Invalid structured content" in html(console)


async def test_nothing_is_sent_while_the_form_has_problems(
    desk: ToolConsole, seen: list[dict[str, Any]]
):
    form(desk).fill({"a": 2})
    focused = []
    form(desk).focus_first_problem = lambda: focused.append(True)
    named(desk, "Call").click()
    assert focused == [True]
    assert "Not sent. Problems in the form: 1." in html(desk)
    form(desk).fill({"a": 2, "b": 1})
    named(desk, "Call").click()
    await until(lambda: desk.result)
    assert seen == [{"a": 2, "b": 1}]


async def test_enter_in_a_field_calls(desk: ToolConsole):
    form(desk).fill({"a": 2, "b": 3})
    first_field(desk)._handle_custom_msg({"event": "submit"}, [])
    await until(lambda: desk.result)
    assert desk.arguments == {"a": 2, "b": 3}


async def test_fifty_clicks_from_another_thread_send_fifty_calls_in_order(
    desk: ToolConsole, seen: list[dict[str, Any]]
):
    def click() -> None:
        for number in range(50):
            form(desk).fill({"a": number, "b": 0})
            named(desk, "Call").click()

    await asyncio.to_thread(click)
    await until(lambda: len(seen) == 50)
    assert [call["a"] for call in seen] == list(range(50))
    await until(lambda: {call.outcome for call in desk._history} == {Outcome.OK})
    assert [call.arguments["a"] for call in desk._history] == list(reversed(range(50)))


async def test_what_waits_is_counted_and_cancel_stops_all_of_it(
    desk: ToolConsole, seen: list[dict[str, Any]]
):
    await choose(desk, "hold")
    for steps in (1, 2, 3):
        form(desk).fill({"steps": steps})
        named(desk, "Call").click()
    await until(lambda: "2 waiting" in html(desk) and "held 1" in html(desk))
    assert "1 of 4" in html(desk)
    named(desk, "Cancel").click()
    await until(lambda: desk._calls.running is None and not desk._drawing)
    assert seen == [{"steps": 1}, {"cancelled": 1}]
    assert [call.outcome for call in desk._history] == [
        Outcome.NOT_SENT,
        Outcome.NOT_SENT,
        Outcome.CANCELLED,
    ]
    assert "■ cancelled" in html(desk)
    assert "2 more that waited: not sent." in html(desk)
    assert named(desk, "Cancel").disabled
    assert (await call(desk, "add", a=1, b=1)).outcome is Outcome.OK


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_cancel_reaches_the_server_and_progress_the_reader(mode: str):
    showcase = StdioServerParameters(command=PYTHON, args=["-m", "servers.showcase"])
    client = await connect(showcase, mode=mode)
    console = await loaded(tool_console(client, "slow_count"))
    form(console).fill({"steps": 500, "step_seconds": 0.01})
    named(console, "Call").click()
    await until(lambda: "of 500" in html(console) and "counted" in html(console))
    assert not named(console, "Cancel").disabled
    assert "<progress" in html(console)
    named(console, "Cancel").click()
    await until(lambda: console._history and "■ cancelled" in html(console))
    result = await client.call_tool("add", {"a": 1, "b": 2})
    assert result.structured_content == {"result": 3}
    await until(lambda: "slow_count was cancelled at step" in server_log(client), 3)


async def test_a_tool_that_floods_with_progress_is_drawn_ten_times_a_second():
    mcp = MCPServer("flood", log_level="WARNING")

    @mcp.tool()
    async def flood(ctx: Context) -> str:
        for step in range(3000):
            await ctx.report_progress(step, 3000, "on and on")
        return "done"

    async with Client(mcp) as client:
        console = await loaded(tool_console(client))
        drawn = list[str]()
        console._strip._state.observe(lambda change: drawn.append(change["new"]), "value")
        made = await call(console, "flood")
        assert made.outcome is Outcome.OK
        assert made.progress == Progress(2999, 3000, "on and on")
        assert len(drawn) <= 3 + made.seconds / 0.1


async def test_the_history_gives_arguments_and_result_back(desk: ToolConsole):
    await call(desk, "add", a=2, b=3)
    await call(desk, "films")
    history = named(desk, "History")
    assert history.index is None
    history.index = 1
    await until(lambda: desk.arguments == {"a": 2, "b": 3})
    assert form(desk).value() == {"a": 2, "b": 3}
    assert named(desk, "Tools").label == "add"
    assert re.search(r"Result of \d\d:\d\d:\d\d · ✓ ok", html(desk))
    assert desk.result is not None
    assert desk.result.structured_content == {"result": 5}
    assert history.index == 1
    first_field(desk).value = "9"
    assert history.index is None  # so that it can be picked once more
    history.index = 1
    await until(lambda: form(desk).draft() == {"a": 2, "b": 3})


async def test_buttons_step_through_the_history_for_those_who_use_the_keyboard(
    desk: ToolConsole,
):
    named(desk, "Earlier").click()  # there is nothing yet
    for a in (1, 2):
        await call(desk, "add", a=a, b=0)
    for button, a in (("Earlier", 2), ("Earlier", 1), ("Earlier", 1), ("Later", 2), ("Later", 2)):
        named(desk, button).click()
        await until(lambda a=a: desk.arguments == {"a": a, "b": 0})  # type: ignore[misc]


async def test_the_history_is_bounded_and_no_call_is_lost(
    desk: ToolConsole, seen: list[dict[str, Any]]
):
    form(desk).fill({"a": 1, "b": 1})
    for _ in range(KEPT_CALLS + 5):
        named(desk, "Call").click()
    await until(lambda: len(seen) == KEPT_CALLS + 5)
    await until(lambda: {call.outcome for call in desk._history} == {Outcome.OK})
    assert len(list(desk._history)) == KEPT_CALLS


async def test_what_was_typed_stays_when_another_tool_is_looked_at_or_a_call_fails(
    desk: ToolConsole,
):
    form(desk).fill({"a": 7, "b": 8})
    await call(desk, "fail")
    await choose(desk, "add")
    assert form(desk).value() == {"a": 7, "b": 8}


async def test_a_refreshed_list_keeps_what_was_typed_where_the_schema_is_the_same(
    desk: ToolConsole, server: MCPServer
):
    form(desk).fill({"a": 7, "b": 8})
    kept = form(desk)
    server.remove_tool("films")
    await asyncio.wrap_future(desk.refresh())
    assert named(desk, "Tools").description == "Tools (4)"
    assert form(desk) is kept
    server.remove_tool("add")

    @server.tool()
    def add(a: str) -> str:
        return a

    await asyncio.wrap_future(desk.refresh())
    assert form(desk) is not kept
    server.remove_tool("add")
    await asyncio.wrap_future(desk.refresh())
    assert "has no tool &#x27;add&#x27;" in html(desk)


async def test_typing_in_the_filter_shortens_the_list_and_enter_chooses(desk: ToolConsole):
    named(desk, "Filter").value = "LINK"
    assert named(desk, "Tools").description == "Tools (1 of 5)"
    assert named(desk, "Tools").index is None
    assert desk._desk.tool.name == "add"  # still open
    named(desk, "Filter")._handle_custom_msg({"event": "submit"}, [])
    await until(lambda: desk._desk.tool.name == "linked")
    named(desk, "Filter").value = "whole numbers"  # of a description
    assert [label for label, _ in named(desk, "Tools").options] == ["add"]
    named(desk, "Filter").value = ""
    assert named(desk, "Tools").label == "linked"


async def test_enter_in_the_filter_prefers_the_name_to_the_description():
    tools = [tool(name) for name in ("sum_all", "address", "add")]
    tools[0].description = "Like add."
    async with Client(lowlevel(tools)) as client:
        console = await loaded(tool_console(client))
        for typed, name in (("add", "add"), ("addr", "address"), ("like", "sum_all")):
            named(console, "Filter").value = typed
            named(console, "Filter")._handle_custom_msg({"event": "submit"}, [])
            await until(lambda name=name: console._desk.tool.name == name)  # type: ignore[misc]


async def test_a_linked_resource_is_read_and_shown_above_the_result(desk: ToolConsole):
    await call(desk, "linked")
    named(desk._answer.widget, "Open").click()
    await until(lambda: "Hello!" in html(desk))
    assert "Resource test://hello" in html(desk)


async def test_two_consoles_work_on_one_client(server: MCPServer):
    async with Client(server) as client:
        one, two = [await loaded(tool_console(client)) for _ in range(2)]
        await choose(one, "hold")
        named(one, "Call").click()
        await until(lambda: one._calls.running)
        assert (await call(two, "add", a=1, b=2)).outcome is Outcome.OK
        assert next(iter(one._history)).outcome is Outcome.RUNNING
        named(one, "Cancel").click()
        await until(lambda: one._calls.running is None)


def tool(name: str, **properties: Any) -> Tool:
    return Tool(name=name, input_schema={"type": "object", "properties": properties})


def lowlevel(tools: list[Tool], reply: Any = None) -> Server:
    async def list_tools(*_: Any) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    return Server("low", on_list_tools=list_tools, on_call_tool=reply)


async def test_five_hundred_tools_are_there_in_half_a_second():
    texts = {"type": "string", "description": "Some text."}
    tools = [tool(f"tool_{n}", **{f"field_{k}": texts for k in range(10)}) for n in range(500)]
    async with Client(lowlevel(tools)) as client:
        gc.collect()  # what earlier tests have left takes half a second to look through
        begun = time.process_time()  # client and server are here; what else the machine does is not
        console = tool_console(client)
        await loaded(console)
        assert time.process_time() - begun < 0.5
        assert len(named(console, "Tools").options) == 500


async def test_a_list_in_pages_is_followed_to_its_end():
    async with Client(paged.server) as client:
        console = await loaded(tool_console(client))
        assert len(named(console, "Tools").options) == 25


async def test_a_server_without_tools_says_so():
    for empty in (lowlevel([]), Server("none")):
        async with Client(empty) as client:
            console = await loaded(tool_console(client))
            assert "This server has no tools." in html(console)
            assert named(console, "Call").disabled


async def test_a_list_that_does_not_come_is_told_and_can_be_asked_for_again(server: MCPServer):
    answers = [MCPError(-32000, "the list is <i>lost</i>")]

    async def list_tools(*_: Any) -> ListToolsResult:
        if answers:
            raise answers.pop()
        return ListToolsResult(tools=[tool("found")])

    async with Client(Server("late", on_list_tools=list_tools)) as client:
        console = await loaded(tool_console(client))
        assert "the list of tools did not come: the list is &lt;i&gt;lost" in html(console)
        named(console, "Refresh").click()
        await until(lambda: named(console, "Tools").label == "found")


async def test_a_server_that_dies_is_a_loss_with_a_way_back(bare: Bare):
    console = await loaded(tool_console(await connect(bare())))
    first = console.client
    form_of_die = await call(console, "die")
    assert form_of_die.outcome is Outcome.LOST
    assert "⊘ connection lost" in html(console)
    assert "the roof is on fire" in html(console)  # its last words
    assert "✗ lost" in html(console)
    button = named(console, "Reconnect")
    assert button.layout.display != "none"
    button.click()
    await until(lambda: "● open" in html(console))
    assert console.client is not first
    assert button.layout.display == "none"
    assert (await call(console, "where")).outcome is Outcome.OK
    assert console._desk.tool.name == "where"


async def test_a_connection_that_was_closed_on_purpose_says_which_cells_to_run(bare: Bare):
    console = await loaded(tool_console(await connect(bare())))
    await close(console.client)
    assert "This connection was closed. Run the cell that connects" in html(console)
    assert named(console, "Reconnect").layout.display == "none"
    made = await call(console, "where")
    assert made.outcome is Outcome.CLOSED
    assert "⊘ connection closed" in html(console)
    assert console.result is None


async def test_a_client_that_was_left_without_a_word_says_so_at_the_next_call(server: MCPServer):
    async with Client(server) as client:
        console = await loaded(tool_console(client))
    made = await call(console, "films")
    assert made.outcome is Outcome.CLOSED
    assert "○ closed" in html(console)


@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
async def test_a_served_server_that_stops_is_a_loss_and_reconnecting_finds_the_next_one(
    server: MCPServer, transport: Any
):
    with cutting_sse_off():
        handle = serve(server, transport=transport)
        port = urlsplit(handle.url).port
        target = sse_client(handle.url) if transport == "sse" else handle.url
        console = await loaded(tool_console(await connect(target)))
        handle.stop()
        made = await call(console, "films")
        assert made.outcome is Outcome.LOST
        button = named(console, "Reconnect")
        assert button.layout.display != "none"
        button.click()
        await until(lambda: "Not connected." in html(console))
        assert not button.disabled
        with serve(server, transport=transport, port=port or 0):
            button.click()
            await until(lambda: "● open" in html(console))
            assert (await call(console, "films")).outcome is Outcome.OK
            await close(console.client)


async def test_the_python_line_follows_the_form_and_cannot_be_edited(desk: ToolConsole):
    line = named(desk, "In Python")
    assert line.value.startswith("#")
    form(desk).fill({"a": 2, "b": 3})
    assert line.value == 'await client.call_tool("add", {"a": 2, "b": 3})'
    line.value += "x"
    assert line.value == 'await client.call_tool("add", {"a": 2, "b": 3})'


async def test_opening_a_tool_shows_no_problem_before_anything_was_pressed(desk: ToolConsole):
    assert not re.search(r"<div[^>]*>! ", html(desk))


async def test_a_result_that_cannot_be_drawn_is_shown_as_python_writes_it(
    desk: ToolConsole, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(answer, "shown", fail)
    await call(desk, "add", a=2, b=3)
    assert "It cannot be drawn (RecursionError(" in html(desk)
    assert "structured_content={&#x27;result&#x27;: 5}" in html(desk)


class Browser:
    """Stands in for the browser's side of the link: it answers when it is told to."""

    def __init__(self, console: ToolConsole) -> None:
        self._arrivals = console._arrivals
        self.answer()  # as JupyterLab does by itself when it has made the link

    def answer(self) -> None:
        for echo in self._arrivals._echoes:
            echo.back.value = echo._out.value


async def test_a_click_waits_for_what_was_typed_before_it(desk: ToolConsole):
    browser = Browser(desk)
    form(desk).fill({"a": 2, "b": 3})
    named(desk, "Call").click()
    assert not list(desk._history)
    form(desk).fill({"a": 25, "b": 317})  # held back by the browser until now
    one, _ = desk._arrivals._echoes
    one.back.value = one._out.value
    assert not list(desk._history)  # the other way there may still be something typed
    browser.answer()
    await until(lambda: desk.result)
    assert desk.arguments == {"a": 25, "b": 317}


async def test_clicks_keep_their_order_and_none_waits_for_a_browser_that_has_gone(
    desk: ToolConsole, monkeypatch: pytest.MonkeyPatch, seen: list[dict[str, Any]]
):
    browser = Browser(desk)
    form(desk).fill({"a": 1, "b": 0})
    for _ in range(3):
        named(desk, "Call").click()
    browser.answer()  # the browser sends the last of several numbers only
    await until(lambda: len(seen) == 3)
    monkeypatch.setattr(arrivals, "PATIENCE_SECONDS", 0.05)
    named(desk, "Call").click()
    await until(lambda: len(seen) == 4)


texts = st.text(st.characters(codec=None), max_size=8)  # lone surrogates, too
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(texts, st.dictionaries(texts, values, max_size=5))
def test_the_python_line_evaluates_to_the_very_arguments(name: str, arguments: dict[str, Any]):
    line = python_line(name, arguments)
    call = compile(line, "line", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    assert isinstance(call.body, ast.Await)  # type: ignore[attr-defined]
    called = eval(  # that is what the line is for
        line.removeprefix("await "),
        {"client": type("Client", (), {"call_tool": staticmethod(lambda *given: given)})},
    )
    assert called == (name, arguments)
    assert repr(called) == repr((name, arguments))  # 1 and 1.0 and True are equal
    assert line.isprintable()


def test_a_number_that_is_not_one_is_written_so_that_python_reads_it():
    assert literal([math.inf, -math.inf]) == '[float("inf"), float("-inf")]'
    assert literal(json.loads("1e999")) == 'float("inf")'


async def test_nothing_that_a_server_says_is_html():
    hostile = Tool(
        name=HOSTILE,
        title=HOSTILE,
        description=HOSTILE,
        input_schema={"type": "object", "properties": {HOSTILE: {"description": HOSTILE}}},
    )

    async def reply(*_: Any) -> CallToolResult:
        return CallToolResult(content=[TextContent(text=HOSTILE)], is_error=True)

    server = lowlevel([hostile], reply)
    server.name = HOSTILE
    async with Client(server) as client:
        console = await loaded(tool_console(client))
        named(console, "Call").click()
        await until(lambda: console.result)
        bundle = console._repr_mimebundle_()
        for shown in (html(console), bundle["text/html"]):
            assert "<img" not in shown
            assert "\x1b" not in shown
            assert "\u202e" not in shown
        assert "\x1b" not in bundle["text/plain"] + str(named(console, "Tools").options)
        assert "&lt;img" in html(console)


def test_hints_are_told_in_words_and_only_where_the_server_gave_them():
    assert hints(None) == []
    assert hints(ToolAnnotations()) == []
    assert hints(ToolAnnotations(read_only_hint=True, destructive_hint=True)) == ["only reads"]
    told = ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
    )
    assert hints(told) == [
        "changes something",
        "⚠ may destroy",
        "safe to repeat",
        "reaches outside",
    ]


def test_a_tool_is_introduced_by_title_name_and_description():
    shown = about(Tool(name="t", title="The Tool", description="Does it.", input_schema={}))
    assert shown.index("The Tool") < shown.index("t</span>") < shown.index("Does it.")


def test_only_a_description_that_scrolls_is_a_stop_for_the_tab_key():
    texts = ["short", "long " * 100, "of\nmany\nlines\nin\nall"]
    tools = [Tool(name="t", description=words, input_schema={}) for words in texts]
    assert ["tabindex" in about(tool) for tool in tools] == [False, True, True]


@pytest.mark.parametrize(
    ("progress", "words", "value"),
    [
        (Progress(14, 20, ""), "14 of 20", ' value="0.700"'),
        (Progress(3, None, ""), "3 so far", ""),
        (Progress(30, 20, ""), "30 of 20", ' value="1.000"'),
        (Progress(1, 0, ""), "1 of 0", ""),
        (Progress(math.nan, 2, ""), "nan of 2", ""),
        (Progress(1, math.inf, ""), "1 of inf", ""),
        (Progress(-1, 2, ""), "-1 of 2", ' value="0.000"'),
    ],
)
def test_progress_is_words_and_a_bar_whatever_a_server_reports(
    progress: Progress, words: str, value: str
):
    assert counted(progress) == words
    assert f'max="1"{value}>' in progress_bar(progress)


def test_milliseconds_are_written_as_a_person_reads_them():
    assert [duration(ms) for ms in (0.84, 12.3, 999.4, 1400)] == [
        "0.8 ms",
        "12 ms",
        "999 ms",
        "1.4 s",
    ]


def test_an_error_is_told_with_its_type_where_it_is_none_of_the_protocol():
    assert error_text(ValueError("no")) == "ValueError: no"
    assert error_text(MCPError(-1, "no", {"a": 1})) == '-1: no\n{\n  "a": 1\n}'


async def test_saved_without_a_kernel_a_sentence_says_what_it_was(desk: ToolConsole):
    bundle = desk._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == desk.model_id
    for shown in (bundle["text/plain"], bundle["text/html"]):
        assert "A tool console for desk · in this process" in shown
        assert "to have it back, run the cells" in shown


async def test_the_saved_sentence_is_hidden_only_while_its_widget_is_there(
    desk: ToolConsole, monkeypatch: pytest.MonkeyPatch
):
    """JupyterLab draws a view whose model has gone as an error, whatever else the output holds."""
    outputs = list[dict[str, Any]]()
    monkeypatch.setattr(saved, "publish", outputs.append)
    desk._ipython_display_()
    view, sentence = outputs
    assert "application/vnd.jupyter.widget-view+json" in view
    assert list(sentence) == ["text/html"]
    rule = f".mcpk-saved-{desk.model_id} {{ display: none; }}"
    assert f'<p class="mcpk-saved-{desk.model_id}">A tool console for' in sentence["text/html"]
    assert rule in html(desk)
    assert rule in view["text/html"]
    desk.close()
    desk._ipython_display_()
    assert list(outputs[-1]) == ["text/plain"]


SHOWCASE = f"""
import asyncio, sys, threading
from mcp import Client, StdioServerParameters
from helpers import connect, tool_console
client = await connect(StdioServerParameters(command={PYTHON!r}, args=["-m", "servers.showcase"]))
console = tool_console(client, "add")
console
"""
CLICK = """
console._desk.form.fill({"a": 2, "b": 3})
%s
while console.result is None: await asyncio.sleep(0.01)
print(console, console.result.structured_content)
"""
READY = "while console._desk.tool is None: await asyncio.sleep(0.01)"
IN_A_THREAD = "await asyncio.to_thread(console._strip.call.click)"
LIKE_A_BROWSER = "console._strip.call._handle_custom_msg({'event': 'click'}, [])"


@pytest.mark.parametrize("click", [IN_A_THREAD, LIKE_A_BROWSER])
def test_in_a_kernel_a_click_calls_from_whatever_thread_it_comes(
    own_kernel: Kernel, click: str
) -> None:
    opened = own_kernel.ok(SHOWCASE, READY)[0]
    assert "A tool console for showcase · stdio" in opened.text
    assert {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"} <= (
        opened.mimetypes
    )
    shown = own_kernel.ok(CLICK % click)
    assert re.search(r"<tool console: add · ok · .*> \{'result': 5\}", shown.text)
    assert shown.stderr == ""


def test_in_a_kernel_a_click_during_another_cell_acts_when_the_loop_is_free(
    own_kernel: Kernel,
) -> None:
    own_kernel.ok(SHOWCASE, READY)
    busy = """
    import time
    console._desk.form.fill({"a": 2, "b": 3})
    thread = threading.Thread(target=console._strip.call.click); thread.start()
    time.sleep(0.3)  # a cell that blocks the loop
    thread.join()
    print(console.result)
    """
    assert own_kernel.ok(busy).text == "None\n"
    wait = "while console.result is None: await asyncio.sleep(0.01)"
    assert own_kernel.ok(wait, "print(console.arguments)")[1].text == "{'a': 2, 'b': 3}\n"


def test_a_kernel_that_ends_during_a_call_leaves_no_process() -> None:
    own_kernel = Kernel()
    own_kernel.ok(SHOWCASE.replace('"add"', '"slow_count"'), READY)
    own_kernel.ok(
        "console._desk.form.fill({'steps': 1000})",
        "console._strip.call.click(); console._strip.call.click()",
        "while console._calls.running is None: await asyncio.sleep(0.01)",
    )
    children = own_kernel.children()
    assert any("servers.showcase" in child.cmdline() for child in children)
    own_kernel.stop()
    assert ended_within([psutil.Process(c.pid) for c in children if c.is_running()], 5) == []


async def test_of_very_many_tools_a_thousand_are_offered_and_the_filter_finds_the_others():
    tools = [tool(f"tool_{n}") for n in range(1_500)] + [tool("tool")]
    async with Client(lowlevel(tools)) as client:
        console = await loaded(tool_console(client))
        listed = named(console, "Tools (1501)")
        assert [label for label, _ in listed.options] == [f"tool_{n}" for n in range(1_000)]
        assert "501 more are not shown: filter to find them." in html(console)
        named(console, "Filter").value = "tool"
        named(console, "Filter")._handle_custom_msg({"event": "submit"}, [])
        await until(lambda: console._desk.tool.name == "tool")
        assert listed.label == "tool"
        assert len(listed.options) == 1_000
        named(console, "Filter").value = "tool_149"
        assert len(listed.options) == 11
        assert "not shown" not in html(console)


async def test_the_oldest_results_are_let_go_where_all_are_too_large_and_that_is_said(
    desk: ToolConsole, monkeypatch: pytest.MonkeyPatch
):
    first = await call(desk, "add", a=1, b=1)
    second = await call(desk, "add", a=2, b=2)
    monkeypatch.setattr(history, "KEPT_CHARACTERS", first.size * 2)
    await call(desk, "add", a=3, b=3)
    assert [made.result is None for made in desk._history] == [False, False, True]
    monkeypatch.setattr(history, "KEPT_CHARACTERS", 1)
    await call(desk, "films")
    assert [made.result is None for made in desk._history] == [False, True, True, True]
    assert desk.result is not None
    named(desk, "History").index = 2
    await until(lambda: "This result was let go" in html(desk))
    assert second.outcome is Outcome.OK
    assert (desk.result, desk.arguments) == (None, {"a": 2, "b": 2})


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
    assert all("Reconnecting…" in line for line in said[:-1])  # also when the old one was closed
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


async def test_a_form_that_cannot_be_built_is_told_and_the_other_tools_are_there(
    shelf: MCPServer, monkeypatch: pytest.MonkeyPatch
):
    def build(schema: Any, **options: Any) -> Form:
        if "topic" in schema["properties"]:
            raise KeyError("a fault of ours")
        return Form(schema, **options)

    @shelf.tool()
    def broken(topic: str) -> None: ...

    monkeypatch.setattr("helpers.panels.desk.Form", build)
    failed = heard()
    async with Client(shelf) as client:
        console = tool_console(client, "broken")
        await until(
            lambda: "The form of broken cannot be drawn: KeyError('a fault" in text(console)
        )
        assert buttons(console)["Call"].disabled
        await until(lambda: failed)
        await call(console, "films")
        assert "✓ ok · 3 rows" in text(console)
    assert repr(failed[0]) == "KeyError('a fault of ours')"


async def test_call_with_an_invalid_form_says_so_also_while_a_call_runs(
    shelf: MCPServer, gate: asyncio.Event
):
    @shelf.tool()
    def needs(a: int) -> int:
        return a

    async with Client(shelf) as client:
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
        await call(console, "films")
        assert "Not sent." not in text(console._strip.widget)


async def test_a_console_is_printed_in_visible_characters():
    async def tools(*_: Any) -> ListToolsResult:
        raise MCPError(-32000, "\x1b[31mred \u202egnp")

    async with Client(Server("hostile", on_list_tools=tools)) as client:
        console = tool_console(client)
        await until(lambda: "did not come" in repr(console))
        assert repr(console).isprintable()
        assert r"\x1b[31mred \u202egnp" in repr(console)
