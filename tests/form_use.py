"""Using a form without a browser: its controls, under the names that a screen reader says."""

from __future__ import annotations

import re
from typing import Any

import ipywidgets

from helpers.forms import Form

CONTROLS = (ipywidgets.Text, ipywidgets.Textarea, ipywidgets.Dropdown, ipywidgets.Button)


def displayed(widget: Any) -> list[Any]:
    """A widget and all those inside, in the order of the eye."""
    found, left = list[Any](), [widget]
    while left:
        widget = left.pop(0)
        found.append(widget)
        left = [*getattr(widget, "children", ()), *left]
    return found


def controls(form: Form) -> list[Any]:
    return [widget for widget in displayed(form.widget) if isinstance(widget, CONTROLS)]


def control(form: Form, name: str) -> Any:
    """The control of this name."""
    found = controls(form)
    [match] = [widget for widget in found if widget.description == name]
    return match


def names(form: Form) -> list[str]:
    return [widget.description for widget in controls(form)]


def choose(form: Form, name: str, label: str) -> None:
    """Choose what reads `label` in the drop-down list of this name."""
    menu = control(form, name)
    menu.index = [shown for shown, _ in menu.options].index(label)


def markup(form: Form) -> str:
    """All the HTML of a form."""
    return "\n".join(
        widget.value for widget in displayed(form.widget) if isinstance(widget, ipywidgets.HTML)
    )


def text(form: Form) -> str:
    """What stands in a form beside its controls, without the tags."""
    return re.sub("<[^>]*>", " ", markup(form))


def said(form: Form) -> list[str]:
    """The problems that stand in a form at this moment."""
    return re.findall("<div>! (.*?)</div>", markup(form))
