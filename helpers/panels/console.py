"""The tool console: choose a tool of a server, fill its form, call it, see what came back."""

from __future__ import annotations

import concurrent.futures
import copy
from collections.abc import Callable
from typing import Any

import ipywidgets
from mcp import Client
from mcp.types import CallToolResult, Tool

from helpers.forms import FormError
from helpers.panels.answer import Answer
from helpers.panels.arrivals import Arrivals
from helpers.panels.call import Call, Outcome
from helpers.panels.calls import Calls
from helpers.panels.connection_line import ConnectionLine
from helpers.panels.desk import Desk
from helpers.panels.history import History
from helpers.panels.link import Link
from helpers.panels.saved import Panel
from helpers.panels.strip import Strip
from helpers.panels.tool_list import ToolList
from helpers.panels.toolbox import Toolbox
from helpers.text import visible


def tool_console(client: Client, tool: str | None = None) -> ToolConsole:
    """A widget to call the tools of a server with: choose one, fill its form, press Call.

    It returns at once and loads the tools in the background. `console.result` and
    `console.arguments` are what is shown, for the next cell.

    Args:
        client: an open `mcp.Client`, such as `connect` returns.
        tool: the tool to begin with; without one, the first of the list.

    Raises:
        TypeError: `client` is not an `mcp.Client`.
        RuntimeError: no event loop is running: this is not a notebook's cell.
    """
    return ToolConsole(Link(client), tool)


class ToolConsole(Panel):
    """What `tool_console` returns; a widget that displays itself.

    Args:
        link: the way to the client.
        tool: the name of the tool to begin with.
        open_link: called with the URI of a resource link that is opened; without it, the
            resource is read and shown above the result.
        titled: whether the line that describes the connection is part of it; in an inspector,
            that stands above the tabs, and the link is the inspector's.
    """

    def __init__(
        self,
        link: Link,
        tool: str | None = None,
        *,
        open_link: Callable[[str], None] | None = None,
        titled: bool = True,
    ) -> None:
        self._link = link
        self._shown: Call | None = None
        self._drawn: Call | None = None  # what stands in the answer, with what one did to it
        self._drawing = False
        self._calls = Calls(link, self._changed)
        self._arrivals = Arrivals(link)
        self._title = ConnectionLine(link, self.refresh)
        self._history = History(link, self._pick)
        self._desk = Desk(link, self._submit, self._history.unmark)
        self._strip = Strip(link, self._calls)
        self._answer = Answer(link, open_link or self._read)
        self._toolbox = Toolbox(link, tool, self._desk, self._strip.call)
        self._list = ToolList(link, self._toolbox.open, self.refresh, self._arrivals)
        self._toolbox.choice = self._list
        self._strip.call.on_click(lambda _: self._submit())
        parts = [self._title.widget] * titled + [self._columns()]
        hidden = [self._title.widget, *self._arrivals.widgets]
        super().__init__("tool console", link, parts, also=lambda: hidden, inside=not titled)
        self.refresh()

    def _columns(self) -> ipywidgets.Widget:
        parts = (self._desk, self._strip, self._desk.python, self._answer, self._history)
        work = ipywidgets.VBox([part.widget for part in parts])
        work.add_class("mcpk-work")
        columns = ipywidgets.Box([self._list.widget, work])
        columns.add_class("mcpk-columns")
        return columns

    @property
    def client(self) -> Client:
        """The client that calls go through: after a reconnect, the new one."""
        return self._link.client

    @property
    def _tools(self) -> list[Tool]:
        return self._toolbox.tools

    @property
    def widget(self) -> ToolConsole:
        """The console itself, which is a widget."""
        return self

    @property
    def result(self) -> CallToolResult | None:
        """What the call that is shown returned; None where none came back or it was let go."""
        return self._shown.result if self._shown else None

    @property
    def arguments(self) -> dict[str, Any] | None:
        """The arguments of the call that is shown; None before the first."""
        return copy.deepcopy(self._shown.arguments) if self._shown else None

    def refresh(self) -> concurrent.futures.Future[None]:
        """Ask the server for its list of tools again; from any thread.

        What was typed stays, where the tool is still there with the same schema.

        Returns:
            A future that is done when the list is shown, or why there is none.
        """
        return self._link.submit(self._toolbox.load())

    def _submit(self) -> None:
        """Call was pressed, or Enter; in whatever thread the message came."""
        self._arrivals.then(self._call)

    def _call(self) -> None:
        """Call the tool with what the form holds now."""
        tool, form = self._desk.tool, self._desk.form
        if tool is None or form is None:
            return
        try:
            arguments = form.value()
        except FormError as error:
            form.focus_first_problem()
            self._strip.say(f"Not sent. Problems in the form: {len(error.problems)}.")
        else:
            self._calls.add(Call(tool.name, arguments))

    def _changed(self, call: Call) -> None:
        """The outcome of a call has changed; on the loop."""
        self._history.note(call)
        if call.outcome not in (Outcome.WAITING, Outcome.RUNNING):
            self._shown = call
        if not self._drawing:  # once for many calls that end at the same time
            self._drawing = True
            self._link.post(self._draw)

    def _draw(self) -> None:
        self._drawing = False
        self._strip.follow()
        self._title.draw()
        self._history.draw()
        if self._shown and self._shown is not self._drawn:
            self._drawn = self._shown
            self._answer.show(self._shown)

    def _pick(self, call: Call) -> None:
        """Have a call of the history back: its arguments in the form, its result below."""
        self._shown = self._drawn = call
        self._answer.show(call, again=True)
        tool = next((tool for tool in self._tools if tool.name == call.tool), None)
        if tool is None:
            self._strip.say("The server no longer has this tool.")
            return
        self._list.mark_tool(tool)
        self._toolbox.open(tool)
        self._desk.fill(call.arguments)

    def _read(self, uri: str) -> None:
        self._link.submit(self._answer.read(uri))

    def close(self) -> None:
        """Close it with all that is in it; a call that runs is cancelled, on the server too."""
        if self.comm is not None:
            self._calls.close()
            self._title.close()
        super().close()

    def __repr__(self) -> str:
        return f"<tool console: {self._shown or visible(self._toolbox.told)}>"
