"""What the tabs for resources and for prompts share: a list, and beside it what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import ipywidgets

from helpers.panels.arrivals import Arrivals
from helpers.panels.asking import Newest, in_time
from helpers.panels.chooser import Chooser
from helpers.panels.link import Link
from helpers.panels.pane import Pane, failure
from helpers.widget_care import dispose


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
        self._newest = Newest(link)
        self._arrivals = Arrivals(link)
        self.chooser: Chooser[str] = Chooser(
            link, self.capability, self.show, self.refresh, self._arrivals
        )
        self._work = ipywidgets.VBox()
        self._work.add_class("mcpk-work")
        self._columns = ipywidgets.Box([self.chooser.widget, self._work])
        self._columns.add_class("mcpk-columns")

    def parts(self) -> Iterable[ipywidgets.Widget]:
        views = [view.widget for view in self._views.values()]
        return [self._columns, *views, *self._arrivals.widgets]

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
        self.link.submit(self._load())

    async def _load(self) -> None:
        newest, found = self._newest.ask(), None
        fresh, self._loaded = self._loaded, True
        try:
            if getattr(self.link.client.server_capabilities, self.capability) is not None:
                found = await in_time(self.fetch(fresh=fresh))
        except Exception as error:  # shown, whatever it is
            if newest():
                self.notice.value = "".join(failure(error, self.link))
            return
        if not newest():
            return
        try:
            self._offer(*found) if found else self._offer_nothing()
        except Exception as error:  # a fault on this side
            self.say(f"The {self.capability} cannot be drawn: {error!r}")
            raise

    def _offer_nothing(self) -> None:
        self.widget.children = [self.notice]
        self.say(
            f"This server offers no {self.capability}: "
            f"it does not declare the capability `{self.capability}`."
        )

    def _offer(self, listed: dict[str, Any], names: dict[str, str], missing: str) -> None:
        """Show what came: the items by their keys, their names, and what to say."""
        self.listed = listed
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
        before = view = self._views.get(key)
        if view is None or not view.take(item):
            view = self._views[key] = self.build(item)
        self._shown = key
        self._work.children = [view.widget]
        self.widget.children = [self.notice, self._columns]
        if before and before is not view:
            dispose(before.widget)
        return view
