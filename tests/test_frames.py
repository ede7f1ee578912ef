"""What `to_frame` makes of everything that a server may send."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.server import MCPServer
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    GetPromptResult,
    ImageContent,
    ReadResourceResult,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic import BaseModel

from helpers import to_frame
from tests.frame_use import is_missing, rows, tables, types

CSV = '姓名,备注\r\n张三,"早, 晚"\r\n李四,\r\n'
MARKDOWN = """# 员工

先说两句，再给表格。

| 姓名 | 性别 | 爱好 |
|:-----|:----:|-----:|
| 张三 | 男   | 读书\\|下棋 |
| 李四 | 女   |

| 另一张表 |
|----------|
| 不读     |
"""


def text(content: str) -> TextContent:
    return TextContent(type="text", text=content)


def resource(content: str, mime_type: str | None = None) -> TextResourceContents:
    return TextResourceContents(uri="db://rows", text=content, mime_type=mime_type)


def blob(data: bytes, mime_type: str | None = None) -> BlobResourceContents:
    encoded = base64.b64encode(data).decode("ascii")
    return BlobResourceContents(uri="db://rows", blob=encoded, mime_type=mime_type)


# JSON: which rows


def test_an_array_of_objects_is_one_row_each_with_the_types_that_pandas_infers() -> None:
    frame = to_frame('[{"片名": "老炮儿", "分": 7.8, "年": 2015, "好": true}]')
    assert rows(frame) == [{"片名": "老炮儿", "分": 7.8, "年": 2015, "好": True}]
    assert types(frame) == {"片名": "str", "分": "float64", "年": "int64", "好": "bool"}


def test_an_array_of_scalars_is_one_column_named_value() -> None:
    assert rows(to_frame('["广东", "广西"]')) == [{"value": "广东"}, {"value": "广西"}]


def test_an_array_of_arrays_is_one_column_of_lists() -> None:
    assert rows(to_frame("[[1, 2], [3]]")) == [{"value": [1, 2]}, {"value": [3]}]


def test_an_array_that_mixes_objects_and_scalars_is_one_column_too() -> None:
    assert rows(to_frame('[{"a": 1}, 2]')) == [{"value": {"a": 1}}, {"value": 2}]


def test_one_object_is_one_row() -> None:
    assert rows(to_frame('{"id": 1, "tags": ["x"]}')) == [{"id": 1, "tags": ["x"]}]


def test_one_number_is_one_row() -> None:
    assert rows(to_frame("5")) == [{"value": 5}]


def test_an_empty_array_is_an_empty_frame_whatever_is_asked_of_it() -> None:
    assert to_frame("[]").shape == (0, 0)
    assert to_frame("[]", numeric=["rating"]).shape == (0, 0)


def test_objects_without_keys_are_rows_without_columns() -> None:
    assert to_frame("[{}, {}]").shape == (2, 0)


def test_columns_stand_in_the_order_in_which_their_keys_appear() -> None:
    assert list(to_frame('[{"b": 1}, {"a": 1, "b": 2}]')) == ["b", "a"]


def test_json_inside_a_json_string_is_read() -> None:
    assert rows(to_frame(json.dumps('[{"a": 1}]'))) == [{"a": 1}]


def test_a_byte_order_mark_is_skipped() -> None:
    assert rows(to_frame('\ufeff[{"a": 1}]')) == [{"a": 1}]


def test_half_a_surrogate_pair_is_kept() -> None:
    assert rows(to_frame(r'["\ud83d"]')) == [{"value": "\ud83d"}]


# JSON: which values


def test_a_null_and_an_absent_key_are_both_missing() -> None:
    frame = to_frame('[{"a": "x", "b": [1]}, {"a": null, "b": null}, {}]')
    assert rows(frame) == [{"a": "x", "b": [1]}, {}, {}]
    assert frame["b"].tolist() == [[1], None, None]


def test_a_column_of_nulls_is_a_column() -> None:
    assert list(to_frame('[{"a": null}]')) == ["a"]


def test_nested_objects_and_arrays_stay_python_objects() -> None:
    frame = to_frame('[{"film": {"actors": ["徐峥", null]}}]')
    assert frame.loc[0, "film"] == {"actors": ["徐峥", None]}


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([2**53 + 1], "int64"),
        ([2**53 + 1, None], "Int64"),
        ([1, None], "Int64"),
        ([2**63 - 1, -(2**63), None], "Int64"),
        ([2**63], "uint64"),
        ([2**63, None], "object"),
        ([-1, 2**64], "object"),
        ([2**53 + 1, 0.5], "object"),
        ([2**53 + 1, 1.0, None], "object"),
        ([10**400, 0.5], "object"),
        ([1, 0.5, None], "float64"),
        ([1, 2.0], "float64"),
        ([1.0, None], "float64"),
        ([True, None], "boolean"),
        ([True, 1], "object"),
        ([1, "1"], "object"),
    ],
)
def test_a_column_has_the_type_that_loses_nothing(values: list[Any], dtype: str) -> None:
    column = to_frame(json.dumps(values))["value"]
    assert str(column.dtype) == dtype
    kept = [None if is_missing(value) else value for value in column.tolist()]
    assert kept == values
    assert [isinstance(value, bool) for value in kept] == [isinstance(v, bool) for v in values]


def test_not_a_number_and_infinity_are_read_although_json_has_neither() -> None:
    values = to_frame("[NaN, Infinity, 0.5]")["value"].tolist()
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, 0.5]


@pytest.mark.parametrize("name", ["date", "created_at"])
def test_dates_stay_the_strings_they_are(name: str) -> None:
    """pandas.read_json converts columns of these names, and deprecates that it does."""
    dates = ["2026-01-31", "2026-02-28T08:00:00+08:00"]
    assert to_frame([{name: date} for date in dates])[name].tolist() == dates


def test_strings_that_look_like_numbers_stay_strings() -> None:
    assert to_frame('["8.9", "007"]')["value"].tolist() == ["8.9", "007"]


# CSV


def test_csv_is_read_by_its_media_type_and_an_empty_cell_is_missing() -> None:
    frame = to_frame(resource(CSV, "text/csv; header=present"))
    assert rows(frame) == [{"姓名": "张三", "备注": "早, 晚"}, {"姓名": "李四"}]


def test_csv_is_known_by_its_look_too() -> None:
    assert rows(to_frame(CSV)) == rows(to_frame(resource(CSV, "text/csv")))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_semicolons_and_tabs_separate_as_commas_do(mark: str) -> None:
    assert rows(to_frame(f"id{mark}name\n007{mark}x\n")) == [{"id": "007", "name": "x"}]


def test_quoted_line_breaks_and_quotes_stay_in_their_cell() -> None:
    assert rows(to_frame('a,b\n"1\n2","say ""hi"""')) == [{"a": "1\n2", "b": 'say "hi"'}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
