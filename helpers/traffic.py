"""The recorded JSON-RPC traffic of one connection: as a table, a diagram, and messages."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp.shared.dispatcher import coerce_request_id
from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest

from helpers.diagram import Diagram
from helpers.errors import shorten

if TYPE_CHECKING:
    import pandas as pd

KEPT_MESSAGES = 1000
KEPT_BYTES = 64_000_000  # of the messages' text
DRAWN_MESSAGES = 60
METHOD_WIDTH = 60
ID_WIDTH = 20

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Message:
    """One JSON-RPC message as it passed the transport.

    `text` is its JSON as it stands on the wire. `local` marks an answer that this side
    gave because the server could not.
    """

    number: int
    sent: bool
    kind: str  # request, response, error or notification
    method: str  # of a response or error: the method it answers
    id: int | str | None
    local: bool
    text: str = field(repr=False)
    time: float = field(repr=False)  # seconds since the epoch
    bytes: int = field(repr=False)  # of the text, in UTF-8
    ms: float | None = None  # of a request: milliseconds until its answer came

    @property
    def direction(self) -> str:
        if self.local:
            return "client → client"
        return "client → server" if self.sent else "server → client"

    @property
    def json(self) -> dict[str, Any]:
        """The message as a dictionary, with the wire's own names."""
        return dict(json.loads(self.text))

    def __str__(self) -> str:
        return f"{self.direction}  {self.label}"

    @property
    def label(self) -> str:
        """A short description: `initialize (id 0)`, `result of initialize (id 0)`."""
        what = {"response": "result of ", "error": "error for "}.get(self.kind, "")
        name = what + (shorten(self.method, METHOD_WIDTH) or "an unknown request")
        local = ", answered on this side" if self.local else ""
        return name if self.id is None else f"{name} (id {shorten(str(self.id), ID_WIDTH)}{local})"


class Wire:
    """The last messages of a connection, oldest first: at most `limit`, and at most 64 MB.

    The newest is kept whatever its size.
    """

    def __init__(self, limit: int = KEPT_MESSAGES) -> None:
        self._limit, self._bytes = limit, 0  # of all that are kept
        self._messages: deque[Message] = deque()
        self._asked: dict[tuple[bool, int | str | None], tuple[Message, float]] = {}
        self._count = 0
        self._watchers: tuple[Callable[[Message], None], ...] = ()
        self.answered = False  # has any readable message come from the server?

    @property
    def limit(self) -> int:
        """How many messages are kept at most; assign a whole number to change it.

        Raises:
            ValueError: assigned a number below 1.
        """
        return self._limit

    @limit.setter
    def limit(self, value: int) -> None:
        if value < 1:
            raise ValueError(f"the wire keeps at least 1 message, not {value}")
        self._limit = value
        self._trim()

    def _trim(self) -> None:
        while len(self) > self._limit or (self._bytes > KEPT_BYTES and len(self) > 1):
            self._bytes -= self._messages.popleft().bytes

    def add(self, raw: JSONRPCMessage, *, sent: bool, local: bool = False) -> None:
        """Record a message: who sent it, and whether this side gave it for the server."""
        now = time.perf_counter()
        self.answered = self.answered or not (sent or local)
        identity = None if isinstance(raw, JSONRPCNotification) else raw.id
        known_as = None if identity is None else coerce_request_id(identity)  # "7" answers 7
        if isinstance(raw, JSONRPCRequest | JSONRPCNotification):
            kind, method = "notification" if identity is None else "request", raw.method
        else:
            kind, method = "error" if isinstance(raw, JSONRPCError) else "response", ""
            asked, since = self._asked.pop((not sent, known_as), (None, now))
            if asked:
                method, asked.ms = asked.method, (now - since) * 1000
        # written out now, because lists and dictionaries in it are also the learner's
        text = raw.model_dump_json(by_alias=True, exclude_unset=True)
        # Python knows of a text that it is ASCII; counted once, for every time it is drawn
        size = len(text) if text.isascii() else len(text.encode())
        message = Message(self._count, sent, kind, method, identity, local, text, time.time(), size)
        if kind == "request":
            self._asked[sent, known_as] = message, now
            if len(self._asked) > self.limit:  # the oldest will not be answered any more
                del self._asked[next(iter(self._asked))]
        self._count += 1
        self._messages.append(message)
        self._bytes += size
        self._trim()
        for watcher in self._watchers:
            try:
                watcher(message)
            except Exception:
                logger.exception("a callback that watches the wire failed")

    def watch(self, callback: Callable[[Message], None]) -> Callable[[], None]:
        """Have `callback` called with every message from now on, as soon as it is recorded.

        It is called on the connection's own loop, in the middle of sending and receiving:
        let it note what came and return. What it raises is logged, and does no harm.

        Returns:
            A function that stops the watching; calling it again does nothing.
        """
        watcher = partial(callback)  # another object each time: the same callback may watch twice
        self._watchers = (*self._watchers, watcher)

        def stop() -> None:
            self._watchers = tuple(known for known in self._watchers if known is not watcher)

        return stop

    def clear(self) -> None:
        """Forget what was recorded so far; the numbering goes on."""
        self._messages.clear()
        self._bytes = 0

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
        the size of the message's JSON. The index is the message's number. An answer that
        this side gave, for a server that could not, has the direction "client → client".
        """
        import pandas as pd  # here, because importing it takes longer than connecting

        columns = {"direction": "str", "kind": "str", "method": "str"}
        columns |= {"id": "str", "ms": "float64", "bytes": "int64"}
        data = {name: [getattr(message, name) for message in self] for name in columns}
        # as text before pandas sees them: it would turn numbers beside a gap into 1.0
        data["id"] = ["" if value is None else str(value) for value in data["id"]]
        index = pd.Index([message.number for message in self], dtype="int64", name="message")
        return pd.DataFrame(data, index=index).astype(columns).round({"ms": 1})

    def diagram(self, last: int = DRAWN_MESSAGES) -> Diagram:
        """The `last` messages as a sequence diagram; a notebook draws it, `print` writes it.

        Raises:
            ValueError: `last` is below 1.
        """
        if last < 1:
            raise ValueError(f"a diagram shows at least 1 message, not {last}")
        return Diagram(tuple(self)[-last:], self._count)
