"""A server's text as it is displayed: cut to a length that can be looked at, in a block."""

from __future__ import annotations

import ipywidgets

from helpers.text import escape

SHOWN_CHARACTERS = 50_000


def cut(text: str, limit: int = SHOWN_CHARACTERS, python: str = "") -> tuple[str, str]:
    """The beginning of a text, and a sentence that says what is missing, or "".

    `python` is the expression that gives all of it.
    """
    if len(text) <= limit:
        return text, ""
    more = f"{len(text) - limit:,} more characters are not shown."
    return text[:limit], f"{more} All of it in Python: {python}" if python else more


def text_html(text: str, *, label: str = "", python: str = "") -> str:
    """What `text_block` shows, as HTML."""
    if not text:
        return sentence("An empty text.")
    head, missing = cut(text, python=python)
    # one can scroll it with the keyboard only where it can have the focus, and then it needs a name
    named = f'role="group" tabindex="0" aria-label="{escape(label or "text")}"'
    block = f'<pre class="mcpk-text" {named}>{escape(head)}</pre>'
    return block + (sentence(missing) if missing else "")


def text_block(text: str, *, label: str = "", python: str = "") -> ipywidgets.HTML:
    """Preformatted text that wraps, takes a limited height and scrolls inside.

    Args:
        text: anything, from anywhere.
        label: what a screen reader calls it.
        python: the expression that gives the whole text, named where it is cut.
    """
    return ipywidgets.HTML(text_html(text, label=label, python=python))


def sentence(text: str) -> str:
    """A sentence of ours, which may quote a server, as HTML."""
    return f'<p class="mcpk-sentence">{escape(text)}</p>'
