"""The fields of a form that hold one value: number, choice, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from helpers.forms.choices import Choice
from helpers.forms.context import FieldContext, lines
from helpers.forms.jsontext import number, parsed, same, written
from helpers.forms.kinds import Node
from helpers.forms.problems import ABSENT, DoesNotFit, Path, Problem, Unreadable
from helpers.forms.words import placeholder
from helpers.text import one_line
from helpers.widget_care import dispose


class Field:
    """Something that holds a value of the arguments.

    Attributes:
        widget: what is displayed.
        wide: it needs the full width, below its name.
        hides: it is out of sight while there is no value.
    """

    widget: Any
    wide: ClassVar[bool] = False
    hides: ClassVar[bool] = False

    def read(self) -> Any:
        """The value, with `Unreadable` wherever it has none yet."""
        raise NotImplementedError

    def fill(self, value: Any) -> None:
        """Take a value, or raise DoesNotFit where the field cannot hold it."""
        raise NotImplementedError

    def empty(self) -> bool:
        """Whether what was typed is nothing, so that clearing the field leaves it out again."""
        return False

    def show(self, problems: list[Problem]) -> list[Problem]:
        """Show the problems that stand deeper at their places; returns the others."""
        return problems

    def position(self, path: Path) -> int:
        """Where the field at the beginning of this path stands among those inside."""
        return 0

    def focus(self, path: Path) -> None:
        """Give the focus to the control at this place inside."""
        self.widget.focus()

    def close(self) -> None:
        """Close every widget that the field has made, also what is out of sight."""
        dispose(self.widget)


class NumberField(Field):
    """A number, typed as text so that nothing of it is lost."""

    def __init__(self, context: FieldContext, name: str, node: Node) -> None:
        self.widget = context.line(name, placeholder(node.schema))

    def read(self) -> Any:
        if not self.widget.value.strip():
            return Unreadable("needs a number")
        try:
            return number(self.widget.value)
        except ValueError as error:
            return Unreadable(str(error), self.widget.value)

    def fill(self, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise DoesNotFit("not a number")
        self.widget.value = repr(value)

    def empty(self) -> bool:
        return not self.widget.value.strip()


class ChoiceField(Field):
    """One of several values; left out and null stand among them."""

    def __init__(
        self, context: FieldContext, name: str, node: Node, states: Sequence[tuple[str, Any]] = ()
    ) -> None:
        choices = [Choice(f"({label})", value) for label, value in states]
        self._choices = [*choices, *node.choices]
        only = len(self._choices) == 1
        labels = [one_line(choice.label, 120) for choice in self._choices]
        absent = any(value is ABSENT for _, value in states)
        first = 0 if absent or only else None
        self.widget = context.menu(name, labels, first)

    def read(self) -> Any:
        if self.widget.value is None:
            return Unreadable(f"needs a choice: one of {len(self._choices)}")
        return self._choices[self.widget.value].value

    def fill(self, value: Any) -> None:
        for index, choice in enumerate(self._choices):
            if choice.value is value or same(choice.value, value):
                self.widget.value = index
                return
        raise DoesNotFit("not one of the choices")


class JsonField(Field):
    """Any value, typed as JSON."""

    wide = hides = True

    def __init__(self, context: FieldContext, name: str, node: Node, start: str = "") -> None:
        self._text = context.area(f"{name}, as JSON", start, "JSON", "mcpk-json")
        self.widget = self._text
        if node.note:
            self.widget = context.box([context.sentence(node.note), self._text], "mcpk-stack")

    def read(self) -> Any:
        if not self._text.value.strip():
            return Unreadable('needs JSON, such as {"a": 1}, [1, 2] or "text"')
        try:
            return parsed(self._text.value)
        except ValueError as error:
            return Unreadable(str(error), self._text.value)

    def fill(self, value: Any) -> None:
        text = written(value)
        self._text.rows = lines(text)
        self._text.value = text

    def focus(self, path: Path) -> None:
        self._text.focus()
