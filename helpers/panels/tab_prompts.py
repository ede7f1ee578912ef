"""The inspector's Prompts tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.types import GetPromptResult, Prompt

from helpers.panels.link import Link
from helpers.panels.pane import every_page
from helpers.panels.prompt_view import PromptView
from helpers.panels.tab_lists import ListPane


class PromptsPane(ListPane):
    """Prompts, their forms and their messages."""

    title = "Prompts"
    capability = "prompts"

    def __init__(
        self,
        link: Link,
        on_result: Callable[[GetPromptResult], None],
        open_link: Callable[[str], None],
    ) -> None:
        super().__init__(link, on_result)
        self._open_link = open_link

    async def fetch(self, *, fresh: bool) -> tuple[dict[str, Any], dict[str, str], str]:
        prompts, missing = await every_page(self.link.client.list_prompts, "prompts", fresh=fresh)
        listed: dict[str, Prompt] = {}
        for prompt in prompts:
            listed.setdefault(prompt.name, prompt)
        return listed, {name: item.title or name for name, item in listed.items()}, missing

    def build(self, item: Prompt) -> PromptView:
        return PromptView(self.link, item, self._open_link, self.on_result)
