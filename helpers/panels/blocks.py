"""The content blocks of a result, each as a widget."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from helpers.panels.media import bytes_html
from helpers.panels.safe import cut, sentence, text_html
from helpers.panels.tree import tree_html
from helpers.text import escape, one_line

Open = Callable[[str], None]

SHOWN_BLOCKS = 100
NOTHING = "It came back empty: no content."
WEB_ADDRESS = re.compile(r"https?://[!-~]+")  # printable ASCII: what one reads is where it leads


def block(
    content: Any, *, open_link: Open | None = None, python: str = "result", label: str = "content"
) -> ipywidgets.Widget:
    """One content block, or one of a resource's contents."""
    match content:
        case TextContent() | TextResourceContents():
            html = text_html(content.text, label=label, python=f"{python}.text")
        case ImageContent() | AudioContent():
            html = bytes_html(content.data, content.mime_type, python=f"{python}.data", label=label)
        case BlobResourceContents():
            html = bytes_html(content.blob, content.mime_type, python=f"{python}.blob", label=label)
        case EmbeddedResource():
            inner = content.resource
            head = ipywidgets.HTML(address_html("Embedded resource", inner, inner.uri))
            inside = block(inner, python=f"{python}.resource", label=label)
            return ipywidgets.VBox([head, inside])
        case ResourceLink():
            return _link(content, open_link)
        case _:
            said = sentence(f"Content of a kind that is not known here: {type(content).__name__}.")
            html = said + tree_html(_plain(content), label=label, python=python)
    return ipywidgets.HTML(html)


def blocks(
    contents: Sequence[Any], *, open_link: Open | None = None, python: str = "result.content"
) -> ipywidgets.Widget:
    """Content blocks one below the other."""
    shown = [
        block(content, open_link=open_link, python=f"{python}[{at}]", label=f"content {at + 1}")
        for at, content in enumerate(contents[:SHOWN_BLOCKS])
    ]
    if len(contents) > SHOWN_BLOCKS:
        more = f"{len(contents) - SHOWN_BLOCKS:,} more contents are not shown. In Python: {python}"
        shown.append(ipywidgets.HTML(sentence(more)))
    box = ipywidgets.VBox(shown or [ipywidgets.HTML(sentence(NOTHING))])
    box.add_class("mcpk-blocks")
    return box


def _link(link: ResourceLink, open_link: Open | None) -> ipywidgets.Widget:
    html = ipywidgets.HTML(address_html("Resource link", link, link.uri))
    if open_link is None:
        return html
    button = ipywidgets.Button(description=f"Open {one_line(link.name, 30)}")
    button.on_click(lambda _: open_link(link.uri))
    return ipywidgets.VBox([html, button])


def address_html(kind: str, item: Any, uri: str) -> str:
    """What a resource is called, where it is, and what it is said to be.

    Args:
        kind: a word of ours for what it is, or "".
        item: a `Resource`, `ResourceTemplate`, `ResourceLink` or a resource's contents.
        uri: its address, or the template for it.
    """
    name = str(getattr(item, "title", None) or getattr(item, "name", ""))
    size = getattr(item, "size", None)
    about = [item.mime_type or "", "" if size is None else f"{size:,} bytes"]
    facts = "".join(f" · <bdi>{escape(one_line(fact))}</bdi>" for fact in about if fact)
    head = f"{kind} <bdi>{escape(one_line(name, 200))}</bdi>".strip()
    described = getattr(item, "description", None)
    text = sentence(" … ".join(filter(None, cut(described, 1000)))) if described else ""
    return f'<div class="mcpk-address"><b>{head}</b>{facts}<br>{uri_html(uri)}</div>{text}'


def uri_html(uri: str) -> str:
    """A URI as text in full; a link only where it leads to the web and nothing in it is hidden."""
    if WEB_ADDRESS.fullmatch(uri):
        target = 'target="_blank" rel="noopener noreferrer"'
        return f'<a class="mcpk-uri" href="{escape(uri)}" {target}>{escape(uri)}</a>'
    return f'<code class="mcpk-uri"><bdi>{escape(uri)}</bdi></code>'


def _plain(value: Any) -> Any:
    """A model as what its JSON holds; anything else as its text."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return str(value)
