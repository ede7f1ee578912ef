"""The inspector's Resources tab: what can be read, and what was read."""

from __future__ import annotations

from functools import partial
from typing import Any

from mcp import MCPError
from mcp.types import METHOD_NOT_FOUND, Resource, ResourceTemplate

from helpers.panels.pane import every_page
from helpers.panels.resource_view import ResourceView, address
from helpers.panels.tab_lists import ListPane


class ResourcesPane(ListPane):
    """Resources and templates."""

    title = "Resources"
    capability = "resources"

    async def fetch(self, *, fresh: bool) -> tuple[dict[str, Any], dict[str, str], str]:
        pages = self.link.client.list_resources
        items, missing = await every_page(pages, "resources", fresh=fresh)
        templates, also = await self._templates(fresh)
        listed: dict[str, Resource | ResourceTemplate] = {}
        for item in (*items, *templates):
            listed.setdefault(address(item), item)
        names = {
            uri: (item.title or item.name) + ("" if isinstance(item, Resource) else " (template)")
            for uri, item in listed.items()
        }
        return listed, names, " ".join(filter(None, [missing, also]))

    async def _templates(self, fresh: bool) -> tuple[list[Any], str]:
        pages = self.link.client.list_resource_templates
        try:
            return await every_page(pages, "resource_templates", fresh=fresh)
        except MCPError as error:
            if error.code == METHOD_NOT_FOUND:  # a server may have resources and no templates
                return [], ""
            raise

    def build(self, item: Resource | ResourceTemplate) -> ResourceView:
        open_link = partial(self.link.post, self.open_link)
        return ResourceView(self.link, item, open_link, self.on_result)

    def open_link(self, uri: str) -> None:
        """Show the resource that a link leads to, and read it from the server; on the loop."""
        self.chooser.mark(uri)  # also before the list is there
        item = self.listed.get(uri) or Resource(name="a linked resource", uri=uri)
        self.show_item(uri, item).read()
