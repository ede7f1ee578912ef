"""A place in the arguments: its name, its field, and whether it is left out, null or a value."""

from __future__ import annotations

from typing import Any

from helpers.forms.context import FieldContext
from helpers.forms.fields import ChoiceField, Field
from helpers.forms.kinds import Node, node
from helpers.forms.problems import ABSENT, DoesNotFit, Path, Problem, spoken
from helpers.forms.words import beside
from helpers.text import escape
from helpers.widget_care import dispose

LEFT_OUT, VALUE, NULL = "left out", "value", "null"
DEEPEST = 4  # fields in fields that are built before somebody asks for them
_COMPOSITE = ("object", "array", "union")


class Slot:
    """One named place of the arguments, with everything that stands there.

    Args:
        context: of the field around it.
        name: shown, and said by screen readers.
        schema: of the value.
        required: of a property, whether it cannot be left out; None: it is no property.
        within: what screen readers say before the name, such as "options.".
    """

    def __init__(
        self, context: FieldContext, name: str, schema: Any,
        *, required: bool | None = None, within: str = "",
    ) -> None:  # fmt: skip
        self.name, self._full = name, within + name
        self._outer, self._touched, self._used = context, False, False
        self.node = node(context.schemas, schema)
        self._context = context.inside(self.node, self._edited)
        context.fields_left[0] -= 1
        self._states = _states(self.node, context, required)
        self._busy = False
        self._field: Field | None = None
        self._chooser: Any = None
        self._problem: Any = None
        self._info = context.markup(beside(name, self.node, required=bool(required)), "mcpk-info")
        self._begin()
        children, classes = self._look()
        self.widget = context.box(children, *classes)

    def _begin(self) -> None:
        """Make what stands there from the beginning."""
        if self.node.kind == "choice":
            states = [(state, _MEANS[state]) for state in self._states if state != VALUE]
            self._field = ChoiceField(self._context, self._full, self.node, states)
            return
        if len(self._states) > 1:
            choose = self._outer.inside(self.node, self._chosen)
            name = f"{self._full}: {', '.join(self._states)}"
            self._chooser = choose.menu(name, self._states, 0, "mcpk-state")
        # a simple field stands there although it is left out: typing into it is enough
        if self.state == VALUE or self.node.kind not in (*_COMPOSITE, "json"):
            self._build()

    @property
    def state(self) -> str:
        return self._states[self._chooser.value] if self._chooser else VALUE

    def _set_state(self, state: str) -> None:
        if self._chooser and state in self._states:
            self._chooser.value = self._states.index(state)

    def _build(self) -> Field:
        if self._field is None:
            self._field = self._context.make_field(self._context, self._full, self.node)
        return self._field

    def _look(self) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        """The parts of the row that are to be seen, and what the stylesheet has to know."""
        field = self._field
        shown = field and (self.state == VALUE or not field.hides)
        parts = [self._info, self._chooser, field.widget if field and shown else None]
        children = tuple(part for part in [*parts, self._problem] if part is not None)
        wide = field.wide if field and shown else False
        absent = self.state != VALUE
        stated = self._chooser is not None
        marks = {"mcpk-row": True, "mcpk-wide": wide, "mcpk-absent": absent, "mcpk-stated": stated}
        return children, tuple(mark for mark, here in marks.items() if here)

    def _arrange(self) -> None:
        self.widget.children, self.widget._dom_classes = self._look()

    def _chosen(self) -> None:
        """Somebody has chosen whether there is a value."""
        if self._busy:
            return
        self._touched = True
        if self.state == VALUE:
            self._build()
            if not self._used:
                self._offer_default()
        self._arrange()
        self._outer.changed()

    def _offer_default(self) -> None:
        default = self.node.schema.get("default")
        if default is None:
            return
        self._busy = True
        try:
            self._build().fill(default)
        except DoesNotFit:
            pass  # the default is not of the type: the field stays as it was
        finally:
            self._busy = False

    def _edited(self) -> None:
        """Somebody has edited the field: what is typed counts, what is cleared is left out."""
        if self._busy:
            return
        self._touched = self._used = True
        if self._field and self._chooser:
            cleared = self._field.empty() and LEFT_OUT in self._states
            self._busy = True
            self._set_state(LEFT_OUT if cleared else VALUE)
            self._busy = False
            self._arrange()
        self._outer.changed()

    def read(self) -> Any:
        """The value; ABSENT where it is left out."""
        return self._build().read() if self.state == VALUE else _MEANS[self.state]

    def fill(self, value: Any) -> None:
        """Take a value, or ABSENT; raises DoesNotFit where it cannot be held exactly."""
        self._busy = True
        try:
            self._fill(value)
        finally:
            self._busy = self._touched = False
        self._arrange()

    def _fill(self, value: Any) -> None:
        if self.node.kind == "choice":
            self._build().fill(value)
        elif value is ABSENT or (value is None and self.node.nullable):
            state = LEFT_OUT if value is ABSENT else NULL
            if state not in self._states:
                raise DoesNotFit("it cannot be left out")
            self._set_state(state)
        else:
            self._used = True
            self._build().fill(value)
            self._set_state(VALUE)

    def show(self, problems: list[Problem]) -> None:
        """Show problems at their fields, here or deeper; none, where the list is empty."""
        here = problems
        if self._field and self.state == VALUE:
            here = self._field.show(problems)
        seen = self._touched or self._context.insists()
        self._say([spoken(problem) for problem in here] if seen else [])

    def _say(self, messages: list[str]) -> None:
        text = "".join(f"<div>! {escape(message)}</div>" for message in dict.fromkeys(messages))
        if self._problem is None and text:
            self._problem = self._context.markup(text, "mcpk-problem")
            self._arrange()
        elif self._problem is not None and self._problem.value != text:
            self._problem.value = text

    def focus(self, path: Path) -> None:
        """Give the focus to what has to be mended at this place."""
        if self._field and self.state == VALUE:
            self._field.focus(path)
        else:
            self._chooser.focus()

    def close(self) -> None:
        """Close every widget of the place, also those of a field that is out of sight."""
        if self._field:
            self._field.close()
        dispose(self.widget)
        self._outer.fields_left[0] += 1

    def rename(self, name: str) -> None:
        """Show another name, as an item of a list has after it has moved."""
        self.name = name
        self._info.value = beside(name, self.node, required=False)


_MEANS: dict[str, Any] = {LEFT_OUT: ABSENT, NULL: None}


def _states(found: Node, context: FieldContext, required: bool | None) -> list[str]:
    """What a place may hold. What lies too deep begins as left out, though it is required."""
    deep = context.depth >= DEEPEST or context.fields_left[0] < 0 or bool(found.refs & context.refs)
    lazy = deep and found.kind in _COMPOSITE
    states = [LEFT_OUT] if required is False or lazy else []
    return [*states, VALUE, *([NULL] if found.nullable else [])]
