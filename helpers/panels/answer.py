"""What became of a call: one line in words, sign and colour, and below it what came back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ipywidgets
from mcp import MCPError

from helpers.panels.asking import in_time
from helpers.panels.call import Call, Outcome, outcome_of
from helpers.panels.connection_line import CLOSED
from helpers.panels.link import Link
from helpers.panels.safe import sentence, text_block
from helpers.panels.shown import shown
from helpers.text import escape, one_line
from helpers.widget_care import replace

NO_CALL = "Fill the form and press Call, or Enter in a field."
LET_GO = "This result was let go, to make room for later ones. Press Call to have it again."


class Answer:
    """The place where results are shown; it has the same height whatever is in it.

    Args:
        link: where linked resources are read.
        open_link: called with the URI of a resource link whose Open button is pressed.
    """

    def __init__(self, link: Link, open_link: Callable[[str], None]) -> None:
        self._link = link
        self._open_link = open_link
        self._call: Call | None = None
        self._line = ipywidgets.HTML(outcome_line("Result · no call yet"))
        self._body = ipywidgets.VBox([ipywidgets.HTML(sentence(NO_CALL))])
        self._body.add_class("mcpk-result")
        self.widget = ipywidgets.VBox([self._line, self._body])
        self.widget.add_class("mcpk-answer")

    def show(self, call: Call, *, again: bool = False) -> None:
        """Show a call's outcome; `again` says that it is one from the history."""
        self._call, told = call, call.outcome
        facts = [f"{told.sign} {told.word}", *call.facts[1:]]
        of = f" of {call.at:%H:%M:%S}" if again else ""
        of_what = f"{one_line(call.tool)} {call.written}"
        self._line.value = outcome_line(f"Result{of} · " + " · ".join(facts), told, of_what)
        replace(self._body, self._parts(call))

    async def read(self, uri: str) -> None:
        """Read a resource that the result links to, and show it above the result."""
        call, name = self._call, one_line(uri)
        result, failed = None, None
        try:
            result = await in_time(self._link.client.read_resource(uri))
        except Exception as error:  # shown, whatever it is
            failed = error
        if self._link.left or call is not self._call:
            return  # the result that linked to it is no longer shown
        if failed:
            outcome = outcome_of(failed, self._link)
            widget: ipywidgets.Widget = text_block(error_text(failed), label="error")
            heading = f"{outcome} · The resource {name} cannot be read"
        else:
            widget, heading = drawn(result, python="resource"), f"Resource {name}"
        title = ipywidgets.HTML(f'<div class="mcpk-title">{escape(heading)}</div>')
        self._body.children = (title, widget, *self._body.children)

    def _parts(self, call: Call) -> list[ipywidgets.Widget]:
        if call.result is not None:
            return [drawn(call.result, open_link=self._open_link, python="console.result")]
        if call.let_go:
            return [ipywidgets.HTML(sentence(LET_GO))]
        if call.outcome is Outcome.CLOSED:
            return [ipywidgets.HTML(sentence(CLOSED))]
        if call.error is not None:
            return [text_block(error_text(call.error), label=call.outcome.word)]
        waited = f" {call.dropped} more that waited: not sent." if call.dropped else ""
        sentences = {
            Outcome.CANCELLED: f"The call was cancelled, and the server was told so.{waited}",
            Outcome.NOT_SENT: "It was waiting when Cancel was pressed, so it was not sent.",
        }
        text = sentences.get(call.outcome, "")
        return [ipywidgets.HTML(sentence(text))] if text else []


def drawn(
    result: Any, *, open_link: Callable[[str], None] | None = None, python: str
) -> ipywidgets.Widget:
    """What `shown` makes of a result; where it fails, what Python writes and why it is that."""
    try:
        return shown(result, open_link=open_link, python=python)
    except Exception as error:  # whatever a server sends, it must not be lost
        return text_block(f"It cannot be drawn ({error!r}).\n{result!r}", label="result")


def outcome_line(text: str, outcome: Outcome | None = None, call: str = "") -> str:
    kind = f" mcpk-{outcome.word.replace(' ', '-')}" if outcome else ""
    words = f'<strong>{escape(text)}</strong><span class="mcpk-call">{escape(call)}</span>'
    return f'<div class="mcpk-outcome{kind}" role="status">{words}</div>'


def error_text(error: Exception) -> str:
    """What a call raised: code, message and data of a protocol error, else its type and text."""
    if not isinstance(error, MCPError):
        return f"{type(error).__name__}: {error}"
    data = "" if error.data is None else f"\n{json.dumps(error.data, ensure_ascii=False, indent=2)}"
    return f"{error.code}: {error.message}{data}"
