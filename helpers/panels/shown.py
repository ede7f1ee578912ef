"""What came back from a server, as a widget that shows it and lets none of it act."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    GetPromptResult,
    ReadResourceResult,
    TextContent,
    TextResourceContents,
)

from helpers.panels.blocks import NOTHING, SHOWN_BLOCKS, Open, block, blocks
from helpers.panels.keeping import Keeping
from helpers.panels.safe import sentence
from helpers.panels.table import table
from helpers.panels.tree import tree
from helpers.text import escape

if TYPE_CHECKING:
    import pandas as pd

SEARCHED_CHARACTERS = 5_000_000  # in more text than this, nobody looks for rows unasked


def shown(
    result: Any, *, open_link: Open | None = None, python: str = "result"
) -> ipywidgets.Widget:
    """A result, or one of its contents, as a widget.

    Args:
        result: a `CallToolResult`, `ReadResourceResult`, `GetPromptResult` or a content block.
            Rows are a table (those that `to_frame` finds), other JSON is a tree, and the rest
            is text, pictures, sound, and links with an Open button.
        open_link: called with the URI of a resource link; without it there are no buttons.
        python: the expression that gives `result`, named where something is cut.
    """
    match result:
        case CallToolResult():
            return _views(result, result.content, f"{python}.content", open_link, python)
        case ReadResourceResult():
            return _views(result, result.contents, f"{python}.contents", open_link, python)
        case GetPromptResult():
            return _messages(result, open_link, python)
    return block(result, open_link=open_link, python=python)


def _views(
    result: CallToolResult | ReadResourceResult,
    contents: Sequence[Any],
    where: str,
    open_link: Open | None,
    python: str,
) -> ipywidgets.Widget:
    """The result in each of the ways that suit it, with a choice where there are several."""
    ways = dict[str, Callable[[], ipywidgets.Widget]]()
    value = _json_in(result, contents)
    frame = _rows_in(result, contents, value)
    if frame is not None:
        ways["Table"] = lambda: table(frame, label="rows", python=f"to_frame({python})")
    if isinstance(value, dict | list):
        source = f"{python}.structured_content" if _structured(result) else f"{where}[0].text"
        ways["JSON"] = lambda: tree(value, python=source)
    ways["Content"] = lambda: blocks(contents, open_link=open_link, python=where)
    # beside pictures and links, structured content is the smaller part of the answer
    first = next(iter(ways)) if all(map(_is_text, contents)) else "Content"
    if len(ways) == 1:
        return ways[first]()
    return _choice(ways, first)


def _choice(ways: dict[str, Callable[[], ipywidgets.Widget]], first: str) -> ipywidgets.Widget:
    """Radio buttons over what is chosen; each way is built when it is first wanted."""
    choice = ipywidgets.RadioButtons(
        options=list(ways), value=first, description="Show as", orientation="horizontal"
    )
    choice.add_class("mcpk-choice")
    built = {first: ways[first]()}
    box = Keeping([choice, built[first]], also=built.values)
    box.add_class("mcpk-views")

    def show(_: object) -> None:
        name = choice.value
        if name not in built:
            built[name] = ways[name]()
        box.children = [choice, built[name]]

    choice.observe(show, "value")
    return box


def _structured(result: Any) -> Any:
    return getattr(result, "structured_content", None)


def _is_text(content: Any) -> bool:
    return isinstance(content, TextContent | TextResourceContents | BlobResourceContents)


def _json_in(result: Any, contents: Sequence[Any]) -> Any:
    """The JSON value that is the whole result, if it is one object or array."""
    if (value := _structured(result)) is not None:
        is_wrapped = isinstance(value, dict) and list(value) == ["result"]
        return value["result"] if is_wrapped else value
    if len(contents) != 1 or not hasattr(contents[0], "text"):
        return None
    text = contents[0].text
    if len(text) > SEARCHED_CHARACTERS or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _rows_in(result: Any, contents: Sequence[Any], value: Any) -> pd.DataFrame | None:
    """The rows that `to_frame` finds, where they are rows of several columns."""
    if isinstance(value, dict) or not contents:  # one object is better read as a tree
        return None
    if sum(map(_characters, contents)) > SEARCHED_CHARACTERS:
        return None
    from helpers.frames import to_frame  # here, because pandas takes long to import

    try:
        frame = to_frame(result)
    except ValueError:  # which says that there are none
        return None
    return None if frame.columns.empty or list(frame) == ["value"] else frame


def _characters(content: Any) -> int:
    return len(getattr(content, "text", "") or getattr(content, "blob", ""))


def _messages(result: GetPromptResult, open_link: Open | None, python: str) -> ipywidgets.Widget:
    """The messages of a prompt, each under the role that says it."""
    rows: list[ipywidgets.Widget] = []
    if result.description:
        rows.append(ipywidgets.HTML(sentence(result.description)))
    for at, message in enumerate(result.messages[:SHOWN_BLOCKS]):
        rows.append(ipywidgets.HTML(f'<div class="mcpk-role">{escape(message.role)}</div>'))
        where = f"{python}.messages[{at}].content"
        label = f"message {at + 1}, {message.role}"
        rows.append(block(message.content, open_link=open_link, python=where, label=label))
    if len(result.messages) > SHOWN_BLOCKS:
        more = f"{len(result.messages) - SHOWN_BLOCKS:,} more messages are not shown."
        rows.append(ipywidgets.HTML(sentence(f"{more} In Python: {python}.messages")))
    return ipywidgets.VBox(rows or [ipywidgets.HTML(sentence(NOTHING))])
