"""A form for the arguments of a tool, made from its JSON Schema."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import ipywidgets

from helpers.forms.build import make_field
from helpers.forms.checking import Checker, Uncheckable
from helpers.forms.fields import Field, JsonField
from helpers.forms.jsontext import DEEPEST, depth, same, written
from helpers.forms.kinds import Node, node
from helpers.forms.messages import problems as in_words
from helpers.forms.problems import (
    DoesNotFit,
    FormError,
    Problem,
    as_typed,
    spoken,
    unreadable,
)
from helpers.forms.schemas import Schemas
from helpers.forms.tools import Tools
from helpers.panels.safe import escape

_NOT_CHECKED = "The arguments are not checked here, because the schema {}."
_ANYTHING = "Write the arguments as JSON: the schema does not say what they are."
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
        self._quiet = self._insist = False
        self._found: list[Problem] = []
        self._value: Any = None
        self._checker, broken = _checker(schema)
        self.unchecked = broken
        self._tools = Tools(
            changed=self._changed,
            submitted=on_submit or (lambda: None),
            schemas=Schemas({} if broken else schema),
            make=make_field,
            checker=self._checker,
            insists=lambda: self._insist,
        )
        root = _root(self._tools.schemas, {} if broken else schema)
        self._fields: Field | None = None
        if root.kind != "json":
            self._fields = make_field(self._tools, "", root)
        self._note = _NOT_CHECKED.format(broken) if broken else root.note
        self._editor: JsonField | None = None
        self._began: Any = None  # what the editor began with, to see whether it was edited
        self._problem = self._tools.markup("", "mcpk-problem")
        self._switch = self._tools.button("JSON", self._toggle)
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
        self._check()
        return None if self._found else dict(copy.deepcopy(self._value))

    def fill(self, arguments: dict[str, Any]) -> None:
        """Put arguments into the fields; those that do not fit, into the JSON editor."""
        self._insist = False
        with self._silence():
            if self._take(arguments):
                self._editor = None
                self._arrange()
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

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after any edit."""
        self._callbacks.append(callback)

    def _changed(self) -> None:
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
        if not self._fields or depth(arguments) > DEEPEST:
            return False
        try:
            self._fields.fill(arguments)
        except DoesNotFit:
            return False
        return same(self._fields.read(), arguments)

    def _read(self) -> Any:
        field = self._editor or self._fields
        return field.read() if field else {}

    def _check(self) -> None:
        self._value = self._read()
        found, reason = _problems(self._value, self._checker)
        if self._checker:
            self.unchecked = reason
        note = [_NOT_CHECKED.format(reason)] if reason else []
        self._found = sorted(found, key=self._position)
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
        elif same(self._editor.read(), self._began):  # the fields hold it still
            self._editor = None
            self._arrange()
        else:
            self._back_to_fields(self._editor.read())
        self._changed()

    def _back_to_fields(self, arguments: Any) -> None:
        with self._silence():
            if next(unreadable(arguments), None) is None and self._take(arguments):
                self._editor = None
                self._arrange()
            else:
                self._insist = True
                self._say(_DOES_NOT_FIT)

    def _edit_json(self, arguments: Any, note: str) -> None:
        start = written(arguments)
        self._editor = JsonField(self._tools, "arguments", Node("json", {}), start)
        self._began = arguments
        self._say(note)

    def _say(self, note: str) -> None:
        self._arrange([self._tools.sentence(note)] if note else [])

    def _arrange(self, notes: list[Any] | None = None) -> None:
        shown = self._editor or self._fields
        main = [shown.widget] if shown else []
        self._switch.description = "Fields" if self._editor else "JSON"
        self._switch.tooltip = "back to the fields" if self._editor else "edit all as JSON"
        foot = [self._tools.box([self._switch], "mcpk-foot")] if self._fields else []
        self.widget.children = (*(notes or []), *main, self._problem, *foot)


def _checker(schema: Any) -> tuple[Checker | None, str]:
    """What checks the arguments, or why nothing does."""
    if not isinstance(schema, (dict, bool)):
        return None, "is not an object"
    try:
        return Checker(schema), ""
    except Uncheckable as error:
        return None, str(error)


def _root(schemas: Schemas, schema: Any) -> Node:
    """The node of the arguments as a whole: an object, a union of objects, or JSON."""
    found = node(schemas, schema)
    if found.kind == "union":
        branches = tuple(one for one in found.branches if one[1].kind in ("object", "union"))
        found = branches[0][1] if len(branches) == 1 else replace(found, branches=branches)
        if not branches:
            return Node("json", {}, note=_ANYTHING)
    if found.kind in ("object", "union"):
        return found
    return Node("json", {}, note=found.note or _ANYTHING)


def _problems(value: Any, checker: Checker | None) -> tuple[list[Problem], str]:
    """What is wrong with arguments, and why that is not known, where it is not."""
    found, reason = list(unreadable(value)), ""
    try:
        errors = checker.errors(value) if checker else []
        found += [problem for error in errors for problem in in_words(error)]
    except Uncheckable as error:
        reason = str(error)
    if not found and not isinstance(value, dict):
        found = [Problem((), "must be an object, such as {}: the arguments have names")]
    return list(dict.fromkeys(found)), reason
