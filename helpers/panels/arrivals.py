"""Knowing that everything that was typed before a click has arrived from the browser."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable

import ipywidgets
from IPython import get_ipython

from helpers.panels.link import Link

PATIENCE_SECONDS = 1.0


class Arrivals:
    """Holds a click back until what was typed before it is here.

    While the kernel is busy, ipywidgets' browser side sends the first edit of a field and
    holds the later ones back until the kernel has taken the first. A click is not held back:
    it would overtake them, and a call would be sent with half of what was typed. So a click
    sends a number to the browser, whose own link (`jsdlink`) sends it back behind the edits.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._numbers = itertools.count(1)
        self._due: deque[tuple[int, Callable[[], None]]] = deque()
        self._lock = threading.Lock()  # callbacks and the loop may be in different threads
        self._out, self._back = ipywidgets.IntText(), ipywidgets.IntText()
        self._bridge = ipywidgets.jsdlink((self._out, "value"), (self._back, "value"))
        self._back.observe(lambda change: self._go(change["new"]), "value")

    def then(self, action: Callable[[], None]) -> None:
        """Do this when the browser has sent all there is; at once where there is no browser."""
        if getattr(get_ipython(), "kernel", None) is None:
            action()
            return
        with self._lock:
            number = next(self._numbers)
            self._due.append((number, action))
        self._out.value = number
        # a browser that has gone meanwhile must not take the click along
        self._link.post(self._link.loop.call_later, PATIENCE_SECONDS, self._go, number)

    def _go(self, number: int) -> None:
        """Do what was held back up to this number, in order."""
        ready = list[Callable[[], None]]()
        with self._lock:
            while self._due and self._due[0][0] <= number:
                ready.append(self._due.popleft()[1])
        for action in ready:
            action()
