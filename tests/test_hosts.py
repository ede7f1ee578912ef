"""`connect_all`: every shape of an `mcpServers` file, what fails in it, and what stays open."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from mcp import Client, MCPError
from mcp.server import MCPServer
from starlette.responses import Response

from helpers import close, close_all, connect, connect_all, owner, serve, server_log, wire
from helpers.connection import opening_of, reconnect
from helpers.host_config import entry_of
from helpers.hosts import Connections
from helpers.server_thread import ServerHandle
from tests.leftovers import cutting_sse_off
from tests.places import BARE_SERVER, PYTHON, TESTS
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("_no_connection_stays_open")

Write = Callable[..., Path]
PATHS = {"sse": "/sse", "streamable-http": "/mcp"}
SECRET = "open sesame, please"

calculator = MCPServer("calculator", log_level="WARNING")


@calculator.tool()
def add(a: int, b: int) -> int:
    return a + b


def process(*mode: str, **others: Any) -> dict[str, Any]:
    """An entry that starts the bare server."""
    return {"command": PYTHON, "args": ["-I", "-S", BARE_SERVER, *mode], **others}


def running() -> set[int]:
    """The process ids of the bare servers that this process has started and that still run."""
    children = psutil.Process().children(recursive=True)
    with suppress(psutil.NoSuchProcess):
        return {child.pid for child in children if BARE_SERVER in child.cmdline()}
    return running()


async def pid(client: Client) -> int:
    return int((await client.call_tool("where", {})).content[0].text)


async def the_failure(path: Path, **options: Any) -> str:
    """What is said of the only entry of a file that cannot be opened."""
    servers = await connect_all(path, **options)
    assert list(servers) == []
    [error] = servers.failed.values()
    assert not owner._owners
    return str(error)


@pytest.fixture(autouse=True)
def _no_process_stays() -> Iterator[None]:
    """An autouse fixture is set up first, and so this is looked at when all else has ended."""
    yield
    assert not running()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file with these entries, or with this text, and return its path."""

    def written(content: str | dict[str, Any], name: str = "servers.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps({"mcpServers": content})
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def one(write: Write) -> Callable[..., Path]:
    """Write a file with this one entry."""
    return lambda entry: write({"it": entry})


class Guarded:
    """An application that passes on requests with the right token, and refuses others."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if headers.get(b"authorization", b"").decode() != f"Bearer {SECRET}":
                await Response(status_code=401)(scope, receive, send)
                return
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, ServerHandle]]:
    """The calculator over both HTTP transports, to everybody and to those with a token."""
    sse, http = calculator.sse_app(), calculator.streamable_http_app()
    with (
        cutting_sse_off(),
        serve(calculator, name="hosts, sse") as open_sse,
        serve(calculator, name="hosts, http", transport="streamable-http") as open_http,
        serve(Guarded(sse), name="hosts, guarded sse") as guarded_sse,
        serve(Guarded(http), name="hosts, guarded", transport="streamable-http") as guarded_http,
    ):
        yield {
            "sse": open_sse,
            "streamable-http": open_http,
            "guarded sse": guarded_sse,
            "guarded streamable-http": guarded_http,
        }


# ---- the shapes of an entry ----


async def test_it_gives_the_sdks_own_clients_by_the_names_in_the_file(write: Write):
    servers = await connect_all(write({"first": process(), "二": process()}))
    assert list(servers) == ["first", "二"]
    assert [type(client) for client in servers.values()] == [Client, Client]
    assert {await pid(client) for client in servers.values()} == running()
    assert (servers.failed, servers.disabled) == ({}, [])


async def test_command_args_env_and_cwd_start_a_process(one: Callable[..., Path]):
    entry = {
        "command": PYTHON,
        "args": ["-I", "-S", Path(BARE_SERVER).name, "environment"],
        "env": {"WANTED": "绩效"},
        "cwd": str(TESTS),
    }
    servers = await connect_all(one(entry))
    assert server_log(servers["it"]).startswith("the environment has 绩效\n")
    assert opening_of(servers["it"]).kind == "stdio"


async def test_what_is_null_is_as_good_as_not_there(one: Callable[..., Path]):
    nothing = dict.fromkeys(("env", "cwd", "url", "headers", "type", "disabled"))
    assert "it" in await connect_all(one(process(**nothing)))


@pytest.mark.parametrize(
    ("transport", "kind", "more"),
    [
        ("streamable-http", "Streamable HTTP", {}),
        ("streamable-http", "Streamable HTTP", {"type": "http"}),
        ("streamable-http", "Streamable HTTP", {"type": "streamable-http"}),
        ("streamable-http", "Streamable HTTP", {"type": "streamableHttp"}),
        ("streamable-http", "Streamable HTTP", {"transport": "http"}),
        ("sse", "SSE", {}),
        ("sse", "SSE", {"type": "sse"}),
        ("sse", "SSE", {"transport": "sse"}),
    ],
)
async def test_a_url_is_streamable_http_or_sse(
    one: Callable[..., Path],
    served: dict[str, ServerHandle],
    transport: str,
    kind: str,
    more: dict[str, str],
):
    servers = await connect_all(one({"url": served[transport].url, **more}))
    result = await servers["it"].call_tool("add", {"a": 2, "b": 3})
    assert result.content[0].text == "5"
    assert opening_of(servers["it"]).kind == kind


@pytest.mark.parametrize(
    ("url", "kind", "sse"),
    [
        ("http://host/sse/", None, True),
        ("http://host/sse?key=1", None, True),
        ("http://host/sse", "http", False),
        ("http://host/events", "sse", True),
        ("http://host/mcp?then=/sse", None, False),
        ("http://host/posse", None, False),
    ],
)
def test_what_a_url_ends_in_counts_only_where_no_type_is_given(
    url: str, kind: str | None, sse: bool
):
    assert entry_of({"url": url, "type": kind}).over_sse is sse


@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
async def test_headers_are_sent(
    one: Callable[..., Path],
    served: dict[str, ServerHandle],
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
):
    monkeypatch.setenv("TOKEN", SECRET)
    headers = {"Authorization": "Bearer ${TOKEN}"}
    path = one({"url": served[f"guarded {transport}"].url, "headers": headers})
    client = (await connect_all(path))["it"]
    assert opening_of(client).kind == {"sse": "SSE"}.get(transport, "Streamable HTTP")
    again = await reconnect(client)
    assert (await again.call_tool("add", {"a": 2, "b": 3})).content[0].text == "5"


@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
@pytest.mark.parametrize("headers", [None, {"Authorization": "Bearer of bad news"}])
async def test_a_refusal_is_told_with_its_status(
    one: Callable[..., Path],
    served: dict[str, ServerHandle],
    transport: str,
    headers: dict[str, str] | None,
):
    url = served[f"guarded {transport}"].url
    told = await the_failure(one({"url": url, "headers": headers}))
    assert f"{url} answered HTTP 401.\nThe server wants a token" in told
    assert "bad news" not in told
    assert told.count("401") == 1


async def test_an_sse_server_that_is_called_something_else_is_told(
    one: Callable[..., Path], served: dict[str, ServerHandle]
):
    told = await the_failure(one({"url": served["sse"].url, "type": "http"}))
    assert "speaks another transport" in told
    told = await the_failure(one({"url": served["sse"].url, "type": "http", "headers": {"A": "b"}}))
    assert "speaks another transport" in told


async def test_a_disabled_entry_is_left_out_and_not_looked_at(write: Write):
    broken = {"disabled": True, "command": 5, "url": "${NOT_SET_ANYWHERE}"}
    servers = await connect_all(write({"broken": broken, "it": process(disabled=False)}))
    assert servers.disabled == ["broken"]
    assert list(servers) == ["it"]
    assert servers.failed == {}


async def test_keys_of_other_programs_are_tolerated(write: Write):
    others = {"timeout": 60_000, "autoApprove": ["add"], "description": "${input:x}", "x": None}
    text = json.dumps({"inputs": [], "mcpServers": {"it": process(**others)}, "theme": {}})
    assert list(await connect_all(write(text))) == ["it"]


# ---- wrong shapes ----


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("npx", "The entry: Input should be a valid dictionary; this is a text."),
        (None, "The entry: Input should be a valid dictionary; this is null."),
        ({"command": ["npx", "x"]}, "command: Input should be a valid string; this is a list."),
        ({"command": ""}, "command: String should have at least 1 character; this is a text."),
        (process(args="-m x"), None),
        ({"command": "x", "args": "-m y"}, "args: Input should be a valid list; this is a text."),
        (
            {"command": "x", "args": ["--port", 8080]},
            "args, item 2: Input should be a valid string; this is 8080.",
        ),
        (
            {"command": "x", "env": {"DEBUG": True}},
            "env, item 'DEBUG': Input should be a valid string; this is true.",
        ),
        (
            {"command": "x", "env": ["TOKEN=1"]},
            "env: Input should be a valid dictionary; this is a list.",
        ),
        ({"command": "x", "cwd": 5}, "cwd: Input should be a valid string; this is 5."),
        ({"url": {"href": "x"}}, "url: Input should be a valid string; this is an object."),
        ({"url": "x", "headers": {"A": 1}}, "headers, item 'A': Input should be a valid string"),
        ({"url": "x", "type": "websocket"}, """'streamableHttp'; this is "websocket"."""),
        ({"command": "x", "disabled": "yes"}, "disabled: Input should be a valid boolean"),
        ({}, 'It takes either "command" (a server to start) or "url"'),
        ({"cmd": "x"}, "here is neither."),
        ({"command": "x", "url": "http://x"}, "here are both."),
        ({"command": "x", "type": "sse"}, '"type": "sse" needs "url", which is not here.'),
        ({"command": "x", "transport": "http"}, '"type": "http" needs "url"'),
        ({"url": "http://x", "type": "stdio"}, '"type": "stdio" needs "command"'),
        ({"url": "localhost:8000/mcp"}, "http:// or https://, and this one is 'localhost:8000"),
    ],
)
async def test_an_entry_of_the_wrong_shape_is_told_and_spoils_no_other(
    write: Write, entry: Any, told: str | None
):
    servers = await connect_all(write({"wrong": entry, "right": process()}))
    assert list(servers) == ["right"]
    assert isinstance(servers.failed["wrong"], ValueError)
    assert (told or "args: ") in str(servers.failed["wrong"])


async def test_every_mistake_of_an_entry_is_told_at_once(one: Callable[..., Path]):
    told = await the_failure(one({"command": 1, "args": [2], "env": 3}))
    assert [line.split(":")[0] for line in told.splitlines()] == ["command", "args, item 1", "env"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "servers.json cannot be read: Expecting value: line 1 column 1"),
        ('{"mcpServers": {"a": {},}}', "no comma after the last entry"),
        ('{"mcpServers": {} // none\n}', "no comments"),
        ('{"mcpServers": {"a": {}, "a": {}}}', "one object has 'a' 2 times"),
        ("[]", 'servers.json has no object "mcpServers". It should look like this'),
        ('{"servers": {}}', 'no object "mcpServers"'),
        ('{"mcpServers": []}', 'no object "mcpServers"'),
    ],
)
async def test_a_file_that_is_not_of_this_kind_is_an_error(write: Write, text: str, told: str):
    with pytest.raises(ValueError) as raised:
        await connect_all(write(text))
    assert told in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_file_that_is_no_text_is_an_error(tmp_path: Path):
    path = tmp_path / "servers.json"
    path.write_bytes("绩效".encode("gb18030"))
    with pytest.raises(ValueError, match=r"servers\.json cannot be read: .*can't decode"):
        await connect_all(path)


async def test_a_file_that_is_not_there_is_an_error_with_its_full_path(tmp_path: Path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(FileNotFoundError, match=f"There is no file {path}"):
            await connect_all(path)


async def test_the_mark_of_windows_editors_and_a_path_as_text_are_fine(write: Write):
    path = write("\ufeff" + json.dumps({"mcpServers": {}}))
    servers = await connect_all(str(path))
    assert repr(servers) == "0 of 0 servers are open: none."


# ---- variables ----


async def test_variables_are_filled_in_wherever_a_value_is_a_text(
    write: Write, monkeypatch: pytest.MonkeyPatch, served: dict[str, ServerHandle]
):
    monkeypatch.setenv("RUNNER", PYTHON)
    monkeypatch.setenv("FOLDER", str(TESTS))
    monkeypatch.setenv("NAME", "bare")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("PORT", str(served["sse"].port))
    entry = {
        "command": "${RUNNER}",
        "args": ["-I", "-S", "${env:NAME}_server.py", "environment"],
        "env": {"WANTED": "<${NAME}|${env:NAME}|${EMPTY}|$NAME>"},
        "cwd": "${env:FOLDER}",
    }
    servers = await connect_all(
        write({"it": entry, "${NAME}": {"url": "http://127.0.0.1:${PORT}/sse"}})
    )
    assert server_log(servers["it"]).startswith("the environment has <bare|bare||$NAME>\n")
    assert "${NAME}" in servers


@pytest.mark.parametrize(
    "entry",
    [
        process(env={"A": "${NOT_SET_ANYWHERE}"}),
        process("${env:NOT_SET_ANYWHERE}"),
        {"command": "${NOT_SET_ANYWHERE}"},
        process(cwd="a/${NOT_SET_ANYWHERE}"),
        {"url": "${NOT_SET_ANYWHERE}"},
        {"url": "http://x/mcp", "headers": {"Authorization": "Bearer ${NOT_SET_ANYWHERE}"}},
    ],
)
async def test_a_variable_that_is_not_set_is_an_error_that_names_it(
    one: Callable[..., Path], entry: dict[str, Any]
):
    told = await the_failure(one(entry))
    assert "the environment has no variable NOT_SET_ANYWHERE.\nSet it first" in told


@pytest.mark.parametrize("place", ["${input:token}", "${}", "${A:-b}", "${env:}"])
async def test_what_is_no_variable_of_the_environment_is_named(
    one: Callable[..., Path], place: str
):
    told = await the_failure(one(process(place)))
    assert told == f"{place} cannot be filled in; only ${{NAME}} and ${{env:NAME}} can."


async def test_what_was_filled_into_arguments_and_environment_is_not_shown(
    one: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOKEN", SECRET)
    monkeypatch.setenv("SHORT", "it")
    telling = "import sys; sys.exit(f'{sys.argv[1]} is no token, is it?')"
    entry = {"command": PYTHON, "args": ["-I", "-c", telling, "${TOKEN}", "${SHORT}"]}
    told = await the_failure(one(entry))
    assert SECRET not in told
    assert told.splitlines()[-1] == "    ${TOKEN} is no token, is it?"


async def test_a_command_that_was_filled_in_is_shown(
    one: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RUNNER", "no-such-command")
    told = await the_failure(one({"command": "${RUNNER}"}))
    assert told.startswith("There is no command 'no-such-command' here.")


# ---- some open, some not ----


async def test_what_fails_spoils_no_other_and_is_told_as_connect_tells_it(write: Write):
    entries = {
        "dead": process("exit"),
        "good": process(),
        "gone": {"command": "no-such-command"},
        "nobody": {"url": "http://127.0.0.1:9/mcp"},
        "paused": process(disabled=True),
        "slow": process("silent"),
    }
    begun = time.monotonic()
    servers = await connect_all(write(entries), timeout=1.5)
    assert time.monotonic() - begun < 1.5 + owner.CLEAN_UP_SECONDS
    assert {name: type(error) for name, error in servers.failed.items()} == {
        "dead": ConnectionError,
        "gone": FileNotFoundError,
        "nobody": ConnectionError,
        "slow": TimeoutError,
    }
    assert running() == {await pid(servers["good"])}
    command = f"{Path(PYTHON).name} -I -S {BARE_SERVER}"
    assert repr(servers).splitlines() == [
        "1 of 6 servers are open: good.",
        "paused is left out, because the file disables it.",
        "dead is not open:",
        f"    No connection to {command} exit.",
        "    The server has gone: it ended, or it closed the connection.",
        "    The last that the server wrote to stderr:",
        *[f"        line {number}" for number in range(13, 20)],
        "        no DATABASE_URL in the environment",
        "gone is not open:",
        "    There is no command 'no-such-command' here. Is it installed, and on the PATH?",
        "    For Python servers use command=sys.executable.",
        "nobody is not open:",
        "    Nothing answers at http://127.0.0.1:9/mcp: All connection attempts failed.",
        "    Is the server running, on this port? What serve() returned tells it as .url.",
        "slow is not open:",
        f"    {command} silent did not answer within 1.5 s.",
        "    It may wait for something, or be no MCP server. Is it slow? Pass timeout=.",
        "    The last that the server wrote to stderr:",
        "        thinking",
    ]


async def test_a_server_that_is_known_by_nothing_else_is_told_by_its_name(
    one: Callable[..., Path],
):
    never = asyncio.Event()

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await never.wait()

    with serve(silent) as handle:
        told = await the_failure(one({"url": handle.url}), timeout=0.5)
    assert told.startswith("it did not answer within 0.5 s.")


async def test_asking_for_one_that_is_not_open_says_why(write: Write):
    servers = await connect_all(write({"gone": {"command": "no-such-command"}}))
    with pytest.raises(KeyError, match="gone is not open: There is no command 'no-such-command'"):
        servers["gone"]
    with pytest.raises(KeyError, match="'nobody'"):
        servers["nobody"]
    assert servers.get("gone") is None
    assert "gone" not in servers


async def test_they_are_opened_at_the_same_time(write: Write):
    app, arrived, both = calculator.streamable_http_app(), set[str](), asyncio.Event()

    async def together(scope: Any, receive: Any, send: Any) -> None:
        """Answers nobody before two have come."""
        if scope["type"] == "http":
            arrived.add(dict(scope["headers"])[b"who"].decode())
            if len(arrived) == 2:
                both.set()
            await both.wait()
        await app(scope, receive, send)

    with serve(together, transport="streamable-http") as handle:
        entries = {who: {"url": handle.url, "headers": {"who": who}} for who in ("one", "two")}
        servers = await connect_all(write(entries), timeout=10)
        assert list(servers) == ["one", "two"]
        await close_all()


async def test_one_that_hangs_when_its_session_is_ended_does_not_hold_the_others_up(write: Write):
    app = calculator.streamable_http_app()

    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("method") == "DELETE":
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await app(scope, receive, send)

    with serve(hangs, transport="streamable-http") as handle:
        entries = {"it": {"url": handle.url, "headers": {"who": "me"}}}
        await connect_all(write(entries), mode="legacy")
        begun = time.monotonic()
        await close_all()
        assert time.monotonic() - begun < 3


async def test_the_names_keep_the_order_of_the_file(write: Write):
    servers = await connect_all(
        write({"slower": process("talk"), "faster": process(), "none": {}, "last": process()})
    )
    assert list(servers) == ["slower", "faster", "last"]


async def test_options_go_to_every_client(write: Write, served: dict[str, ServerHandle]):
    url = served["streamable-http"].url
    path = write({"one": {"url": url}, "two": {"url": url, "headers": {"A": "b"}}})
    modern, legacy = [
        [wire(client)[0].method for client in (await connect_all(path, mode=mode)).values()]
        for mode in ("auto", "legacy")
    ]
    assert modern == ["server/discover"] * 2
    assert legacy == ["initialize"] * 2


# ---- again, and never more than was asked for ----


async def test_the_second_run_replaces_what_the_first_one_opened(write: Write):
    entries = {"a": process(), "b": process()}
    first = await connect_all(write(entries))
    before = running()
    second = await connect_all(write(entries))
    assert len(running()) == 2
    assert running().isdisjoint(before)
    assert {await pid(client) for client in second.values()} == running()
    with pytest.raises(RuntimeError):
        await first["a"].list_tools()


async def test_what_has_left_the_file_is_closed_by_the_second_run(write: Write):
    await connect_all(write({"a": process(), "b": process(), "c": process(), "d": process()}))
    second = await connect_all(
        write({"b": process(disabled=True), "c": {"command": "no-such-command"}, "d": process()})
    )
    assert running() == {await pid(second["d"])}
    assert len(owner._owners) == 1


async def test_a_file_that_cannot_be_read_closes_nothing(write: Write):
    servers = await connect_all(write({"a": process()}))
    with pytest.raises(ValueError):
        await connect_all(write("{"))
    assert await pid(servers["a"]) in running()


async def test_another_file_and_other_connections_are_left_alone(
    write: Write, bare: Callable[..., Any]
):
    own = await connect(bare(), name="a")
    first = await connect_all(write({"a": process()}, "one/servers.json"))
    second = await connect_all(write({"a": process()}, "two/servers.json"))
    assert {await pid(client) for client in (own, first["a"], second["a"])} == running()
    assert len(running()) == 3


async def test_the_same_file_by_another_path_is_the_same_file(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = write({"a": process()})
    await connect_all(path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.json").symlink_to(path)
    for other in ("servers.json", "link.json"):
        servers = await connect_all(other)
        assert running() == {await pid(servers["a"])}


async def test_one_can_be_closed_and_the_others_stay(write: Write):
    servers = await connect_all(write({"a": process(), "b": process()}))
    await close(servers["a"])
    assert running() == {await pid(servers["b"])}
    with pytest.raises(RuntimeError, match="must be used within"):
        await servers["a"].list_tools()


async def test_a_server_that_dies_later_is_its_own_clients_affair(write: Write):
    servers = await connect_all(write({"a": process(), "b": process()}))
    with pytest.raises(MCPError, match="The server has gone"):
        await servers["a"].call_tool("die", {})
    assert await pid(servers["b"]) in running()


async def test_an_interrupt_while_some_are_opening_leaves_nothing_open(write: Write):
    task = asyncio.create_task(connect_all(write({"good": process(), "slow": process("silent")})))
    await until(lambda: any(o.ready.done() for o in owner._owners.values()))
    await until(lambda: len(running()) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not owner._owners)
    await until(lambda: not running())


async def test_it_is_a_mapping_that_cannot_be_written(write: Write):
    servers = await connect_all(write({}))
    assert isinstance(servers, Connections)
    with pytest.raises(TypeError):
        servers["a"] = None  # type: ignore[index]
