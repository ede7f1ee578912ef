"""A widget's link to its client: the loop it lives on, how it stands, and how to get it back.

Widget callbacks come on the loop's own thread, or on another one (kernel subshells). Either
way they hand their work to the loop that the client lives on.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Literal

from mcp import Client, MCPError
from mcp.types import CONNECTION_CLOSED

from helpers.connection import gone, opening_of, reconnect
from helpers.owner import owner_of
from helpers.owner_task import Owner
from helpers.panels.work import Work
from helpers.recorder import RecordingTransport
from helpers.targets import kind_of
from helpers.text import one_line

State = Literal["open", "lost", "closed"]
SIGNS: dict[State, str] = {"open": "●", "lost": "✗", "closed": "○"}


class Link(Work):
    """A client, and the way to it from any thread.

    Args:
        client: an open `mcp.Client`: what `connect` returned, or one entered with `async with`.

    Raises:
        TypeError: not an `mcp.Client`.
        RuntimeError: no event loop is running that the client could live on.
    """

    def __init__(self, client: Client) -> None:
        if not isinstance(client, Client):
            raise TypeError(
                "pass an open mcp.Client, such as client = await connect(...); "
                f"not a {type(client).__name__}"
            )
        super().__init__(_loop_of(client))
        self.client = client
        self._opening = opening_of(client)
        self._broken = False  # noticed by a call: nothing records this client's traffic
        self._listeners: list[Callable[[], None]] = []
        self._unwatch: Callable[[], object] = lambda: None
        if self._opening:
            self._opening.followers.add(self)
        self._watch()

    def _watch(self) -> None:
        """Hear of it when the connection is lost or closed, as long as somebody holds this link."""
        self._unwatch()
        self._name = one_line(_server_name(self.client))
        if isinstance(self.client.server, RecordingTransport):
            hear = partial(_hear, weakref.ref(self))
            self.client.server.on_gone.append(hear)
            self._unwatch = weakref.finalize(self, _discard, self.client.server.on_gone, hear)
            self._unwatch.atexit = False
        if owner := owner_of(self.client):
            if owner not in _held:  # once, because a future forgets no callback
                _held[owner] = weakref.WeakSet()
                owner.left.add_done_callback(partial(_hear_all, _held[owner]))
            _held[owner].add(self)

    def follow(self, client: Client) -> None:
        """Go on with this client, which stands for the one before."""
        self.client, self._broken = client, False
        self._watch()
        self._changed()

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called, on the loop, when the connection is lost, closed or back.

        Returns:
            A function that ends this; calling it again does nothing.
        """
        listener = partial(callback)  # another object each time, as on the wire
        self._listeners.append(listener)
        return partial(_discard, self._listeners, listener)

    def leave(self) -> None:
        """Hear nothing and do nothing any more, for a widget that is closed; from any thread.

        The connection stays as it is. What was submitted here and still runs is cancelled.
        """
        self._unwatch()
        self._listeners.clear()
        if self._opening:
            self._opening.followers.discard(self)
        self.end()

    def heard(self, error: MCPError) -> None:
        """Note what a call raised: an unrecorded connection tells only so that it is lost."""
        if error.code == CONNECTION_CLOSED and not self.recorded and not self._broken:
            self._broken = True
            self._changed()

    @property
    def recorded(self) -> bool:
        return isinstance(self.client.server, RecordingTransport)

    @property
    def state(self) -> State:
        """Can the client be used; if not, is the server gone or was it closed on purpose?"""
        owner = owner_of(self.client)
        try:
            _ = self.client.session
        except RuntimeError:
            return "closed"
        if owner and owner.leaving:
            return "closed"
        return "lost" if self._broken or gone(self.client) else "open"

    @property
    def can_reconnect(self) -> bool:
        """Did `connect` open this client, and to what can be opened again?"""
        return self._opening is not None and self._opening.target is not None

    async def reconnect(self) -> Client:
        """Connect again; every link to the same connection follows.

        Raises:
            ValueError: this connection cannot be opened again from here.
            Exception: whatever `connect` raises; it can be tried again.
        """
        return await reconnect(self.client)

    def describe(self) -> str:
        """Server, transport, protocol version and state: `showcase · stdio · 2026-07-28 ● open`."""
        kind = self._opening.kind if self._opening else kind_of(self.client.server)
        state = self.state
        version = "" if state == "closed" else f" · {self.client.protocol_version}"
        return f"{self._name} · {kind}{version} {SIGNS[state]} {state}"


# the links to what an owner holds open
_held: weakref.WeakKeyDictionary[Owner, weakref.WeakSet[Link]] = weakref.WeakKeyDictionary()


def _hear_all(links: weakref.WeakSet[Link], _: object) -> None:
    with ExitStack() as told:  # all of them, also where one fails
        for link in tuple(links):
            told.callback(link._changed)


def _hear(link: weakref.ref[Link]) -> None:
    if found := link():
        found._changed()


def _discard(known: list[Any], one: object) -> None:
    with suppress(ValueError):
        known.remove(one)


def _server_name(client: Client) -> str:
    try:
        info = client.server_info
    except RuntimeError:  # it is closed already
        info = None
    return info.name if info else "a server without a name"


def _loop_of(client: Client) -> asyncio.AbstractEventLoop:
    owner = owner_of(client)
    if owner and owner.loop.is_running():
        return owner.loop
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "No event loop is running here, so nothing could be called. "
            "Open the widget in a notebook cell, or inside an async function."
        ) from None
