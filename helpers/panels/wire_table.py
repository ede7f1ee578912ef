"""The wire as a table, and below it one message in full."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from helpers.panels.link import Link
from helpers.panels.safe import sentence
from helpers.panels.wire_rows import HEADING, LEGEND, message_html, row
from helpers.traffic import Message

NOTHING = "Choose a message to see it in full."


class WireTable:
    """Messages, the newest first, so that what is looked at stays where it is.

    Args:
        link: whose loop choosing is done on.
        find: the message with this number, if it is still known.
    """

    def __init__(self, link: Link, find: Callable[[int], Message | None]) -> None:
        self._find = find
        self._filling = False
        # the Tab key passes it by, for the buttons: see the history for why
        self._list = ipywidgets.Select(description=HEADING, rows=12, tabbable=False)
        for name in ("mcpk-above", "mcpk-mono", "mcpk-wire"):
            self._list.add_class(name)
        self._list.observe(link.on_loop(self._choose), "value")
        earlier = ipywidgets.Button(description="Earlier", tooltip="The message before")
        later = ipywidgets.Button(description="Later", tooltip="The message after")
        earlier.on_click(link.on_loop(lambda: self._step(1)))
        later.on_click(link.on_loop(lambda: self._step(-1)))
        steps = ipywidgets.Box([earlier, later])
        steps.add_class("mcpk-strip")
        self._message = ipywidgets.HTML(sentence(NOTHING))
        legend = ipywidgets.HTML(sentence(LEGEND))
        self.parts = [self._list, steps, legend, self._message]

    def fill(self, messages: list[Message]) -> None:
        chosen = self._list.value
        options = [(row(message), message.number) for message in reversed(messages)]
        if options == list(self._list.options):
            return
        self._filling = True  # new options choose their first
        try:
            with self._list.hold_sync():
                self._list.options = options
                self._list.value = chosen if chosen in {number for _, number in options} else None
        finally:
            self._filling = False

    def clear(self) -> None:
        self._message.value = sentence(NOTHING)

    def _step(self, by: int) -> None:
        """Choose the next message in one direction; the newest where none is chosen."""
        if self._list.options:
            at = -1 if self._list.index is None else self._list.index
            self._list.index = min(max(at + by, 0), len(self._list.options) - 1)

    def _choose(self) -> None:
        if not self._filling:
            number = self._list.value
            found = None if number is None else self._find(number)
            self._message.value = message_html(found) if found else sentence(NOTHING)
