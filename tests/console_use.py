"""Using a tool console without a browser: choose a tool, fill its form, call it."""

from __future__ import annotations

from typing import Any

import ipywidgets

from helpers.panels.call import Call, Outcome
from helpers.panels.console import ToolConsole
from tests.waiting import until
from tests.widgets import widgets


async def loaded(console: ToolConsole) -> ToolConsole:
    await until(lambda: "Loading" not in html(console))
    return console


def named(root: Any, description: str) -> Any:
    """The one control whose label begins like this."""
    found = [w for w in widgets(root) if getattr(w, "description", "").startswith(description)]
    assert len(found) == 1, (description, found)
    return found[0]


def html(root: Any) -> str:
    return "\n".join(w.value for w in widgets(root) if isinstance(w, ipywidgets.HTML))


def form(console: ToolConsole) -> Any:
    return console._desk.form


async def choose(console: ToolConsole, tool: str) -> None:
    options = [label for label, _ in named(console, "Tools").options]
    named(console, "Tools").index = options.index(tool)
    await until(lambda: console._desk.tool and console._desk.tool.name == tool)


async def call(console: ToolConsole, tool: str, **arguments: Any) -> Call:
    """Choose the tool, fill the form, press Call; return the call when it has ended."""
    if not console._desk.tool or console._desk.tool.name != tool:
        await choose(console, tool)
    form(console).fill(arguments)
    before = set(console._history)
    named(console, "Call").click()
    await until(lambda: set(console._history) - before)
    [made] = set(console._history) - before
    await ended(console, made)
    return made


async def ended(console: ToolConsole, made: Call) -> None:
    await until(lambda: made.outcome not in (Outcome.WAITING, Outcome.RUNNING))
    await until(lambda: not console._drawing)
