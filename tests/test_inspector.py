"""The inspector: its tabs, what they show, and how they live through changes and losses."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets
import psutil
import pytest
from ipywidgets.widgets.widget import _instances as live
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.server import MCPServer, Server
from mcp.server.mcpserver import Context
from mcp.types import ListResourcesResult, Resource

from helpers import close, close_all, connect, serve, wire
from helpers.panels import changes, tab_wire
from helpers.panels import pane as panes
from helpers.panels.inspection import Inspector, inspector
from helpers.panels.json_lines import save
from helpers.panels.pane import every_page
from helpers.panels.prompt_view import arguments_schema
from helpers.panels.wire_table import WireTable
from helpers.server_thread import ServerHandle
from helpers.traffic import Message
from servers import paged, showcase
from tests.kernels import Kernel
from tests.leftovers import cutting_sse_off
from tests.places import PYTHON, ROOT, TESTS
from tests.waiting import until
from tests.widgets import buttons, choice, control, markup, text, widgets

Bare = Callable[..., StdioServerParameters]

SHOWCASE = StdioServerParameters(command=PYTHON, args=["-m", "servers.showcase"], cwd=str(ROOT))
HOSTILE = StdioServerParameters(command=PYTHON, args=[str(TESTS / "hostile_server.py")])
DATA = "db://tables/{table_name}/data/{limit}"

pytestmark = pytest.mark.usefixtures("_no_widget_stays")


@pytest.fixture
async def client(served: ServerHandle) -> Client:
    """A client of the showcase, whose process need not be started for each test."""
    return await connect(sse_client(served.url))


@pytest.fixture
def growing() -> MCPServer:
    """A server whose lists grow by one at each call of `grow`, and which says so."""
    mcp = MCPServer("growing", log_level="WARNING")

    @mcp.tool()
    async def grow(ctx: Context, name: str) -> None:
        mcp.resource(f"new://{name}", name=name)(lambda: name)
        mcp.prompt(name)(lambda: name)
        mcp.tool(name)(lambda: name)
        await ctx.notify_resources_changed()
        await ctx.notify_prompts_changed()
        await ctx.notify_tools_changed()
        await ctx.session.send_resource_list_changed()
        await ctx.session.send_prompt_list_changed()
        await ctx.session.send_tool_list_changed()

    return mcp


@pytest.fixture(scope="module")
def served() -> Iterator[ServerHandle]:
    with cutting_sse_off(), serve(showcase.mcp, name="for the inspector") as handle:
        yield handle


async def turn(panel: Inspector, title: str) -> ipywidgets.VBox:
    """Bring a tab to the front; returns what is in it, once there is something."""
    tabs = control_tabs(panel)
    index = next(at for at, name in enumerate(tabs.titles) if name.startswith(title))
    tabs.selected_index = index
    pane = panel._panes[index]
    await until(lambda: pane.opened and "Loading…" not in pane.notice.value)
    return pane.widget


def control_tabs(panel: Inspector) -> ipywidgets.Tab:
    return next(w for w in panel.children if isinstance(w, ipywidgets.Tab))


async def settled(panel: Inspector) -> None:
    """Wait until nothing more passes by itself."""
    await until(lambda: tools(panel) and panel._changes.how.startswith("announced"))


async def choose(page: ipywidgets.VBox, noun: str, label: str) -> None:
    """Choose an item of a list, and wait until it is shown beside it."""
    chooser = control(page, ipywidgets.Select, noun)
    before = page.children[1].children[1].children
    chooser.label = label
    await until(lambda: page.children[1].children[1].children != before)


def python_line(page: ipywidgets.VBox) -> str:
    return str(control(page, ipywidgets.Textarea, "In Python").value)


async def evaluated(line: str, client: Client) -> Any:
    """What the line of Python gives in a cell."""
    names: dict[str, Any] = {"client": client}
    code = compile(line, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(code, names)
    if inspect.isawaitable(running):
        await running
    return names["result"]


def tools(panel: Inspector) -> list[str]:
    assert panel.console is not None
    return [tool.name for tool in panel.console._tools]


def messages(page: ipywidgets.VBox) -> list[str]:
    """The rows of the wire's table."""
    [found] = [w for w in page.children[3].children if isinstance(w, ipywidgets.Select)]
    return [label for label, _ in found.options]


