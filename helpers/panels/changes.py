"""Hearing of it when a server says that one of its lists has changed."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from functools import partial
from typing import Any

from mcp import Client
from mcp.client.subscriptions import (
    PromptsListChanged,
    ResourcesListChanged,
    ToolsListChanged,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from helpers.panels.link import Link
from helpers.panels.throttle import Throttle
from helpers.recorder import RecordingTransport
from helpers.traffic import Message

REFRESH_SECONDS = 0.4
EVENTS: dict[type[Any], str] = {
    ToolsListChanged: "tools",
    PromptsListChanged: "prompts",
    ResourcesListChanged: "resources",
}


class Changes:
    """Follows a client's announcements of changed lists, in both eras.

    On 2026-07-28 they come to those who ask with `subscriptions/listen`. Before that they
    come unasked, and are seen where they pass: on the wire.

    Args:
        link: whose client to follow; `follow` again when it has another one.
        on_change: called on the loop with "tools", "prompts" or "resources".
        on_told: called on the loop when `how` has changed.

    Source: https://modelcontextprotocol.io/specification/2025-11-25/server/tools (List Changed)
    """

    def __init__(
        self, link: Link, on_change: Callable[[str], None], on_told: Callable[[], None]
    ) -> None:
        self.how = ""  # the announcements come, in words
        self._link = link
        self._on_told = on_told
        # a server may announce as often as it likes: it is asked for its list a few times a second
        self._soon = {
            kind: Throttle(link.loop, partial(on_change, kind), REFRESH_SECONDS)
            for kind in EVENTS.values()
        }
        self._listening: concurrent.futures.Future[None] | None = None
        self._unwatch: Callable[[], None] = lambda: None

    def _tell(self, how: str) -> None:
        self.how = how
        self._on_told()

    def follow(self) -> None:
        """Follow the link's client of now."""
        self.stop()
        self.how = "not known yet"
        client = self._link.client
        if client.protocol_version in MODERN_PROTOCOL_VERSIONS:
            self._listening = self._link.submit(self._listen(client))
        elif isinstance(client.server, RecordingTransport):
            self._tell("announced by notifications")
            self._unwatch = client.server.wire.watch(self._passed)
        else:
            self._tell("not seen in this process in the older era: use Refresh")

    def stop(self) -> None:
        self._unwatch()
        if self._listening:
            self._listening.cancel()

    def _passed(self, message: Message) -> None:
        kind = message.method.removeprefix("notifications/").removesuffix("/list_changed")
        if not message.sent and kind in self._soon:
            self._soon[kind]()

    async def _listen(self, client: Client) -> None:
        has = client.server_capabilities
        try:
            async with client.listen(
                tools_list_changed=has.tools is not None,
                prompts_list_changed=has.prompts is not None,
                resources_list_changed=has.resources is not None,
            ) as events:
                self._tell("announced by subscriptions/listen")
                async for event in events:
                    if kind := EVENTS.get(type(event)):
                        self._soon[kind]()
            self._tell("no longer announced, the server ended the subscription: use Refresh")
        except Exception as error:  # the server does not take part, or has gone
            self._tell(f"not announced ({error}): use Refresh")
