"""The fields of a form that hold objects: named properties, and keys of one's own."""

from __future__ import annotations

from typing import Any, NamedTuple

from helpers.forms.context import FieldContext
from helpers.forms.fields import Field
from helpers.forms.jsontext import brief, typable
from helpers.forms.kinds import Node
from helpers.forms.members import other_keys, properties
from helpers.forms.problems import ABSENT, DoesNotFit, Path, Problem, Unreadable, divided
from helpers.forms.slots import Slot
from helpers.text import one_line
from helpers.widget_care import dispose, replace

MOST_KEYS = 100  # of one's own


class ObjectField(Field):
    """An object: a row for every property, and a map where other keys are foreseen."""

    wide = hides = True

    def __init__(self, context: FieldContext, name: str, node: Node) -> None:
        required = node.schema.get("required")
        required = set(map(str, required)) if isinstance(required, list) else ()
        before = f"{name}." if name else ""
        self._slots = {
            key: Slot(context, key, schema, required=key in required, within=before)
            for key, schema in properties(node.schema).items()
        }
        self._positions: dict[Any, int] = {key: index for index, key in enumerate(self._slots)}
        rows = [slot.widget for slot in self._slots.values()]
        others = other_keys(node.schema)
        self._map = None if others is False else MapField(context, name, others)
        if self._map:
            rows.append(self._map.widget)
        if not rows:
            rows.append(context.sentence("There is nothing to fill in."))
        classes = ("mcpk-inner",) if context.depth else ()
        self.widget = context.box(rows, "mcpk-stack", *classes)

    def read(self) -> Any:
        read = {key: slot.read() for key, slot in self._slots.items()}
        read = {key: value for key, value in read.items() if value is not ABSENT}
        for key, value in self._map.pairs() if self._map else ():
            twin = f"stands under a key that is used twice: {brief(key)}"
            read[key] = Unreadable(twin) if key in read or key in self._slots else value
        return read

    def fill(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise DoesNotFit("not an object")
        others = {key: item for key, item in value.items() if key not in self._slots}
        if others and not self._map:
            raise DoesNotFit("keys that have no field")
        for key, slot in self._slots.items():
            slot.fill(value.get(key, ABSENT))
        if self._map:
            self._map.fill(others)

    def show(self, problems: list[Problem]) -> list[Problem]:
        known = {**(self._map.slots() if self._map else {}), **self._slots}
        deeper, here = divided(problems, known)
        for key, slot in known.items():
            slot.show(deeper[key])
        return here

    def position(self, path: Path) -> int:
        return self._positions.get(path[0] if path else None, len(self._positions))

    def focus(self, path: Path) -> None:
        known = {**(self._map.slots() if self._map else {}), **self._slots}
        first = path[0] if path and path[0] in known else next(iter(known), None)
        if first is not None:
            known[str(first)].focus(path[1:])

    def close(self) -> None:
        for slot in self._slots.values():
            slot.close()
        if self._map:
            self._map.close()
        super().close()


class _Row(NamedTuple):
    """A key and its value, and the widget that shows both."""

    key: Any
    slot: Slot
    widget: Any


class MapField:
    """Rows of a key and its value."""

    def __init__(self, context: FieldContext, name: str, schema: Any) -> None:
        self._context, self._name, self._schema = context, name, schema
        self._rows: list[_Row] = []
        self._items = context.box([], "mcpk-stack")
        of = f" to {one_line(name)}" if name else ""
        add = context.button(f"add a key{of}", self._add, "add")
        self.widget = context.box([self._items, add], "mcpk-stack")

    def _append(self, key: str = "") -> Slot:
        number = len(self._rows) + 1
        text = self._context.line(f"{self._name} key {number}".strip(), "key")
        text.value = key
        slot = Slot(self._context, f"value {number}", self._schema, within=f"{self._name} ")
        remove = self._context.button(f"remove key {number}", lambda: self._remove(slot), "remove")
        row = self._context.box([text, slot.widget, remove], "mcpk-item", "mcpk-pair")
        self._rows.append(_Row(text, slot, row))
        return slot

    def _add(self) -> None:
        self._append()
        self._arrange()
        self._rows[-1].key.focus()
        self._context.changed()

    def _remove(self, slot: Slot) -> None:
        self._drop([row for row in self._rows if row[1] is slot])
        self._context.changed()

    def _drop(self, rows: list[_Row]) -> None:
        self._rows = [row for row in self._rows if row not in rows]
        self._arrange()
        for row in rows:
            row.slot.close()

    def _arrange(self) -> None:
        replace(self._items, [row.widget for row in self._rows])

    def pairs(self) -> list[tuple[str, Any]]:
        """Every key with its value, also where a key stands twice."""
        return [(row.key.value, row.slot.read()) for row in self._rows]

    def slots(self) -> dict[str, Slot]:
        """The places of the values."""
        return {row.key.value: row.slot for row in self._rows}

    def fill(self, values: dict[str, Any]) -> None:
        if len(values) > MOST_KEYS:
            raise DoesNotFit("many keys")
        if any("\n" in typable(key) for key in values):
            raise DoesNotFit("a key of several lines")
        self._drop(self._rows)
        slots = [self._append(key) for key in values]
        self._arrange()
        for slot, value in zip(slots, values.values(), strict=True):
            slot.fill(value)
        self._context.changed()

    def close(self) -> None:
        """Close every widget of the map."""
        self._drop(self._rows)
        dispose(self.widget)
