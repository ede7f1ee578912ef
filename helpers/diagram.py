"""Messages as a sequence diagram."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from helpers.errors import shorten

if TYPE_CHECKING:
    from helpers.traffic import Message

DESCRIPTION_WIDTH = 5000
ARROWS = {"request": "->>", "response": "-->>", "error": "--x", "notification": "-)"}


class Diagram:
    """A sequence diagram: Mermaid for a front end that draws it, plain text for one that does not.

    Mermaid's syntax: https://mermaid.js.org/syntax/sequenceDiagram.html
    """

    def __init__(self, messages: tuple[Message, ...], count: int) -> None:
        self._messages = messages
        self._title = (
            f"{len(messages)} messages between client and server"
            if len(messages) == count
            else f"the last {len(messages)} of {count} messages between client and server"
        )

    @property
    def mermaid(self) -> str:
        steps = ", ".join(str(message) for message in self._messages)
        described = shorten(steps, DESCRIPTION_WIDTH) or "nothing has been sent yet"
        lines = [
            "sequenceDiagram",
            f"    accTitle: {self._title}",
            f"    accDescr: {_safe(described)}",
            "    participant C as client",
            "    participant S as server",
        ]
        for message in self._messages:
            ends = ("C", "S") if message.sent and not message.local else ("S", "C")
            if message.local:
                ends = ("C", "C")
            lines.append(f"    {ends[0]}{ARROWS[message.kind]}{ends[1]}: {_safe(message.label)}")
        return "\n".join(lines)

    @property
    def text(self) -> str:
        labels = [f" {message.label} " for message in self._messages]
        width = max([40, *map(len, labels)])
        lines = [f"client {'':{width - 6}} server"]
        for message, label in zip(self._messages, labels, strict=True):
            # an answer given on this side has no line that reaches the server
            shaft = label.center(width, " " if message.local else "─")
            lines.append(f"  │{shaft}→│" if message.sent else f"  │←{shaft}│")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/vnd.mermaid": self.mermaid, "text/plain": self.text}


def _safe(text: str) -> str:
    """Server-chosen text must not end a Mermaid statement or open markup."""
    return re.sub(r"[^\w /.,()→-]", lambda found: f"#{ord(found[0])};", text)
