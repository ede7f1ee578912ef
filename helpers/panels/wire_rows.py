"""Messages in the three ways in which the Wire tab shows many of them, and one in full."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from helpers.panels.call import duration
from helpers.panels.safe import sentence, text_html
from helpers.text import escape, one_line
from helpers.traffic import Message

TIMED_MESSAGES = 100
INDENTED_CHARACTERS = 1_000_000
HEADING = f"{'no.':>4} {'time':<12} {'':<1} {'took':>7} {'bytes':>7}  message"
LEGEND = "→ client to server · ← server to client · ↺ answered on this side"


def arrow(message: Message) -> str:
    return "↺" if message.local else "→" if message.sent else "←"


def row(message: Message) -> str:
    """One message as a line whose columns stand below each other, in a fixed width."""
    at = datetime.fromtimestamp(message.time).strftime("%H:%M:%S.%f")[:12]
    took = "" if message.ms is None else duration(message.ms)
    label = one_line(message.label, 120)
    return f"{message.number:>4} {at} {arrow(message)} {took:>7} {message.bytes:>7}  {label}"


def message_html(message: Message) -> str:
    """One message in full, as indented JSON."""
    where = f"next(m for m in wire(client) if m.number == {message.number})"
    head = sentence(f"Message {message.number}: {message.direction}, {message.kind}")
    return head + text_html(_indented(message.text), label="message", python=f"{where}.text")


def _indented(text: str) -> str:
    if len(text) > INDENTED_CHARACTERS:
        return text  # most of it will not be shown
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except RecursionError:  # nested too deeply for Python's reader
        return text


def timeline_html(messages: Sequence[Message]) -> str:
    """Requests as bars from their sending to their answer, notifications as marks."""
    begun = [m for m in messages if m.kind in ("request", "notification")]
    shown = begun[-TIMED_MESSAGES:]
    if not shown:
        return sentence("No request has passed yet.")
    start = shown[0].time
    end = max(*(m.time + (m.ms or 0) / 1000 for m in messages), start + 0.001)
    rows = "".join(_bar(message, start, end) for message in shown)
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("message", "after", "when", "took"))
    cut = f"the last {len(shown)} of {len(begun):,} " if len(shown) < len(begun) else ""
    span = sentence(f"{cut}requests and notifications in {duration((end - start) * 1000)}")
    table = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    named = 'role="group" tabindex="0" aria-label="timeline"'
    return (
        f'{span}<div class="mcpk-scroll" {named}>'
        f'<table class="mcpk-table mcpk-timeline">{table}</table></div>{sentence(LEGEND)}'
    )


def _bar(message: Message, start: float, end: float) -> str:
    span = end - start
    left = (message.time - start) / span * 100
    if message.kind == "notification":
        width, took = 0.0, "notification"
    elif message.ms is None:
        width, took = 100 - left, "no answer yet"
    else:
        width, took = message.ms / 10 / span, duration(message.ms)
    left, width = max(0.0, min(left, 99.5)), max(0.5, min(width, 100 - left))
    side = "sent" if message.sent else "received"
    bar = f'<div class="mcpk-bar mcpk-{side}" style="margin-left:{left:.1f}%;width:{width:.1f}%">'
    after = duration((message.time - start) * 1000)
    return (
        f"<tr><td>{escape(f'{arrow(message)} {one_line(message.label)}')}</td>"
        f'<td class="mcpk-number">{after}</td><td class="mcpk-lane">{bar}</div></td>'
        f'<td class="mcpk-number">{took}</td></tr>'
    )
