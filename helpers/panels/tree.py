"""A JSON value as a tree that opens and closes, in one widget and of bounded size."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import ipywidgets

from helpers.panels.safe import cut, sentence
from helpers.text import escape, one_line

SHOWN_NODES = 2000
SHOWN_DEPTH = 40
OPEN_DEPTH = 2  # levels that are open at first
LEAF_CHARACTERS = 2000
KEY_CHARACTERS = 200


def tree(value: Any, *, label: str = "JSON", python: str = "") -> ipywidgets.HTML:
    """A parsed JSON value as nested `<details>`, the outer levels open.

    `python` is the expression that gives the whole value, named where the tree is cut.
    """
    return ipywidgets.HTML(tree_html(value, label=label, python=python))


def tree_html(value: Any, *, label: str = "JSON", python: str = "") -> str:
    """What `tree` shows, as HTML."""
    writer = _Writer()
    nodes = writer.node("", value, 0)
    whole = f" All of it in Python: {python}" if python else ""
    rest = sentence(f"The tree is cut where it says so.{whole}") if writer.has_cut else ""
    named = f'role="group" tabindex="0" aria-label="{escape(label)}"'
    return f'<div class="mcpk-tree" {named}>{nodes}</div>{rest}'


class _Writer:
    def __init__(self) -> None:
        self._left = SHOWN_NODES
        self.has_cut = False

    def node(self, name: str, value: Any, depth: int) -> str:
        """One value with all that is in it; `name` is HTML already."""
        self._left -= 1
        if not (isinstance(value, dict | list) and value):
            return f"<div>{name}{self._leaf(value)}</div>"
        if depth >= SHOWN_DEPTH:
            return f"<div>{name}{self._cut('more levels, not shown')}</div>"
        is_open = " open" if depth < OPEN_DEPTH else ""
        summary = f"<summary>{name}{_size(value)}</summary>"
        return f"<details{is_open}>{summary}{self._items(value, depth)}</details>"

    def _items(self, value: dict[Any, Any] | list[Any], depth: int) -> str:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        shown = list[str]()
        for key, item in items:
            if self._left <= 0:
                rest = len(value) - len(shown)
                return "".join(shown) + f"<div>{self._cut(f'{rest:,} more, not shown')}</div>"
            name = f'<span class="mcpk-key">{escape(one_line(str(key), KEY_CHARACTERS))}</span>: '
            shown.append(self.node(name, item, depth + 1))
        return "".join(shown)

    def _leaf(self, value: Any) -> str:
        text, missing = cut(json.dumps(value, ensure_ascii=False, default=str), LEAF_CHARACTERS)
        kind = "null" if value is None else type(value).__name__
        more = " " + self._cut(missing) if missing else ""
        return f'<span class="mcpk-leaf mcpk-{kind}">{escape(text)}</span>{more}'

    def _cut(self, text: str) -> str:
        self.has_cut = True
        return f'<em class="mcpk-cut">… {escape(text)}</em>'


def _size(value: dict[Any, Any] | list[Any]) -> str:
    """What stands beside a closed node: how many items, and the first few names."""
    few, unit = ("item", "items") if isinstance(value, list) else ("key", "keys")
    count = f"{len(value):,} {few if len(value) == 1 else unit}"
    first = ", ".join(one_line(str(key), 20) for key in islice(value, 3))
    names = f" · {first}{', …' if len(value) > 3 else ''}" if isinstance(value, dict) else ""
    return f'<span class="mcpk-size">{escape(count + names)}</span>'
