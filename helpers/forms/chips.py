"""The field of a list whose items are choices: they stand in a line, and their order is kept."""

from __future__ import annotations

from typing import Any

from helpers.forms.context import FieldContext
from helpers.forms.fields import Field
from helpers.forms.jsontext import same
from helpers.forms.kinds import Node
from helpers.forms.lists import MOST_ITEMS
from helpers.forms.problems import DoesNotFit, Path
from helpers.text import escape, one_line
from helpers.widget_care import replace


class ChipsField(Field):
    """A list of choices, in order: one adds, removes and moves them."""

    hides = True

    def __init__(self, context: FieldContext, name: str, node: Node, item: Node) -> None:
        self._context, self._name, self._choices = context, name, item.choices
        self._unique = node.schema.get("uniqueItems") is True
        self._chosen: list[int] = []
        self._chips = context.box([], "mcpk-chips")
        quiet = context.inside(node, lambda: None)  # to look for one is no edit yet
        self._menu = quiet.menu(f"{name}: what to add", [], None)
        add = f"add what is chosen to {one_line(name)}"
        self._add_button = context.button(add, self._add, "add")
        adding = context.box([self._menu, self._add_button], "mcpk-line")
        self.widget = context.box([self._chips, adding], "mcpk-stack")
        self._arrange()

    def _label(self, index: int) -> str:
        return one_line(self._choices[index].label, 60)

    def _arrange(self) -> None:
        replace(self._chips, [self._chip(place) for place in range(len(self._chosen))])
        left = [
            index
            for index in range(len(self._choices))
            if not (self._unique and index in self._chosen)
        ]
        self._menu.options = [(self._label(index), index) for index in left]
        self._menu.disabled = self._add_button.disabled = not left
        self._menu.value = left[0] if left else None

    def _chip(self, place: int) -> Any:
        label = self._label(self._chosen[place])
        remove = self._context.button(
            f"remove {label} from {one_line(self._name)}", lambda: self._remove(place), "remove"
        )
        parts = [self._context.markup(f"<span>{escape(label)}</span>"), remove]
        if place:
            earlier = f"move {label} before {self._label(self._chosen[place - 1])}"
            move = self._context.button(earlier, lambda: self._earlier(place), "earlier")
            parts.insert(0, move)
        return self._context.box(parts, "mcpk-chip")

    def _add(self) -> None:
        if self._menu.value is not None:
            self._set([*self._chosen, self._menu.value])

    def _remove(self, place: int) -> None:
        self._set(self._chosen[:place] + self._chosen[place + 1 :])
        self._menu.focus()  # the button that had it is gone

    def _earlier(self, place: int) -> None:
        chosen = list(self._chosen)
        chosen.insert(place - 1, chosen.pop(place))
        self._set(chosen)
        moved = self._chips.children[place - 1].children
        (moved[0] if place > 1 else moved[-1]).focus()  # the chips are drawn anew

    def _set(self, chosen: list[int]) -> None:
        self._chosen = chosen
        self._arrange()
        self._context.changed()

    def read(self) -> Any:
        return [self._choices[index].value for index in self._chosen]

    def fill(self, value: Any) -> None:
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise DoesNotFit("not a list, or a long one")
        self._set([self._position(item) for item in value])

    def _position(self, item: Any) -> int:
        for index, choice in enumerate(self._choices):
            if same(choice.value, item):
                return index
        raise DoesNotFit("not one of the choices")

    def focus(self, path: Path) -> None:
        self._menu.focus()
