"""One prompt: what it is for, a form for its arguments, and the messages that it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from mcp.types import GetPromptResult, Prompt

from helpers.forms import Form, FormError
from helpers.panels.exchange import Exchange
from helpers.panels.keeping import Keeping
from helpers.panels.link import Link
from helpers.panels.python_line import literal
from helpers.panels.safe import cut, sentence
from helpers.text import escape, one_line


class PromptView:
    """A prompt to be got.

    Args:
        link: where to get it.
        prompt: as the server listed it.
        open_link: called with the URI of a link in its messages.
        on_get: called with each result.
    """

    def __init__(
        self,
        link: Link,
        prompt: Prompt,
        open_link: Callable[[str], None],
        on_get: Callable[[GetPromptResult], None],
    ) -> None:
        self.prompt = prompt
        self._link = link
        self._exchange = Exchange(link, "Get", self.get, open_link, on_get)
        self._form = Form(arguments_schema(prompt), on_submit=self._exchange.press)
        self._form.on_change(self._edited)
        self._about = ipywidgets.HTML(_about(prompt))
        parts = [self._about, self._form.widget, self._exchange.widget]
        self.widget = Keeping(parts, also=lambda: [self._form])
        self._edited()

    def take(self, prompt: Prompt) -> bool:
        """Describe it as the server does now, unless it asks for other arguments."""
        if prompt.name != self.prompt.name or prompt.arguments != self.prompt.arguments:
            return False
        self.prompt = prompt
        self._about.value = _about(prompt)
        return True

    def _edited(self) -> None:
        arguments = self._form.draft()
        if arguments is None:
            self._exchange.write("# fill in first what the form says is missing")
            return
        name = literal(self.prompt.name)
        self._exchange.write(f"result = await client.get_prompt({name}, {literal(arguments)})")

    def get(self) -> None:
        """Get the messages, unless an argument is missing; then the form says so."""
        try:
            arguments = self._form.value()
        except FormError:  # which stands at the fields now
            self._form.focus_first_problem()
            return
        name = self.prompt.name
        self._exchange.send(lambda: self._link.client.get_prompt(name, arguments), _facts)


def arguments_schema(prompt: Prompt) -> dict[str, Any]:
    """A prompt's arguments as a JSON Schema: they are strings, and some are required."""
    arguments = prompt.arguments or []
    properties = {}
    for argument in arguments:
        about = {"title": argument.title, "description": argument.description}
        told = {name: text for name, text in about.items() if text}
        properties[argument.name] = {"type": "string", **told}
    return {
        "type": "object",
        "properties": properties,
        "required": [argument.name for argument in arguments if argument.required],
        "additionalProperties": False,
    }


def _facts(result: GetPromptResult) -> list[str]:
    count = len(result.messages)
    return [f"{count} message{'' if count == 1 else 's'}"]


def _about(prompt: Prompt) -> str:
    name = escape(one_line(prompt.title or prompt.name, 120))
    described = sentence(" … ".join(filter(None, cut(prompt.description or "", 2000))))
    return f'<div class="mcpk-title">{name}</div>{described if prompt.description else ""}'
