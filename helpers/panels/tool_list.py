"""The list of tools: filter it by typing, choose one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from mcp import MCPError
from mcp.types import METHOD_NOT_FOUND, Tool

from helpers.errors import shorten
from helpers.panels.arrivals import Arrivals
from helpers.panels.asking import in_time
from helpers.panels.link import Link
from helpers.panels.pane import every_page
from helpers.panels.safe import one_line, sentence

SHOWN_NAME = 60


class ToolList:
    """A filter and a list.

    Args:
        link: whose loop choosing is done on.
        on_choose: called with the chosen tool.
        on_refresh: called when the list is to be asked for again.
        arrivals: holds Enter back until the filter has come as it was typed.
    """

    def __init__(
        self,
        link: Link,
        on_choose: Callable[[Tool], object],
        on_refresh: Callable[[], object],
        arrivals: Arrivals,
    ) -> None:
        self._on_choose = on_choose
        self._arrivals = arrivals
        self._tools: Sequence[Tool] = ()
        self._chosen: Tool | None = None
        self._shown: list[Tool] = []
        self._filling = False
        self._filter = ipywidgets.Text(description="Filter", placeholder="a word, then Enter")
        # with the keyboard one filters and presses Enter: see the history for why not with arrows
        self._list = ipywidgets.Select(description="Tools", options=[], tabbable=False)
        self._refresh = ipywidgets.Button(
            description="Refresh", tooltip="Ask the server for its list of tools again"
        )
        self._filter.add_class("mcpk-above")
        for name in ("mcpk-above", "mcpk-grow"):
            self._list.add_class(name)
        self._refresh.on_click(lambda _: on_refresh())
        self._filter.observe(link.on_loop(self._fill), "value")
        self._filter.on_msg(self._enter)
        self._list.observe(link.on_loop(self._choose), "index")
        self._note = ipywidgets.HTML()
        self.widget = ipywidgets.VBox([self._filter, self._list, self._note, self._refresh])
        self.widget.add_class("mcpk-list")

    def offer(self, tools: Sequence[Tool], chosen: Tool | None, note: str = "") -> None:
        """Show these tools, with one of them marked; and a note, if there is something to say."""
        self._tools, self._chosen = tools, chosen
        self._note.value = sentence(note) if note else ""
        self._fill()

    def mark(self, chosen: Tool) -> None:
        """Mark a tool that was chosen elsewhere."""
        self._chosen = chosen
        self._fill()

    def _fill(self) -> None:
        wanted = self._filter.value.strip().casefold()
        found = self._shown = [tool for tool in self._tools if wanted in _searched(tool)]
        total = len(self._tools)
        self._filling = True  # a Select chooses its first option itself
        try:
            with self._list.hold_sync():
                self._list.options = [
                    (one_line(tool.name, SHOWN_NAME), at) for at, tool in enumerate(found)
                ]
                self._list.index = next(
                    (at for at, tool in enumerate(found) if tool is self._chosen), None
                )
                self._list.description = f"Tools ({f'{len(found)} of ' if wanted else ''}{total})"
        finally:
            self._filling = False

    def _choose(self) -> None:
        if self._filling or self._list.index is None:
            return
        tool = self._shown[self._list.index]
        if tool is not self._chosen:
            self._chosen = tool
            self._on_choose(tool)

    def _enter(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            self._arrivals.then(self._choose_best)

    def _choose_best(self) -> None:
        """Enter in the filter chooses the tool whose name is nearest to it, or the first."""
        wanted = self._filter.value.strip().casefold()
        names = [tool.name.casefold() for tool in self._shown]
        if names:
            ranks = [
                (name != wanted, not name.startswith(wanted), wanted not in name) for name in names
            ]
            self._list.index = ranks.index(min(ranks))


def _searched(tool: Tool) -> str:
    return f"{tool.name}\n{tool.title or ''}\n{tool.description or ''}".casefold()


async def listed_tools(link: Link) -> tuple[list[Tool], str]:
    """Every tool of the server, and a sentence where the list is not complete.

    Raises:
        Exception: the server does not answer. That it does not know the request means no tools.
    """
    try:
        return await in_time(every_page(link.client.list_tools, "tools", fresh=True))
    except MCPError as error:
        link.heard(error)
        if error.code == METHOD_NOT_FOUND:
            return [], ""
        raise


def no_such_tool(name: str, tools: Sequence[Tool]) -> str:
    """A sentence that says so, with the names that are near."""
    near = difflib.get_close_matches(name, [tool.name for tool in tools], n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"This server has no tool {shorten(name)!r}.{hint}"