def test_every_kind_of_line_end_ends_a_row_and_blank_lines_are_skipped(end: str) -> None:
    content = end.join(["id,name", "1,x", "2,y", ""])
    assert rows(to_frame(content)) == [{"id": "1", "name": "x"}, {"id": "2", "name": "y"}]


def test_csv_with_nothing_but_a_header_has_columns_and_no_rows() -> None:
    frame = to_frame(resource("id,name", "text/csv"))
    assert (list(frame), len(frame)) == (["id", "name"], 0)


def test_columns_without_a_name_or_with_the_same_get_the_names_that_read_csv_gives() -> None:
    content = ",a,a,a\n1,2,3,4"
    assert list(to_frame(resource(content, "text/csv"))) == list(pd.read_csv(io.StringIO(content)))


def test_no_two_columns_share_a_name_even_where_the_new_one_was_taken() -> None:
    assert to_frame(resource("a,a,a.1\n1,2,3", "text/csv")).columns.is_unique


def test_csv_with_a_row_of_another_length_is_an_error_that_shows_the_row() -> None:
    with pytest.raises(ValueError, match=r"header has 2 fields and whose row 2 has 1: \['c'\]"):
        to_frame(resource("x,y\na,b\nc", "text/csv"))


def test_csv_with_an_open_quote_is_an_error_that_names_the_line() -> None:
    with pytest.raises(ValueError, match=r"CSV that does not parse \(.*line 2\)"):
        to_frame(resource('x,y\n"a,b', "text/csv"))


# Markdown


def test_the_first_markdown_table_is_read_as_github_reads_it() -> None:
    assert rows(to_frame(MARKDOWN)) == [
        {"姓名": "张三", "性别": "男", "爱好": "读书|下棋"},
        {"姓名": "李四", "性别": "女"},
    ]


def test_a_markdown_table_needs_no_outer_pipes_and_no_unix_line_ends() -> None:
    assert rows(to_frame("a | b\r\n--|--\r\n1 | **2**\r\n")) == [{"a": "1", "b": "**2**"}]


