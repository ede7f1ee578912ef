"""Where the log lines of the libraries go while the kit holds a connection or a server.

A warning that the SDK logs in a background task would land in whichever cell happens
to run. So what is logged inside an owner task, or in a server's thread, is kept with
that connection or server. Everything else goes where it always went: to the root
logger, as the lesson has set it up.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar

from helpers.errors import root_cause

Sink = Callable[[logging.LogRecord], None]

LIBRARIES = ("asyncio", "mcp", "starlette", "sse_starlette", "httpx2", "httpcore2")
UVICORN = ("uvicorn.error", "uvicorn.access", "uvicorn.asgi")
KEPT_LINES = 1000

of_task: ContextVar[Sink | None] = ContextVar("of_task", default=None)


class _Divert(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if sink := of_task.get():
            _hand_to(sink, record)
        else:
            logging.getLogger().callHandlers(record)


def _is_not_ours(record: logging.LogRecord) -> bool:
    """A filter: it stays where a handler does not, for a `uvicorn.Config` replaces those."""
    sink = of_task.get()
    if sink:
        _hand_to(sink, record)
    return sink is None


def _hand_to(sink: Sink, record: logging.LogRecord) -> None:
    """A sink that fails does not fail the library that logs: logging itself tells of it."""
    try:
        sink(record)
    except Exception:
        _divert.handleError(record)


_divert = _Divert()
_formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s")


def divert() -> None:
    """Keep the libraries' log lines with what they belong to; safe to call again."""
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        if _divert not in logger.handlers:
            logger.addHandler(_divert)
            logger.propagate = False
    for name in UVICORN:
        logging.getLogger(name).addFilter(_is_not_ours)


def in_full(record: logging.LogRecord) -> str:
    """The record with its traceback, if it has one."""
    return _formatter.format(record)


def in_one_line(record: logging.LogRecord) -> str:
    """The record, and of its exception only what it says."""
    reason = f": {root_cause(record.exc_info[1])}" if record.exc_info else ""
    return _formatter.formatMessage(_with_message(record)) + reason


def _with_message(record: logging.LogRecord) -> logging.LogRecord:
    record.message = record.getMessage()
    return record


def new_lines() -> deque[str]:
    """An empty, bounded list of log lines."""
    return deque(maxlen=KEPT_LINES)
