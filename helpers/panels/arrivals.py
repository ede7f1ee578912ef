"""Knowing that everything that was typed before a click has arrived from the browser."""

from __future__ import annotations

import contextvars
import itertools
import threading
from collections import deque
from collections.abc import Callable

import ipywidgets

from helpers.panels.link import Link

PATIENCE_SECONDS = 10.0


class Echo:
    """A number that the browser sends back, by ipywidgets' own link between two widgets."""

    def __init__(self, on_back: Callable[[], None]) -> None:
        self._out, self.back = ipywidgets.IntText(1), ipywidgets.IntText(0)
        self._link = ipywidgets.jsdlink((self._out, "value"), (self.back, "value"))
        self.back.observe(lambda _: on_back(), "value")
        self.widgets = self._out, self.back, self._link

    def send(self, number: int, context: contextvars.Context) -> None:
        """Send a number; what comes back goes to the thread that `context` is answered in."""
        context.run(self.back.send_state, "value")
        self._out.value = number


class Arrivals:
    """Holds a click back until what was typed before it is here.

    While the kernel is busy, ipywidgets' browser side sends the first edit of a field and
    holds the later ones back until the kernel has taken the first. A click is not held back:
    it would overtake them, and a call would be sent with half of what was typed. So a click
    sends a number to the browser, which sends it back behind the edits.

    It goes two ways. ipykernel answers each widget where it was last written to from: in the
    thread of the cells or in that of a subshell. Each keeps its order, but one may overtake
    the other, so that only what is behind all edits in both is behind all edits.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._of_cells = contextvars.copy_context()
        self._numbers = itertools.count(2)
        self._due: deque[tuple[int, Callable[[], None]]] = deque()
        self._lock = threading.Lock()  # callbacks and the loop may be in different threads
        back = link.on_loop(self._go)
        self._echoes = Echo(back), Echo(back)

    @property
    def widgets(self) -> list[ipywidgets.Widget]:
        """What it is made of, none of which is displayed."""
        return [widget for echo in self._echoes for widget in echo.widgets]

    @property
    def _back(self) -> int:
        """The number that has come back both ways; 0 before the first, which comes unasked."""
        return int(min(echo.back.value for echo in self._echoes))

    def then(self, action: Callable[[], None]) -> None:
        """Do this on the loop when the browser has sent all there is.

        Where there is no browser, it is done at once, and here.
        """
        if self._back == 0:
            action()
            return
        with self._lock:
            number = next(self._numbers)
            self._due.append((number, action))
        contexts = self._of_cells.copy(), contextvars.copy_context()
        for echo, context in zip(self._echoes, contexts, strict=True):
            echo.send(number, context)
        # a browser that has gone meanwhile must not take the click along
        self._link.post(self._link.loop.call_later, PATIENCE_SECONDS, self._go, number)

    def _go(self, patience: int = 0) -> None:
        """Do what was held back and may go now, in order; only on the loop, so that none swaps."""
        while self._due and self._due[0][0] <= max(self._back, patience):
            self._link.post(self._due.popleft()[1])