async def kill(*servers: psutil.Process) -> None:
    for server in servers:
        server.kill()
        await asyncio.to_thread(server.wait)


def children() -> list[psutil.Process]:
    return psutil.Process().children()


# --- opening ---


async def test_it_returns_at_once_and_asks_for_what_the_first_tab_shows():
    client = await connect(SHOWCASE)
    inspector(client)  # imports what is imported late
    begun = time.thread_time()  # its own work, whatever else the machine does
    panel = inspector(client)
    assert time.thread_time() - begun < 0.2
    await until(lambda: "add" in tools(panel))
    asked = {message.method for message in wire(client) if message.kind == "request"}
    assert asked == {"server/discover", "tools/list", "subscriptions/listen"}


async def test_a_tab_is_filled_when_it_is_first_opened_and_then_kept(client: Client):
    panel = inspector(client)
    await turn(panel, "Prompts")
    await turn(panel, "Tools")
    await turn(panel, "Prompts")
    asked = [message.method for message in wire(client) if message.kind == "request"]
    assert asked.count("prompts/list") == 1
    assert "resources/list" not in asked


async def test_a_tab_can_be_opened_and_a_button_pressed_from_another_thread(client: Client):
    panel = inspector(client)
    await asyncio.to_thread(setattr, control_tabs(panel), "selected_index", 1)
    page = await turn(panel, "Resources")
    await asyncio.to_thread(buttons(page)["Read"].click)
    await until(lambda: "Hello from the showcase server!" in text(page))


async def test_it_prints_and_saves_what_it_is():
    panel = inspector(await connect(SHOWCASE))
    assert repr(panel).startswith("<inspector of showcase · stdio · 2026-07-28 ● open: Tools, ")
    assert "server inspector for showcase" in panel._repr_mimebundle_()["text/plain"]


async def test_a_connection_that_is_closed_is_named_and_nothing_is_asked(client: Client):
    await close(client)
    panel = inspector(client)
    for title in ("Resources", "Prompts", "Connection"):
        assert "This connection is closed" in text(await turn(panel, title))
    assert "○ closed" in repr(panel)
    assert await turn(panel, "Wire")


async def test_a_capability_that_is_not_declared_is_named_and_nothing_is_offered():
    async with Client(Server("bare")) as client:
        panel = inspector(client)
        for title in ("Tools", "Resources", "Prompts"):
            page = await turn(panel, title)
            assert f"does not declare the capability `{title.lower()}`" in text(page)
            assert len(page.children) == 1


async def test_a_capability_with_nothing_in_it_is_said_to_list_nothing():
    async with Client(MCPServer("empty", log_level="WARNING")) as client:
        panel = inspector(client)
        await turn(panel, "Resources")
        await until(lambda: "This server lists no resources." in text(panel))
        await turn(panel, "Prompts")
        await until(lambda: "This server lists no prompts." in text(panel))


# --- resources and prompts ---


