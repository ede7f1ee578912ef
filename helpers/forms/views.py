"""The two views of the arguments: as fields, and as JSON in an editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from helpers.forms.build import make_field
from helpers.forms.context import FieldContext, sentence
from helpers.forms.fields import Field, JsonField
from helpers.forms.jsontext import same, too_deep, written
from helpers.forms.kinds import Node
from helpers.forms.problems import DoesNotFit, Problem, as_typed, spoken, unreadable
from helpers.text import escape
from helpers.widget_care import dispose

_DOES_NOT_FIT = "These arguments do not fit into the fields, so they stand here as JSON."


class Views:
    """Fields, and a JSON editor for what does not fit into them or for whoever prefers it.

    Args:
        context: of all fields.
        root: the node of the arguments as a whole; of the kind json, there are no fields.
        note: why there are none.
        on_switch: called when somebody wants the other view.

    Attributes:
        widget: what is displayed.
        insists: whether every problem is shown, also of fields that nobody has touched.
    """

    def __init__(
        self, context: FieldContext, root: Node, note: str, on_switch: Callable[[], None]
    ) -> None:
        self._context, self._note = context, note
        self.insists = False
        self._fields: Field | None = None
        if root.kind != "json":
            self._fields = make_field(context, "", root)
        self._editor: JsonField | None = None
        self._began: Any = None  # what the editor began with, where the fields hold it
        self._remark = context.sentence("")
        self._problem = context.markup("", "mcpk-problem")
        self._switch = context.button("JSON", on_switch)
        self._foot = context.box([self._switch], "mcpk-foot")
        self.widget: ipywidgets.Widget = ipywidgets.VBox(_dom_classes=("mcpk-form",))
        if self._fields:
            self._arrange()
        else:
            self._edit_json({}, note)

    def read(self) -> Any:
        """The arguments as they stand, with `Unreadable` wherever there is no value yet."""
        shown = self._editor or self._fields
        return shown.read() if shown else {}

    def fill(self, arguments: Any) -> None:
        """Put arguments into the fields; those that do not fit, into the editor."""
        if self._take(arguments):
            self._leave_editor()
        else:
            self._edit_json(arguments, _DOES_NOT_FIT if self._fields else self._note)

    def show(self, problems: list[Problem], remark: str) -> None:
        """Show problems, each at its field, and a remark below them all."""
        here = problems
        if self._fields and not self._editor:
            here = self._fields.show(problems)
        said = [spoken(problem) for problem in here] if self.insists or self._editor else []
        said += [remark] * bool(remark)
        html = "".join(f"<div>! {escape(text)}</div>" for text in said)
        if self._problem.value != html:
            self._problem.value = html

    def position(self, problem: Problem) -> int:
        """Where the field of a problem stands among the fields."""
        return self._fields.position(problem.path) if self._fields else 0

    def focus(self, problem: Problem) -> None:
        """Give the focus to what has to be mended."""
        if self._editor:
            self._editor.focus(())
        elif self._fields:
            self._fields.focus(problem.path)

    def switch(self) -> None:
        """Show the other view; the editor stays where its arguments do not fit."""
        if not self._editor:
            arguments = as_typed(self.read())
            self._edit_json(arguments, "")
            self._began = arguments
            return
        arguments = self._editor.read()
        readable = next(unreadable(arguments), None) is None
        if same(arguments, self._began) or (readable and self._take(arguments)):
            self._leave_editor()
        else:
            self.insists = True
            self._arrange(_DOES_NOT_FIT)

    def refocus(self) -> None:
        """Give the focus back after a switch: all is drawn anew, and nothing would have it."""
        if self._editor:
            self._editor.focus(())
        else:
            self._switch.focus()

    def close(self) -> None:
        """Close all widgets, here and in the browser."""
        for field in (self._editor, self._fields):
            if field:
                field.close()
        for widget in (self.widget, self._remark, self._foot):
            dispose(widget)
        self._context.close()

    def _take(self, arguments: Any) -> bool:
        """Put arguments into the fields; whether that lost nothing."""
        if not self._fields or too_deep(arguments):
            return False
        try:
            self._fields.fill(arguments)
        except DoesNotFit:
            return False
        return same(self._fields.read(), arguments)

    def _edit_json(self, arguments: Any, note: str) -> None:
        field = JsonField(self._context, "arguments", Node("json", {}), written(arguments))
        self._began = None  # no arguments are null
        self._show_editor(field, note)

    def _leave_editor(self) -> None:
        self._show_editor(None, "")

    def _show_editor(self, editor: JsonField | None, note: str) -> None:
        before, self._editor = self._editor, editor
        self._arrange(note)
        if before:
            before.close()

    def _arrange(self, note: str = "") -> None:
        self._remark.value = sentence(note)
        notes = [self._remark] if note else []
        shown = self._editor or self._fields
        main = [shown.widget] if shown else []
        self._switch.description = "Fields" if self._editor else "JSON"
        self._switch.tooltip = "back to the fields" if self._editor else "edit all as JSON"
        foot = [self._foot] if self._fields else []
        self.widget.children = (*notes, *main, self._problem, *foot)
