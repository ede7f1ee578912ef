"""A DataFrame as a table with pages, whose cells are text and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.panels.safe import cut, sentence
from helpers.text import escape, one_line

if TYPE_CHECKING:
    import pandas as pd

PAGE_ROWS = 50
SHOWN_COLUMNS = 50
CELL_CHARACTERS = 300


def table(frame: pd.DataFrame, *, label: str = "table", python: str = "") -> ipywidgets.Widget:
    """The rows of a frame, 50 at a time, in a limited height that scrolls.

    `python` is the expression that gives the whole frame, named where the table is cut.
    """
    body = ipywidgets.HTML(table_html(frame, 0, label=label, python=python))
    if len(frame) <= PAGE_ROWS:
        return body
    before = ipywidgets.Button(description="Previous rows", disabled=True)
    after = ipywidgets.Button(description="Next rows")
    starts = [0]

    def turn(rows: int) -> None:
        starts[0] += rows
        body.value = table_html(frame, starts[0], label=label, python=python)
        before.disabled = starts[0] == 0
        after.disabled = starts[0] + PAGE_ROWS >= len(frame)

    before.on_click(lambda _: turn(-PAGE_ROWS))
    after.on_click(lambda _: turn(PAGE_ROWS))
    box = ipywidgets.VBox([body, ipywidgets.HBox([before, after])])
    box.add_class("mcpk-paged")
    return box


def table_html(frame: pd.DataFrame, start: int, *, label: str = "table", python: str = "") -> str:
    """One page of the frame as HTML, with a sentence that says which."""
    import pandas as pd  # here, because importing it takes longer than connecting
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    page = frame.iloc[start : start + PAGE_ROWS, :SHOWN_COLUMNS]
    heads = [
        _aligned(one_line(str(name)), is_numeric_dtype(kind) and not is_bool_dtype(kind))
        for name, kind in page.dtypes.items()
    ]
    cells = page.astype(object).map(_cell)
    # pandas would cut what is wider than 50 characters, in the middle of an entity
    with pd.option_context("display.max_colwidth", None):
        html = cells.set_axis(heads, axis="columns").to_html(
            index=False, border=0, escape=False, classes="mcpk-table"
        )
    html = html.replace("<th>", '<th scope="col">')  # only pandas' own: all else is escaped
    named = f'role="group" tabindex="0" aria-label="{escape(label)}"'
    return f'<div class="mcpk-scroll" {named}>{html}</div>{sentence(_which(frame, start, python))}'


def _which(frame: pd.DataFrame, start: int, python: str) -> str:
    total, end = len(frame), min(start + PAGE_ROWS, len(frame))
    rows = f"{total:,} row{'' if total == 1 else 's'}"
    shown = rows if total <= PAGE_ROWS else f"rows {start + 1:,} to {end:,} of {rows}"
    hidden = len(frame.columns) - SHOWN_COLUMNS
    columns = f", the first {SHOWN_COLUMNS} of {hidden + SHOWN_COLUMNS:,} columns"
    whole = f" · in Python: {python}" if python else ""
    return shown + (columns if hidden > 0 else "") + whole


def _cell(value: Any) -> str:
    """A value as HTML: a number to the right, what is missing as the word."""
    if isinstance(value, str):
        head, missing = cut(value, CELL_CHARACTERS)
        return escape(f"{head} … {missing}" if missing else head)
    if isinstance(value, dict | list):
        return _cell(json.dumps(value, ensure_ascii=False, default=str))
    if str(value) in ("None", "nan", "<NA>", "NaT"):
        return '<em class="mcpk-missing">null</em>'
    return _aligned(str(value), isinstance(value, int | float) and not isinstance(value, bool))


def _aligned(text: str, numeric: bool) -> str:
    return f'<span class="mcpk-number">{escape(text)}</span>' if numeric else escape(text)
