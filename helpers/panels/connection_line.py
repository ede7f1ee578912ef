"""The line that says what a widget is connected to, and the way back when it is lost."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from helpers.errors import root_cause
from helpers.panels.link import Link
from helpers.text import escape

CLOSED = (
    "This connection was closed. Run the cell that connects, then the cell of this widget again."
)
LOST = "The server has gone."


class ConnectionLine:
    """Describes the connection; offers to reconnect where that is possible.

    Args:
        link: the connection.
        on_back: called, on the loop, when the connection stands again.
    """

    def __init__(self, link: Link, on_back: Callable[[], object]) -> None:
        self._link = link
        self._on_back = on_back
        self._was = link.state
        self._lost = self._was == "lost"  # since it stood last: a reconnect that fails closes it
        self._reconnecting = False
        self._said = ""
        self._text = ipywidgets.HTML()
        self._text.add_class("mcpk-connection")
        self._button = ipywidgets.Button(
            description="Reconnect", tooltip="Connect to the same server again"
        )
        self._button.on_click(lambda _: link.submit(self._reconnect()))
        self.widget = ipywidgets.Box([self._text, self._button])
        self.widget.add_class("mcpk-strip")
        self.close = link.on_change(self._changed)
        self.draw()

    def _changed(self) -> None:
        was, self._was = self._was, self._link.state
        if self._was == "open" and was != "open":
            self._said = "Connected again: in cells, use .client of this widget."
            self._on_back()
        elif self._was != "open" and not self._reconnecting:
            self._said = ""
        self.draw()

    def draw(self) -> None:
        """Say how the connection stands now."""
        state = self._link.state
        self._lost = state == "lost" or (self._lost and state != "open")
        sentences = {"open": "", "lost": LOST, "closed": CLOSED}
        again = self._link.can_reconnect
        if not again:
            sentences["lost"] = f"{LOST} Run the cell that connects, then this one again."
        self._button.layout.display = "" if self._lost and again else "none"
        said = self._said or sentences["lost" if self._lost else state]
        self._text.value = (
            f'<div class="mcpk-facts"><span class="mcpk-state-{state}">'
            f'{escape(self._link.describe())}</span><span role="status">{escape(said)}</span></div>'
        )

    async def _reconnect(self) -> None:
        self._button.disabled, self._said = True, "Reconnecting…"
        self._reconnecting = True
        self.draw()
        try:
            await self._link.reconnect()
        except Exception as error:  # shown, whatever it is; the button stays, to try again
            self._said = f"Not connected. {root_cause(error)}"
        finally:
            self._button.disabled = self._reconnecting = False
            self.draw()
