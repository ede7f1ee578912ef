"""What the inspector's tabs have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import ipywidgets

from helpers.panels.answer import error_text, outcome_line
from helpers.panels.call import outcome_of
from helpers.panels.keeping import Keeping
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
        self.widget = Keeping([self.notice], also=self.parts)
        self.widget.add_class("mcpk-pane")

    def parts(self) -> Iterable[ipywidgets.Widget]:
        """All that it displays at one time or another."""
        return ()

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


def failure(error: Exception, link: Link) -> tuple[str, str]:
    """Why a request failed, as HTML: a line with sign and word, and the details."""
    outcome = outcome_of(error, link)
    return outcome_line(str(outcome), outcome), text_html(error_text(error), label="error")


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
