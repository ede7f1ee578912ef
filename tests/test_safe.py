"""A server's text as HTML: nothing in it acts, and nothing in it is hidden."""

from __future__ import annotations

import html
import unicodedata

import ipywidgets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.panels.safe import SHOWN_CHARACTERS, cut, text_block
from helpers.text import escape, one_line, visible

ANY_TEXT = st.text(st.characters(categories=None, exclude_characters=()))  # surrogates too
MEANT = "\t\n\ufe0f"  # invisible, and part of ordinary text


@pytest.mark.parametrize(
    ("hidden", "shown"),
    {
        "\x00": r"\x00",
        "\x1b[31m": r"\x1b[31m",
        "\r": r"\x0d",
        "\x7f": r"\x7f",
        "\x9b": r"\x9b",
        "\xad": r"\xad",
        "\u202e": r"\u202e",
        "\u2066": r"\u2066",
        "\u200b": r"\u200b",
        "\u200d": r"\u200d",
        "\u2028": r"\u2028",
        "\u3164": r"\u3164",
        "\ufeff": r"\ufeff",
        "\ud800": r"\ud800",
        "\U000e0041": r"\U000e0041",
        "\U000e0100": r"\U000e0100",
    }.items(),
)
def test_a_character_that_cannot_be_seen_is_shown_as_its_escape(hidden: str, shown: str):
    assert visible(f"a{hidden}b") == f"a{shown}b"


@pytest.mark.parametrize(
    "text", ["tabs\tand\nlines", "绩效评分: 85.9", "❤️ 😀", "naïve Ωμέγα", "שלום مرحبا", "e\u0301"]
)
def test_ordinary_text_in_any_script_stays_as_it_is(text: str):
    assert visible(text) == text


def test_line_ends_of_windows_are_line_ends():
    assert visible("a\r\nb") == "a\nb"


def test_an_emoji_s_variation_selector_stays_and_a_row_of_them_is_shown():
    assert visible("❤\ufe0f") == "❤\ufe0f"
    assert visible("❤\ufe0f\ufe0f\ufe01") == "❤\ufe0f\\ufe0f\\ufe01"


@given(ANY_TEXT)
def test_no_text_at_all_leaves_a_control_or_format_character(text: str):
    for character in visible(text):
        if character not in MEANT:
            assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
            assert unicodedata.bidirectional(character) not in (
                *("LRE", "LRO", "RLE", "RLO", "PDF"),
                *("LRI", "RLI", "FSI", "PDI"),
            )
    visible(text).encode()  # no half of a surrogate pair, which would break the message


@given(ANY_TEXT)
def test_no_text_at_all_opens_markup_or_leaves_an_attribute(text: str):
    escaped = escape(text)
    assert not set(escaped) & set("<>\"'")
    assert html.unescape(escaped) == visible(text)


def test_a_line_for_an_option_is_one_line_of_bounded_length():
    assert one_line("a\nb\x1b" + "c" * 1_000_000, 10) == "a b\\x1bcc…"


def test_a_long_text_is_cut_with_a_sentence_that_says_how_to_have_all_of_it():
    text, missing = cut("x" * 1_000_000, python="result.content[0].text")
    assert len(text) == SHOWN_CHARACTERS
    assert missing == (
        "950,000 more characters are not shown. All of it in Python: result.content[0].text"
    )
    assert cut("short") == ("short", "")


def test_a_text_block_escapes_names_itself_and_can_be_scrolled_by_keyboard():
    block = text_block('<b>"x"</b>', label='a "label"')
    assert isinstance(block, ipywidgets.HTML)
    assert "&lt;b&gt;&quot;x&quot;&lt;/b&gt;" in block.value
    assert 'tabindex="0"' in block.value
    assert 'aria-label="a &quot;label&quot;"' in block.value


def test_a_megabyte_in_a_text_block_reaches_the_browser_as_its_beginning():
    block = text_block("<" * 1_000_000, python="text")
    assert len(block.value) < 5 * SHOWN_CHARACTERS
    assert "950,000 more characters are not shown" in block.value


def test_an_empty_text_says_so():
    assert "An empty text." in text_block("").value
