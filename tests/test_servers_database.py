"""The tables, as resources: what is in them, and what people try to get out of them."""

import asyncio
import csv
import json
import sqlite3
from collections import Counter

import pytest
from mcp import Client, MCPError

from servers import database
from servers.showcase import mcp

both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])
FILMS = "db://tables/chinese_movie_ratings"
PROVINCES = "db://tables/chinese_provinces"


async def read(client, uri):
    [content] = (await client.read_resource(uri)).contents
    assert content.mime_type == "application/json"
    return json.loads(content.text)


@both_eras
async def test_the_tables_are_listed_in_order(mode):
    async with Client(mcp, mode=mode) as client:
        assert await read(client, "db://tables") == ["chinese_provinces", "chinese_movie_ratings"]


@both_eras
async def test_the_films_are_the_twenty_of_the_file_column_for_column(mode):
    async with Client(mcp, mode=mode) as client:
        rows = await read(client, f"{FILMS}/data/1000")
    with (database.DATA / "chinese_movie_ratings.csv").open(encoding="utf-8", newline="") as file:
        assert rows == list(csv.DictReader(file))
    assert len(rows) == 20
    assert list(rows[0]) == [
        "movie_type",
        "main_actors",
        "region",
        "director",
        "features",
        "rating",
        "movie_name",
    ]


@both_eras
async def test_the_provinces_are_the_thirty_four_divisions_of_four_kinds(mode):
    async with Client(mcp, mode=mode) as client:
        rows = await read(client, f"{PROVINCES}/data/34")
    assert list(rows[0]) == ["name", "short_name", "kind", "capital", "region"]
    assert Counter(row["kind"] for row in rows) == {
        "province": 23,
        "autonomous region": 5,
        "municipality": 4,
        "special administrative region": 2,
    }
    assert all(all(row.values()) for row in rows)
    for column in ("name", "short_name", "capital"):
        assert len({row[column] for row in rows}) == 34
    endings = {
        "province": "省",
        "municipality": "市",
        "autonomous region": "自治区",
        "special administrative region": "特别行政区",
    }
    assert all(row["name"].endswith(endings[row["kind"]]) for row in rows)
    by_name = {row["name"]: row for row in rows}
    assert by_name["广东省"]["capital"] == "广州"
    assert by_name["台湾省"]["kind"] == "province"


@both_eras
async def test_the_limit_is_the_number_of_rows(mode):
    async with Client(mcp, mode=mode) as client:
        assert len(await read(client, f"{PROVINCES}/data/5")) == 5
        assert len(await read(client, f"{PROVINCES}/data/1")) == 1


@both_eras
async def test_the_schema_names_the_columns_with_their_types(mode):
    async with Client(mcp, mode=mode) as client:
        for table in (FILMS, PROVINCES):
            [first] = await read(client, f"{table}/data/1")
            columns = await read(client, f"{table}/schema")
            assert [column["name"] for column in columns] == list(first)
            assert {column["type"] for column in columns} == {"TEXT"}


@both_eras
async def test_the_database_says_that_it_can_be_reached(mode):
    async with Client(mcp, mode=mode) as client:
        [content] = (await client.read_resource("db://test")).contents
    assert content.text == f"The database answers: SQLite {sqlite3.sqlite_version}."


BAD_LIMITS = [
    *("0", "-1", "+1", "1.5", "1.0", "1e2", "1_000", "%205", "5%20", "0x10", "x", "", "1001"),
    *(
        "1000000000",
        "５",
        "%EF%BC%95",
        "五",
        "%D9%A5",
        "5%27",
        "5;DROP",
        "5--",
        "5%0A",
        "9" * 10_000,
    ),
]


@both_eras
@pytest.mark.parametrize("limit", BAD_LIMITS, ids=lambda limit: limit[:12])
async def test_a_limit_that_is_no_whole_number_to_a_thousand_is_refused_with_the_reason(
    mode, limit
):
    async with Client(mcp, mode=mode) as client:
        with pytest.raises(MCPError, match="limit must be a whole number from 1 to 1000") as caught:
            await client.read_resource(f"{PROVINCES}/data/{limit}")
        assert len(await read(client, f"{PROVINCES}/data/1000")) == 34
    assert caught.value.error.code == -32602
    assert len(caught.value.error.message) < 200


UNKNOWN_TABLES = [
    *("films", "CHINESE_PROVINCES", "chinese_provinces ", "sqlite_schema", "", "%22", "%27"),
    "chinese_provinces%27%3B%20DROP%20TABLE%20chinese_provinces%3B--",
    "chinese_provinces;DELETE FROM chinese_provinces",
    "chinese_provinces%20--",
    "chinese_provinces%2F%2A",
    "chinese_provinces%22%20UNION%20SELECT%20sql%20FROM%20sqlite_schema--",
    "中国",
    "a" * 10_000,
]


@both_eras
@pytest.mark.parametrize("table", UNKNOWN_TABLES, ids=lambda table: table[:24])
async def test_an_unknown_table_is_an_error_that_lists_the_known_ones(mode, table):
    async with Client(mcp, mode=mode) as client:
        before = await read(client, f"{PROVINCES}/data/1000")
        for uri in (f"db://tables/{table}/data/5", f"db://tables/{table}/schema"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            assert caught.value.error.code == -32602
            assert all(name in caught.value.error.message for name in database.TABLES)
            assert len(caught.value.error.message) < 200
        assert await read(client, f"{PROVINCES}/data/1000") == before


@both_eras
@pytest.mark.parametrize(
    "path",
    [
        "../chinese_provinces/data/5",
        "..%2Fchinese_provinces/data/5",
        "chinese_provinces/data/../5",
        "chinese_provinces%00/data/5",
        "chinese_provinces/data/5%00",
        "%2Fetc%2Fpasswd/schema",
        "chinese_provinces",
        "chinese_provinces/data/5/6",
        "chinese_provinces/data/5?x=1",
    ],
)
async def test_a_path_that_is_no_resource_of_ours_is_unknown(mode, path):
    async with Client(mcp, mode=mode) as client:
        with pytest.raises(MCPError, match="Unknown resource") as caught:
            await client.read_resource(f"db://tables/{path}")
        assert len(await read(client, f"{PROVINCES}/data/1000")) == 34
    assert caught.value.error.code == -32602


def test_the_database_cannot_be_written_to():
    with database._connection() as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM chinese_provinces")
    assert len(database.rows("chinese_provinces")) == 34


async def test_fifty_readers_at_once_all_get_their_rows():
    async with Client(mcp) as client:
        uri = f"{FILMS}/data/20"
        answers = await asyncio.gather(*(read(client, uri) for _ in range(50)))
    assert all(len(rows) == 20 for rows in answers)
