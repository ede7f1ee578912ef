"""A text field that offers what the server suggests, as one types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import ipywidgets
from mcp.types import CompleteResult

from helpers.panels.asking import in_time
from helpers.panels.link import Link
from helpers.panels.pane import failure
from helpers.panels.safe import sentence
from helpers.text import visible

Ask = Callable[[str], Awaitable[CompleteResult]]


class CompletingField:
    """A single-line field with the server's suggestions.

    Args:
        link: where to ask.
        name: what stands above the field.
        ask: asks the server how a beginning may go on; None: it suggests nothing.
        on_edit: called after each edit.
        on_submit: called when Enter is pressed.

    Source: https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion
    """

    def __init__(
        self,
        link: Link,
        name: str,
        ask: Ask | None,
        on_edit: Callable[[], None],
        on_submit: Callable[[], None],
    ) -> None:
        self._link = link
        self._ask = ask
        self._asking = False
        self._on_edit = on_edit
        self._on_submit = on_submit
        self.field = ipywidgets.Combobox(description=name, continuous_update=True)
        self.field.add_class("mcpk-above")
        self._hint = ipywidgets.HTML()
        self.field.observe(link.on_loop(self._edited), "value")
        self.field.on_msg(self._told)
        self.widget = ipywidgets.VBox([self.field, self._hint])
        self.suggest()

    @property
    def value(self) -> str:
        return str(self.field.value)

    def hint(self, text: str) -> None:
        self._hint.value = sentence(text) if text else ""

    def _edited(self) -> None:
        self.hint("")
        self._on_edit()
        self.suggest()

    def _told(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            self._on_submit()

    def suggest(self) -> None:
        """Ask for suggestions, one question at a time: the next is about what stands there then."""
        if self._ask and not self._asking:
            self._asking = True
            self._link.submit(self._suggest(self._ask))

    async def _suggest(self, ask: Ask) -> None:
        try:
            asked = None
            while asked != self.value:
                asked = self.value
                values = (await in_time(ask(asked))).completion.values
                if not self._link.left:
                    self._offer(values)
        except Exception as error:  # shown, whatever it is
            line, details = failure(error, self._link)
            self._hint.value = f"{sentence('No suggestions:')}{line}{details}"
        finally:
            self._asking = False

    def _offer(self, values: list[str]) -> None:
        # to choose one is to send it: what cannot be seen must not be among them
        plain = [value for value in values if visible(value) == value]
        self.field.options = list(dict.fromkeys(plain))
        if hidden := len(values) - len(plain):
            self.hint(f"{hidden} more suggestions hold invisible characters and are not offered.")
