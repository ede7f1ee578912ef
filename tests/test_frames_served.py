"""`to_frame` on what real servers send: through a client, in memory and over stdio."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client, StdioServerParameters
from mcp.server import Server
from mcp_types import BlobResourceContents, ReadResourceResult, TextResourceContents

from helpers import close, connect, to_frame
from tests import rows_server
from tests.asking import Asked, asking
from tests.frame_use import is_missing, rows, tables, types
from tests.places import PYTHON, TESTS
from tests.server_process import over_stdio

OVER_STDIO = StdioServerParameters(
    command=PYTHON, args=["-m", "tests.rows_server"], cwd=TESTS.parent
)
ROUTES = {
    "in memory": (rows_server.mcp, "auto"),
    "in memory, legacy": (rows_server.mcp, "legacy"),
    "over stdio": (OVER_STDIO, "auto"),
    "over stdio, legacy": (OVER_STDIO, "legacy"),
}


@pytest.fixture(scope="module", params=ROUTES)
def server(request: pytest.FixtureRequest) -> Iterator[Asked]:
    with asking(*ROUTES[request.param]) as asked:
        yield asked


def dtypes(frame: pd.DataFrame) -> list[str]:
    return [*types(frame).values()]


# what typed tools return


FILMS = [
    {
        "name": "我不是药神",
        "released": "2018-07-05",
        "seen": "2018-07-06T20:00:00Z",
        "gross": "3099.96",
        "votes": 2**53 + 1,
        "good": True,
        "studio": {"name": "坏猴子", "founded": 2015},
        "actors": ["徐峥", "王传君"],
    },
    {"name": "Kein Émigré 🎬", "released": "1999-01-01", "gross": "0", "actors": []},
]
FILM_TYPES = {
    "name": "str",
    "released": "str",
    "seen": "str",
    "gross": "str",
    "votes": "Int64",
    "good": "boolean",
    "studio": "object",
    "actors": "object",
}


def test_a_list_of_models_is_a_frame_with_a_row_for_each(server: Asked) -> None:
    result = server.call("films")
    assert list(result.structured_content) == ["result"]
    frame = to_frame(result)
    assert rows(frame) == FILMS
    assert types(frame) == FILM_TYPES
    assert frame.loc[0, "studio"]["founded"] == 2015


def test_the_same_rows_come_from_the_resource_with_the_same_types(server: Asked) -> None:
    frame = to_frame(server.read("rows://films"))
    assert rows(frame) == FILMS
    assert types(frame) == FILM_TYPES


def test_dates_and_decimals_stay_text_and_become_dates_and_numbers_when_asked(
    server: Asked,
) -> None:
    frame = to_frame(server.call("films"), numeric=["gross"])
    assert frame["gross"].tolist() == [3099.96, 0]
    assert pd.to_datetime(frame["released"]).dt.year.tolist() == [2018, 1999]
    assert pd.to_datetime(frame["seen"])[0] == pd.Timestamp("2018-07-06T20:00:00Z")


def test_a_list_of_no_models_is_an_empty_frame(server: Asked) -> None:
    result = server.call("films", number=0)
    assert result.structured_content == {"result": []}
    assert to_frame(result).shape == (0, 0)


def test_one_model_is_one_row(server: Asked) -> None:
    frame = to_frame(server.call("film"))
    assert rows(frame) == [FILMS[0]]
    assert types(frame)["votes"] == "int64"


# what resources hold


def test_an_empty_array_is_an_empty_frame(server: Asked) -> None:
    assert to_frame(server.read("rows://empty")).shape == (0, 0)


def test_one_object_is_one_row_and_its_large_integer_exact(server: Asked) -> None:
    assert rows(to_frame(server.read("rows://one"))) == [{"姓名": "张三", "id": 2**64 + 1}]


def test_a_blob_of_csv_is_read_in_the_encoding_that_its_media_type_names(server: Asked) -> None:
    result = server.read("rows://csv")
    assert isinstance(result.contents[0], BlobResourceContents)
    assert rows(to_frame(result)) == [{"姓名": "张三", "备注": "早, 晚"}, {"姓名": "李四"}]
    assert rows(to_frame(server.read("rows://gbk"))) == [{"姓名": "张三", "编号": "007"}]


# what a JSON value becomes, in each form in which a server can send it

COLUMNS = {
    "nested": ([{"a": {"b": [1, {"c": None}]}}, ["x"]], "object"),
    "numbers and null": ([1, None], "Int64"),
    "truth and null": ([True, None], "boolean"),
    "text and null": (["é", None], "str"),
    "a float and null": ([0.5, None], "float64"),
    "only null": ([None, None], "object"),
    "number and text": ([1, "1"], "object"),
    "number and truth": ([1, True], "object"),
    "text and a list": (["x", ["x"]], "object"),
    "integer and float": ([1, 0.5], "float64"),
    "large integer": ([2**53 + 1, 1], "int64"),
    "large integer and null": ([2**53 + 1, None], "Int64"),
    "large integer and float": ([2**53 + 1, 0.5], "object"),
    "beyond 64 bits": ([2**64, -(2**70)], "object"),
    "numbers in text": (["8.9", "007"], "str"),
    "dates": (["2026-01-31", "2026-02-28T08:00:00+08:00"], "str"),
    "not ASCII": (["广东省", "🎬\u2028\u0000é"], "str"),
}


@pytest.mark.parametrize("form", ["structured", "bare", "text"])
@pytest.mark.parametrize(("values", "dtype"), COLUMNS.values(), ids=COLUMNS)
def test_values_keep_their_value_and_get_the_type_that_loses_nothing(
    server: Asked, form: str, values: list[Any], dtype: str
) -> None:
    sent = [{"列": value} for value in values]
    result = server.call(form, rows=[*sent, {}])  # the last one has no such key
    frame = to_frame(result)
    kept = [None if is_missing(value) else value for value in frame["列"].tolist()]
    assert kept == [*values, None]
    assert [*map(type, kept[:-1])] == [
        float if dtype == "float64" and value is not None else type(value) for value in values
    ]
    complete = to_frame(server.call(form, rows=sent))
    assert dtypes(complete) == [dtype]


# several contents in one result


def test_contents_of_several_kinds_stand_one_below_the_other(server: Asked) -> None:
    result = server.call("contents", texts=['[{"a": 1}, {"a": null}]', "a,b\n2,x", "[]"])
    assert len(result.content) == 3
    assert rows(to_frame(result.content)) == [{"a": 1}, {}, {"a": "2", "b": "x"}]


def test_among_several_contents_one_without_rows_is_named(server: Asked) -> None:
    result = server.call("contents", texts=["[1]", "two films"])
    with pytest.raises(ValueError, match=r"no rows in content 2 of 2: .*'two films'"):
        to_frame(result.content)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_several_contents_of_one_resource_are_one_frame(mode: Any) -> None:
    async def read(context: Any, params: Any) -> ReadResourceResult:
        return ReadResourceResult(
            contents=[
                TextResourceContents(uri="a://1", text='[{"n": 1, "片": {"名": "药神"}}]'),
                BlobResourceContents(uri="a://2", blob="bizniYcKMix4Cg==", mime_type="text/csv"),
                TextResourceContents(uri="a://3", text="| n |\n| - |\n| 3 |"),
            ]
        )

    async with Client(Server("parts", on_read_resource=read), mode=mode) as client:
        frame = to_frame(await client.read_resource("a://all"))
    assert rows(frame) == [{"n": 1, "片": {"名": "药神"}}, {"n": "2", "片": "x"}, {"n": "3"}]


# rows that went in come out, also after a server and a client

few = settings(deadline=None, max_examples=40)
# JSON has no infinity: the SDK sends null for it, in both directions
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
records = st.lists(st.dictionaries(st.sampled_from(["a", "b", "姓名", ""]), values), max_size=6)


def present(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: cell for name, cell in row.items() if cell is not None} for row in table]


@few
@given(table=records)
def test_rows_that_a_typed_tool_returns_come_out(
    server: Asked, table: list[dict[str, Any]]
) -> None:
    assert rows(to_frame(server.call("structured", rows=table))) == present(table)


@few
@given(table=records)
def test_rows_that_a_tool_returns_as_text_come_out(
    server: Asked, table: list[dict[str, Any]]
) -> None:
    assert rows(to_frame(server.call("text", rows=table))) == present(table)


@few
@given(table=records.filter(bool))
def test_rows_that_the_sdk_makes_a_content_each_of_come_out(
    server: Asked, table: list[dict[str, Any]]
) -> None:
    result = server.call("bare", rows=table)
    assert len(result.content) == len(table)
    assert rows(to_frame(result)) == present(table)


@few
@given(table=tables(st.text(min_size=1)))
def test_rows_in_a_blob_of_csv_come_out(server: Asked, table: list[dict[str, str]]) -> None:
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    result = server.call("blob", text=written.getvalue(), mime_type="text/csv")
    assert rows(to_frame(result)) == table


# the types are those of pandas.read_json, but for what that would lose

ALIKE = {
    "integers": st.integers(-(2**63), 2**63 - 1),
    # read_json refuses the smallest numbers of all
    "fractions": st.floats(-1e9, 1e9, allow_subnormal=False).filter(
        lambda number: not number.is_integer()
    ),
    "fractions and nulls": st.none() | st.floats(0.001, 0.999),
    "integers and fractions": st.integers(-(2**53), 2**53) | st.floats(0.001, 0.999),
    "truth": st.booleans(),
    "words": st.text("abcé广东", min_size=1).map("x".__add__),
    "words and nulls": st.none() | st.just("x"),
    "lists": st.lists(st.integers(0, 9)),
    "objects": st.fixed_dictionaries({"a": st.integers(0, 9)}),
}


@pytest.mark.parametrize("kind", ALIKE)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_where_nothing_is_lost_the_frame_is_the_one_that_read_json_makes(
    kind: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(ALIKE[kind], min_size=1).filter(lambda v: v.count(None) < len(v)))
    # of nothing but whole floats read_json makes integers: then there is no fraction to keep
    if kind.startswith("integers and"):
        values.append(0.5)
    sent = json.dumps([{"列": value} for value in values])
    made = pd.read_json(io.StringIO(sent), precise_float=True)
    pd.testing.assert_frame_equal(to_frame(sent), made)


# our own servers, over stdio


async def test_the_films_over_stdio_are_twenty_rows_with_numbers_on_request() -> None:
    client = await connect(over_stdio("showcase"))
    as_rows = to_frame(
        await client.read_resource("db://tables/chinese_movie_ratings/data/1000"),
        numeric=["rating"],
    )
    found = to_frame(await client.call_tool("search_movies", {"query": ""}))
    none = to_frame(await client.call_tool("search_movies", {"query": "no such film"}))
    schema = to_frame(await client.read_resource("db://tables/chinese_provinces/schema"))
    report = await client.call_tool("rating_report")
    embedded = to_frame(report.content[2])
    await close(client)
    assert (len(as_rows), types(as_rows)["rating"]) == (20, "float64")
    assert as_rows["rating"].max() == 9.2
    assert sorted(found["movie_name"]) == sorted(as_rows["movie_name"])
    assert types(found)["rating"] == "float64"
    by_name = found.set_index("movie_name")
    assert by_name.loc["我不是药神", "main_actors"] == ["徐峥", "王传君", "周一围", "谭卓", "章宇"]
    assert none.shape == (0, 0)
    assert schema["name"].tolist() == ["name", "short_name", "kind", "capital", "region"]
    assert embedded["name"].tolist() == list(as_rows)
    with pytest.raises(ValueError, match=r"no rows in content 1 of 4: .*'20 films, rated"):
        to_frame(report)
    with pytest.raises(
        ValueError, match=r"no rows: a link, to be followed by client.read_resource"
    ):
        to_frame(report.content[3])


async def test_the_employees_over_stdio_are_the_rows_of_their_markdown_table() -> None:
    client = await connect(over_stdio("achievement"))
    frame = to_frame(await client.read_resource("file://info.md"), numeric=["年龄"])
    score = await client.call_tool("get_score_by_name", {"name": "王五"})
    await close(client)
    assert rows(frame) == [
        {"姓名": "张三", "性别": "男", "年龄": 28},
        {"姓名": "李四", "性别": "女", "年龄": 25},
    ]
    assert types(frame)["年龄"] == "int64"
    with pytest.raises(ValueError, match=r"no rows: .*'未搜到该员工的绩效'"):
        to_frame(score)


async def test_a_tool_that_failed_over_stdio_is_an_error_with_its_text() -> None:
    client = await connect(over_stdio("showcase"))
    result = await client.call_tool("divide", {"a": 1, "b": 0})
    await close(client)
    with pytest.raises(ValueError, match=r"no rows: a tool error: .*Cannot divide by zero"):
        to_frame(result)
