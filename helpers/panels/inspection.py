"""The inspector: a server's tools, resources, prompts, wire, log and connection in one panel."""

from __future__ import annotations

import ipywidgets
from mcp import Client
from mcp.types import GetPromptResult, ReadResourceResult

from helpers.panels.changes import Changes
from helpers.panels.connection_line import ConnectionLine
from helpers.panels.console import ToolConsole
from helpers.panels.link import Link
from helpers.panels.saved import Panel
from helpers.panels.tab_connection import ConnectionPane
from helpers.panels.tab_log import LogPane
from helpers.panels.tab_prompts import PromptsPane
from helpers.panels.tab_resources import ResourcesPane
from helpers.panels.tab_tools import ToolsPane
from helpers.panels.tab_wire import WirePane
from helpers.text import visible


def inspector(client: Client) -> Inspector:
    """A widget to look into an MCP server with: one tab for each thing that it offers.

    It returns at once. Each tab is filled when it is first opened, and again when the server
    says that its list has changed, or the connection is back after it was lost.

    Args:
        client: an open `mcp.Client`, such as `connect` returns.

    Raises:
        TypeError: `client` is not an `mcp.Client`.
        RuntimeError: no event loop is running: this is not a notebook's cell.
    """
    return Inspector(Link(client))


class Inspector(Panel):
    """What `inspector` returns; a widget that displays itself.

    `result` is what was read or got last in Resources and Prompts, `console` the tool console
    of the first tab, and `client` the client that is in use: after a reconnect, the new one.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._client = link.client
        self._resting = False
        self.result: ReadResourceResult | GetPromptResult | None = None
        self._changes = Changes(link, self._announced, self._told)
        title = ConnectionLine(link, lambda: None)
        resources = ResourcesPane(link, self._note)
        self._tools = ToolsPane(link, self._open_link)
        self._wire = WirePane(link, self._count)
        self._resources = resources
        self._panes = [
            self._tools,
            resources,
            PromptsPane(link, self._note, self._open_link),
            self._wire,
            LogPane(link),
            ConnectionPane(link, self._changes),
        ]
        self._tabs = ipywidgets.Tab([pane.widget for pane in self._panes])
        self._tabs.titles = [pane.title for pane in self._panes]
        self._tabs.observe(link.on_loop(self._turned), "selected_index")
        super().__init__("server inspector", link, [title.widget, self._tabs])
        self._view_count = 0  # from now on, the front end says how often it shows this
        self.observe(link.on_loop(self._seen), "_view_count")
        link.on_change(self._changed)
        self._follow()
        self._tools.open()

    @property
    def client(self) -> Client:
        return self._link.client

    @property
    def console(self) -> ToolConsole | None:
        return self._tools.console

    @property
    def widget(self) -> Inspector:
        """The inspector itself, which is a widget."""
        return self

    def _follow(self) -> None:
        """Follow the announcements and the wire of the client of now."""
        self._client = self._link.client
        self._wire.follow()
        if self._link.state == "open":
            self._changes.follow()

    def _changed(self) -> None:
        """The connection is lost, closed or back; on the loop."""
        if self._resting:
            return
        if self._link.client is not self._client:
            self._follow()
            for pane in self._panes:
                if pane is not self._tools or self.console is None:  # a console follows by itself
                    pane.refresh()
        else:
            for pane in self._panes[-3:]:  # what they show stands here, and costs no request
                pane.refresh()

    def _told(self) -> None:
        self._panes[-1].refresh()

    def _announced(self, kind: str) -> None:
        """The server says that one of its lists has changed; on the loop."""
        for pane in self._panes:
            if pane.title.lower() == kind:
                pane.refresh()

    def _turned(self) -> None:
        index = self._tabs.selected_index
        self._wire.in_front = index == self._panes.index(self._wire)
        if index is not None:
            self._link.post(self._panes[index].open)

    def _count(self, messages: int) -> None:
        titles = list(self._tabs.titles)
        titles[self._panes.index(self._wire)] = f"{self._wire.title} ({messages})"
        self._tabs.titles = titles

    def _note(self, result: ReadResourceResult | GetPromptResult) -> None:
        self.result = result

    def _open_link(self, uri: str) -> None:
        """A link in a result was pressed; in whatever thread the message came."""
        self._link.post(self._show_link, uri)

    def _show_link(self, uri: str) -> None:
        self._tabs.selected_index = self._panes.index(self._resources)
        self._resources.open_link(uri)

    def _seen(self) -> None:
        """What nobody sees, such as the output of a cell that ran again, follows nothing."""
        if self._view_count == 0:
            self._rest()
        elif self._resting:
            self._wake()

    def _rest(self) -> None:
        self._resting = True
        self._changes.stop()
        self._wire.stop()

    def _wake(self) -> None:
        self._resting = False
        self._follow()
        for pane in self._panes:
            pane.refresh()

    def close(self) -> None:
        """Close it with all that is in it: nothing is watched any more."""
        if self.comm is not None:
            self._changes.stop()
            self._wire.close()
        super().close()

    def __repr__(self) -> str:
        titles = ", ".join(self._tabs.titles)
        return f"<inspector of {visible(self._link.describe())}: {titles}>"