# blobs


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        ('[{"姓名": "张三"}]'.encode(), "application/json"),
        ('[{"姓名": "张三"}]'.encode(), None),
        ("姓名\n张三".encode("utf-8-sig"), "text/csv"),
        ("姓名\r\n张三".encode("gbk"), "text/csv; charset=gbk"),
    ],
)
def test_a_blob_of_text_is_read(data: bytes, mime_type: str | None) -> None:
    assert rows(to_frame(blob(data, mime_type))) == [{"姓名": "张三"}]


# several contents


def test_the_rows_of_several_contents_stand_one_below_the_other() -> None:
    result = ReadResourceResult(
        contents=[resource('[{"id": 1}]'), blob(b"id,n\n2,x", "text/csv"), resource("[]")]
    )
    assert rows(to_frame(result)) == [{"id": 1}, {"id": "2", "n": "x"}]


def test_one_content_and_a_list_of_contents_are_taken_as_the_whole_result_is() -> None:
    result = CallToolResult(content=[text("3 films"), text('{"a": 1}'), text('{"a": 2}')])
    assert rows(to_frame(result.content[1])) == [{"a": 1}]
    assert rows(to_frame(result.content[1:])) == [{"a": 1}, {"a": 2}]


def test_a_content_without_rows_among_others_is_an_error_that_says_which() -> None:
    with pytest.raises(ValueError, match="no rows in content 1 of 2: text that is neither"):
        to_frame(CallToolResult(content=[text("3 films"), text('{"a": 1}')]))


def test_an_embedded_resource_is_read() -> None:
    embedded = EmbeddedResource(type="resource", resource=resource("[1]"))
    assert rows(to_frame(CallToolResult(content=[embedded]))) == [{"value": 1}]


# structured content


@pytest.mark.parametrize(
    ("structured", "expected"),
    [
        ({"result": [{"a": 1}, {"a": 2}]}, [{"a": 1}, {"a": 2}]),
        ({"result": ["x"]}, [{"value": "x"}]),
        ({"result": 5}, [{"value": 5}]),
        ({"result": {"a": 1}}, [{"a": 1}]),
        ({"result": "a,b\n1,2"}, [{"a": "1", "b": "2"}]),
        ({"result": [1], "total": 1}, [{"result": [1], "total": 1}]),
        ([{"a": 1}], [{"a": 1}]),
    ],
)
def test_structured_content_goes_before_the_text_and_is_unwrapped(
    structured: Any, expected: list[dict[str, Any]]
) -> None:
    result = CallToolResult(content=[text("said otherwise")], structured_content=structured)
    assert rows(to_frame(result)) == expected
    assert rows(to_frame(structured)) == expected


# numeric=


def test_named_columns_become_numbers_and_the_others_do_not() -> None:
    films = [{"rating": "8.9", "id": "1"}, {"rating": "7", "id": "2"}, {"rating": None}]
    assert types(to_frame(films, numeric=["rating"])) == {"rating": "float64", "id": "str"}
    assert types(to_frame(films, numeric="id")) == {"rating": "str", "id": "Int64"}


def test_numeric_true_takes_every_column_that_can_become_numbers() -> None:
    frame = to_frame("id,name,score,zip\n1,x,8.9,007\n2,,,010", numeric=True)
    assert types(frame) == {"id": "int64", "name": "str", "score": "float64", "zip": "str"}


def test_numbers_in_strings_are_read_exactly() -> None:
    values = ["9007199254740993", None, "-3", "123456789012345678901234567890"]
    exact = [9007199254740993, None, -3, 123456789012345678901234567890]
    assert to_frame(values, numeric=True)["value"].tolist() == exact
    assert types(to_frame(values[:3], numeric=True)) == {"value": "Int64"}


def test_a_column_of_numbers_may_be_named() -> None:
    assert types(to_frame('[{"a": 1}, {}]', numeric=["a"])) == {"a": "Int64"}


@pytest.mark.parametrize(
    "value",
    [
        "007",
        "N/A",
        "",
        "1,5",
        "1_000",
        "五",
        "５",
        "NaN",
        "Infinity",
        "null",
        "true",
        "[1]",
        True,
        [1],
    ],
)
def test_a_value_that_is_no_number_is_an_error_that_names_it_and_its_row(value: Any) -> None:
    films = [{"rating": "8.9"}, {"rating": value}]
    with pytest.raises(ValueError, match="column 'rating' cannot become numbers: row 1 holds") as e:
        to_frame(films, numeric=["rating"])
    assert str(e.value).endswith(repr(value))
    assert to_frame(films, numeric=True)["rating"].tolist() == ["8.9", value]


