"""The list of tools, and asking a server for it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from mcp import MCPError
from mcp.types import METHOD_NOT_FOUND, Tool

from helpers.errors import shorten
from helpers.panels.arrivals import Arrivals
from helpers.panels.asking import in_time
from helpers.panels.chooser import Chooser
from helpers.panels.link import Link
from helpers.panels.pane import every_page


class ToolList(Chooser[int]):
    """Tools to choose from, by their place in the list: two of them may have the same name.

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
        self._tools: Sequence[Tool] = ()
        super().__init__(link, "tools", lambda at: on_choose(self._tools[at]), on_refresh, arrivals)

    def offer(self, tools: Sequence[Tool], chosen: Tool | None, note: str = "") -> None:
        """Show these tools, with one of them marked; and a note, if there is something to say."""
        self._tools, self.chosen = tools, self._place(tools, chosen)
        self.fill(
            {at: tool.name for at, tool in enumerate(tools)},
            {
                at: f"{tool.name}\n{tool.title or ''}\n{tool.description or ''}"
                for at, tool in enumerate(tools)
            },
            note,
        )

    def mark_tool(self, chosen: Tool) -> None:
        """Mark a tool that was chosen elsewhere."""
        at = self._place(self._tools, chosen)
        if at is not None:
            self.mark(at)

    def _place(self, tools: Sequence[Tool], wanted: Tool | None) -> int | None:
        return next((at for at, tool in enumerate(tools) if tool is wanted), None)


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
