"""What the browser sends may come on any thread, and while something else is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import pytest
from mcp import StdioServerParameters
from mcp.server import MCPServer

from helpers import connect
from helpers.panels.arrivals import Arrivals
from helpers.panels.chooser import Chooser
from helpers.panels.inspection import inspector
from helpers.panels.link import Link
from tests.console_use import call
from tests.waiting import until
from tests.widgets import buttons

Bare = Callable[..., StdioServerParameters]

pytestmark = pytest.mark.usefixtures("_no_widget_stays")


async def test_what_comes_on_another_thread_is_done_on_the_loop(shelf: MCPServer):
    client = await connect(shelf)
    panel = inspector(client)
    pane = panel._resources
    pane.open()
    await until(lambda: pane.listed and panel.console and panel.console._desk.tool)
    console = panel.console
    await call(console, "films")
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
