"""What came back from a server, as a widget that shows it and lets none of it act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from helpers.panels.safe import text_block


def shown(
    result: Any, *, open_link: Callable[[str], None] | None = None, python: str = "result"
) -> ipywidgets.Widget:
    """A result as a widget: at first, as its JSON."""
    text = result.model_dump_json(indent=2, by_alias=True, exclude_none=True)
    return text_block(text, label="result", python=python)
