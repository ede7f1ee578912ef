"""A form for the arguments of a tool, made from its JSON Schema."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets

from helpers.forms.arguments import checker_for, problems_of, root_of
from helpers.forms.build import make_field
from helpers.forms.fields import Field, JsonField
from helpers.forms.jsontext import same, too_deep, written
from helpers.forms.kinds import Node
from helpers.forms.problems import (
    DoesNotFit,
    FormError,
    Problem,
    as_typed,
    spoken,
    unreadable,
)
from helpers.forms.schemas import Schemas
from helpers.forms.tools import Tools, sentence
from helpers.panels.safe import escape
from helpers.widget_care import dispose

_NOT_CHECKED = "The arguments are not checked here, because the schema {}."
_DOES_NOT_FIT = "These arguments do not fit into the fields, so they stand here as JSON."


class Form:
    """A JSON Schema as a form of ipywidgets.

    Args:
        schema: of an object, the arguments of a tool: JSON Schema, Draft 2020-12 unless its
            `$schema` names another draft. What cannot be laid out as fields is a JSON editor
            with a sentence that says why; nothing is fetched, and no schema raises.
        on_submit: called when Enter is pressed in a single-line field.

    Attributes:
        widget: to be displayed. It is built once and keeps whatever was typed.
        unchecked: why the arguments cannot be checked ("the schema ..."), or "".

    Source: https://json-schema.org/draft/2020-12/json-schema-validation
    """

    def __init__(
        self, schema: dict[str, Any] | bool, *, on_submit: Callable[[], None] | None = None
    ) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._quiet = self._insist = self._is_read = False
        self._found: list[Problem] = []
        self._value: Any = None
        self._checker, broken = checker_for(schema)
        self.unchecked = broken
        self._tools = Tools(
            changed=self._changed,
            submitted=on_submit or (lambda: None),
            schemas=Schemas({} if broken else schema),
            make=make_field,
            checker=self._checker,
            insists=lambda: self._insist,
        )
        root = root_of(self._tools.schemas, {} if broken else schema)
        self._fields: Field | None = None
        if root.kind != "json":
            self._fields = make_field(self._tools, "", root)
        self._note = _NOT_CHECKED.format(broken) if broken else root.note
        self._editor: JsonField | None = None
        self._began: Any = None  # what the editor began with, where the fields hold it
        self._remark = self._tools.sentence("")
        self._problem = self._tools.markup("", "mcpk-problem")
        self._switch = self._tools.button("JSON", self._toggle)
        self._foot = self._tools.box([self._switch], "mcpk-foot")
        self.widget: ipywidgets.Widget = ipywidgets.VBox(_dom_classes=("mcpk-form",))
        if self._fields:
            self._arrange()
        else:
            self._edit_json({}, self._note)

    def problems(self) -> list[Problem]:
        """Check the arguments, show each problem at its field, and return them all."""
        self._insist = True
        self._check()
        return list(self._found)

    def value(self) -> dict[str, Any]:
        """The arguments, valid against the schema.

        Raises:
            FormError: with its `problems`, where there are any.
        """
        if found := self.problems():
            raise FormError(found)
        return dict(copy.deepcopy(self._value))

    def draft(self) -> dict[str, Any] | None:
        """The arguments as they stand, or None while there are problems; it shows none of them."""
        self._read()
        return None if self._found else dict(copy.deepcopy(self._value))

    def fill(self, arguments: dict[str, Any]) -> None:
        """Put arguments into the fields; those that do not fit, into the JSON editor."""
        self._insist = False
        with self._silence():
            if self._take(arguments):
                self._leave_editor()
            else:
                self._edit_json(arguments, _DOES_NOT_FIT if self._fields else self._note)
        self._changed()

    def focus_first_problem(self) -> None:
        """Give the focus to the first field that has a problem."""
        if not self._found:
            return
        if self._editor:
            self._editor.focus(())
        elif self._fields:
            self._fields.focus(self._found[0].path)

    def close(self) -> None:
        """Close all widgets of the form, here and in the browser; it cannot be used again."""
        for field in (self._editor, self._fields):
            if field:
                field.close()
        for widget in (self.widget, self._remark, self._foot):
            dispose(widget)
        self._tools.close()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after any edit."""
        self._callbacks.append(callback)

    def _changed(self) -> None:
        self._is_read = False
        if self._quiet:
            return
        self._check()
        for callback in self._callbacks:
            callback()

    @contextmanager
    def _silence(self) -> Iterator[None]:
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _take(self, arguments: Any) -> bool:
        """Put arguments into the fields; whether that lost nothing."""
        if not self._fields or too_deep(arguments):
            return False
        try:
            self._fields.fill(arguments)
        except DoesNotFit:
            return False
        return same(self._fields.read(), arguments)

    def _read(self) -> None:
        """Read and check the arguments, once after each edit."""
        if self._is_read:
            return
        shown = self._editor or self._fields
        self._value = shown.read() if shown else {}
        found, reason = problems_of(self._value, self._checker)
        if self._checker:
            self.unchecked = reason
        self._found = sorted(found, key=self._position)
        self._is_read = True

    def _check(self) -> None:
        self._read()
        unchecked = self.unchecked if self._checker else ""
        note = [_NOT_CHECKED.format(unchecked)] if unchecked else []
        with self._silence():
            left = self._found
            if self._fields and not self._editor:
                left = self._fields.show(self._found)
            said = [spoken(problem) for problem in left] if self._insist or self._editor else []
            html = "".join(f"<div>! {escape(text)}</div>" for text in [*said, *note])
            if self._problem.value != html:
                self._problem.value = html

    def _position(self, problem: Problem) -> int:
        return self._fields.position(problem.path) if self._fields else 0

    def _toggle(self) -> None:
        if not self._editor:
            arguments = as_typed(self._fields.read() if self._fields else {})
            self._edit_json(arguments, "")
            self._began = arguments
        elif same(self._editor.read(), self._began):
            self._leave_editor()
        else:
            self._back_to_fields(self._editor.read())
        self._changed()
        if self._editor:  # all is drawn anew, and nothing would have the focus
            self._editor.focus(())
        else:
            self._switch.focus()

    def _back_to_fields(self, arguments: Any) -> None:
        with self._silence():
            if next(unreadable(arguments), None) is None and self._take(arguments):
                self._leave_editor()
            else:
                self._insist = True
                self._arrange(_DOES_NOT_FIT)

    def _edit_json(self, arguments: Any, note: str) -> None:
        start, before = written(arguments), self._editor
        self._editor = JsonField(self._tools, "arguments", Node("json", {}), start)
        self._began = None  # no arguments are null
        self._arrange(note)
        if before:
            before.close()

    def _leave_editor(self) -> None:
        before, self._editor = self._editor, None
        self._arrange()
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
