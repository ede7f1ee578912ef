"""The large table that `showcase` offers where its environment asks for it."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise

import pytest
from mcp import Client, MCPError, StdioServerParameters

from helpers import close, connect, to_frame
from servers import generated, showcase
from tests.places import PYTHON


def started(count: str) -> StdioServerParameters:
    arguments = ["-m", "servers.showcase"]
    return StdioServerParameters(command=PYTHON, args=arguments, env={generated.VARIABLE: count})


async def test_a_hundred_thousand_rows_arrive_whole_over_stdio():
    client = await connect(started("100000"))
    frame = to_frame(await client.read_resource(generated.URI))
    await close(client)
    assert frame.shape == (100_000, 4)
    assert frame.to_dict("records") == generated.rows(100_000)
    assert dict(frame.dtypes.astype(str)) == {
        "viewer": "int64",
        "film": "int64",
        "rating": "float64",
        "watched": "str",
    }


async def test_it_is_listed_only_where_it_was_asked_for():
    client = await connect(started("3"))
    assert generated.URI in [str(r.uri) for r in (await client.list_resources()).resources]
    await close(client)
    async with Client(showcase.mcp) as client:
        assert generated.URI not in [str(r.uri) for r in (await client.list_resources()).resources]
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource(generated.URI)


async def test_the_public_template_stays_at_a_thousand_rows_and_at_its_two_tables():
    client = await connect(started("5000"))
    for table in ("chinese_provinces", "generated_ratings"):
        with pytest.raises(MCPError, match="from 1 to 1000, not '1001'"):
            await client.read_resource(f"db://tables/{table}/data/1001")
    with pytest.raises(MCPError, match="There is no table 'generated_ratings'"):
        await client.read_resource("db://tables/generated_ratings/data/10")
    names = json.loads((await client.read_resource("db://tables")).contents[0].text)
    assert "generated_ratings" not in names
    await close(client)


def test_the_rows_are_the_same_each_time_and_ratings_lie_between_1_and_10():
    rows = generated.rows(2000)
    assert rows[:500] == generated.rows(500)
    assert {row["rating"] for row in rows} == {n / 10 for n in range(10, 101)}
    assert {row["watched"] for row in rows} == set(generated.WATCHED)
    assert all(after["viewer"] - before["viewer"] in (0, 1) for before, after in pairwise(rows))


@pytest.mark.parametrize("count", ["-1", "1.5", "many", "10000000", "９９", "9" * 5000])
def test_what_is_no_number_of_rows_ends_the_server_in_one_line(count: str):
    done = subprocess.run(
        [PYTHON, "-m", "servers.showcase", "--help"],
        env={generated.VARIABLE: count, "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("GENERATED_ROWS is a whole number up to 1000000, not ")
    assert len(done.stderr.splitlines()) == 1
