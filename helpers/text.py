r"""Text that a server supplied, made safe to look at: nothing executes, and nothing is hidden.

What reaches an `ipywidgets.HTML` passes `escape`; what reaches a widget that shows plain text
(options, titles, the descriptions of buttons) passes `visible` or `one_line`. Both write
characters that cannot be seen, or that change the order of others, as Python escapes: \x1b,
\u202e. Source: Unicode's default ignorable code points, https://www.unicode.org/reports/tr44/
"""

from __future__ import annotations

import html
import re

from helpers.errors import shorten

# Controls but tab and newline, bidi overrides, zero widths, fillers, variation selectors, lone
# surrogates (which would break the message to the browser), tags. Emoji need U+FE0F: it stays.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<=\ufe0f)\ufe0f"
)


def visible(text: str) -> str:
    r"""The text with every invisible character as an escape; tabs and line ends stay."""
    return INVISIBLE.sub(_python_escape, text.replace("\r\n", "\n"))


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
