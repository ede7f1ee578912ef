"""One call of a tool: what was asked for, and what became of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any

from mcp import MCPError
from mcp.types import CallToolResult

from helpers.panels.link import Link
from helpers.panels.python_line import literal
from helpers.text import one_line

SHOWN_ARGUMENTS = 120


class Outcome(Enum):
    """What became of a call: a word, and a sign for those who scan."""

    WAITING = "waiting", "…"
    RUNNING = "running", "▸"
    OK = "ok", "✓"
    TOOL_ERROR = "tool error", "✗"
    PROTOCOL_ERROR = "protocol error", "‼"
    LOST = "connection lost", "⊘"
    CLOSED = "connection closed", "⊘"
    NO_ANSWER = "no answer", "⊘"
    CANCELLED = "cancelled", "■"
    NOT_SENT = "not sent", "○"

    def __init__(self, word: str, sign: str) -> None:
        self.word = word
        self.sign = sign

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


@dataclass(frozen=True)
class Progress:
    """What a server reports of a running call."""

    done: float
    total: float | None
    message: str


@dataclass(eq=False)
class Call:
    """One call: what was asked for, and what became of it."""

    tool: str
    arguments: dict[str, Any]
    at: datetime = field(default_factory=lambda: datetime.now().astimezone())
    outcome: Outcome = Outcome.WAITING
    progress: Progress | None = None
    result: CallToolResult | None = None
    error: Exception | None = None
    begun: float = 0.0  # on the clock of time.perf_counter, in seconds
    ms: float | None = None
    dropped: int = 0  # how many that waited behind it were not sent, when it was cancelled
    let_go: bool = False  # its result, to make room for later ones

    @cached_property
    def written(self) -> str:
        """The beginning of the arguments, in one line."""
        return one_line(literal(self.arguments), SHOWN_ARGUMENTS)

    @cached_property
    def size(self) -> int:
        """How long the result is that came back, in characters, as Python writes it."""
        return len(repr(self.result))

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return time.perf_counter() - self.begun if self.ms is None else self.ms / 1000

    @property
    def rows(self) -> int | None:
        """How many rows the structured content has, if it is rows."""
        value = self.result and self.result.structured_content
        if isinstance(value, dict) and list(value) == ["result"]:
            value = value["result"]
        is_rows = isinstance(value, list) and all(isinstance(row, dict) for row in value)
        return len(value) if is_rows and isinstance(value, list) else None

    @property
    def facts(self) -> list[str]:
        """The outcome in words, the number of rows and the time, as far as there are any."""
        found = [self.outcome.word]
        if self.rows is not None and self.outcome is Outcome.OK:
            found.append(f"{self.rows} row{'' if self.rows == 1 else 's'}")
        if self.ms is not None:
            found.append(duration(self.ms))
        return found

    def __str__(self) -> str:
        return " · ".join([one_line(self.tool), *self.facts])


def duration(ms: float) -> str:
    """Milliseconds as a person reads them: `0.8 ms`, `12 ms`, `1.4 s`."""
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def outcome_of(error: Exception, link: Link) -> Outcome:
    """What it means that a request raised this; the link hears of it, too."""
    if isinstance(error, MCPError):
        link.heard(error)
    # what the SDK raises of an answer that is against the protocol is a protocol error, too
    ended = Outcome.NO_ANSWER if isinstance(error, TimeoutError) else Outcome.PROTOCOL_ERROR
    return {"lost": Outcome.LOST, "closed": Outcome.CLOSED}.get(link.state, ended)
