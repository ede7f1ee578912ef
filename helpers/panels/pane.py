"""What the inspector's tabs have in common."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import ipywidgets
from mcp import MCPError

from helpers.panels.answer import error_text, outcome_line
from helpers.panels.calls import Outcome
from helpers.panels.link import Link
from helpers.panels.safe import sentence, text_html

LISTED_PAGES = 1000


class Pane:
    """One tab: filled when it is first opened, and again when what it shows has changed."""

    title = ""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.opened = False
        self.notice = ipywidgets.HTML()  # what there is to say of the tab as a whole
        self.widget = ipywidgets.VBox([self.notice])
        self.widget.add_class("mcpk-pane")

    def open(self) -> None:
        """Its tab has come to the front."""
        if not self.opened:
            self.opened = True
            self.load()

    def refresh(self) -> None:
        """What the server offers, or the connection, has changed."""
        if self.opened:
            self.load()

    def load(self) -> None:
        raise NotImplementedError

    def say(self, text: str = "") -> None:
        self.notice.value = sentence(text) if text else ""

    def run(self, work: Coroutine[Any, Any, None]) -> concurrent.futures.Future[None]:
        """Do something on the client's loop; what it raises is told to the reader."""
        return self.link.submit(told(self.link, work, self._failed))

    def _failed(self, line: str, details: str) -> None:
        self.notice.value = line + details


async def told(link: Link, work: Awaitable[None], tell: Callable[[str, str], None]) -> None:
    """Await `work`; where it fails, tell why: a line with sign and word, and details, as HTML."""
    try:
        await work
    except Exception as error:  # shown where it happened: nobody awaits this work
        if isinstance(error, MCPError):
            link.heard(error)
        outcome = Outcome.PROTOCOL_ERROR if link.state == "open" else Outcome.LOST
        tell(outcome_line(str(outcome), outcome), text_html(error_text(error), label="error"))


async def every_page(
    list_page: Callable[..., Awaitable[Any]], field: str, *, fresh: bool = False
) -> tuple[list[Any], str]:
    """All items of a list that may come in pages, and a sentence where some are missing.

    Args:
        list_page: one of the client's list methods.
        field: where its result holds the items.
        fresh: ask the server, whatever the client's cache holds.

    Source: https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/pagination
    """
    items, cursor, seen = list[Any](), None, set[str]()
    mode = "refresh" if fresh else "use"
    while len(seen) < LISTED_PAGES:
        page = await list_page(cursor=cursor, cache_mode=mode)
        items += getattr(page, field)
        cursor = page.next_cursor
        if cursor is None:
            return items, ""
        if cursor in seen:
            return items, "The list is not complete: the server sent the same cursor twice."
        seen.add(cursor)
    return items, f"The list is not complete: it has more than {LISTED_PAGES:,} pages."
