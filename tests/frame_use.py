"""Data frames in tests: the rows and types that are in one, and tables to make them from."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from hypothesis import strategies as st


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The frame's rows as dictionaries, without the cells in which nothing is."""
    return [
        {name: cell for name, cell in row.items() if not is_missing(cell)}
        for row in frame.to_dict("records")
    ]


def is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell))


def types(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def tables(cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    """Rows that all have the same one to four columns."""
    names = st.sampled_from([["a"], ["片名", "b"], ["a", "b c", "d", "评分"]])
    return names.flatmap(
        lambda keys: st.lists(st.fixed_dictionaries(dict.fromkeys(keys, cells)), min_size=1)
    )