def test_naming_a_column_that_is_not_there_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(ValueError, match="no column 'ratng', only name, rating"):
        to_frame([{"name": "x", "rating": "1"}], numeric=["ratng"])


# what holds no rows


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("hello, world", "neither JSON, CSV nor a Markdown table: 'hello, world'"),
        ("Hello, world\nBye, you", "neither JSON, CSV nor a Markdown table"),
        ("hello,world", "neither JSON, CSV nor a Markdown table"),
        ("Hello\nBye", "neither JSON, CSV nor a Markdown table"),
        ("1,2\n3,4", "neither JSON, CSV nor a Markdown table"),
        ("x" * 500, "Markdown table: 'x{59}…'$"),
        ('[{"a": 1}, {"a"', r"neither JSON \(.*line 1 column 16.*\), CSV nor"),
        ("[" * 100_000, r"neither JSON \(.*recursion.*\), CSV nor"),
        (resource("hello", "application/json"), r"neither JSON \(Expecting value.*\), CSV nor"),
        ('"hello"', "Markdown table: 'hello'"),
        ("null", "a JSON null"),
        (" \n", "an empty text"),
        ({"result": None}, "a JSON null"),
        ({"result": "未搜到该员工的绩效"}, "Markdown table: '未搜到该员工的绩效'"),
        (blob(b"x" * 1234, "image/png"), "an image/png of 1,234 bytes"),
        (blob(b"\x89PNG"), "an application/octet-stream of 4 bytes that is not the text"),
        (blob("张三".encode("gbk"), "text/csv"), "a text/csv of 4 bytes .* decode it and pass"),
        (blob(b"a", "text/csv; charset=no-such"), "unknown encoding: no-such"),
        (BlobResourceContents(uri="a://b", blob="!!!!"), "a blob that is not base64"),
        (ImageContent(type="image", data="AAAA", mime_type="image/png"), "an image/png of 3 bytes"),
        (
            ResourceLink(type="resource_link", name="n", uri="db://films"),
            r"a link, to be followed by client.read_resource\('db://films'\)",
        ),
        (CallToolResult(content=[text("boom")], is_error=True), "a tool error: boom"),
        (CallToolResult(content=[]), "a result without any content"),
        (ReadResourceResult(contents=[]), "a result without any content"),
    ],
)
def test_what_holds_no_rows_is_an_error_that_says_what_it_is(found: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^no rows: .*{said}"):
        to_frame(found)


@pytest.mark.parametrize("wrong", [5, None, b"[1]", GetPromptResult(messages=[])])
def test_another_type_is_an_error_that_names_what_to_pass(wrong: Any) -> None:
    expected = f"takes a ReadResourceResult, .* not a {type(wrong).__name__}$"
    with pytest.raises(TypeError, match=expected):
        to_frame(wrong)


async def test_a_forgotten_await_is_an_error_that_says_so() -> None:
    async with Client(SERVER) as client:
        call = client.read_resource("rows://csv")
        with pytest.raises(TypeError, match="not a coroutine: put await before the call"):
            to_frame(call)  # type: ignore[arg-type]
        call.close()


# rows that went in come out

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
records = st.lists(st.dictionaries(st.sampled_from(["a", "b", "姓名", ""]), values), max_size=6)
# no control characters, blanks or halves of characters: Markdown cannot carry them
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)


