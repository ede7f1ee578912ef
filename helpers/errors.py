"""From an exception of the depths to a sentence a learner can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator


def shorten(text: str, width: int = 60) -> str:
    """One line of at most `width` characters."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= width else line[: width - 1] + "…"


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside an `ExceptionGroup`, however deep; any other error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def root(error: BaseException) -> BaseException:
    """The error that a group stands for: its first one that is not a cancellation."""
    found = list(leaves(error))
    return next((leaf for leaf in found if isinstance(leaf, Exception)), found[0])


def root_cause(error: BaseException | None) -> str:
    """What an exception says in one line, with its type where it says nothing."""
    if error is None:
        return "no reason was given"
    error = root(error)
    return shorten(str(error), 300) or type(error).__name__


def http_hint(status: int, url: str) -> str:
    """What an HTTP status means for someone who connects to an MCP server.

    Source: the transports' chapter of the MCP specification, and the SDK's servers.
    """
    endpoint = "The endpoint of an SSE server usually ends in /sse, of Streamable HTTP in /mcp."
    hints = {
        401: "The server wants a token that was not sent or that it does not know.",
        403: "The server refuses this Origin or this user.",
        404: f"Nothing is served at this path. {endpoint}",
        405: "This endpoint speaks another transport: a plain string is Streamable HTTP; "
        "for an SSE server write connect(sse_client(url)).",
        406: "This endpoint speaks another transport: sse_client is for SSE servers; "
        "for Streamable HTTP pass the URL itself.",
        421: "The server refuses this host name; start it with --allow-host to add one.",
    }
    hints[400] = hints[406]
    redirect = "The server sends us elsewhere: use the URL it names, mind a missing last slash."
    hint = redirect if 300 <= status < 400 else hints.get(status, "See the server's own log.")
    return f"{url} answered HTTP {status}. {hint}"
