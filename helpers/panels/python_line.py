"""A call as the line of Python that makes it."""

from __future__ import annotations

import math
from typing import Any

import ipywidgets

from helpers.panels.link import Link


def python_line(tool: str, arguments: dict[str, Any], client: str = "client") -> str:
    """The line that makes this call, such as `await client.call_tool("add", {"a": 1, "b": 2})`.

    The arguments are written as a Python literal that evaluates to the very same values,
    in visible characters only.
    """
    return f"await {client}.call_tool({literal(tool)}, {literal(arguments)})"


def literal(value: Any) -> str:
    """A JSON value as Python, its strings in double quotes."""
    match value:
        case str():
            return f'"{"".join(map(_character, value))}"'
        case dict():
            items = (f"{literal(key)}: {literal(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
        case list() | tuple():
            return f"[{', '.join(map(literal, value))}]"
        case float() if not math.isfinite(value):  # json.loads reads 1e999 as one
            return f'float("{value}")'
    return repr(value)


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


class PythonLine:
    """The line in a text area: Tab and Ctrl+A, or a triple click, selects it for copying."""

    def __init__(self, link: Link) -> None:
        self._line = ""
        self.widget = ipywidgets.Textarea(
            description="In Python", rows=2, tooltip="The same call in Python, to copy"
        )
        for name in ("mcpk-above", "mcpk-mono"):
            self.widget.add_class(name)
        # ipywidgets has no read-only text that can be selected with the keyboard
        self.widget.observe(link.on_loop(lambda: self.write(self._line)), "value")

    def show(self, tool: str, arguments: dict[str, Any] | None) -> None:
        """Write the call of this tool; without arguments, that they are not complete."""
        unfinished = "# the line stands here when the form is complete"
        self.write(unfinished if arguments is None else python_line(tool, arguments))

    def clear(self) -> None:
        self.write("")

    def write(self, line: str) -> None:
        """Show this line."""
        self._line = line
        self.widget.value = line