def present(row: dict[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if cell is not None}


@settings(deadline=None)
@given(records)
def test_rows_that_went_in_as_json_come_out(table: list[dict[str, Any]]) -> None:
    frame = to_frame(resource(json.dumps(table), "application/json"))
    assert rows(frame) == [present(row) for row in table]
    assert set(frame) == {name for row in table for name in row}


@settings(deadline=None)
@given(st.lists(st.none() | st.integers() | st.integers(-(2**64), 2**64), min_size=1))
def test_integers_come_out_as_the_integers_they_were(integers: list[int | None]) -> None:
    column = to_frame(json.dumps(integers))["value"]
    assert column.dropna().tolist() == [number for number in integers if number is not None]
    assert not pd.api.types.is_float_dtype(column)


@settings(deadline=None)
@given(st.lists(st.integers() | st.floats(allow_nan=False), min_size=1))
def test_a_number_beside_others_keeps_its_value(mixed: list[int | float]) -> None:
    assert to_frame(json.dumps(mixed))["value"].tolist() == mixed


@settings(deadline=None)
@given(st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_that_were_strings_come_out_as_these_numbers(mixed: list[int | float]) -> None:
    frame = to_frame([json.dumps(number) for number in mixed], numeric=["value"])
    assert frame["value"].tolist() == mixed


@settings(deadline=None)
@given(tables(st.text(min_size=1)))
def test_rows_that_went_in_as_csv_come_out(table: list[dict[str, str]]) -> None:
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    assert rows(to_frame(blob(written.getvalue().encode(), "text/csv"))) == table


@settings(deadline=None)
@given(tables(words))
def test_rows_that_went_in_as_a_markdown_table_come_out(table: list[dict[str, str]]) -> None:
    names = list(table[0])
    lines = [names, ["---"] * len(names), *([row[name] for name in names] for row in table)]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    written = "\n".join(f"| {' | '.join(line)} |" for line in escaped)
    assert rows(to_frame(resource(written, "text/markdown"))) == table


# a real server

SERVER = MCPServer("rows", log_level="WARNING")


class Film(BaseModel):
    name: str
    rating: float | None = None
    votes: int | None = None


@SERVER.tool()
def models() -> list[Film]:
    return [Film(name="我不是药神", rating=8.9, votes=2**53 + 1), Film(name="老炮儿")]


@SERVER.tool()
def one_model() -> Film:
    return Film(name="老炮儿")


@SERVER.tool()
def bare_list() -> list:  # type: ignore[type-arg]
    return [{"a": 1}, {"a": None, "b": [2]}]


@SERVER.tool()
def bare_dict() -> dict:  # type: ignore[type-arg]
    return {"a": {"b": 2**70}}


@SERVER.tool()
def json_text() -> str:
    return json.dumps([{"a": "甲"}])


@SERVER.tool()
def number() -> int:
    return 5


@SERVER.tool()
def failure() -> list[Film]:
    raise RuntimeError


@SERVER.resource("rows://csv", mime_type="text/csv")
def csv_resource() -> str:
    return CSV


@SERVER.resource("rows://json")
def json_resource() -> str:
    return '[{"a": 1}]'


@SERVER.resource("rows://blob", mime_type="text/csv")
def blob_resource() -> bytes:
    return CSV.encode("utf-8-sig")


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("models", [{"name": "我不是药神", "rating": 8.9, "votes": 2**53 + 1}, {"name": "老炮儿"}]),
        ("one_model", [{"name": "老炮儿"}]),
        ("bare_list", [{"a": 1}, {"b": [2]}]),
        ("bare_dict", [{"a": {"b": 2**70}}]),
        ("json_text", [{"a": "甲"}]),
        ("number", [{"value": 5}]),
    ],
)
async def test_what_a_tool_returned_comes_out(tool: str, expected: list[dict[str, Any]]) -> None:
    async with Client(SERVER) as client:
        assert rows(to_frame(await client.call_tool(tool))) == expected


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_eras_of_the_protocol_carry_the_same_rows(mode: Any) -> None:
    async with Client(SERVER, mode=mode) as client:
        frame = to_frame(await client.call_tool("models"))
    assert types(frame) == {"name": "str", "rating": "float64", "votes": "Int64"}


@pytest.mark.parametrize("uri", ["rows://csv", "rows://blob"])
async def test_a_csv_resource_comes_out_as_text_and_as_a_blob(uri: str) -> None:
    async with Client(SERVER) as client:
        frame = to_frame(await client.read_resource(uri))
    assert rows(frame) == [{"姓名": "张三", "备注": "早, 晚"}, {"姓名": "李四"}]


async def test_json_is_read_although_the_sdk_calls_it_plain_text() -> None:
    async with Client(SERVER) as client:
        result = await client.read_resource("rows://json")
    assert result.contents[0].mime_type == "text/plain"
    assert rows(to_frame(result)) == [{"a": 1}]


async def test_a_tool_that_failed_is_an_error_with_the_text_of_the_tool() -> None:
    async with Client(SERVER) as client:
        result = await client.call_tool("failure")
    with pytest.raises(ValueError, match="no rows: a tool error: Error executing tool failure"):
        to_frame(result)
