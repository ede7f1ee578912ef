"""What passed between a learner's code and a server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Heard:
    """One message: its text as it passed, and what it says if it is a JSON object."""

    sent: bool
    text: str
    headers: dict[str, str] = field(default_factory=dict)  # of the HTTP request it came with
    late: bool = False  # it came after the client had closed the server's standard input

    @property
    def message(self) -> dict[str, Any]:
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def method(self) -> str:
        return str(self.message.get("method", ""))

    @property
    def params(self) -> dict[str, Any]:
        params = self.message.get("params")
        return params if isinstance(params, dict) else {}


@dataclass
class Record:
    """What one stand-in for a server has seen."""

    heard: list[Heard] = field(default_factory=list)
    opened: int = 0  # connections: processes started, streams opened
    closed: int = 0  # of these, closed by the client as the protocol wants it
    left_open: int = 0  # of these, still open when the function had returned
    refused: list[int] = field(default_factory=list)  # the HTTP statuses that were errors
    by_hand: bool = False  # the function was given a command, and no address or parameters

    @property
    def sent(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.sent]

    @classmethod
    def of_all(cls, records: list[Record]) -> Record:
        whole = cls()
        for record in records:
            whole.heard += record.heard
            whole.opened += record.opened
            whole.closed += record.closed
            whole.left_open += record.left_open
            whole.refused += record.refused
            whole.by_hand |= record.by_hand
        return whole
