"""The widgets that fields are made of, each with a name that a screen reader says.

The visible name of a field stands in a column of its own, so the `description` of its control,
which ipywidgets turns into the control's `<label>`, is there for screen readers only: the
stylesheet takes it out of sight. Layouts and styles are shared, because each is a message to the
browser, and a wide form would send thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ipywidgets

from helpers.forms.checking import Checker
from helpers.forms.kinds import MOST_FIELDS, Node
from helpers.forms.schemas import Schemas
from helpers.text import escape, one_line
from helpers.widget_care import dispose, share


def label(name: str) -> str:
    """A name for a control's `<label>`, in which JupyterLab would typeset what looks like TeX."""
    return one_line(name).replace("$", "＄").replace("\\", "⧵")


def lines(text: str) -> int:
    """How high a field for a text of several lines is, in lines."""
    return min(12, max(3, text.count("\n") + 1))


def sentence(text: str) -> str:
    """The HTML of a sentence that stands between the fields."""
    return f'<p class="mcpk-note">{escape(text)}</p>'


@dataclass(frozen=True)
class FieldContext:
    """What the fields of one form share.

    Attributes:
        changed: called after an edit of the field that has this context.
        submitted: called when Enter is pressed in a single line.
        schemas: the form's schema, to look up its parts.
        make_field: makes the field that a node asks for.
        checker: says which alternative a value belongs to; None where nothing can be checked.
        insists: whether every problem is shown, also of fields that nobody has touched.
        refs: the references followed on the way to this field.
        depth: how many fields it lies in.
        fields_left: how many more the whole form builds before somebody asks for them.
    """

    changed: Callable[[], None]
    submitted: Callable[[], None]
    schemas: Schemas
    make_field: Callable[[FieldContext, str, Node], Any]
    checker: Checker | None
    insists: Callable[[], bool] = lambda: True
    refs: frozenset[str] = frozenset()
    depth: int = 0
    fields_left: list[int] = field(default_factory=lambda: [MOST_FIELDS])
    _shared: dict[type, dict[str, Any]] = field(default_factory=dict)

    def inside(self, node: Node, changed: Callable[[], None]) -> FieldContext:
        """The context of the fields in a field."""
        refs = self.refs | node.refs
        return replace(self, changed=changed, refs=refs, depth=self.depth + 1)

    def line(self, name: str, placeholder: str = "") -> Any:
        """A single line of text; Enter in it submits the form."""
        made = self._made(ipywidgets.Text, description=label(name), placeholder=placeholder)
        made.on_msg(self._heard)
        made.observe(self._edited, "value")
        return made

    def area(self, name: str, value: str = "", placeholder: str = "", *classes: str) -> Any:
        """Several lines of text."""
        made = self._made(
            ipywidgets.Textarea,
            value=value,
            description=label(name),
            placeholder=placeholder,
            rows=lines(value),
            _dom_classes=classes,
        )
        made.observe(self._edited, "value")
        return made

    def menu(self, name: str, labels: Sequence[str], chosen: int | None, *classes: str) -> Any:
        """A drop-down list whose value is the position of what is chosen, or None."""
        made = self._made(
            ipywidgets.Dropdown,
            options=[(label, index) for index, label in enumerate(labels)],
            value=chosen,
            description=label(name),
            _dom_classes=classes,
        )
        made.observe(self._edited, "value")
        return made

    def button(self, name: str, act: Callable[[], None], sign: str = "") -> Any:
        """A small button. With a sign, the stylesheet shows that in place of its name."""
        made = self._made(
            ipywidgets.Button,
            description=name,
            tooltip=name,
            _dom_classes=("mcpk-small", *[f"mcpk-sign-{sign}"] * bool(sign)),
        )
        made.on_click(lambda _: act())
        return made

    def markup(self, value: str, *classes: str) -> Any:
        """HTML of ours, in which everything from elsewhere is escaped."""
        return self._made(ipywidgets.HTML, value=value, _dom_classes=classes)

    def sentence(self, text: str) -> Any:
        return self.markup(sentence(text))

    def box(self, children: Sequence[Any], *classes: str) -> Any:
        return self._made(ipywidgets.Box, children=tuple(children), _dom_classes=classes)

    def _made(self, kind: type, **traits: Any) -> Any:
        shared = self._shared.get(kind)
        made = kind(**traits, **(shared or {}))
        if shared is None:
            names = [name for name in ("layout", "style") if made.has_trait(name)]
            self._shared[kind] = {name: getattr(made, name) for name in names}
            for part in self._shared[kind].values():
                share(part)
        return made

    def close(self) -> None:
        """Close the layouts and styles that all the form's widgets shared."""
        for parts in self._shared.values():
            for part in parts.values():
                dispose(part)

    def _heard(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            self.submitted()

    def _edited(self, _: Any) -> None:
        self.changed()
