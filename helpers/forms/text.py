"""The field of a text, on one line or on several."""

from __future__ import annotations

from typing import Any

from helpers.forms.context import FieldContext
from helpers.forms.fields import Field
from helpers.forms.jsontext import typable
from helpers.forms.kinds import Node
from helpers.forms.problems import DoesNotFit, Path
from helpers.forms.words import examples, placeholder
from helpers.text import one_line
from helpers.widget_care import dispose


class TextField(Field):
    """A string, on one line or on several."""

    def __init__(self, context: FieldContext, name: str, node: Node) -> None:
        self._context, self._name, self._node = context, name, node
        self._lines = _several_lines(node.schema)
        self._text = self._made()
        self._line: Any = None  # what the text was typed into before it had several lines
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
        self._line, self._text = self._text, self._made(self._text.value)
        # the last letters typed into the line may still be on their way from the browser
        self._line.observe(lambda change: self._text.set_trait("value", change.new), "value")
        *_, button = self.widget.children
        self.widget.children = (self._text,)
        dispose(button)

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

    def close(self) -> None:
        super().close()
        if self._line:
            dispose(self._line)


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
