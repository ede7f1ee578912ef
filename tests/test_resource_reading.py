"""What people send to the table resources, over every real transport and in both eras.

In memory, and with more tables and limits, the same is in test_servers_database.py.
"""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS

from servers import database, serving
from tests.asking import Asked, asking
from tests.server_process import ServerProcess, command, listening, over_stdio

PROVINCES = "db://tables/chinese_provinces"
FILES = sorted(Path(database.DATA).iterdir())
BEFORE = [file.read_bytes() for file in FILES]
ROUTES = [
    (route, mode) for route in ("stdio", "sse", "streamable-http") for mode in ("auto", "legacy")
]


@pytest.fixture(scope="module")
def processes() -> Iterator[dict[str, ServerProcess]]:
    with listening("showcase", "sse") as sse, listening("showcase", "streamable-http") as http:
        yield {"sse": sse, "streamable-http": http}
        for server in (sse, http):  # nothing that was sent made a traceback in the server's log
            _, output, errors = server.end()
            assert (output, errors) == ("", "")


@pytest.fixture(scope="module", params=ROUTES, ids=" ".join)
def server(request: pytest.FixtureRequest, processes: dict[str, ServerProcess]) -> Iterator[Asked]:
    """One connection to one process, for all that is sent in this module."""
    route, mode = request.param
    target = over_stdio("showcase") if route == "stdio" else processes[route].target()
    with asking(target, mode) as asked:
        yield asked


def refusal(server: Asked, uri: str) -> str:
    """What the server says to this URI, after proof that it answers on with unspoilt tables."""
    with pytest.raises(MCPError) as caught:
        server.read(uri)
    for table in database.TABLES:
        [content] = server.read(f"db://tables/{table}/data/1000").contents
        assert json.loads(content.text) == database.rows(table)
    assert caught.value.error.code == INVALID_PARAMS
    return caught.value.error.message


LIMITS = {
    "zero": "0",
    "negative": "-1",
    "a fraction": "1.5",
    "a billion": "1000000000",
    "a billion as a power": "10^9",
    "a letter": "x",
    "nothing": "",
    "Chinese digits": "五十",
    "full-width digits": "５０",
    "Arabic digits": "٥",
    "a quote": "5'",
    "a double quote": '5"',
    "a semicolon": "5;DROP TABLE chinese_provinces",
    "comment dashes": "5--",
    "a line break": "5\n",
    "ten thousand digits": "9" * 10_000,
    "ten thousand letters": "x" * 10_000,
}
ENCODED_ONLY = {"a comment sign": "5/*", "a hash": "5#", "a question mark": "5?"}


@pytest.mark.parametrize("limit", (LIMITS | ENCODED_ONLY).values(), ids=LIMITS | ENCODED_ONLY)
def test_a_percent_encoded_limit_is_refused_with_what_it_was_and_what_it_may_be(
    server: Asked, limit: str
) -> None:
    message = refusal(server, f"{PROVINCES}/data/{quote(limit, safe='')}")
    assert message == f"limit must be a whole number from 1 to 1000, not {limit[:40]!r}"


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_a_limit_as_it_was_typed_is_refused_in_the_same_words(server: Asked, limit: str) -> None:
    message = refusal(server, f"{PROVINCES}/data/{limit}")
    assert message == f"limit must be a whole number from 1 to 1000, not {limit[:40]!r}"


TABLES = {
    "unknown": "films",
    "nothing": "",
    "another case": "Chinese_Provinces",
    "SQLite's own": "sqlite_schema",
    "Chinese": "中国",
    "a quote": "chinese_provinces' OR '1'='1",
    "a double quote": 'chinese_provinces" UNION SELECT sql FROM sqlite_schema --',
    "a semicolon": "chinese_provinces; DROP TABLE chinese_provinces",
    "comment dashes": "chinese_provinces --",
    "a line break": "chinese_provinces\n",
    "ten thousand letters": "a" * 10_000,
}


@pytest.mark.parametrize("encode", [True, False], ids=["encoded", "as typed"])
@pytest.mark.parametrize("rest", ["data/5", "schema"])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_an_unknown_table_is_refused_with_what_it_was_and_with_the_known_ones(
    server: Asked, table: str, rest: str, encode: bool
) -> None:
    sent = quote(table, safe="") if encode else table
    message = refusal(server, f"db://tables/{sent}/{rest}")
    assert message == (
        f"There is no table {table[:40]!r}. Known are chinese_provinces and chinese_movie_ratings."
    )


REFUSED_BY_THE_SDK = {
    "up": "../chinese_provinces/data/5",
    "up in the middle": "chinese_provinces/data/../5",
    "up, encoded": "..%2Fchinese_provinces/data/5",
    "up, all encoded": "%2e%2e%2fetc%2fpasswd/schema",
    "NUL": "chinese_provinces\0/data/5",
    "NUL, encoded": "chinese_provinces%00/data/5",
    "NUL in the limit": "chinese_provinces/data/5\0",
    "NUL in the limit, encoded": "chinese_provinces/data/5%00",
    "a comment sign": "chinese_provinces/*/data/5",
    "a comment sign in the limit": "chinese_provinces/data/5/*",
    "a hash": "chinese_provinces/data/5#",
    "a query": "chinese_provinces/data/5?limit=7",
    "an absolute path": "%2Fetc%2Fpasswd/schema",
}


