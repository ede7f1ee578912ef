"""The inspector's Wire tab: the JSON-RPC messages as they pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ipywidgets

from helpers.connection import wire
from helpers.diagram import Diagram
from helpers.panels.json_lines import save
from helpers.panels.link import Link
from helpers.panels.pane import Pane
from helpers.panels.throttle import Throttle
from helpers.panels.wire_rows import timeline_html
from helpers.panels.wire_table import WireTable
from helpers.text import one_line
from helpers.traffic import DRAWN_MESSAGES, Message, Wire

REDRAW_SECONDS = 0.4


class WirePane(Pane):
    """The messages as a table, a diagram and a timeline, drawn anew a few times a second.

    Args:
        on_count: called with the number of messages, no more often than that.
    """

    title = "Wire"

    def __init__(self, link: Link, on_count: Callable[[int], None]) -> None:
        super().__init__(link)
        self._on_count = on_count
        self._wire: Wire | None = None
        self._paused: tuple[Message, ...] | None = None
        self.in_front = False
        self._filling = False
        self._unwatch: Callable[[], None] = lambda: None
        self._soon = Throttle(link.loop, self._arrived, REDRAW_SECONDS)
        self._build()

    def _build(self) -> None:
        ways = ["Table", "Diagram", "Timeline"]
        self._way = ipywidgets.RadioButtons(
            options=ways, description="Show as", orientation="horizontal"
        )
        self._way.add_class("mcpk-choice")
        self._method = ipywidgets.Dropdown(description="Method")
        self._pause = ipywidgets.Button(description="Pause", tooltip="Let the view stand still")
        self._clear = ipywidgets.Button(description="Clear", tooltip="Forget the messages so far")
        self._save = ipywidgets.Button(
            description="Save", tooltip="Write the messages to a new file, one JSON line each"
        )
        self._table = WireTable(self.link, self._find)
        self._timeline = ipywidgets.HTML()
        self._picture = ipywidgets.Output()
        # a line that can have the focus, so that the keyboard can scroll the frame
        line = '<p class="mcpk-sentence" role="note" tabindex="0">The newest stand last.</p>'
        self._frame = ipywidgets.VBox([ipywidgets.HTML(line), self._picture])
        self._frame.add_class("mcpk-diagram")
        self._body = ipywidgets.VBox()
        self._strip = ipywidgets.HBox([self._method, self._pause, self._clear, self._save])
        self._strip.add_class("mcpk-strip")
        for control in (self._way, self._method):
            control.observe(self.link.on_loop(self._rearranged), "value")
        self._pause.on_click(self.link.on_loop(self._on_pause))
        self._clear.on_click(self.link.on_loop(self._on_clear))
        self._save.on_click(self.link.on_loop(self._on_save))

    def parts(self) -> Iterable[ipywidgets.Widget]:
        drawn = [*self._table.parts, self._timeline, self._frame]
        return [self._way, self._strip, self._body, *drawn]

    def _rearranged(self) -> None:
        if not self._filling:
            self._redraw()

    def follow(self) -> None:
        """Watch the wire of the link's client of now; there may be none."""
        self.stop()
        try:
            self._wire = wire(self.link.client)
        except ValueError as error:
            self._wire = None
            self.say(str(error))
            self.widget.children = [self.notice]
        else:
            self._unwatch = self._wire.watch(self._soon)
            self.say()
            self.widget.children = [self._way, self._strip, self.notice, self._body]
            self._paused = None
            self._pause.description = "Pause"
            self._arrived()

    def stop(self) -> None:
        self._unwatch()

    def close(self) -> None:
        self.stop()
        self._soon.stop()

    def open(self) -> None:
        self.opened = self.in_front = True
        self.load()

    def load(self) -> None:
        self._redraw()

    def _arrived(self) -> None:
        if self._wire is not None:
            self._on_count(len(self._wire))
            if self.in_front and self._paused is None:
                self._redraw()

    def _chosen_messages(self) -> list[Message]:
        messages = tuple(self._wire or ()) if self._paused is None else self._paused
        methods = sorted({m.method for m in messages if m.method})
        labels = [("all methods", ""), *((one_line(name), name) for name in methods)]
        wanted = self._method.value if self._method.value in methods else ""
        if tuple(labels) != self._method.options:
            self._filling = True  # new options choose their first
            try:
                with self._method.hold_sync():
                    self._method.options = labels
                    self._method.value = wanted
            finally:
                self._filling = False
        return [m for m in messages if wanted in ("", m.method)]

    def _redraw(self) -> None:
        messages = self._chosen_messages()
        if self._way.value == "Table":
            self._table.fill(messages)
            parts = self._table.parts
        elif self._way.value == "Timeline":
            self._timeline.value = timeline_html(messages)
            parts = [self._timeline]
        else:
            self._draw(messages)
            parts = [self._frame]
        self._body.children = parts

    def _draw(self, messages: list[Message]) -> None:
        diagram = Diagram(tuple(messages[-DRAWN_MESSAGES:]), len(messages))
        data = diagram._repr_mimebundle_()
        outputs = ({"output_type": "display_data", "metadata": {}, "data": data},)
        if self._picture.outputs != outputs:
            self._picture.outputs = outputs

    def _find(self, number: int) -> Message | None:
        known = (*(self._paused or ()), *(self._wire or ()))
        return next((message for message in known if message.number == number), None)

    def _on_pause(self) -> None:
        if self._paused is None:
            self._paused = tuple(self._wire or ())
            self._pause.description = "Go on"
            self.say("Paused. What passes is still recorded.")
        else:
            self._paused = None
            self._pause.description = "Pause"
            self.say()
        self._redraw()

    def _on_clear(self) -> None:
        if self._wire is not None:
            self._wire.clear()
            self._paused = None if self._paused is None else ()
            self._table.clear()
            self._on_count(len(self._wire))
            self._redraw()

    def _on_save(self) -> None:
        messages = self._chosen_messages()
        try:
            path = save(messages)
        except OSError as error:
            self.say(f"Not saved: {error}")
        else:
            self.say(f"Saved {len(messages):,} messages in {path}")
