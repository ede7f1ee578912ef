"""The strip under the form: Call, Cancel, and how the running call gets on."""

from __future__ import annotations

import asyncio
import math

import ipywidgets

from helpers.panels.call import Call, Progress
from helpers.panels.calls import Calls
from helpers.panels.link import Link
from helpers.text import escape, one_line

TICK_SECONDS = 0.1
SHOWN_MESSAGE = 80
SPINNER = '<span class="mcpk-spinner" aria-hidden="true"></span>'


class Strip:
    """Buttons and the state of the queue, drawn ten times a second while a call runs.

    However often a server reports progress, the browser hears of it at that pace.
    """

    def __init__(self, link: Link, calls: Calls) -> None:
        self._link = link
        self._calls = calls
        self._timer: asyncio.TimerHandle | None = None
        self.call = ipywidgets.Button(
            description="Call", button_style="primary", tooltip="Call the tool (Enter in a field)"
        )
        self.cancel = ipywidgets.Button(
            description="Cancel", disabled=True, tooltip="Cancel the call, on the server too"
        )
        # a widget of its own: whenever its HTML changes, the animation would begin anew
        self._spinner = ipywidgets.HTML(SPINNER, layout={"visibility": "hidden"})
        self._state = ipywidgets.HTML()
        self._state.add_class("mcpk-state")
        self._said = ipywidgets.HTML()  # of its own, too: it is read out once, not at each tick
        self._said_during: Call | None = None
        parts = [self.call, self.cancel, self._said, self._spinner, self._state]
        self.widget = ipywidgets.Box(parts)
        self.widget.add_class("mcpk-strip")
        self.cancel.on_click(lambda _: calls.cancel())

    def say(self, text: str) -> None:
        """Show a sentence until the next call runs."""
        self._said_during = self._calls.running
        self._said.value = f'<span role="status">{escape(text)}</span>'

    def follow(self) -> None:
        """Draw how it stands, and go on until nothing runs; on the loop."""
        self._draw()
        if self._calls.running and self._timer is None:
            self._timer = self._link.loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.follow()

    def _draw(self) -> None:
        running, waiting = self._calls.running, self._calls.waiting
        if running is not None and running is not self._said_during:
            self._said.value = ""
        self.cancel.disabled = running is None and waiting == 0
        self._spinner.layout.visibility = "visible" if running else "hidden"
        if running is None:
            self._state.value = ""
            return
        parts = [f"{running.seconds:.1f} s"]
        if waiting:
            parts.append(f"{waiting} waiting")
        bar = ""
        if progress := running.progress:
            bar = progress_bar(progress)
            # the server's own words last: where there is no room, they are what is cut
            parts = [counted(progress), *parts, one_line(progress.message, SHOWN_MESSAGE)]
        text = escape(" · ".join(filter(None, parts)))
        self._state.value = f'<div class="mcpk-elapsed">{bar}{text}</div>'


def counted(progress: Progress) -> str:
    """`14 of 20`, or `14 so far`."""
    total = "so far" if progress.total is None else f"of {progress.total:g}"
    return f"{progress.done:g} {total}"


def progress_bar(progress: Progress) -> str:
    """HTML's own progress bar: with a value where there is a total to compare with."""
    total = progress.total or 0
    part = progress.done / total if math.isfinite(total) and total > 0 else math.nan
    value = "" if math.isnan(part) else f' value="{min(max(part, 0), 1):.3f}"'
    return f'<progress aria-label="progress of the call" max="1"{value}></progress> '
