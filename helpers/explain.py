"""Why `connect` could not connect, in words for the one who has to mend it."""

from __future__ import annotations

import shutil
from collections import deque
from pathlib import Path
from typing import Any

import httpx2
from mcp import MCPError, StdioServerParameters

from helpers.errors import http_hint, leaves, root, root_cause, shorten
from helpers.recorder import RecordingTransport

UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout)


def explain(
    error: Exception,
    described: str,
    target: Any,
    recorder: RecordingTransport | None,
    timeout: float,
    answers: deque[httpx2.Response],
) -> Exception:
    """The error a learner should see: what failed, the likely cause, what to do.

    One sentence a line, because a notebook breaks a long line in the middle of a word.
    """
    raised = (recorder and recorder.broken_by) or error
    cause = root(raised)
    words = recorder.last_words() if recorder else ""
    if isinstance(cause, TimeoutError):
        return TimeoutError(
            f"{described} did not answer within {timeout:g} s.\n{_doubt(recorder)}{words}"
        )
    if isinstance(cause, ConnectionAbortedError):
        return ConnectionAbortedError(f"{described}: {cause}, or connected to again.")
    if isinstance(cause, OSError) and isinstance(target, StdioServerParameters):
        return _cannot_start(cause, target)
    for leaf in leaves(raised):
        if isinstance(leaf, httpx2.HTTPStatusError):
            return ConnectionError(http_hint(leaf.response))
        if isinstance(leaf, UNREACHED):
            return nothing_answers(leaf)
    if isinstance(cause, MCPError):
        refused = [answer for answer in answers if answer.is_error]
        hint = f"\n{http_hint(refused[0])}" if refused else ""
        return ConnectionError(f"No connection to {described}.\n{cause.message}{hint}")
    return ConnectionError(
        f"No connection to {described}.\n{type(cause).__name__}: {root_cause(cause)}{words}"
    )


def nothing_answers(error: httpx2.ConnectError | httpx2.ConnectTimeout) -> ConnectionError:
    """The error a learner should see where no server listens."""
    if isinstance(error, httpx2.ConnectTimeout):
        return ConnectionError(
            f"No reply from {error.request.url}.\n"
            "It is a wrong address, or a firewall drops what we send there."
        )
    return ConnectionError(
        f"Nothing answers at {error.request.url}: {error}.\n"
        "Is the server running, on this port? What serve() returned tells it as .url."
    )


def _doubt(recorder: RecordingTransport | None) -> str:
    """What a server did instead of answering, as far as it can be known."""
    if recorder and recorder.stray:
        printed = shorten(recorder.stray[0])
        return f"It printed {printed!r} to stdout, which is no MCP message."
    answers = [m for m in recorder.wire if m.kind in ("response", "error")] if recorder else []
    if unasked := [m for m in answers if not (m.sent or m.local or m.method)]:
        number = shorten(str(unasked[0].id))
        return f"It answered with the id {number}, under which it was asked nothing."
    return "It may wait for something, or be no MCP server. Is it slow? Pass timeout=."


def _cannot_start(cause: OSError, target: StdioServerParameters) -> OSError:
    if target.cwd and not Path(target.cwd).is_dir():
        return FileNotFoundError(
            f"The working directory {str(target.cwd)!r} does not exist (cwd=)."
        )
    if not (shutil.which(target.command) or Path(target.command).exists()):
        return FileNotFoundError(
            f"There is no command {target.command!r} here. Is it installed, and on the PATH?\n"
            "For Python servers use command=sys.executable."
        )
    return type(cause)(f"{target.command!r} could not be started: {cause}")
