"""The inspector's Connection tab: who talks to whom, in which version, and what both can do."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets
from mcp import Client
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from helpers.connection import opening_of
from helpers.panels.changes import Changes
from helpers.panels.link import SIGNS, Link
from helpers.panels.pane import Pane
from helpers.panels.safe import text_html
from helpers.targets import kind_of
from helpers.text import escape, one_line

# what a capability means, by its name in the protocol
SERVER = {
    "tools": "tools to call",
    "resources": "resources to read",
    "prompts": "prompts to fill in",
    "completions": "suggests values for arguments",
    "logging": "sends log messages (deprecated in 2026-07-28)",
    "tasks": "runs requests as tasks (2025-11-25 only)",
}
CLIENT = {
    "elicitation": ("answers the server's questions to the user", "elicitation_callback"),
    "sampling": ("asks a model for the server (deprecated in 2026-07-28)", "sampling_callback"),
    "roots": ("tells its folders (deprecated in 2026-07-28)", "list_roots_callback"),
}


class ConnectionPane(Pane):
    """Two tables: the connection, and the capabilities of both sides."""

    title = "Connection"

    def __init__(self, link: Link, changes: Changes) -> None:
        super().__init__(link)
        self._changes = changes
        self._text = ipywidgets.HTML()
        self.widget.children = [self.notice, self._text]

    def open(self) -> None:
        self.opened = True
        self.load()

    def load(self) -> None:
        client, state = self.link.client, self.link.state
        if state == "closed":
            self.say("This connection is closed: run the cell that connects again.")
            return
        self.say()
        facts = [("state", f"{SIGNS[state]} {state}"), *_facts(client)]
        if state == "open":
            facts.append(("changed lists", self._changes.how))
        instructions = client.instructions
        said = text_html(instructions, label="instructions") if instructions else ""
        heading = f'<div class="mcpk-title">Instructions of the server</div>{said}' if said else ""
        titled = '<div class="mcpk-title">Capabilities</div>'
        capabilities = table_html(
            ("side", "capability", "declared", "in words"), _capabilities(client)
        )
        self._text.value = table_html(("", ""), facts) + heading + titled + capabilities


def _facts(client: Client) -> Iterable[tuple[str, str]]:
    """What there is to say of server, protocol and transport; each a name and a text."""
    info = client.server_info
    if info is None:
        yield "server", "did not say who it is"
    else:
        yield "server", info.name
        about = {"title": info.title, "version": info.version, "about": info.description}
        about["website"] = info.website_url
        yield from ((name, text) for name, text in about.items() if text)
    version = client.protocol_version
    modern = "each request stands for itself, found with server/discover"
    handshake = "the earlier era: it began with the initialize handshake"
    era = modern if version in MODERN_PROTOCOL_VERSIONS else handshake
    yield "protocol", f"{version} ({era})"
    opening = opening_of(client)
    yield "transport", kind_of(opening.target if opening else client.server)


def _capabilities(client: Client) -> Iterable[tuple[str, str, str, str]]:
    has = client.server_capabilities
    for name, words in SERVER.items():
        found = getattr(has, name)
        more = [words]
        if getattr(found, "subscribe", None):
            more.append("can be subscribed to")
        if getattr(found, "list_changed", None):
            more.append("says when the list changes")
        yield "server", name, _sign(found is not None), ", ".join(more)
    for kind in ("extensions", "experimental"):
        for name in getattr(has, kind) or ():
            yield "server", name, _sign(True), kind.removesuffix("s")
    for name, (words, callback) in CLIENT.items():
        yield "client", name, _sign(getattr(client, callback) is not None), words
    for extension in client.extensions or ():
        yield "client", extension.identifier, _sign(True), "extension"


def _sign(has: bool) -> str:
    return "✓ yes" if has else "– no"


def table_html(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A small table; the first cell of each row names it."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads if head)
    head = f"<thead><tr>{top}</tr></thead>" if top else ""
    body = ""
    for first, *rest in rows:
        cells = "".join(map(_td, rest))
        body += f'<tr><th scope="row">{escape(one_line(first, 100))}</th>{cells}</tr>'
    return f'<table class="mcpk-table mcpk-sheet">{head}<tbody>{body}</tbody></table>'


def _td(text: str) -> str:
    # a word or two must not be broken
    short = ' class="mcpk-short"' if len(text) < 16 else ""
    return f"<td{short}>{escape(one_line(text, 500))}</td>"
