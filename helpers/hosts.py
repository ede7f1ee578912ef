"""`connect_all`: every server of an `mcpServers` file, opened at once, as a desktop host does."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client

from helpers.connection import connect
from helpers.errors import http_hint
from helpers.host_config import Entry, entry_of, filled, read
from helpers.owner import close_keys, open_keys
from helpers.targets import over_http


class Connections(Mapping[str, Client]):
    """The open servers of a file, by name: the SDK's own clients.

    Attributes:
        failed: for each that could not be opened, the error that says why.
        disabled: the names of those that the file says to leave out.
    """

    def __init__(self, opened: dict[str, Client | Exception | None]) -> None:
        self._clients = {name: it for name, it in opened.items() if isinstance(it, Client)}
        self.failed = {name: it for name, it in opened.items() if isinstance(it, Exception)}
        self.disabled = [name for name, it in opened.items() if it is None]

    def __getitem__(self, name: str) -> Client:
        if error := self.failed.get(name):
            raise KeyError(f"{name} is not open: {str(error).splitlines()[0]}")
        return self._clients[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._clients)

    def __len__(self) -> int:
        return len(self._clients)

    def __repr__(self) -> str:
        known = len(self) + len(self.failed) + len(self.disabled)
        lines = [f"{len(self)} of {known} servers are open: {', '.join(self) or 'none'}."]
        lines += [f"{name} is left out, because the file disables it." for name in self.disabled]
        for name, error in self.failed.items():
            lines += [f"{name} is not open:", *(f"    {line}" for line in str(error).splitlines())]
        return "\n".join(lines)


async def connect_all(
    path: str | os.PathLike[str], *, timeout: float = 20.0, **client_options: Any
) -> Connections:
    """Open every server of an `mcpServers` file at the same time, and keep them open.

    An entry with `command` (and `args`, `env`, `cwd`) starts a server. One with `url` (and
    `headers`) reaches one: over SSE where `type` or `transport` is "sse", or where neither is
    given and the URL ends in /sse; else over Streamable HTTP. In all of these, ${NAME} and
    ${env:NAME} stand for variables of the environment. Entries that are `disabled` are left out.

    Args:
        path: the JSON file. Before it opens a file again, it closes what it had opened of it.
        timeout: seconds that each server has, as in `connect`.
        **client_options: whatever else `connect` takes; for each of the servers.

    Returns:
        The open servers, by their names in the file. One that cannot be opened does not
        spoil the others: it is in `.failed`, with the error.

    Raises:
        FileNotFoundError, ValueError: the file is not there, or is not of this kind.
    """
    __tracebackhide__ = True
    file, entries = read(path)
    await _close_all_of(file)
    options = {"timeout": timeout, **client_options}
    try:
        opening = [_open(name, value, file, options) for name, value in entries.items()]
        opened = await asyncio.gather(*opening)
    except asyncio.CancelledError:  # the cell was interrupted: nobody will get what is open by now
        await _close_all_of(file)
        raise
    return Connections(dict(zip(entries, opened, strict=True)))


async def _close_all_of(file: Path) -> None:
    await close_keys(key for key in open_keys() if key.endswith(_key("", file)))


def _key(name: str, file: Path) -> str:
    return f"{name} in {file}"


async def _open(
    name: str, value: Any, file: Path, options: dict[str, Any]
) -> Client | Exception | None:
    """The client; or why there is none; or None where the file says to leave it out."""
    if isinstance(value, dict) and value.get("disabled") is True:
        return None
    hidden = {_key(name, file): name}  # nobody knows it by this name
    answers: deque[httpx2.Response] = deque(maxlen=1)
    try:
        entry, secrets = filled(entry_of(value))
        hidden |= secrets
        return await connect(_target(entry, answers), name=_key(name, file), **options)
    except Exception as error:
        return _told(error, hidden, answers)


def _told(error: Exception, hidden: dict[str, str], answers: deque[httpx2.Response]) -> Exception:
    """The error with the HTTP answer that explains it, and without what is to be hidden."""
    text = str(error)
    for answer in answers:
        if answer.is_error and http_hint(answer) not in text:
            text += f"\n{http_hint(answer)}"
    for secret, shown in hidden.items():
        text = text.replace(secret, shown)
    return error if text == str(error) else type(error)(text)


def _target(entry: Entry, answers: deque[httpx2.Response]) -> Any:
    """What `connect` takes; for Streamable HTTP with headers, `answers` keeps the last one."""
    if entry.command:
        return StdioServerParameters(
            command=entry.command, args=entry.args or [], env=entry.env, cwd=entry.cwd
        )
    url = entry.url or ""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f'"url" begins with http:// or https://, and this one is {url!r}.')
    if entry.over_sse:
        return sse_client(url, headers=entry.headers)
    return over_http(url, answers, entry.headers) if entry.headers else url
