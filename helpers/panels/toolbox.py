"""The tools of a server, and which of them lies on the desk."""

from __future__ import annotations

from ipywidgets import Button
from mcp.types import Tool

from helpers.panels.asking import Newest
from helpers.panels.desk import Desk
from helpers.panels.link import Link
from helpers.panels.tool_list import ToolList, listed_tools, no_such_tool


class Toolbox:
    """Asks for the tools, offers them, and opens one.

    Args:
        link: the server.
        wanted: the name of the tool to begin with; without one, the first of the list.
        desk: where a tool is opened.
        call: the button that calls it, which is disabled while there is none.

    Attributes:
        choice: where the tools are offered; to be assigned before `load`.
        tools: those of the server, in its order.
        told: how it stands, in a few words, some of which may be the server's.
    """

    choice: ToolList

    def __init__(self, link: Link, wanted: str | None, desk: Desk, call: Button) -> None:
        self.tools: list[Tool] = []
        self.told = "loading its tools"
        self._link = link
        self._wanted = wanted
        self._desk = desk
        self._call = call
        self._newest = Newest(link)
        desk.clear("Loading tools…")
        call.disabled = True

    async def load(self) -> None:
        """Ask for the list, and show it or why there is none."""
        newest = self._newest.ask()
        try:
            tools, note = await listed_tools(self._link)
        except Exception as error:  # shown, whatever it is: there is nobody else to tell
            if newest():
                self._tell(f"the list of tools did not come: {error}")
            return
        if not newest():
            return
        try:
            self._offer(tools, note)
        except Exception as error:  # a fault on this side
            self._tell(f"the tools cannot be drawn: {error!r}")
            raise

    def _tell(self, problem: str) -> None:
        """Say what is wrong; what stands there already stays."""
        self.told = problem
        if self.tools:
            self.choice.offer(self.tools, self._desk.tool, problem)
        else:
            self._desk.clear(problem)

    def _offer(self, tools: list[Tool], note: str) -> None:
        """Show the list that came, and open the tool that is wanted."""
        self.tools, self.told = tools, f"{len(tools)} tools, no call yet"
        wanted = self._wanted or (self._desk.tool.name if self._desk.tool else None)
        chosen = next((tool for tool in tools if wanted in (None, tool.name)), None)
        self.choice.offer(tools, chosen, note)
        if chosen:
            self.open(chosen)
            return
        self._wanted = wanted  # when it comes, it is opened
        missing = no_such_tool(wanted, tools) if wanted and tools else ""
        self._desk.clear(missing or "This server has no tools.")
        self._call.disabled = True

    def open(self, tool: Tool) -> None:
        """Show a tool and its form; on the loop.

        Raises:
            Exception: its form cannot be built, which the desk says.
        """
        self._wanted = tool.name
        try:
            self._desk.open(tool)
            self._wanted = None
        finally:
            self._call.disabled = self._desk.tool is None
