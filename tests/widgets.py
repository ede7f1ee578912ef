"""Looking into widgets, in tests: what is inside, what it says, what can be pressed."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import ipywidgets


class Markup(HTMLParser):
    """All that a browser would make of it: elements, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def widgets(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """The widget and all that is in it."""
    inside = [found for child in getattr(widget, "children", ()) for found in widgets(child)]
    return [widget, *inside]


def markup(widget: ipywidgets.Widget) -> Markup:
    """The HTML of all that is in it, but its style sheets."""
    found = [w.value for w in widgets(widget) if isinstance(w, ipywidgets.HTML)]
    return Markup("".join(html for html in found if not html.startswith("<style>")))


def text(widget: ipywidgets.Widget) -> str:
    """What it says: the text of all HTML in it."""
    return markup(widget).text


def control(widget: ipywidgets.Widget, kind: type, name: str = "") -> Any:
    """The only control of this kind whose description begins with `name`."""
    found = [w for w in widgets(widget) if isinstance(w, kind) and w.description.startswith(name)]
    assert len(found) == 1, [w.description for w in widgets(widget) if isinstance(w, kind)]
    return found[0]


def choice(widget: ipywidgets.Widget) -> ipywidgets.RadioButtons:
    return control(widget, ipywidgets.RadioButtons)


def buttons(widget: ipywidgets.Widget) -> dict[str, ipywidgets.Button]:
    found = [w for w in widgets(widget) if isinstance(w, ipywidgets.Button)]
    return {button.description: button for button in found}
