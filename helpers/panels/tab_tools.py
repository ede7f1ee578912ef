"""The inspector's Tools tab: the tool console."""

from __future__ import annotations

from collections.abc import Callable

from helpers.panels.console import ToolConsole
from helpers.panels.link import Link
from helpers.panels.pane import Pane

NONE_OFFERED = "This server offers no tools: it does not declare the capability `tools`."


class ToolsPane(Pane):
    """The console, where the server has tools at all."""

    title = "Tools"

    def __init__(self, link: Link, open_link: Callable[[str], None]) -> None:
        super().__init__(link)
        self._open_link = open_link
        self.console: ToolConsole | None = None

    def load(self) -> None:
        if self.link.state == "closed":
            return  # the line above the tabs says so
        if self.console is not None:  # which follows the link to another client by itself
            self.console.refresh()
        elif self.link.client.server_capabilities.tools is None:
            self.say(NONE_OFFERED)
        else:
            self.say()
            self.console = ToolConsole(self.link, open_link=self._open_link, titled=False)
            self.widget.children = [self.notice, self.console]
