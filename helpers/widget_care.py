"""Closing the widgets that nobody displays any more.

ipywidgets keeps every widget that was ever made, and so does the browser, until it is closed;
taking it out of a box closes nothing.
Source: https://ipywidgets.readthedocs.io/en/stable/examples/Widget%20Basics.html#closing-widgets
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakSet

import ipywidgets

_shared: WeakSet[ipywidgets.Widget] = WeakSet()


def share(widget: ipywidgets.Widget) -> None:
    """Say that a layout or a style belongs to several widgets: whoever shares it closes it."""
    _shared.add(widget)


def dispose(widget: ipywidgets.Widget) -> None:
    """Close a widget, all that is in it, and their layouts and styles unless they are shared.

    Closing what is closed already does nothing.
    """
    for one in list(_inside(widget)):
        _close(one)


def replace(box: Any, children: Iterable[ipywidgets.Widget]) -> None:
    """Give a box (anything that has `children`) other children, and dispose of what leaves.

    What stays keeps what was typed in it, also where it stands deeper or in another order.
    """
    before = {one: None for child in box.children for one in _inside(child)}
    box.children = tuple(children)
    stays = {one for child in box.children for one in _inside(child)}
    for one in before:
        if one not in stays:
            _close(one)


def _inside(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)


def _close(widget: ipywidgets.Widget) -> None:
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if isinstance(part, ipywidgets.Widget) and part not in _shared:
            part.close()
    widget.close()
