"""The inspector's Log tab: what the server wrote to stderr."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets

from helpers.connection import server_log
from helpers.panels.link import Link
from helpers.panels.pane import Pane
from helpers.panels.safe import sentence
from helpers.text import escape

TAIL_CHARACTERS = 50_000


class LogPane(Pane):
    """The end of a stdio server's log, or where to look for it."""

    title = "Log"

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._text = ipywidgets.HTML()
        refresh = ipywidgets.Button(description="Refresh")
        refresh.on_click(link.on_loop(self.load))
        strip = ipywidgets.HBox([refresh])
        strip.add_class("mcpk-strip")
        self._parts = [self.notice, self._text, strip]

    def parts(self) -> Iterable[ipywidgets.Widget]:
        return self._parts

    def open(self) -> None:
        self.opened = True
        self.load()  # each time: it costs little, and nobody announces a new line

    def load(self) -> None:
        try:
            log = server_log(self.link.client)
        except ValueError as error:
            self.say(str(error))
            self.widget.children = [self.notice]
            return
        self.say("" if log else "The server has written nothing to stderr.")
        self._text.value = log_html(log) if log else ""
        self.widget.children = self._parts


def log_html(log: str) -> str:
    """The end of a log as HTML that is scrolled to its end."""
    named = 'role="group" tabindex="0" aria-label="the server\'s log"'
    tail = f'<pre class="mcpk-log" {named}><code>{escape(log[-TAIL_CHARACTERS:])}</code></pre>'
    if len(log) <= TAIL_CHARACTERS:
        return tail
    hidden = f"The last {TAIL_CHARACTERS:,} of {len(log):,} characters."
    return sentence(f"{hidden} All of it in Python: server_log(client)") + tail
