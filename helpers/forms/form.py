"""A form for the arguments of a tool, made from its JSON Schema."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets

from helpers.forms.arguments import checker_for, problems_of, root_of
from helpers.forms.build import make_field
from helpers.forms.context import FieldContext
from helpers.forms.problems import FormError, Problem
from helpers.forms.schemas import Schemas
from helpers.forms.views import Views

_NOT_CHECKED = "The arguments are not checked here, because the schema {}."


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
        self._lock = threading.RLock()  # edits and clicks may come in different threads
        self._quiet = False
        self._edited = object()  # another one after each edit
        self._read_after: object = None  # the last edit that `_value` and `_found` hold
        self._found: list[Problem] = []
        self._value: Any = None
        self._checker, broken = checker_for(schema)
        self.unchecked = broken
        schema = {} if broken else schema
        context = FieldContext(
            changed=self._changed,
            submitted=on_submit or (lambda: None),
            schemas=Schemas(schema),
            make_field=make_field,
            checker=self._checker,
            insists=lambda: self._views.insists,
        )
        root = root_of(context.schemas, schema)
        note = _NOT_CHECKED.format(broken) if broken else root.note
        self._views = Views(context, root, note, self._switch)
        self.widget: ipywidgets.Widget = self._views.widget

    def problems(self) -> list[Problem]:
        """Check the arguments, show each problem at its field, and return them all."""
        with self._lock:
            self._views.insists = True
            self._check()
            return list(self._found)

    def value(self) -> dict[str, Any]:
        """The arguments, valid against the schema.

        Raises:
            FormError: with its `problems`, where there are any.
        """
        with self._lock:
            if found := self.problems():
                raise FormError(found)
            return dict(copy.deepcopy(self._value))

    def draft(self) -> dict[str, Any] | None:
        """The arguments as they stand, or None while there are problems; it shows none of them."""
        with self._lock:
            self._read()
            return None if self._found else dict(copy.deepcopy(self._value))

    def fill(self, arguments: dict[str, Any]) -> None:
        """Put arguments into the fields; those that do not fit, into the JSON editor."""
        with self._silence():
            self._views.insists = False
            self._views.fill(arguments)
        self._changed()

    def focus_first_problem(self) -> None:
        """Give the focus to the first field that has a problem."""
        for first in self._found[:1]:
            self._views.focus(first)

    def close(self) -> None:
        """Close all widgets of the form, here and in the browser; it cannot be used again."""
        self._views.close()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after any edit."""
        self._callbacks.append(callback)

    def _changed(self) -> None:
        self._edited = object()  # at once: who reads at this moment will read again
        with self._lock:
            if self._quiet:
                return
            self._check()
        for callback in self._callbacks:
            callback()

    @contextmanager
    def _silence(self) -> Iterator[None]:
        with self._lock:  # quiet in this thread only: edits in others wait, and are told after it
            self._quiet = True
            try:
                yield
            finally:
                self._quiet = False

    def _switch(self) -> None:
        """Somebody wants the other view, of fields or of JSON."""
        with self._silence():
            self._views.switch()
        self._changed()
        self._views.refocus()

    def _read(self) -> None:
        """Read and check the arguments, once after each edit."""
        edited = self._edited
        if self._read_after is edited:
            return
        self._value = self._views.read()
        found, reason = problems_of(self._value, self._checker)
        if self._checker:
            self.unchecked = reason
        self._found = sorted(found, key=self._views.position)
        self._read_after = edited

    def _check(self) -> None:
        with self._silence():
            self._read()
            reason = self.unchecked if self._checker else ""
            self._views.show(self._found, _NOT_CHECKED.format(reason) if reason else "")
