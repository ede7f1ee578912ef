"""The form of each tool, built when the tool is first opened and kept with what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.types import Tool

from helpers.forms import Form


class ToolForms:
    """Forms by the name of their tool.

    Args:
        on_submit: called when Enter is pressed in a single-line field.
        on_change: called after any edit.
    """

    def __init__(self, on_submit: Callable[[], None], on_change: Callable[[], None]) -> None:
        self._on_submit = on_submit
        self._on_change = on_change
        self._kept: dict[str, tuple[Any, Form]] = {}

    def of(self, tool: Tool) -> Form:
        """The form of this tool: the one that was filled before, unless the schema has changed."""
        schema, form = self._kept.get(tool.name, (None, None))
        if form is None or schema != tool.input_schema:
            form = Form(tool.input_schema, on_submit=self._on_submit)
            form.on_change(self._on_change)
            self._kept[tool.name] = tool.input_schema, form
        return form
