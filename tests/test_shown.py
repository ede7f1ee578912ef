"""What came back, as widgets: tables, trees, pictures, links; and hostile contents as text."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import ipywidgets
import pandas as pd
import pytest
from mcp import Client
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    GetPromptResult,
    ImageContent,
    PromptMessage,
    ReadResourceResult,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from helpers.panels.media import media_type
from helpers.panels.shown import shown
from helpers.panels.table import table, table_html
from helpers.panels.tree import SHOWN_NODES, tree_html
from servers import showcase
from tests.hostile_server import BLOCKS, CONTENTS, NASTY
from tests.widgets import Markup, buttons, choice, markup, widgets

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
ELEMENTS = (
    *("a", "audio", "b", "bdi", "br", "code", "details", "div", "em", "img", "p", "pre", "span"),
    *("summary", "table", "tbody", "td", "th", "thead", "tr"),
)
ATTRIBUTES = (
    *("alt", "aria-label", "class", "controls", "href", "open", "preload", "rel", "role", "scope"),
    *("src", "style", "tabindex", "target"),
)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def text_result(text: str, **options: Any) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], **options)


def resource(text: str, kind: str = "text/plain") -> ReadResourceResult:
    content = TextResourceContents(uri="x:y", text=text, mime_type=kind)
    return ReadResourceResult(contents=[content])


async def test_rows_of_a_resource_are_a_table_with_json_and_text_behind_it():
    async with Client(showcase.mcp) as client:
        result = await client.read_resource("db://tables/chinese_movie_ratings/data/20")
    found = shown(result)
    assert choice(found).options == ("Table", "JSON", "Content")
    table = markup(found)
    assert "movie_name" in table.text
    assert "20 rows · in Python: to_frame(result)" in table.text
    assert {attributes["scope"] for attributes in table.named("th")} == {"col"}
    choice(found).value = "JSON"
    assert "20 items" in markup(found).text
    choice(found).value = "Content"
    assert markup(found).named("pre")[0]["aria-label"] == "content 1"


async def test_rows_of_a_tool_are_a_table_and_a_number_is_just_text():
    async with Client(showcase.mcp) as client:
        films = await client.call_tool("search_movies", {"query": ""})
        total = await client.call_tool("add", {"a": 2, "b": 3})
    assert choice(shown(films)).value == "Table"
    assert markup(shown(total)).text == "5"


async def test_text_picture_embedded_resource_and_link_of_one_result():
    opened = list[str]()
    async with Client(showcase.mcp) as client:
        result = await client.call_tool("rating_report", {})
    found = shown(result, open_link=opened.append)
    everything = markup(found)
    assert "20 films" in everything.text
    [picture] = everything.named("img")
    assert str(picture["alt"]).startswith("content 2: image/png, ")
    assert "Embedded resource" in everything.text
    assert "db://tables/chinese_movie_ratings/schema" in everything.text
    buttons(found)["Open chinese_movie_ratings"].click()
    assert opened == ["db://tables/chinese_movie_ratings/data/20"]


async def test_messages_of_a_prompt_stand_under_the_role_that_says_them():
    async with Client(showcase.mcp) as client:
        result = await client.get_prompt("debug_code", {"code": "1/0", "error_message": "zero"})
    text = markup(shown(result)).text
    positions = [text.index(part) for part in ("1/0", "zero", "assistant", "expect", "mend it")]
    assert positions == sorted(positions)
    assert text.count("user") == 3


@pytest.mark.parametrize(
    ("result", "ways"),
    [
        (text_result("plain"), None),
        (text_result('{"a": 1}'), ("JSON", "Content")),
        (text_result('["a", "b"]'), ("JSON", "Content")),
        (text_result('[{"a": 1}]'), ("Table", "JSON", "Content")),
        (text_result("x", structured_content={"result": [{"a": 1}]}), ("Table", "JSON", "Content")),
        (text_result("x", structured_content={"a": {"b": 1}}), ("JSON", "Content")),
        (text_result("x", structured_content={"result": 5}), None),
        (text_result('[{"a": 1}]', is_error=True), ("JSON", "Content")),
        (resource("a,b\n1,2\n3,4", "text/csv"), ("Table", "Content")),
        (resource("| a | b |\n|--|--|\n| 1 | 2 |", "text/markdown"), ("Table", "Content")),
        (resource("[" * 10_000), None),
    ],
)
def test_a_result_is_offered_in_the_ways_that_suit_it(result: Any, ways: tuple[str, ...] | None):
    found = shown(result)
    choices = [w.options for w in widgets(found) if isinstance(w, ipywidgets.RadioButtons)]
    assert choices == ([ways] if ways else [])


def test_several_contents_of_one_object_each_are_rows():
    result = CallToolResult(content=[TextContent(text=f'{{"a": {n}}}') for n in range(3)])
    assert "3 rows" in markup(shown(result)).text


def test_beside_a_picture_the_content_goes_before_the_structured_content():
    picture = ImageContent(data=encoded(PNG), mime_type="image/png")
    result = CallToolResult(content=[picture], structured_content={"result": [{"a": 1}]})
    assert choice(shown(result)).value == "Content"


@pytest.mark.parametrize(
    "result",
    [CallToolResult(content=[]), ReadResourceResult(contents=[]), GetPromptResult(messages=[])],
)
def test_nothing_is_said_in_a_sentence(result: Any):
    assert "It came back empty: no content." in markup(shown(result)).text


def test_a_table_shows_fifty_rows_and_turns_its_pages():
    found = table(pd.DataFrame({"n": range(120)}), python="frame")
    assert "rows 1 to 50 of 120 rows · in Python: frame" in markup(found).text
    before, after = buttons(found).values()
    assert (before.disabled, after.disabled) == (True, False)
    after.click()
    after.click()
    assert "rows 101 to 120 of 120 rows" in markup(found).text
    assert (before.disabled, after.disabled) == (False, True)
    before.click()
    assert "rows 51 to 100 of 120 rows" in markup(found).text


def test_numbers_stand_to_the_right_with_their_headings_and_missing_values_are_a_word():
    frame = pd.DataFrame({"n": [1.5, None], "t": ["a", None], "b": [True, False]})
    html = table_html(frame, 0)
    assert '<th scope="col"><span class="mcpk-number">n</span></th>' in html
    assert '<td><span class="mcpk-number">1.5</span></td>' in html
    assert html.count('<em class="mcpk-missing">null</em>') == 2
    assert "<td>True</td>" in html


def test_a_table_of_many_columns_and_long_cells_is_cut_and_says_so():
    frame = pd.DataFrame({f"c{n}": ["x" * 1000] for n in range(80)})
    text = Markup(table_html(frame, 0, python="frame")).text
    assert "1 row, the first 50 of 80 columns · in Python: frame" in text
    assert "c49" in text
    assert "c50" not in text
    assert text.count("700 more characters are not shown") == 50


def test_a_table_shows_a_cell_of_any_width_to_its_end():
    text = Markup(table_html(pd.DataFrame({"a": ["&" * 200]}), 0)).text
    assert "&" * 200 in text


def test_a_tree_opens_its_outer_levels_and_names_keys_and_sizes():
    tree = Markup(tree_html({"a": [1, None, "x"], "b": {"c": {"d": {}}}}))
    assert [("open" in attributes) for attributes in tree.named("details")] == [
        True,
        True,
        True,
        False,
    ]
    assert "2 keys · a, b" in tree.text
    assert "0: 1" in tree.text
    assert "1: null" in tree.text
    assert 'x"' in tree.text


def test_a_tree_is_cut_in_breadth_depth_and_length_and_says_how_to_have_all():
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    for value in ({str(n): n for n in range(10_000)}, deep, "x" * 100_000):
        html = tree_html(value, python="result.structured_content")
        assert len(Markup(html).elements) < 5 * SHOWN_NODES
        assert "All of it in Python: result.structured_content" in html


def test_the_bytes_say_what_a_picture_is_and_not_the_claimed_type():
    for data, kind in {
        PNG: "image/png",
        b"\xff\xd8\xff\xe0": "image/jpeg",
        b"GIF89a": "image/gif",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ": "image/webp",
        b"RIFF\x00\x00\x00\x00WAVEfmt ": "audio/wav",
        b"ID3\x04": "audio/mpeg",
        b"\xff\xfb\x90": "audio/mpeg",
        b"OggS": "audio/ogg",
        b"fLaC": "audio/flac",
        b"<svg>": "",
        b"\xff\xfe<\x00": "",  # UTF-16, which begins almost like MPEG audio
        b"": "",
    }.items():
        assert media_type(data) == kind
    html = markup(shown(ImageContent(data=encoded(PNG), mime_type="image/gif")))
    assert str(html.named("img")[0]["src"]).startswith("data:image/png;base64,")
    assert "sent as image/gif" in html.text


def test_audio_has_controls_and_a_name():
    content = AudioContent(data=encoded(b"ID3" + b"0" * 10), mime_type="audio/mpeg")
    [player] = markup(shown(content)).named("audio")
    assert "controls" in player
    assert player["aria-label"] == "content: audio/mpeg, 13 bytes"


def test_svg_is_shown_as_the_text_that_it_is():
    found = markup(shown(ImageContent(data=encoded(b"<svg onload=x>"), mime_type="image/svg+xml")))
    assert not found.named("img")
    assert "<svg onload=x>" in found.text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("%%%", "image/png that is not valid base64"),
        (encoded(b"\x00\xff\xfe\x00"), "4 bytes: bytes that are not shown"),
        (encoded(PNG + b"0" * 10_000_001), "too large to show"),
    ],
)
def test_bytes_that_cannot_be_shown_are_described_with_the_python_for_them(
    data: str, sentence: str
):
    content = BlobResourceContents(uri="x:y", blob=data, mime_type="image/png")
    text = markup(shown(ReadResourceResult(contents=[content]))).text
    assert sentence in text
    assert "result.contents[0].blob" in text


@pytest.mark.parametrize(
    "uri", ["https://example.com/a?b=c&d", "http://127.0.0.1:8080/", "HTTPS://EXAMPLE.COM"]
)
def test_a_link_to_the_web_is_a_link_with_its_whole_address_to_read(uri: str):
    found = markup(shown(ResourceLink(uri=uri, name="page")))
    links = found.named("a")
    assert [link["href"] for link in links] == ([uri] if uri.startswith("http") else [])
    assert all(link["rel"] == "noopener noreferrer" for link in links)
    assert uri in found.text


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "https://example.com/\u202egnp.exe",
        "https://exämple.com/",
        " https://example.com",
    ],
)
def test_any_other_address_is_text_and_never_a_link(uri: str):
    assert not markup(shown(ResourceLink(uri=uri, name="x"))).named("a")


def test_content_of_an_unknown_kind_is_named_and_shown_as_json():
    text = markup(shown(PromptMessage(role="user", content=TextContent(text="hello")))).text
    assert "a kind that is not known here: PromptMessage" in text
    assert "hello" in text


def test_a_hundred_contents_are_shown_and_the_rest_is_counted():
    result = CallToolResult(content=[TextContent(text="x")] * 1000)
    found = shown(result)
    assert len(widgets(found)) < 110
    assert "900 more contents are not shown. In Python: result.content" in markup(found).text


HOSTILE = [
    CallToolResult(content=BLOCKS),
    CallToolResult(content=BLOCKS, structured_content={NASTY: [{NASTY: NASTY}]}),
    CallToolResult(content=[], structured_content={"result": [{NASTY: NASTY, "n": 1}] * 60}),
    GetPromptResult(
        description=NASTY, messages=[PromptMessage(role="user", content=block) for block in BLOCKS]
    ),
    *(ReadResourceResult(contents=[content]) for content in CONTENTS.values()),
    EmbeddedResource(resource=CONTENTS["rows"]),
]


@pytest.mark.parametrize("result", HOSTILE)
def test_nothing_hostile_becomes_an_element_an_attribute_or_a_scheme(result: Any):
    found = shown(result, open_link=lambda _: None)
    ways = [w for w in widgets(found) if isinstance(w, ipywidgets.RadioButtons)]
    for way in ways[0].options if ways else [None]:
        if way:
            ways[0].value = way
        html = markup(found)
        assert {tag for tag, _ in html.elements} <= set(ELEMENTS)
        for tag, attributes in html.elements:
            assert set(attributes) <= set(ATTRIBUTES)
            if tag in ("img", "audio"):
                assert str(attributes["src"]).startswith(("data:image/", "data:audio/"))
            if tag == "a":
                assert str(attributes["href"]).startswith("https://example.com/")
        assert not set(html.text) & set("\x00\x1b\u202e\u200b\U000e0041")


@pytest.mark.parametrize("size", [1_000_000, 20_000_000])
def test_megabytes_are_shown_in_a_moment(size: int):
    result = text_result("x" * size)
    begun = time.perf_counter()
    found = shown(result)
    assert time.perf_counter() - begun < 2
    assert len(markup(found).text) < 100_000
    assert f"{size - 50_000:,} more characters are not shown." in markup(found).text
    assert "result.content[0].text" in markup(found).text


def test_rows_are_not_looked_for_unasked_in_more_than_five_megabytes():
    rows = json.dumps([{"a": "x" * 1000}] * 6000)
    assert not [w for w in widgets(shown(text_result(rows))) if hasattr(w, "options")]
