"""The calls so far, the newest first; pick one to have it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import ipywidgets

from helpers.panels.call import Call, duration
from helpers.panels.link import Link
from helpers.text import one_line

KEPT_CALLS = 100
KEPT_CHARACTERS = 32_000_000  # of their results
SHOWN_NAME = 24


class History:
    """A list of the last calls.

    Args:
        link: whose loop picking is done on.
        on_pick: called with the call that was picked.
    """

    def __init__(self, link: Link, on_pick: Callable[[Call], None]) -> None:
        self._on_pick = on_pick
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._shown: tuple[Call, ...] = ()
        self._filling = False
        # JupyterLab takes the arrow keys and letters for itself wherever a list has the focus (D, D
        # deletes the cell), so the Tab key passes it by, and these buttons do what arrows would
        self._list = ipywidgets.Select(description="History", options=[], rows=5, tabbable=False)
        self._earlier = ipywidgets.Button(
            description="Earlier", tooltip="Pick the call before the one that is picked"
        )
        self._later = ipywidgets.Button(
            description="Later", tooltip="Pick the call after the one that is picked"
        )
        self._earlier.on_click(link.on_loop(lambda: self._step(1)))
        self._later.on_click(link.on_loop(lambda: self._step(-1)))
        for name in ("mcpk-above", "mcpk-mono", "mcpk-history"):
            self._list.add_class(name)
        self._list.observe(link.on_loop(self._pick), "index")
        steps = ipywidgets.Box([self._earlier, self._later])
        steps.add_class("mcpk-strip")
        self.widget = ipywidgets.VBox([self._list, steps])
        self.widget.add_class("mcpk-answer")

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    def note(self, call: Call) -> None:
        """Take a call in, or show what has become of it."""
        if call not in self._calls:
            self._calls.appendleft(call)
        self._make_room()

    def _make_room(self) -> None:
        """Let the oldest results go, where all are too long together; the newest stays."""
        room = KEPT_CHARACTERS
        for at, held in enumerate([call for call in self._calls if call.result is not None]):
            room -= held.size
            if at and room < 0:
                held.result, held.let_go = None, True

    def draw(self) -> None:
        """Show all calls."""
        shown = self._shown = tuple(self._calls)
        self._filling = True  # a Select chooses its first option itself
        try:
            with self._list.hold_sync():
                self._list.options = [(text, at) for at, text in enumerate(lines(shown))]
                self._list.index = None
        finally:
            self._filling = False

    def unmark(self) -> None:
        """The form no longer holds what was picked, which can be picked again."""
        self._list.index = None

    def _step(self, by: int) -> None:
        """Pick the next call in one direction; the newest where none is picked."""
        if self._shown:
            at = -1 if self._list.index is None else self._list.index
            self._list.index = min(max(at + by, 0), len(self._shown) - 1)

    def _pick(self) -> None:
        if not self._filling and self._list.index is not None:
            self._on_pick(self._shown[self._list.index])


def lines(calls: Sequence[Call]) -> list[str]:
    """Time, tool, outcome, milliseconds and arguments of each call, in columns."""
    columns = [
        (
            f"{call.at:%H:%M:%S}",
            one_line(call.tool, SHOWN_NAME),
            str(call.outcome),
            "" if call.ms is None else duration(call.ms),
        )
        for call in calls
    ]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    return [
        "  ".join([*map(str.ljust, told, widths), call.written])
        for told, call in zip(columns, calls, strict=True)
    ]
