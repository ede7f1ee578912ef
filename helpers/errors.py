"""From an exception of the depths to a sentence a learner can act on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx2
from pydantic import ValidationError


def shorten(text: str, width: int = 60) -> str:
    """One line of at most `width` characters, none of them a control character."""
    line = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
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


def without_groups(error: BaseException) -> BaseException:
    """The error itself, with the chain of its causes cut where a group begins.

    Where IPython finds an `ExceptionGroup` among the causes, it shows a page.
    """
    chain = [error]
    for link in chain:
        for name in ("__cause__", "__context__"):
            earlier = getattr(link, name)
            if isinstance(earlier, BaseExceptionGroup):
                setattr(link, name, None)
            elif earlier and not any(earlier is known for known in chain):
                chain.append(earlier)
    return error


def root_cause(error: BaseException | None) -> str:
    """What an exception says in one line, with its type where it says nothing."""
    if error is None:
        return "no reason was given"
    error = root(error)
    return shorten(str(error), 300) or _mute(error) or type(error).__name__


def _mute(error: BaseException) -> str:
    """Words for what httpx2 has none for: a connection that ends while it is used, or hangs."""
    if isinstance(error, httpx2.TimeoutException):
        return f"the server did not reply in time ({type(error).__name__})"
    return "the server cut the connection off" if isinstance(error, httpx2.NetworkError) else ""


def unreadable_line(error: BaseException | None) -> str:
    """The text that a transport could not read as a message, or nothing."""
    if not isinstance(error, ValidationError):
        return ""
    inputs = [details["input"] for details in error.errors(include_url=False)]
    whole = next((found for found in inputs if isinstance(found, dict)), inputs[0])
    if isinstance(whole, bytes):
        whole = whole.decode(errors="replace")
    return whole if isinstance(whole, str) else json.dumps(whole, default=str)


def like_an_answer(line: str) -> bool:
    """Is this line, which is no message, meant to answer a request, and not to ask or to tell?"""
    like_a_message = re.search(r'"(jsonrpc|result)"\s*:', line) is not None
    return like_a_message and ('"method"' not in line or '"result"' in line or '"error":' in line)


def cannot_be_read(line: str) -> str:
    """What to say of an answer that is none: how it begins."""
    return (
        "The server's answer cannot be read: it is not one valid JSON-RPC message.\n"
        f"It begins {shorten(line)!r}."
    )


def http_hint(answer: httpx2.Response) -> str:
    """What an HTTP answer means for someone who connects to an MCP server.

    Source: the transports' chapter of the MCP specification, and the SDK's servers.
    """
    endpoint = "The endpoint of an SSE server usually ends in /sse, of Streamable HTTP in /mcp."
    transports = "A plain URL is Streamable HTTP; for an SSE server write connect(sse_client(url))."
    how = (
        'Over SSE: sse_client(url, headers={"Authorization": "Bearer …"}).\n'
        "Over Streamable HTTP: "
        "streamable_http_client(url, http_client=httpx2.AsyncClient(headers=…))."
    )
    hints = {
        400: f"The endpoint does not understand us. {transports}",
        401: f"The server wants a token that was not sent or that it does not know.\n{how}",
        403: f"The server refuses this Origin or this user. Does it want a token?\n{how}",
        404: f"Nothing is served at this path. {endpoint}",
        405: f"The endpoint speaks another transport. {transports}",
        406: f"The endpoint speaks another transport. {transports}",
        421: (
            "The server refuses this host name.\nUse localhost or 127.0.0.1 in the URL, "
            "or let the server allow this name (ours: --allow-host)."
        ),
    }
    hint = hints.get(answer.status_code, "See the server's own log.")
    if elsewhere := answer.headers.get("location"):
        hint = f"The server sends us elsewhere, to {elsewhere}. Is that the URL you want?"
    return f"{answer.request.url} answered HTTP {answer.status_code}.\n{hint}"
