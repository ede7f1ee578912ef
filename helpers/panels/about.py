"""What a tool says of itself, as HTML."""

from __future__ import annotations

from mcp.types import Tool, ToolAnnotations

from helpers.panels.safe import cut
from helpers.text import escape, one_line

SHOWN_NAME = 120
SHOWN_CHARACTERS = 5000
FITTING_CHARACTERS = 200


def about(tool: Tool) -> str:
    """Title, name, hints and description, in this order, each where there is one."""
    title = tool.title or (tool.annotations and tool.annotations.title) or ""
    name = f'<span class="mcpk-tool-name">{escape(one_line(tool.name, SHOWN_NAME))}</span>'
    heading = f"{escape(one_line(title, SHOWN_NAME))} · {name}" if title else name
    parts = [f'<div class="mcpk-title">{heading}</div>']
    if told := hints(tool.annotations):
        badges = " ".join(f'<span class="mcpk-hint">{hint}</span>' for hint in told)
        parts.append(f'<div class="mcpk-facts">The server says: {badges}</div>')
    text, missing = cut((tool.description or "").strip(), SHOWN_CHARACTERS)
    if text:
        more = f"\n{missing}" if missing else ""
        # what may need to be scrolled has to be reached with the keyboard; the rest has not
        named = 'role="group" tabindex="0" aria-label="description of the tool"'
        scrolls = named if len(text) > FITTING_CHARACTERS or text.count("\n") > 3 else ""
        parts.append(f'<div class="mcpk-tool-text" {scrolls}>{escape(text + more)}</div>')
    return "".join(parts)


def hints(annotations: ToolAnnotations | None) -> list[str]:
    """The annotations in words. They are the server's claims, and no promise.

    Source: https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations
    """
    if annotations is None:
        return []
    reads = annotations.read_only_hint
    told = [
        {True: "only reads", False: "changes something"}.get(reads),  # type: ignore[arg-type]
        # these two have no meaning for a tool that only reads
        not reads and {True: "⚠ may destroy", False: "only adds"}.get(annotations.destructive_hint),  # type: ignore[arg-type]
        not reads and {True: "safe to repeat"}.get(annotations.idempotent_hint),  # type: ignore[arg-type]
        {True: "reaches outside", False: "stays inside"}.get(annotations.open_world_hint),  # type: ignore[arg-type]
    ]
    return [hint for hint in told if hint]
