"""What the tabs for resources and for prompts share: a list, and beside it what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import ipywidgets

from helpers.panels.chooser import Chooser
from helpers.panels.link import Link
from helpers.panels.pane import Pane


class View(Protocol):
    """What is shown of one item."""

    widget: ipywidgets.Widget

    def take(self, item: Any) -> bool:
        """Describe the item as the server does now; False where this needs another view."""


class ListPane(Pane):
    """A list of what the server offers; what is chosen is shown beside it.

    The view of each item is built when it is first chosen, and kept, so that nothing that
    was typed is lost.
    """

    capability = ""  # and the noun for what is listed

    def __init__(self, link: Link, on_result: Callable[[Any], None]) -> None:
        super().__init__(link)
        self.on_result = on_result
        self.listed: dict[str, Any] = {}
        self._views: dict[str, View] = {}
        self._shown: str | None = None
        self._loaded = False
        self.chooser = Chooser(self.capability, lambda key: link.post(self.show, key), self.refresh)
        self._work = ipywidgets.VBox()
        self._work.add_class("mcpk-work")
        self._columns = ipywidgets.Box([self.chooser.widget, self._work])
        self._columns.add_class("mcpk-columns")

    async def fetch(self, *, fresh: bool) -> tuple[dict[str, Any], dict[str, str], str]:
        """The items by their keys, the names to show for them, and what to say."""
        raise NotImplementedError

    def build(self, item: Any) -> View:
        """A view of an item."""
        raise NotImplementedError

    def load(self) -> None:
        if self.link.state == "closed":
            self.say("This connection is closed.")
            return
        self.say("" if self.listed else "Loading…")
        self.run(self._load())

    async def _load(self) -> None:
        if getattr(self.link.client.server_capabilities, self.capability) is None:
            self.widget.children = [self.notice]
            self.say(
                f"This server offers no {self.capability}: "
                f"it does not declare the capability `{self.capability}`."
            )
            return
        fresh, self._loaded = self._loaded, True
        self.listed, names, missing = await self.fetch(fresh=fresh)
        self.chooser.fill(names)
        first = next(iter(self.listed), None)
        if self._shown in self.listed:
            self.show(self._shown)  # as the server describes it now
        elif self._shown is None and first is not None:
            self.chooser.mark(first)
            self.show(first)
        self.widget.children = [self.notice, self._columns]
        self.say(missing or ("" if self.listed else f"This server lists no {self.capability}."))

    def show(self, key: str) -> None:
        """Show what is listed under this key."""
        if key in self.listed:
            self.show_item(key, self.listed[key])

    def show_item(self, key: str, item: Any) -> Any:
        """Show an item that need not be listed; returns its view."""
        view = self._views.get(key)
        if view is None or not view.take(item):
            view = self._views[key] = self.build(item)
        self._shown = key
        self._work.children = [view.widget]
        self.widget.children = [self.notice, self._columns]
        return view
