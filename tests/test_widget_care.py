"""Widgets that nobody displays any more are closed, and only those."""

from __future__ import annotations

from typing import Any

import ipywidgets
from ipywidgets.widgets.widget import _instances as live

from helpers.widget_care import dispose, replace, share


def test_nothing_is_left_of_a_box_that_is_disposed_of():
    before = set(live)
    inner = ipywidgets.HBox([ipywidgets.Text(), ipywidgets.Button()])
    tree = ipywidgets.Tab([ipywidgets.Accordion([inner]), ipywidgets.HTML()])
    assert len(set(live) - before) > 10
    dispose(tree)
    assert set(live) == before
    dispose(tree)


def test_what_is_shared_is_left_to_whoever_shares_it():
    layout = ipywidgets.Layout()
    share(layout)
    one, other = ipywidgets.HTML(layout=layout), ipywidgets.HTML(layout=layout)
    dispose(one)
    assert layout.model_id in live
    assert other.model_id in live
    dispose(layout)
    assert layout.comm is None


def test_what_leaves_a_box_is_closed_and_what_stays_is_not():
    leaves, stays, moves = ipywidgets.Text(), ipywidgets.Text(), ipywidgets.Text(value="kept")
    outer = ipywidgets.HBox([moves])
    box = ipywidgets.VBox([leaves, stays, outer])
    replace(box, [comes := ipywidgets.HBox([moves]), stays])
    assert box.children == (comes, stays)
    assert open_ones(leaves, outer, leaves.layout, outer.layout, leaves.style) == []
    assert open_ones(stays, moves, comes, moves.layout) == [stays, moves, comes, moves.layout]
    assert moves.value == "kept"


def test_a_hundred_replacements_leave_as_many_widgets_as_one():
    box = ipywidgets.VBox()
    replace(box, [ipywidgets.Text(), ipywidgets.Button()])
    before = len(live)
    for _ in range(100):
        replace(box, [ipywidgets.Text(), ipywidgets.Button()])
    assert len(live) == before


def open_ones(*found: Any) -> list[Any]:
    return [widget for widget in found if widget.comm is not None]
