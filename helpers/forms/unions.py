"""The field of a value that may be one of several things: a chooser, and the field of each."""

from __future__ import annotations

from typing import Any

from helpers.forms.context import FieldContext
from helpers.forms.fields import Field
from helpers.forms.jsontext import same
from helpers.forms.kinds import Node
from helpers.forms.problems import DoesNotFit, Path, Problem, unreadable
from helpers.text import one_line


class UnionField(Field):
    """Alternatives. The field of each is made when it is chosen, and kept."""

    wide = hides = True

    def __init__(self, context: FieldContext, name: str, node: Node) -> None:
        self._context, self._name, self._branches = context, name, node.branches
        self._fields: dict[int, Field] = {}
        labels = [one_line(title, 60) for title, _ in node.branches]
        choose = context.inside(node, self._choose)
        self._menu = choose.menu(f"{name}: which kind", labels, 0, "mcpk-kind")
        self.widget = context.box([self._menu, self._field().widget], "mcpk-union")

    def _field(self, index: int | None = None) -> Field:
        index = self._menu.value if index is None else index
        if index not in self._fields:
            branch = self._branches[index][1]
            context = self._context.inside(branch, self._context.changed)
            self._fields[index] = context.make_field(context, self._name, branch)
        return self._fields[index]

    def _choose(self) -> None:
        self.widget.children = (self._menu, self._field().widget)
        self._context.changed()

    def read(self) -> Any:
        return self._field().read()

    def fill(self, value: Any) -> None:
        checker = self._context.checker
        fits = [not checker or checker.allows(value, one.schema) for _, one in self._branches]
        for index in sorted(range(len(fits)), key=lambda index: not fits[index]):
            if self._takes(index, value):
                self._menu.value = index
                return
        raise DoesNotFit("none of the alternatives")

    def _takes(self, index: int, value: Any) -> bool:
        field = self._field(index)
        try:
            field.fill(value)
        except DoesNotFit:
            return False
        read = field.read()
        return next(unreadable(read), None) is None and same(read, value)

    def show(self, problems: list[Problem]) -> list[Problem]:
        return self._field().show(problems)

    def position(self, path: Path) -> int:
        return self._field().position(path)

    def focus(self, path: Path) -> None:
        self._field().focus(path)

    def close(self) -> None:
        for field in self._fields.values():
            field.close()
        super().close()