async def test_a_resource_is_read_shown_and_written_as_a_line_of_python(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Resources")
    assert control(page, ipywidgets.Select, "Resources (5)").label == "hello"
    assert "test://hello" in text(page)
    buttons(page)["Read"].click()
    await until(lambda: "✓ ok · text/plain · 31 characters" in text(page))
    assert "Hello from the showcase server!" in text(page)
    assert await evaluated(python_line(page), client) == panel.result


async def test_a_template_asks_for_what_is_missing_and_suggests_while_one_types(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Resources")
    await choose(page, "Resources", "table_data (template)")
    name = control(page, ipywidgets.Combobox, "table_name *")
    await until(lambda: len(name.options) == 2)
    name.value = "chinese_m"
    await until(lambda: name.options == ("chinese_movie_ratings",))
    assert python_line(page) == "# fill in first: limit"
    buttons(page)["Read"].click()
    assert "⚠ Fill this in." in text(page)
    control(page, ipywidgets.Combobox, "limit *").value = "5"
    assert "⚠ Fill this in." not in text(page)


async def test_rows_are_a_table_and_enter_in_a_field_reads_them(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Resources")
    await choose(page, "Resources", "table_data (template)")
    control(page, ipywidgets.Combobox, "table_name *").value = "chinese_provinces"
    limit = control(page, ipywidgets.Combobox, "limit *")
    limit.value = "34"
    limit._handle_custom_msg({"event": "submit"}, [])
    await until(lambda: "34 rows" in text(page))
    assert choice(page).value == "Table"
    assert await evaluated(python_line(page), client) == panel.result


async def test_what_was_typed_is_there_again_when_one_comes_back(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Resources")
    await choose(page, "Resources", "table_data (template)")
    control(page, ipywidgets.Combobox, "limit *").value = "7"
    await choose(page, "Resources", "hello")
    await choose(page, "Resources", "table_data (template)")
    assert control(page, ipywidgets.Combobox, "limit *").value == "7"


async def test_an_error_stands_where_the_result_would_and_reads_differently(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Resources")
    await choose(page, "Resources", "table_data (template)")
    control(page, ipywidgets.Combobox, "table_name *").value = "nope"
    control(page, ipywidgets.Combobox, "limit *").value = "1"
    buttons(page)["Read"].click()
    await until(lambda: "‼ protocol error" in text(page))
    assert "-32602: There is no table 'nope'" in text(page)
    assert not buttons(page)["Read"].disabled


async def test_the_list_is_filtered_and_keeps_what_is_chosen(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Resources")
    listed = control(page, ipywidgets.Select, "Resources")
    control(page, ipywidgets.Text, "Filter").value = "TEMPLATE"
    assert [label for label, _ in listed.options] == [
        "table_data (template)",
        "table_schema (template)",
    ]
    assert listed.description == "Resources (2 of 5)"
    assert listed.value is None
    control(page, ipywidgets.Text, "Filter").value = ""
    assert listed.label == "hello"


async def test_a_template_that_is_none_can_be_filled_in_by_hand():
    panel = inspector(await connect(HOSTILE))
    page = await turn(panel, "Resources")
    listed = control(page, ipywidgets.Select, "Resources (10)")
    listed.index = 9
    await until(lambda: "This is no template of RFC 6570" in text(page))
    control(page, ipywidgets.Combobox, "URI *").value = "x:tree"
    buttons(page)["Read"].click()
    await until(lambda: "✓ ok" in text(page))


async def test_a_suggestion_with_invisible_characters_is_counted_and_not_offered():
    panel = inspector(await connect(HOSTILE))
    page = await turn(panel, "Resources")
    control(page, ipywidgets.Select, "Resources (10)").index = 8
    await until(lambda: "1 more suggestions hold invisible characters" in text(page))
    assert control(page, ipywidgets.Combobox).options == ("text", "<b>rows</b>")


async def test_a_prompt_has_a_form_and_gives_messages(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Prompts")
    control(page, ipywidgets.Text, "province").value = "广东省"
    buttons(page)["Get"].click()
    await until(lambda: "✓ ok · 1 message" in text(page))
    assert "Introduce 广东省" in text(page)
    assert await evaluated(python_line(page), client) == panel.result
    await choose(page, "Prompts", "debug_code")
    buttons(page)["Get"].click()
    await until(lambda: "✓ ok · 4 messages" in text(page))


async def test_arguments_of_a_prompt_are_strings_of_which_some_are_required():
    async with Client(showcase.mcp) as client:
        prompts = (await client.list_prompts()).prompts
    debug = next(prompt for prompt in prompts if prompt.name == "debug_code")
    schema = arguments_schema(debug)
    assert schema["required"] == ["code", "error_message"]
    assert schema["properties"]["code"] == {
        "type": "string",
        "description": "The code that fails.",
    }


async def test_all_pages_of_a_list_are_there():
    async with Client(paged.server) as client:
        panel = inspector(client)
        page = await turn(panel, "Resources")
        assert control(page, ipywidgets.Select, "Resources (25)").options[-1][0] == "item_25"


async def test_a_list_that_repeats_a_cursor_or_never_ends_is_left_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
):
    async def repeating(**_: object) -> Any:
        return SimpleNamespace(items=["x"], next_cursor="again")

    async def endless(cursor: str | None, **_: object) -> Any:
        return SimpleNamespace(items=["x"], next_cursor=f"{cursor}x")

    assert await every_page(repeating, "items") == (
        ["x", "x"],
        "The list is not complete: the server sent the same cursor twice.",
    )
    monkeypatch.setattr(panes, "LISTED_PAGES", 7)
    items, missing = await every_page(endless, "items")
    assert len(items) == 7
    assert missing == "The list is not complete: it has more than 7 pages."


async def test_of_two_resources_with_one_address_the_first_is_listed():
    async def twice(*_: object) -> ListResourcesResult:
        names = ("first", "second")
        return ListResourcesResult(resources=[Resource(uri="x:y", name=name) for name in names])

    async with Client(Server("doubled", on_list_resources=twice)) as client:
        page = await turn(inspector(client), "Resources")
        assert control(page, ipywidgets.Select, "Resources (1)").label == "first"


async def test_a_link_in_a_tool_s_result_opens_in_the_resources_tab(client: Client):
    panel = inspector(client)
    await until(lambda: "rating_report" in tools(panel))
    console = panel.console
    assert console is not None
    control(console, ipywidgets.Select, "Tools").label = "rating_report"
    await until(lambda: "Report on the film ratings" in text(console))
    buttons(console)["Call"].click()
    await until(lambda: "Open chinese_movie_ratings" in buttons(console))
    buttons(console)["Open chinese_movie_ratings"].click()
    page = await turn(panel, "Resources")
    await until(lambda: "20 rows" in text(page))
    assert "db://tables/chinese_movie_ratings/data/20" in text(page)
    await until(lambda: "Resources (5)" in control(page, ipywidgets.Select, "Res").description)
    assert "20 rows" in text(page)  # which the list, coming later, has left alone


async def test_a_prompt_keeps_what_was_typed_unless_it_asks_for_other_arguments(
    shelf: MCPServer,
):
    @shelf.prompt(description="Before.")
    def ask(topic: str) -> str:
        return topic

    async with Client(shelf) as client:
        panel = inspector(client)
        pane = panel._panes[2]
        pane.open()
        await until(lambda: "Before." in text(pane.widget))
        field = next(w for w in widgets(pane._work) if isinstance(w, ipywidgets.Text))
        field.value = "films"
        for change, kept in ((rename, True), (extend, False)):
            change(shelf)
            pane.refresh()
            await until(lambda change=change: change.__name__ in text(pane.widget))  # type: ignore[misc]
            assert (field in widgets(pane._work)) is kept


def rename(server: MCPServer) -> None:
    server._prompt_manager._prompts.clear()
    server.prompt("ask", description="rename")(lambda topic: topic)


def extend(server: MCPServer) -> None:
    server._prompt_manager._prompts.clear()
    server.prompt("ask", description="extend")(lambda topic, depth: topic + depth)


async def test_lists_whose_keys_jupyterlab_takes_are_no_stop_and_have_another_way(
    shelf: MCPServer,
):
    with serve(shelf, transport="streamable-http") as handle:
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


# --- wire ---


async def test_the_wire_is_counted_in_the_title_and_listed_with_the_newest_first(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Wire")
    await client.call_tool("add", {"a": 1, "b": 2})
    count = len(wire(client))
    await until(lambda: f"Wire ({count})" in control_tabs(panel).titles)
    await until(lambda: len(messages(page)) == count)
    assert "result of tools/call" in messages(page)[0]
    assert "server/discover (id 1)" in messages(page)[-1]


async def test_one_message_is_shown_in_full_and_stays_chosen_when_others_come(client: Client):
    page = await turn(inspector(client), "Wire")
    await client.call_tool("add", {"a": 40, "b": 2})
    await until(lambda: any("tools/call" in row for row in messages(page)))
    listed = page.children[3].children[0]
    sent = next(message for message in wire(client) if message.method == "tools/call")
    listed.value = sent.number
    await until(lambda: f"Message {sent.number}: client → server, request" in text(page))
    shown = json.loads(markup(page).text.partition("request")[2].partition("\x00")[0])
    assert shown == sent.json
    await client.call_tool("add", {"a": 1, "b": 2})
    await until(lambda: len(messages(page)) == len(wire(client)))
    assert listed.value == sent.number


async def test_the_wire_is_filtered_by_method(client: Client):
    page = await turn(inspector(client), "Wire")
    await client.call_tool("add", {"a": 1, "b": 2})
    method = control(page, ipywidgets.Dropdown, "Method")
    await until(lambda: "tools/call" in [value for _, value in method.options])
    method.value = "tools/call"
    await until(lambda: len(messages(page)) == 2)
    assert all("tools/call" in row for row in messages(page))


async def test_the_wire_as_a_diagram_and_as_a_timeline(client: Client):
    page = await turn(inspector(client), "Wire")
    choice(page).value = "Diagram"
    await until(lambda: [w for w in widgets(page) if getattr(w, "outputs", ())])
    [picture] = [w for w in widgets(page) if isinstance(w, ipywidgets.Output)]
    [drawn] = picture.outputs
    assert drawn["data"]["text/vnd.mermaid"].startswith("sequenceDiagram")
    assert "server/discover" in drawn["data"]["text/plain"]
    choice(page).value = "Timeline"
    await until(lambda: "no answer yet" in text(page))  # that of subscriptions/listen
    assert "→ server/discover (id 1)" in text(page)
    assert len(markup(page).named("tr")) > 3


async def test_pausing_lets_the_view_stand_still_while_recording_goes_on(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Wire")
    await settled(panel)
    await until(lambda: len(messages(page)) == len(wire(client)))
    before = messages(page)
    buttons(page)["Pause"].click()
    await until(lambda: "Go on" in buttons(page))
    await client.call_tool("add", {"a": 1, "b": 2})
    await until(lambda: f"Wire ({len(wire(client))})" in control_tabs(panel).titles)
    assert messages(page) == before
    buttons(page)["Go on"].click()
    await until(lambda: len(messages(page)) == len(wire(client)) > len(before))


async def test_clearing_forgets_the_messages(client: Client):
    panel = inspector(client)
    page = await turn(panel, "Wire")
    await settled(panel)
    buttons(page)["Clear"].click()
    await until(lambda: len(wire(client)) == 0)
    await until(lambda: "Wire (0)" in control_tabs(panel).titles)
    assert messages(page) == []


async def test_saving_writes_json_lines_and_says_where(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    panel = inspector(client)
    page = await turn(panel, "Wire")
    await settled(panel)
    buttons(page)["Save"].click()
    await until(lambda: f"in {tmp_path / 'wire.jsonl'}" in text(page))
    lines = (tmp_path / "wire.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["message"] for line in lines] == [m.json for m in wire(client)]
    buttons(page)["Save"].click()
    await until(lambda: f"in {tmp_path / 'wire-2.jsonl'}" in text(page))


async def test_what_cannot_be_saved_is_said(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tab_wire, "save", lambda _: save([], folder=tmp_path / "missing"))
    page = await turn(inspector(client), "Wire")
    buttons(page)["Save"].click()
    await until(lambda: "Not saved: " in text(page))


async def test_however_much_passes_the_wire_is_drawn_a_few_times_a_second(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    drawn = list[float]()
    draw = tab_wire.WirePane._redraw
    monkeypatch.setattr(
        tab_wire.WirePane, "_redraw", lambda pane: (drawn.append(time.monotonic()), draw(pane))
    )
    page = await turn(inspector(client), "Wire")
    drawn.clear()
    begun = time.monotonic()
    for _ in range(300):
        await client.call_tool("add", {"a": 1, "b": 2})
    await until(lambda: f"{len(wire(client)) - 1:>4} " == messages(page)[0][:5])  # the last, too
    assert len(drawn) <= (time.monotonic() - begun) / tab_wire.REDRAW_SECONDS + 2


async def test_a_closed_inspector_watches_nothing_and_listens_to_nothing(client: Client):
    panel = inspector(client)
    await until(lambda: panel._changes.how == "announced by subscriptions/listen")
    assert wire(client)._watchers
    panel.close()
    assert wire(client)._watchers == ()
    await until(lambda: client.session._listen_routes == {})


async def test_an_inspector_that_nobody_sees_rests_until_it_is_shown_again(client: Client):
    panel = inspector(client)
    await until(lambda: tools(panel))
    panel._view_count = 1
    panel._view_count = 0  # as when its cell runs again
    await until(lambda: wire(client)._watchers == ())
    await client.call_tool("unlock_average")
    panel._view_count = 1
    await until(lambda: "average" in tools(panel))
    assert wire(client)._watchers
    await client.call_tool("unlock_average", {"unlocked": False})


# --- log and connection ---


async def test_the_log_is_the_end_of_the_server_s_stderr(bare: Bare):
    panel = inspector(await connect(bare("talk")))
    page = await turn(panel, "Log")
    await until(lambda: "All of it in Python: server_log(client)" in text(page))
    assert "x 19999\n" in text(page)
    assert len(text(page)) < 60_000


async def test_where_there_is_no_log_the_tab_says_where_to_look(served: ServerHandle):
    panel = inspector(await connect(sse_client(served.url)))
    page = await turn(panel, "Log")
    assert "Only a stdio server's log can be seen from here" in text(page)
    assert not buttons(page)


async def test_in_memory_the_tabs_for_wire_and_log_say_why_there_is_nothing():
    async with Client(showcase.mcp) as client:
        panel = inspector(client)
        for title in ("Wire", "Log"):
            page = await turn(panel, title)
            assert "This client" in text(page)
            assert not buttons(page)


async def test_the_connection_tab_names_server_protocol_transport_and_capabilities():
    panel = inspector(await connect(SHOWCASE))
    page = await turn(panel, "Connection")
    await until(lambda: "announced by subscriptions/listen" in text(page))
    for said in (
        *("● open", "Showcase", "1.0.0", "A calculator, a film database", "stdio"),
        "2026-07-28 (each request stands for itself",
        "Calculate with the tools;",
        "✓ yestools to call, says when the list changes",
        "– nosends log messages",
        "elicitation– no",
    ):
        assert said in text(page)


async def test_the_connection_tab_tells_the_earlier_era_and_what_the_client_can_do():
    async def answer(*_: object) -> Any:
        raise AssertionError("nobody asks")

    client = await connect(SHOWCASE, mode="legacy", elicitation_callback=answer)
    page = await turn(inspector(client), "Connection")
    assert "2025-11-25 (the earlier era" in text(page)
    assert "announced by notifications" in text(page)
    assert "elicitation✓ yes" in text(page)


# --- changes ---


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("transport", ["stdio", "SSE"])
async def test_an_announced_tool_appears_in_both_eras(
    mode: str, transport: str, served: ServerHandle
):
    target = SHOWCASE if transport == "stdio" else sse_client(served.url)
    client = await connect(target, mode=mode)
    panel = inspector(client)
    await until(lambda: "add" in tools(panel) and panel._changes.how.startswith("announced"))
    await client.call_tool("unlock_average")
    await until(lambda: "average" in tools(panel))
    await client.call_tool("unlock_average", {"unlocked": False})
    await until(lambda: "average" not in tools(panel))


async def test_announced_resources_and_prompts_appear_in_memory(growing: MCPServer):
    async with Client(growing) as client:
        panel = inspector(client)
        await until(lambda: panel._changes.how == "announced by subscriptions/listen")
        resources, prompts = await turn(panel, "Resources"), await turn(panel, "Prompts")
        await client.call_tool("grow", {"name": "one"})
        for page in (resources, prompts):
            await until(lambda page=page: "one" in control(page, ipywidgets.Select)._options_labels)
        await until(lambda: "one" in tools(panel))
        await client.call_tool("grow", {"name": "two"})
        await until(lambda: "two" in control(prompts, ipywidgets.Select)._options_labels)


async def test_in_memory_in_the_earlier_era_the_refresh_button_does_it(growing: MCPServer):
    async with Client(growing, mode="legacy") as client:
        panel = inspector(client)
        assert "use Refresh" in text(await turn(panel, "Connection"))
        page = await turn(panel, "Resources")
        await client.call_tool("grow", {"name": "one"})
        buttons(page)["Refresh"].click()
        await until(lambda: "one" in [w.label for w in widgets(page) if hasattr(w, "label")])


async def test_a_server_that_does_not_take_subscriptions_is_told_of_and_can_be_refreshed():
    panel = inspector(await connect(HOSTILE))
    page = await turn(panel, "Connection")
    await until(lambda: "not announced (Method not found): use Refresh" in text(page))


async def test_a_flood_of_announcements_is_answered_a_few_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
):
    client = await connect(SHOWCASE, mode="legacy")
    panel = inspector(client)
    await until(lambda: tools(panel))
    begun = time.monotonic()
    for _ in range(100):
        await client.call_tool("unlock_average")
    asked = [message for message in wire(client) if message.method == "tools/list" and message.sent]
    assert len(asked) <= (time.monotonic() - begun) / changes.REFRESH_SECONDS + 4


# --- losses ---


async def test_a_server_that_dies_is_told_of_and_everything_works_after_reconnecting():
    client = await connect(SHOWCASE)
    panel = inspector(client)
    page = await turn(panel, "Resources")
    await turn(panel, "Wire")
    await kill(*children())
    await until(lambda: "✗ lost" in text(panel))
    buttons(page)["Read"].click()
    await until(lambda: "⊘ connection lost" in text(page))
    assert "The server has gone" in text(page)
    assert "⊘ connection lost" in text(await turn(panel, "Prompts"))
    assert "✗ lost" in text(await turn(panel, "Connection"))

    buttons(panel)["Reconnect"].click()
    await until(lambda: panel.client is not client and "● open" in text(panel))
    buttons(page)["Read"].click()
    await until(lambda: "Hello from the showcase server!" in text(page))
    await until(lambda: "Prompts (2)" in str(control_tabs(panel).children[2]))
    await panel.client.call_tool("unlock_average")
    await until(lambda: "average" in tools(panel))
    shown = await turn(panel, "Wire")
    await until(lambda: len(messages(shown)) == len(wire(panel.client)))
    assert "● open" in text(await turn(panel, "Connection"))


async def test_in_memory_a_failure_is_told_where_it_happened():
    async def broken(*_: object) -> ListResourcesResult:
        raise MCPError(-32099, "the shelf has fallen over")

    async with Client(Server("fragile", on_list_resources=broken)) as client:
        page = await turn(inspector(client), "Resources")
        assert "‼ protocol error" in text(page)
        assert "-32099: the shelf has fallen over" in text(page)


def test_in_a_kernel_a_killed_server_prints_nothing_into_the_cells(shared_kernel: Kernel):
    shared_kernel.ok(
        "import asyncio, sys, psutil\n"
        "from mcp import StdioServerParameters\n"
        "from helpers import connect, close_all\n"
        "from helpers.panels.inspection import inspector\n"
        f"target = StdioServerParameters(**{SHOWCASE.model_dump(exclude_unset=True)!r})\n"
        "client = await connect(target)"
    )
    cell = shared_kernel.ok("panel = inspector(client)\npanel")
    assert "application/vnd.jupyter.widget-view+json" in cell.mimetypes
    assert "server inspector for showcase" in cell.text
    wait = "while not ({}): await asyncio.sleep(0.01)"
    killed = shared_kernel.ok(
        wait.format("panel.console._tools"),
        f"for n in range(6):\n    panel._tabs.selected_index = n\n    {wait}".format(
            "panel._panes[n].opened"
        ),
        "[server] = psutil.Process().children(); server.kill()",
        wait.format("'lost' in repr(panel)"),
        "print(panel)",
        "client = await panel._link.reconnect()",
        wait.format("'open' in repr(panel)"),
        "await close_all()",
        "print(panel)",
    )
    assert [cell.stderr for cell in killed] == [""] * len(killed)
    assert "✗ lost" in killed[4].text


async def test_clearing_draws_what_is_left_once(client: Client, monkeypatch: pytest.MonkeyPatch):
    panel = inspector(client)
    page = await turn(panel, "Wire")
    await settled(panel)
    drawn, plain = list[int](), WireTable.fill

    def fill(table: WireTable, messages: list[Message]) -> None:
        drawn.append(len(messages))
        plain(table, messages)

    monkeypatch.setattr(WireTable, "fill", fill)
    buttons(page)["Clear"].click()
    assert drawn == [0]
    assert "Wire (0)" in control_tabs(panel).titles
