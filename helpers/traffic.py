"""The recorded JSON-RPC traffic of one connection: as a table, a diagram, and messages."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest

if TYPE_CHECKING:
    import pandas as pd

KEPT_MESSAGES = 1000
DRAWN_MESSAGES = 60
ARROWS = {"request": "->>", "response": "-->>", "error": "--x", "notification": "-)"}


@dataclass
class Message:
    """One JSON-RPC message as it passed the transport.

    `local` marks an answer that this side gave because the server could not.
    """

    number: int
    sent: bool
    kind: str  # request, response, error or notification
    method: str  # of a response or error: the method it answers
    id: int | str | None
    local: bool
    raw: JSONRPCMessage = field(repr=False)
    time: float = field(repr=False)  # seconds since the epoch
    ms: float | None = None  # of a request: milliseconds until its answer came

    @property
    def direction(self) -> str:
        return "client → server" if self.sent else "server → client"

    @cached_property
    def text(self) -> str:
        """The JSON as it stands on the wire."""
        return self.raw.model_dump_json(by_alias=True, exclude_unset=True)

    @property
    def json(self) -> dict[str, Any]:
        """The message as a dictionary, with the wire's own names."""
        return self.raw.model_dump(mode="json", by_alias=True, exclude_unset=True)

    @property
    def bytes(self) -> int:
        return len(self.text.encode())

    def __str__(self) -> str:
        return f"{self.direction}  {self.label}"

    @property
    def label(self) -> str:
        """A short description: `initialize (id 0)`, `result of initialize (id 0)`."""
        name = {"response": "result of ", "error": "error for "}.get(self.kind, "") + self.method
        local = ", answered on this side" if self.local else ""
        return name if self.id is None else f"{name} (id {self.id}{local})"


class Wire:
    """The last messages of a connection, oldest first; at most `limit` of them."""

    def __init__(self, limit: int = KEPT_MESSAGES) -> None:
        self._messages: deque[Message] = deque(maxlen=limit)
        self._asked: dict[tuple[bool, int | str], tuple[Message, float]] = {}
        self._count = 0
        self.answered = False  # has any readable message come from the server?

    @property
    def limit(self) -> int:
        """How many messages are kept; assign a whole number to change it."""
        return self._messages.maxlen or 0

    @limit.setter
    def limit(self, value: int) -> None:
        if value < 1:
            raise ValueError(f"the wire keeps at least 1 message, not {value}")
        self._messages = deque(self._messages, maxlen=value)

    def add(self, raw: JSONRPCMessage, *, sent: bool, local: bool = False) -> None:
        now = time.perf_counter()
        self.answered = self.answered or not (sent or local)
        identity = getattr(raw, "id", None)
        method, kind = getattr(raw, "method", ""), "notification"
        if isinstance(raw, JSONRPCRequest):
            kind = "request"
        elif not isinstance(raw, JSONRPCNotification):
            kind = "error" if isinstance(raw, JSONRPCError) else "response"
            asked, since = self._asked.pop((not sent, identity or 0), (None, now))
            if asked:
                method, asked.ms = asked.method, (now - since) * 1000
        message = Message(self._count, sent, kind, method, identity, local, raw, time.time())
        if kind == "request" and identity is not None:
            self._asked[sent, identity] = message, now
            if len(self._asked) > self.limit:  # the oldest will not be answered any more
                del self._asked[next(iter(self._asked))]
        self._count += 1
        self._messages.append(message)

    def clear(self) -> None:
        """Forget what was recorded so far; the numbering goes on."""
        self._messages.clear()

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(tuple(self._messages))

    def __getitem__(self, position: int) -> Message:
        return self._messages[position]

    def __repr__(self) -> str:
        return f"<wire: {self._count} messages, {len(self)} kept>"

    def frame(self) -> pd.DataFrame:
        """One row a message: direction, kind, method, id, ms, bytes.

        `ms` stands with a request: the milliseconds until its answer came. `bytes` is
        the size of the message's JSON. The index is the message's number.
        """
        import pandas as pd  # here, because importing it takes longer than connecting

        columns = ["direction", "kind", "method", "id", "ms", "bytes"]
        rows = [[getattr(message, name) for name in columns] for message in self]
        index = pd.Index([message.number for message in self], name="message")
        frame = pd.DataFrame(rows, columns=columns, index=index)
        frame["id"] = frame["id"].map(lambda value: "" if pd.isna(value) else str(value))
        frame["ms"] = frame["ms"].astype("float64").round(1)
        return frame

    def diagram(self, last: int = DRAWN_MESSAGES) -> Diagram:
        """The `last` messages as a sequence diagram; a notebook draws it, `print` writes it."""
        return Diagram(tuple(self)[-last:], self._count)


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
        steps = ", ".join(_safe(str(message)) for message in self._messages)
        lines = [
            "sequenceDiagram",
            f"    accTitle: {self._title}",
            f"    accDescr: {steps or 'nothing has been sent yet'}",
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
        lines = [f"client {'':34} server"]
        for message in self._messages:
            shaft = f" {message.label} ".center(40, "─")
            lines.append(f"  │{shaft}→│" if message.sent else f"  │←{shaft}│")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/vnd.mermaid": self.mermaid, "text/plain": self.text}


def _safe(text: str) -> str:
    """Server-chosen text must not end a Mermaid statement or open markup."""
    kept = re.sub(r"[^\w /.,:()→-]", lambda found: f"#{ord(found[0])};", text)
    return re.sub(r"\s+", " ", kept)[:200]
