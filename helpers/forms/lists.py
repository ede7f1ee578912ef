"""The fields of a form that hold lists."""

from __future__ import annotations

from typing import Any

from helpers.forms.context import FieldContext
from helpers.forms.fields import Field
from helpers.forms.kinds import Node
from helpers.forms.members import item_schemas
from helpers.forms.problems import ABSENT, DoesNotFit, Path, Problem, Unreadable, divided
from helpers.forms.slots import Slot
from helpers.text import one_line
from helpers.widget_care import dispose, replace

MOST_ITEMS = 100  # with fields of their own; longer lists are edited as JSON
MOST_AT_FIRST = 3  # empty items, where the schema asks for some
MOST_PLACES = 8  # of a tuple, that stand there from the beginning


class ListField(Field):
    """A list whose items have fields: add, remove, move up and down."""

    wide = hides = True

    def __init__(self, context: FieldContext, name: str, node: Node) -> None:
        self._context, self._name = context, name
        self._first, self._rest = item_schemas(node.schema)
        self._slots: list[Slot] = []
        self._rows: dict[Slot, Any] = {}
        add = self._context.button(f"add an item to {one_line(name)}", self._add, "add")
        self._items = self._context.box([], "mcpk-stack")
        children = [self._items] if self._rest is False else [self._items, add]
        self.widget = self._context.box(children, "mcpk-stack", "mcpk-inner")
        least = node.schema.get("minItems", 0)
        least = min(int(least), MOST_AT_FIRST) if isinstance(least, (int, float)) else 0
        for _ in range(max(least, min(len(self._first), MOST_PLACES))):
            self._append()
        self._arrange()

    def _append(self) -> Slot:
        index = len(self._slots)
        schema = self._first[index] if index < len(self._first) else self._rest
        slot = Slot(self._context, str(index + 1), schema, within=f"{self._name} ")
        self._slots.append(slot)
        self._rows[slot] = self._row(slot)
        return slot

    def _row(self, slot: Slot) -> Any:
        remove = self._context.button("remove", lambda: self._remove(slot), "remove")
        if self._first:  # what stands where decides what it is
            return self._context.box([slot.widget, remove], "mcpk-item")
        up = self._context.button("move up", lambda: self._move(slot, -1), "up")
        down = self._context.button("move down", lambda: self._move(slot, 1), "down")
        return self._context.box([slot.widget, up, down, remove], "mcpk-item")

    def _add(self) -> None:
        slot = self._append()
        self._arrange()
        slot.focus(())
        self._context.changed()

    def _remove(self, slot: Slot) -> None:
        self._drop([slot])
        self._arrange()
        self.widget.children[-1].focus()  # the button that had it is gone
        self._context.changed()

    def _drop(self, slots: list[Slot]) -> None:
        self._slots = [slot for slot in self._slots if slot not in slots]
        replace(self._items, [self._rows[slot] for slot in self._slots])
        for slot in slots:
            slot.close()
            dispose(self._rows.pop(slot))

    def _move(self, slot: Slot, by: int) -> None:
        index = self._slots.index(slot)
        other = max(0, min(len(self._slots) - 1, index + by))
        self._slots.insert(other, self._slots.pop(index))
        self._arrange()
        slot.focus(())  # it is drawn anew
        self._context.changed()

    def _arrange(self) -> None:
        for index, slot in enumerate(self._slots):
            if slot.name != str(index + 1):
                slot.rename(str(index + 1))
            self._name_buttons(index, self._rows[slot].children[1:])
        self._items.children = tuple(self._rows[slot] for slot in self._slots)

    def _name_buttons(self, index: int, buttons: tuple[Any, ...]) -> None:
        *moves, remove = buttons
        last = index == len(self._slots) - 1
        _call(remove, f"remove item {index + 1} of {one_line(self._name)}")
        remove.disabled = bool(self._first) and not last  # the others would change their place
        for button, word, ends in zip(moves, ("up", "down"), (index == 0, last), strict=False):
            _call(button, f"move item {index + 1} of {one_line(self._name)} {word}")
            button.disabled = ends

    def read(self) -> Any:
        read = [slot.read() for slot in self._slots]
        return [Unreadable("needs a value") if value is ABSENT else value for value in read]

    def fill(self, value: Any) -> None:
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise DoesNotFit("not a list, or a long one")
        if self._rest is False and len(value) > len(self._first):
            raise DoesNotFit("more items than there are fields")
        self._drop(self._slots[len(value) :])
        while len(self._slots) < len(value):
            self._append()
        for slot, item in zip(self._slots, value, strict=True):
            slot.fill(item)
        self._arrange()
        self._context.changed()

    def show(self, problems: list[Problem]) -> list[Problem]:
        deeper, here = divided(problems, range(len(self._slots)))
        for index, slot in enumerate(self._slots):
            slot.show(deeper[index])
        return here

    def focus(self, path: Path) -> None:
        if path and path[0] in range(len(self._slots)):
            self._slots[int(path[0])].focus(path[1:])
        else:
            self.widget.children[-1].focus()

    def close(self) -> None:
        for slot in self._slots:
            slot.close()
            dispose(self._rows[slot])
        super().close()


def _call(button: Any, name: str) -> None:
    button.description = button.tooltip = name
