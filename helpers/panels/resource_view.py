"""One resource, or one template for resources: what it is, its arguments, and what it holds."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets
from mcp.shared.uri_template import InvalidUriTemplate, UriTemplate
from mcp.types import (
    CompleteResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    ResourceTemplateReference,
)

from helpers.panels.blocks import address_html
from helpers.panels.completing import Ask, CompletingField
from helpers.panels.exchange import Exchange
from helpers.panels.link import Link
from helpers.panels.python_line import literal
from helpers.panels.safe import sentence
from helpers.text import one_line


class ResourceView:
    """A resource to be read.

    Args:
        link: where to read it.
        item: as the server listed it.
        open_link: called with the URI of a link in what was read.
        on_read: called with each result.
    """

    def __init__(
        self,
        link: Link,
        item: Resource | ResourceTemplate,
        open_link: Callable[[str], None],
        on_read: Callable[[ReadResourceResult], None],
    ) -> None:
        self._link = link
        self._template: UriTemplate | None = None
        self._address = address(item)
        self._fields: dict[str, CompletingField] = {}
        self._exchange = Exchange(link, "Read", self.read, open_link, on_read)
        self._item = item
        self._about = ipywidgets.HTML(address_html("", item, self._address))
        fields = self._fields_for(item) if isinstance(item, ResourceTemplate) else []
        self.widget = ipywidgets.VBox([self._about, *fields, self._exchange.widget])
        self._edited()

    def take(self, item: Resource | ResourceTemplate) -> bool:
        """Describe it as the server does now: what was typed and read is about its address."""
        if type(item) is not type(self._item) or address(item) != self._address:
            return False
        self._item = item
        self._about.value = address_html("", item, self._address)
        return True

    def _fields_for(self, item: ResourceTemplate) -> list[ipywidgets.Widget]:
        try:
            self._template = UriTemplate.parse(item.uri_template)
        except InvalidUriTemplate as error:
            # no variable has a name: the whole address is written by hand
            self._fields[""] = self._field("URI *", None)
            why = ipywidgets.HTML(sentence(f"This is no template of RFC 6570: {error}"))
            return [why, self._fields[""].widget]
        completes = self._link.client.server_capabilities.completions is not None
        for name in dict.fromkeys(self._template.variable_names):
            optional = name in self._template.query_variable_names
            label = f"{name} (may be left out)" if optional else f"{name} *"
            self._fields[name] = self._field(label, self._asker(name) if completes else None)
        return [field.widget for field in self._fields.values()]

    def _field(self, label: str, ask: Ask | None) -> CompletingField:
        return CompletingField(self._link, label, ask, self._edited, self._exchange.press)

    def _asker(self, name: str) -> Ask:
        async def ask(value: str) -> CompleteResult:
            others = {n: v for n, v in self._arguments().items() if n != name}
            return await self._link.client.complete(
                ResourceTemplateReference(uri=self._address),
                {"name": name, "value": value},
                context_arguments=others or None,
            )

        return ask

    def _arguments(self) -> dict[str, str]:
        return {name: field.value for name, field in self._fields.items() if field.value}

    @property
    def uri(self) -> str:
        """The address, with the arguments that have been filled in so far."""
        if self._template:
            return self._template.expand(self._arguments())
        return self._fields[""].value if self._fields else self._address

    def _edited(self) -> None:
        missing = self._missing()
        self._exchange.write(
            f"# fill in first: {', '.join(name or 'URI' for name in missing)}"
            if missing
            else f"result = await client.read_resource({literal(self.uri)})"
        )

    def _missing(self) -> list[str]:
        optional = self._template.query_variable_names if self._template else frozenset()
        return [n for n, field in self._fields.items() if n not in optional and not field.value]

    def read(self) -> None:
        """Read it, unless an argument is missing; then its field says so."""
        missing = self._missing()
        for name in missing:
            self._fields[name].hint("⚠ Fill this in.")
        if missing:
            self._fields[missing[0]].field.focus()
            return
        uri = self.uri
        self._exchange.send(lambda: self._link.client.read_resource(uri), facts)


def address(item: Resource | ResourceTemplate) -> str:
    """The URI of a resource, or the template for it."""
    return item.uri if isinstance(item, Resource) else item.uri_template


def facts(result: ReadResourceResult) -> list[str]:
    """Media type and size of what was read."""
    found = []
    for content in result.contents[:3]:
        kind = one_line(content.mime_type or "no media type", 60)
        text = getattr(content, "text", None)
        # base64 carries six bits a character
        size = getattr(content, "blob", "").rstrip("=")
        amount = f"{len(size) * 6 // 8:,} bytes" if text is None else f"{len(text):,} characters"
        found.append(f"{kind} · {amount}")
    if len(result.contents) > 3:
        found.append(f"{len(result.contents):,} contents in all")
    return found
