"""The fields of a form that hold one value: text, number, choice, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from helpers.forms.choices import Choice
from helpers.forms.context import FieldContext, lines
from helpers.forms.jsontext import number, parsed, same, typable, written
from helpers.forms.kinds import Node
from helpers.forms.problems import ABSENT, DoesNotFit, Path, Problem, Unreadable
from helpers.forms.words import examples, placeholder
from helpers.panels.safe import one_line
from helpers.widget_care import dispose, replace


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


class TextField(Field):
    """A string, on one line or on several."""

    def __init__(self, context: FieldContext, name: str, node: Node) -> None:
        self._context, self._name, self._node = context, name, node
        self._lines = _several_lines(node.schema)
        self._text = self._made()
        self.widget = self._text
        if not self._lines and _may_break(node.schema):
            tooltip = f"{one_line(name)}: write several lines"
            more = context.button(tooltip, self._write_on, "lines")
            self.widget = context.box([self._text, more], "mcpk-line")

    def _made(self, value: str = "") -> Any:
        hint = placeholder(self._node.schema)
        if self._lines:
            return self._context.area(self._name, value, hint)
        return self._context.line(self._name, hint)

    def _expand(self) -> None:
        self._lines = True
        self._text = self._made(self._text.value)
        replace(self.widget, [self._text])

    def _write_on(self) -> None:
        self._expand()
        self._text.focus()  # the button that had it is gone

    def read(self) -> Any:
        return self._text.value

    def fill(self, value: Any) -> None:
        if not isinstance(value, str):
            raise DoesNotFit("not a text")
        if "\n" in typable(value) and not self._lines:
            if self.widget is self._text:
                raise DoesNotFit("several lines in a field of one")
            self._expand()
        self._text.value = value

    def focus(self, path: Path) -> None:
        self._text.focus()


def _several_lines(schema: dict[str, Any]) -> bool:
    samples = [schema.get("default"), *examples(schema)]
    long = any(isinstance(text, str) and ("\n" in text or len(text) > 120) for text in samples)
    return (
        long
        or _at_least(schema.get("maxLength"), 200)
        or _at_least(schema.get("minLength"), 80)
        or "contentMediaType" in schema
        or schema.get("format") in ("multiline", "textarea", "markdown")
    )


def _may_break(schema: dict[str, Any]) -> bool:
    return not any(word in schema for word in ("format", "pattern", "maxLength"))


def _at_least(value: Any, least: int) -> bool:
    return isinstance(value, (int, float)) and value >= least


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
