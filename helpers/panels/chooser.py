"""A list to choose from, with a filter."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from helpers.panels.link import Link
from helpers.panels.safe import one_line

LABEL_CHARACTERS = 80


class Chooser:
    """A list of names, filtered as one types; what was chosen stays chosen when it is refilled.

    Args:
        link: whose loop choosing is done on.
        noun: what is listed, in the plural, such as "prompts".
        on_choose: called with the key of what is chosen.
        on_refresh: called when the list is to be asked for again.
    """

    def __init__(
        self,
        link: Link,
        noun: str,
        on_choose: Callable[[str], None],
        on_refresh: Callable[[], None],
    ) -> None:
        self.chosen: str | None = None
        self._noun = noun
        self._on_choose = on_choose
        self._items: dict[str, str] = {}
        self._filter = ipywidgets.Text(
            description=f"Filter {noun}", placeholder="type a part of it"
        )
        self._select = ipywidgets.Select(description=noun.capitalize())
        for control in (self._filter, self._select):
            control.add_class("mcpk-above")
        self._select.add_class("mcpk-grow")
        self._filter.observe(link.on_loop(self._show), "value")
        self._select.observe(link.on_loop(self._changed), "value")
        self._filling = False
        refresh = ipywidgets.Button(
            description="Refresh", tooltip=f"Ask the server for its list of {noun} again"
        )
        refresh.on_click(link.on_loop(on_refresh))
        self.widget = ipywidgets.VBox([self._filter, self._select, refresh])
        self.widget.add_class("mcpk-list")

    def fill(self, items: dict[str, str]) -> None:
        """Show these: a key, and the name to show for it (from anywhere: it is made safe)."""
        self._items = {key: one_line(name, LABEL_CHARACTERS) for key, name in items.items()}
        self._show()

    def mark(self, key: str) -> None:
        """Mark what was chosen elsewhere, also where the filter hides it."""
        self.chosen = key
        self._filter.value = ""
        self._show()

    def _show(self) -> None:
        wanted = self._filter.value.strip().casefold()
        found = [(name, key) for key, name in self._items.items() if wanted in name.casefold()]
        shown = {key for _, key in found}
        self._filling = True  # a new list of options chooses its first
        try:
            with self._select.hold_sync():
                self._select.options = found
                self._select.value = self.chosen if self.chosen in shown else None
                some = f"{len(found)} of " if wanted else ""
                self._select.description = f"{self._noun.capitalize()} ({some}{len(self._items)})"
        finally:
            self._filling = False

    def _changed(self) -> None:
        if not self._filling and self._select.value is not None:
            self.chosen = self._select.value
            self._on_choose(self.chosen)
