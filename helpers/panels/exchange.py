"""One request of ours and what comes back: the button, the line of Python, outcome and result."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import ipywidgets

from helpers.panels.answer import drawn, outcome_line
from helpers.panels.arrivals import Arrivals
from helpers.panels.asking import Newest, in_time
from helpers.panels.call import Outcome, duration
from helpers.panels.keeping import Keeping
from helpers.panels.link import Link
from helpers.panels.pane import failure
from helpers.panels.python_line import PythonLine
from helpers.widget_care import replace


class Exchange:
    """A button that sends a request, and below it what became of it.

    Where a second is sent before the first has come back, the first is of no interest any more.

    Args:
        link: where it is sent.
        verb: what stands on the button.
        on_press: called when it is pressed, and what was typed before is here; it calls
            `send`, or says what is missing.
        open_link: called with the URI of a link in the result.
        on_result: called with each result.
    """

    def __init__(
        self,
        link: Link,
        verb: str,
        on_press: Callable[[], None],
        open_link: Callable[[str], None],
        on_result: Callable[[Any], None],
    ) -> None:
        self._link = link
        self._newest = Newest(link)
        self._on_press = on_press
        self._arrivals = Arrivals(link)
        self._open_link = open_link
        self._on_result = on_result
        self._line = PythonLine(link)
        self._outcome = ipywidgets.HTML()
        self._result = ipywidgets.VBox()
        self._result.add_class("mcpk-result")
        self._button = ipywidgets.Button(description=verb, button_style="primary")
        self._button.on_click(lambda _: self.press())
        strip = ipywidgets.HBox([self._button])
        strip.add_class("mcpk-strip")
        parts = [strip, self._line.widget, self._outcome, self._result]
        self.widget = Keeping(parts, also=lambda: self._arrivals.widgets)

    def press(self) -> None:
        """As if the button were pressed: for Enter in a field."""
        self._arrivals.then(self._on_press)

    def write(self, line: str) -> None:
        """Show this line of Python, to copy."""
        self._line.write(line)

    def send(
        self, request: Callable[[], Awaitable[Any]], facts: Callable[[Any], list[str]]
    ) -> None:
        """Send it; from any thread. `facts` says in words what there is to say of a result."""
        self._button.disabled = True
        self._link.submit(self._send(request, facts))

    async def _send(
        self, request: Callable[[], Awaitable[Any]], facts: Callable[[Any], list[str]]
    ) -> None:
        newest, begun = self._newest.ask(), time.perf_counter()
        self._outcome.value = outcome_line(str(Outcome.RUNNING), Outcome.RUNNING)
        result, failed = None, None
        try:
            result = await in_time(request())
        except Exception as error:  # shown, whatever it is
            failed = error
        ms = (time.perf_counter() - begun) * 1000
        if not newest():
            return
        self._button.disabled = False
        if failed:
            self._outcome.value, details = failure(failed, self._link)
            replace(self._result, [ipywidgets.HTML(details)])
            return
        self._on_result(result)
        replace(self._result, [drawn(result, open_link=self._open_link, python="result")])
        line = " · ".join([str(Outcome.OK), *facts(result), duration(ms)])
        self._outcome.value = outcome_line(line, Outcome.OK)
