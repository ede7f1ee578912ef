"""The tool that is open: what it says of itself, its form, and the call in Python."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import ipywidgets
from mcp.types import Tool

from helpers.forms import Form
from helpers.panels.about import about
from helpers.panels.keeping import Keeping
from helpers.panels.link import Link
from helpers.panels.python_line import PythonLine
from helpers.text import escape, one_line


class Desk:
    """One tool at a time. The form of each is built when it is first opened, and then kept.

    Args:
        link: whose loop edits are heard on.
        on_submit: called when Enter is pressed in a single-line field.
        on_edit: called when the form was edited by hand.
    """

    def __init__(
        self, link: Link, on_submit: Callable[[], None], on_edit: Callable[[], None]
    ) -> None:
        self.tool: Tool | None = None
        self._link = link
        self.python = PythonLine(link)
        self._on_submit = on_submit
        self._on_edit = on_edit
        self._filling = False
        self._kept: dict[str, tuple[Any, Form]] = {}
        self._about = ipywidgets.HTML()
        self._form = Keeping(also=lambda: [form for _, form in self._kept.values()])
        self.widget = ipywidgets.VBox([self._about, self._form])
        self.widget.add_class("mcpk-desk")

    @property
    def form(self) -> Form | None:
        """The form of the tool that is open, with what was typed."""
        return self._form_of(self.tool) if self.tool else None

    def _form_of(self, tool: Tool) -> Form:
        """The form that was filled before, unless the tool has another schema now."""
        schema, form = self._kept.get(tool.name, (None, None))
        if form is None or schema != tool.input_schema:
            before, form = form, Form(tool.input_schema, on_submit=self._on_submit)
            form.on_change(self._link.on_loop(self._edited))
            self._kept[tool.name] = tool.input_schema, form
            if before:
                before.close()
        return form

    def open(self, tool: Tool) -> None:
        """Show a tool, with what was typed for it before.

        Raises:
            Exception: its form cannot be built; no tool is open then, and a sentence says why.
        """
        try:
            form = self._form_of(tool)
        except Exception as error:
            self.clear(f"The form of {one_line(tool.name)} cannot be drawn: {error!r}")
            raise
        self.tool = tool
        self._about.value = about(tool)
        self._form.children = [form.widget]
        self._preview()

    def fill(self, arguments: dict[str, Any]) -> None:
        """Put arguments into the form of the tool that is open."""
        self._filling = True
        try:
            if self.form:
                self.form.fill(copy.deepcopy(arguments))
        finally:
            self._filling = False

    def clear(self, sentence: str) -> None:
        """Show no tool, and say why."""
        self.tool, self._form.children = None, []
        self._about.value = escape(sentence)
        self.python.clear()

    def _edited(self) -> None:
        self._preview()
        if not self._filling:
            self._on_edit()

    def _preview(self) -> None:
        """Write the Python line as the form stands."""
        if self.tool:
            self.python.show(self.tool.name, self._form_of(self.tool).draft())
