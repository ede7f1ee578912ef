"""A list to choose from, with a filter."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

import ipywidgets

from helpers.panels.arrivals import Arrivals
from helpers.panels.link import Link
from helpers.panels.safe import sentence
from helpers.text import one_line

LABEL_CHARACTERS = 80
OFFERED = 1_000  # at a time: a browser draws each of them

Key = TypeVar("Key", bound=Hashable)


class Chooser(Generic[Key]):
    """A list of names, filtered as one types; what was chosen stays chosen when it is refilled.

    Args:
        link: whose loop choosing is done on.
        noun: what is listed, in the plural, such as "prompts".
        on_choose: called with the key of what is chosen.
        on_refresh: called when the list is to be asked for again.
        arrivals: holds Enter back until the filter has come as it was typed.
    """

    def __init__(
        self,
        link: Link,
        noun: str,
        on_choose: Callable[[Key], object],
        on_refresh: Callable[[], object],
        arrivals: Arrivals,
    ) -> None:
        self.chosen: Key | None = None
        self._noun = noun
        self._on_choose = on_choose
        self._arrivals = arrivals
        self._names: dict[Key, str] = {}
        self._searched: dict[Key, str] = {}
        self._note = ""
        self._filling = False
        self._filter = ipywidgets.Text(description="Filter", placeholder="a word, then Enter")
        # with the keyboard one filters and presses Enter: see the history for why not with arrows
        self._select = ipywidgets.Select(description=noun.capitalize(), tabbable=False)
        for control in (self._filter, self._select):
            control.add_class("mcpk-above")
        self._select.add_class("mcpk-grow")
        self._filter.observe(link.on_loop(self._show), "value")
        self._filter.on_msg(self._enter)
        self._select.observe(link.on_loop(self._changed), "value")
        self._said = ipywidgets.HTML()  # what there is to say of the list
        refresh = ipywidgets.Button(
            description="Refresh", tooltip=f"Ask the server for its list of {noun} again"
        )
        refresh.on_click(link.on_loop(on_refresh))
        self.widget = ipywidgets.VBox([self._filter, self._select, self._said, refresh])
        self.widget.add_class("mcpk-list")

    def fill(
        self,
        names: Mapping[Key, str],
        searched: Mapping[Key, str] | None = None,
        note: str = "",
    ) -> None:
        """Show these.

        Args:
            names: a key, and the name to show for it (from anywhere: it is made safe).
            searched: the text in which the filter looks, where it is not the name.
            note: what there is to say of the list.
        """
        self._note = note
        self._names = {key: one_line(name, LABEL_CHARACTERS) for key, name in names.items()}
        texts = (self._names if searched is None else searched).items()
        self._searched = {key: text.casefold() for key, text in texts}
        self._show()

    def mark(self, key: Key) -> None:
        """Mark what was chosen elsewhere, also where the filter hides it."""
        self.chosen = key
        self._filter.value = ""
        self._show()

    @property
    def _wanted(self) -> str:
        return str(self._filter.value).strip().casefold()

    def _found(self) -> list[Key]:
        wanted = self._wanted
        return [key for key in self._names if wanted in self._searched[key]]

    def _distance(self, key: Key) -> tuple[bool, bool, bool]:
        """How far a name is from what is typed: the smallest is the same."""
        wanted, name = self._wanted, self._names[key].casefold()
        return name != wanted, not name.startswith(wanted), wanted not in name

    def _offered(self, found: list[Key]) -> list[Key]:
        """As many as a browser can show: what is chosen, and the nearest to what is typed."""
        if len(found) <= OFFERED:
            return found
        nearest = sorted(found, key=lambda key: (key != self.chosen, *self._distance(key)))
        return nearest[:OFFERED]

    def _show(self) -> None:
        found = self._found()
        offered = self._offered(found)
        some = f"{len(found)} of " if self._wanted else ""
        self._filling = True  # a new list of options chooses its first
        try:
            with self._select.hold_sync():
                self._select.options = [(self._names[key], key) for key in offered]
                self._select.value = self.chosen if self.chosen in offered else None
                self._select.description = f"{self._noun.capitalize()} ({some}{len(self._names)})"
        finally:
            self._filling = False
        hidden = len(found) - len(offered)
        rest = f"{hidden:,} more are not shown: filter to find them." if hidden else ""
        said = " ".join(filter(None, [self._note, rest]))
        self._said.value = sentence(said) if said else ""

    def _changed(self) -> None:
        key = self._select.value
        if not self._filling and key is not None and key != self.chosen:
            self.chosen = key
            self._on_choose(key)

    def _enter(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            self._arrivals.then(self._choose_best)

    def _choose_best(self) -> None:
        """Enter in the filter chooses what has the name that is nearest to it, or the first."""
        if found := self._found():
            self._select.value = min(found, key=self._distance)