@pytest.mark.parametrize("path", REFUSED_BY_THE_SDK.values(), ids=REFUSED_BY_THE_SDK)
def test_what_no_function_of_ours_sees_is_refused_by_the_sdk_with_the_uri(
    server: Asked, path: str
) -> None:
    uri = f"db://tables/{path}"
    assert refusal(server, uri) == f"Unknown resource: {uri}"


@pytest.mark.parametrize("uri", ["", "x" * 10_000, "file:///etc/passwd", "db:tables", "../../etc"])
def test_what_is_no_uri_of_ours_is_unknown(server: Asked, uri: str) -> None:
    assert refusal(server, uri) == f"Unknown resource: {uri}"


@pytest.mark.parametrize("limit", [1, 34, 35, 1000])
def test_the_limits_that_are_allowed_give_that_many_rows_or_all(server: Asked, limit: int) -> None:
    [content] = server.read(f"{PROVINCES}/data/{limit}").contents
    assert json.loads(content.text) == database.rows("chinese_provinces")[:limit]


def test_a_known_table_may_be_percent_encoded(server: Asked) -> None:
    [content] = server.read("db://tables/chinese%5Fprovinces/data/%35").contents
    assert len(json.loads(content.text)) == 5


async def test_hostile_and_honest_readers_at_once_each_get_their_own_answer(
    processes: dict[str, ServerProcess],
) -> None:
    bad = [f"{PROVINCES}/data/{quote(limit, safe='')}" for limit in LIMITS.values()]
    bad += [f"db://tables/{quote(table, safe='')}/data/5" for table in TABLES.values()]
    wrong, right = [], []

    async def refuse(client: Client, uri: str) -> None:
        with pytest.raises(MCPError, match=r"limit must be|There is no table"):
            await client.read_resource(uri)
        wrong.append(uri)

    async def read(client: Client, number: int) -> None:
        [content] = (await client.read_resource(f"{PROVINCES}/data/{number}")).contents
        right.append(len(json.loads(content.text)) == number)

    for target in (over_stdio("showcase"), *(server.target() for server in processes.values())):
        async with Client(target) as client, anyio.create_task_group() as at_once:
            for number, uri in enumerate(bad, 1):
                at_once.start_soon(refuse, client, uri)
                at_once.start_soon(read, client, number)
    assert len(wrong) == len(right) == 3 * len(bad)
    assert all(right)


def test_parameters_without_a_uri_are_invalid_and_the_server_answers_on() -> None:
    """By hand, because the SDK's client sends no such thing."""
    wrong = [{}, {"uri": None}, {"uri": 5}, {"uri": [PROVINCES]}, {"uri": {"table": "films"}}]
    *refusals, answer = by_hand(*[{"params": params} for params in (*wrong, {"uri": "db://test"})])
    assert {answer["error"]["code"] for answer in refusals} == {INVALID_PARAMS}
    assert answer["result"]["contents"]


def test_a_line_that_is_no_message_is_skipped_and_the_server_answers_on() -> None:
    """The SDK answers none of them: a client that waits for an answer needs a deadline."""
    half_a_character = (
        '{"jsonrpc":"2.0","id":9,"method":"resources/read","params":{"uri":"\\ud83d"}}'
    )
    positional = '{"jsonrpc":"2.0","id":9,"method":"resources/read","params":["db://test"]}'
    lines = ["{", "五", "null", "[]", '"db://tables"', half_a_character, positional]
    [answer] = by_hand(*lines, {"params": {"uri": "db://test"}})
    assert answer["result"]["contents"]


def by_hand(*lines: dict[str, Any] | str) -> list[dict[str, Any]]:
    """What a stdio server answers to these requests to read; strings are sent as they are."""
    hello = {
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    answers = []
    with subprocess.Popen(
        command("showcase"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as process:
        for number, line in enumerate([hello, *lines]):
            if isinstance(line, str):
                process.stdin.write(f"{line}\n")
                continue
            message = {"jsonrpc": "2.0", "id": number, "method": "resources/read", **line}
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            answers.append(json.loads(process.stdout.readline()))
            assert answers[-1]["id"] == number
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    return answers[1:]


def test_a_body_that_is_no_json_is_refused_over_http_and_the_server_answers_on(
    processes: dict[str, ServerProcess],
) -> None:
    url = processes["streamable-http"].url
    headers = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    for body in (b"{", b"\xff\xfe", b"", '"五"'.encode(), b'{"uri": "\\ud83d"}'):
        assert httpx2.post(url, content=body, headers=headers).status_code == 400
    with asking(url, "auto") as asked:
        assert asked.read("db://tables").contents


def test_the_files_behind_the_tables_are_what_they_were(server: Asked) -> None:
    refusal(
        server, f"db://tables/{quote('chinese_provinces; DROP TABLE chinese_provinces')}/schema"
    )
    assert [file.read_bytes() for file in FILES] == BEFORE


def test_what_is_read_over_http_is_sent_at_once() -> None:
    with (
        serving._listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        # else Nagle's algorithm holds every answer back for 40 ms
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
