r"""Text that a server supplied, made safe to look at: nothing executes, and nothing is hidden.

What reaches an `ipywidgets.HTML` passes `escape`; what reaches a widget that shows plain text
(options, titles, the descriptions of buttons) passes `visible` or `one_line`. Both write
characters that cannot be seen, or that change the order of others, as Python escapes: \x1b,
\u202e. Source: Unicode's default ignorable code points, https://www.unicode.org/reports/tr44/
"""

from __future__ import annotations

import html
import re

import ipywidgets

from helpers.errors import shorten

SHOWN_CHARACTERS = 50_000

# Controls but tab and newline, bidi overrides, zero widths, fillers, variation selectors, lone
# surrogates (which would break the message to the browser), tags. Emoji need U+FE0F: it stays.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<=\ufe0f)\ufe0f"
)


def visible(text: str) -> str:
    r"""The text with every invisible character as an escape; tabs and line ends stay."""
    return _INVISIBLE.sub(_python_escape, text.replace("\r\n", "\n"))


def _python_escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escape(text: str) -> str:
    """The text as HTML, for elements and for quoted attributes alike."""
    return html.escape(visible(text))


def one_line(text: str, width: int = 80) -> str:
    """A visible, single line of at most `width` characters, for options and titles."""
    # cut first, so that a megabyte costs nothing
    return shorten(visible(text[: 4 * width]), width)


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
