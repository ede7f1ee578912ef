"""Hostile input to both servers: generated arguments, lines, headers, bodies and floods.

Every well-formed request has an answer, our own code is never the cause of an internal error,
nothing of the server's inside crosses the wire, and the server serves on. `make soak` tries
more than ten thousand cases. How they are made: hostile_cases.py.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx2
import psutil
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    CallToolResult,
    ElicitResult,
    PromptReference,
    ResourceTemplateReference,
)

from helpers import close, connect, serve
from servers import database, showcase
from tests.hostile_cases import (
    INITIALIZE,
    PROMPTS,
    SCHEMAS,
    SERVERS,
    URIS,
    arguments_of,
    encode,
    injections,
    lines,
    lone,
    message,
    numbers,
    plain,
    tampered,
    texts,
    trial,
    uris,
    values,
)
from tests.hostile_wire import (
    Pipe,
    Stream,
    blamed,
    clean,
    exchange,
    key,
    place,
    statements,
    wanted,
    watching,
)
from tests.leftovers import cutting_sse_off
from tests.server_process import listening
from tests.soak import count, times
from tests.waiting import until

pytestmark = pytest.mark.timeout(times(120, 3600))
MODES = ["auto", "legacy"]
modes = st.sampled_from(MODES)
PROVINCE = PromptReference(name="introduce_china_province")
LIMITED = f"SELECT \\* FROM ({'|'.join(database.TABLES)}) LIMIT [0-9]+"


class Held:
    """Both servers in memory, in both eras, on connections that stay open from case to case."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.run = runner.run
        self.reply = ElicitResult(action="decline")
        self.clients = {
            (module, mode): runner.run(
                connect(
                    server, mode=mode, name=f"{module} {mode}", elicitation_callback=self._answer
                )
            )
            for module, server in SERVERS.items()
            for mode in MODES
        }

    async def _answer(self, context: Any, params: Any) -> ElicitResult:
        return self.reply

    def ask(
        self, what: str, module: str, mode: str, use: Callable[[Client], Coroutine[Any, Any, Any]]
    ) -> tuple[Any, list[str]]:
        """Give the result or the `MCPError`, and the tracebacks that the server logged."""
        count(f"hostile cases: {what}")
        client = self.clients[module, mode]
        with watching() as watch:
            try:
                answer = self.run(asyncio.wait_for(use(client), 20))
            except MCPError as error:
                answer = error
            except UnicodeEncodeError:
                answer = None  # a lone surrogate, which the SDK's client does not send
        clean(answer)
        assert self.run(client.list_prompts()).prompts
        return answer, watch.tracebacks


@pytest.fixture(scope="module")
def held() -> Iterator[Held]:
    with asyncio.Runner() as runner:
        everything = Held(runner)
        yield everything
        for client in everything.clients.values():
            runner.run(close(client))


def refused(answer: Any) -> None:
    """No internal error: a result, or an error that says what was wrong with the request."""
    if isinstance(answer, MCPError):
        assert answer.error.code in (INVALID_PARAMS, METHOD_NOT_FOUND), answer


@pytest.mark.parametrize(("module", "tool"), SCHEMAS)
@trial(12, 200)
@given(data=st.data(), mode=modes)
def test_a_tool_answers_whatever_its_arguments(
    held: Held, module: str, tool: str, data: st.DataObject, mode: str
) -> None:
    arguments = data.draw(arguments_of(module, tool, values(lone)))

    async def call(client: Client) -> Any:
        if tool == "average":
            await client.call_tool("unlock_average", {"unlocked": True})
        return await client.call_tool(tool, arguments)

    answer, tracebacks = held.ask("tool calls in memory", module, mode, call)
    refused(answer)
    assert not tracebacks
    if isinstance(answer, CallToolResult) and answer.is_error:
        assert not re.fullmatch(rf"Error executing tool {tool}", answer.content[0].text)


@trial(25, 300)
@given(data=st.data(), module=st.sampled_from(list(SERVERS)), mode=modes)
def test_a_tool_that_is_not_there_is_a_result_that_says_so(
    held: Held, data: st.DataObject, module: str, mode: str
) -> None:
    name = data.draw(lone.filter(lambda name: (module, name) not in SCHEMAS))
    arguments = data.draw(st.none() | st.dictionaries(lone, values(lone), max_size=3))
    answer, tracebacks = held.ask(
        "unknown tools", module, mode, lambda client: client.call_tool(name, arguments)
    )
    assert not tracebacks
    if answer is not None:
        assert answer.is_error and answer.content[0].text == f"Unknown tool: {name}"


@trial(25, 300)
@given(actor=st.sampled_from(["徐峥", "姜文"]), data=st.data(), mode=modes)
def test_a_user_may_answer_a_question_with_anything(
    held: Held, actor: str, data: st.DataObject, mode: str
) -> None:
    scalars = st.none() | st.booleans() | numbers | texts | st.lists(texts, max_size=3)
    fields = st.sampled_from(["min_rating", "name_actors"]) | plain
    held.reply = ElicitResult(
        action=data.draw(st.sampled_from(["accept", "accept", "decline", "cancel"])),
        content=data.draw(st.none() | st.dictionaries(fields, scalars, max_size=3)),
    )
    answer, tracebacks = held.ask(
        *("answers to a question", "showcase", mode),
        lambda client: client.call_tool("recommend_movie", {"actor": actor}),
    )
    refused(answer)
    assert not tracebacks
    if not isinstance(answer, MCPError):
        assert answer.content[0].text != "Error executing tool recommend_movie"


# What the SDK makes of a wrong prompt request: an internal error, -32603 in the modern era and 0
# in the other, with a traceback of its own in the log. No function of ours has run then.
PROMPT_REFUSALS = re.compile(
    "Unknown prompt: .*|Missing required arguments: .*|Error rendering prompt .*"
    "|Internal server error|Invalid request parameters",
    re.DOTALL,
)


@pytest.mark.parametrize(("module", "prompt"), PROMPTS)
@trial(12, 200)
@given(data=st.data(), mode=modes)
def test_a_prompt_answers_whatever_its_arguments(
    held: Held, module: str, prompt: str, data: st.DataObject, mode: str
) -> None:
    names = PROMPTS[module, prompt]
    valid = st.fixed_dictionaries(dict.fromkeys(names, lone))
    arguments = data.draw(tampered(valid, lone))
    name = data.draw(st.sampled_from([prompt] * 9 + ["", prompt + " ", "'; DROP TABLE x"]))
    answer, tracebacks = held.ask(
        "prompts in memory", module, mode, lambda client: client.get_prompt(name, arguments)
    )
    if isinstance(answer, MCPError):
        assert PROMPT_REFUSALS.fullmatch(answer.error.message), answer
        unreadable = any(
            "\ud800" <= letter <= "\udfff" for value in arguments.values() for letter in value
        )
        assert name != prompt or set(arguments) != set(names) or unreadable
    elif answer is not None:
        assert not tracebacks
        assert all(arguments[name] in repr_of(answer) for name in names)


def repr_of(result: Any) -> str:
    return "".join(message.content.text for message in result.messages)


@pytest.mark.parametrize("module", SERVERS)
@trial(40, 700)
@given(data=st.data(), mode=modes)
def test_a_resource_answers_whatever_its_address(
    held: Held, module: str, data: st.DataObject, mode: str
) -> None:
    uri = data.draw(uris(module, lone | lone.map(encode)))
    answer, tracebacks = held.ask(
        *("resources in memory", module, mode),
        lambda client: client.read_resource(uri, cache_mode="bypass"),
    )
    refused(answer)
    assert not tracebacks


@trial(40, 500)
@given(data=st.data(), mode=modes)
def test_a_completion_answers_whatever_was_typed(
    held: Held, data: st.DataObject, mode: str
) -> None:
    templates = st.sampled_from([uri.format("{table_name}", "{limit}") for uri in URIS["showcase"]])
    reference = data.draw(
        st.builds(PromptReference, name=st.sampled_from(["debug_code", "nobody"]) | lone)
        | st.builds(ResourceTemplateReference, uri=templates | lone)
    )
    name = data.draw(st.sampled_from(["table_name", "province", "limit"]) | lone)
    typed = {"name": name, "value": data.draw(lone)}
    others = data.draw(st.none() | st.dictionaries(lone, lone, max_size=2))
    answer, tracebacks = held.ask(
        *("completions in memory", "showcase", mode),
        lambda client: client.complete(reference, typed, others),
    )
    refused(answer)
    assert not tracebacks
    if not isinstance(answer, MCPError) and answer is not None:
        offered = answer.completion.values
        assert all(value.startswith(typed["value"]) for value in offered)


OURS = {
    "SELECT sqlite_version()",
    *(f"SELECT * FROM {table} LIMIT -1" for table in database.TABLES),
    *(f"SELECT name, type FROM pragma_table_info('{table}')" for table in database.TABLES),
    *(f"-- PRAGMA table_info='{table}'" for table in database.TABLES),  # SQLite's own, inside it
}
TABLES = {table: database.rows(table) for table in database.TABLES}


@trial(60, 1500)
@given(attack=injections, data=st.data(), mode=modes)
def test_sql_reaches_the_database_by_no_path(
    held: Held, attack: str, data: st.DataObject, mode: str
) -> None:
    encoded = encode(attack)
    module, use = data.draw(
        st.sampled_from(
            [
                ("achievement", lambda c: c.call_tool("get_score_by_name", {"name": attack})),
                ("achievement", lambda c: c.get_prompt("appraise", {"name": attack})),
                *(
                    ("showcase", lambda c, wrong=wrong: c.call_tool("search_movies", wrong))
                    for wrong in (
                        {"query": attack},
                        {"query": attack, "options": {"exact": True}},
                        {"query": "", "region": attack},
                        {"query": "", "sort_by": [attack]},
                        {"query": "", "limit": attack},
                    )
                ),
                ("showcase", lambda c: c.call_tool("recommend_movie", {"actor": attack})),
                ("showcase", lambda c: c.call_tool(attack, {attack: attack})),
                *(
                    ("showcase", lambda c, name=name, more=more: c.get_prompt(name, more))
                    for name, more in (
                        ("introduce_china_province", {"province": attack}),
                        ("debug_code", {"code": attack, "error_message": attack}),
                        (attack, {}),
                    )
                ),
                *(
                    ("showcase", lambda c, uri=uri: c.read_resource(uri, cache_mode="bypass"))
                    for text in (attack, encoded)
                    for uri in (
                        f"db://tables/{text}/schema",
                        f"db://tables/{text}/data/5",
                        f"db://tables/chinese_provinces/data/{text}",
                        f"db://tables/chinese_provinces/{text}",
                        f"db://{text}",
                    )
                ),
                *(
                    (
                        "showcase",
                        lambda c, name=name: c.complete(PROVINCE, {"name": name, "value": attack}),
                    )
                    for name in ("province", "table_name", attack)
                ),
            ]
        )
    )
    with pytest.MonkeyPatch.context() as monkeypatch, statements(monkeypatch) as executed:
        held.ask("SQL in memory", module, mode, use)
        unknown = [one for one in executed if one not in OURS and not re.fullmatch(LIMITED, one)]
        assert not unknown
    assert {table: database.rows(table) for table in database.TABLES} == TABLES


@pytest.fixture(
    scope="module",
    params=[(module, state) for module in SERVERS for state in ("before", "legacy", "modern")],
    ids=" ".join,
)
def pipe(request: pytest.FixtureRequest) -> Iterator[Pipe]:
    """A server over stdio that has seen no `initialize`, or one, or speaks without it."""
    pipe = Pipe(*request.param)
    pipe.ask("tools/list")  # decides the era
    yield pipe
    for table in TABLES if request.param[0] == "showcase" and pipe.state != "before" else ():
        answer = pipe.ask("resources/read", {"uri": f"db://tables/{table}/data/1000"})
        assert json.loads(answer["result"]["contents"][0]["text"]) == TABLES[table]
    logged(pipe.end())


def logged(log: str) -> None:
    """What a server may have written to stderr: the SDK's tracebacks of wrong prompt requests."""
    for entry in re.split(r"^(?=ERROR |CRITICAL )", log, flags=re.MULTILINE):
        assert "Traceback" not in entry or "in get_prompt" in entry, entry


def answered(answers: dict[Any, dict[str, Any]]) -> None:
    """Each with a result, or an error that is not internal, but for the SDK's about prompts."""
    for answer in answers.values():
        if answer.get("error", {}).get("code") in (0, INTERNAL_ERROR):
            assert PROMPT_REFUSALS.fullmatch(answer["error"]["message"]), answer
        for content in answer.get("result", {}).get("content", []):
            assert not re.fullmatch("Error executing tool [a-z_]+", content.get("text", ""))


@trial(4, 120)
@given(data=st.data())
def test_every_well_formed_line_is_answered_once_and_the_server_serves_on(
    pipe: Pipe, data: st.DataObject
) -> None:
    sent = data.draw(st.lists(lines(pipe.module, pipe.state), min_size=5, max_size=15))
    count(f"hostile cases: lines over stdio, {pipe.state}", len(sent))
    answered(pipe.settle(sent))
    served = pipe.ask("tools/list")
    if "error" in served:  # to a client that has not shaken hands
        assert pipe.state == "before" and served["error"]["code"] == INVALID_PARAMS


def test_the_sdk_takes_the_last_word_of_a_handshake_for_all_of_it() -> None:
    """So among the lines before a handshake one may open the server, without `initialize`."""
    pipe = Pipe("achievement", "before")
    assert pipe.ask("tools/list")["error"]["code"] == INVALID_PARAMS
    pipe.settle([json.dumps(message(method="notifications/initialized")).encode()])
    pipe.ask("ping")
    assert pipe.ask("tools/list")["result"]["tools"]
    assert pipe.end() == ""


@pytest.mark.parametrize("module", SERVERS)
@trial(2, 25)
@given(data=st.data())
def test_whatever_comes_before_the_first_request_it_is_answered(
    module: str, data: st.DataObject
) -> None:
    wrong = data.draw(st.lists(lines(module, "before", "notice"), min_size=10))
    before = [line for line in wrong if wanted(line) == ([], [])]
    count("hostile cases: lines before the first request", len(before))
    pipe = Pipe(module, data.draw(st.sampled_from(["legacy", "modern"])), before)
    assert pipe.ask("tools/list")["result"]["tools"]
    logged(pipe.end())


PING = json.dumps(message(id="ping", method="ping")).encode()
PASSED_OVER = {
    "no JSON": b"{'jsonrpc': '2.0', 'id': 1, 'method': 'ping'}",
    "half a line": PING[:20],
    "a byte-order mark": b"\xef\xbb\xbf" + PING,
    "UTF-16": PING.decode().encode("utf-16"),
    "a carriage return between two members": PING.replace(b", ", b",\r"),
    "a batch": b"[" + PING + b"]",
    "parameters in an array": PING[:-1] + b', "params": []}',
    "a lone surrogate": PING[:-1] + b', "params": {"x": "\\ud800"}}',
    "250 levels": PING[:-1] + b', "params": {"x": ' + b"[" * 250 + b"]" * 250 + b"}}",
    "a number of 5,000 digits": PING[:-1] + b', "params": {"x": ' + b"9" * 5000 + b"}}",
    "JSON-RPC 1.0": PING.replace(b"2.0", b"1.0"),
    **{
        f"an id that is {wrong}": PING.replace(b'"ping"', wrong.encode(), 1)
        for wrong in ("null", "1.0", "true", "[1]", "{}")
    },
}


@pytest.mark.parametrize("line", PASSED_OVER.values(), ids=PASSED_OVER)
def test_the_sdk_passes_over_what_its_reader_does_not_take_for_a_request(
    silent: Pipe, line: bytes
) -> None:
    """JSON-RPC would have errors with a null id, and allows arrays: the SDK answers nothing."""
    later = json.dumps(message(id="later", method="ping")).encode()
    answers = silent.settle([line, later])
    silent.ask("ping")
    assert list(answers) == [key("later")]


@pytest.fixture(scope="module")
def silent() -> Iterator[Pipe]:
    pipe = Pipe("achievement", "legacy")
    yield pipe
    assert pipe.end() == ""


MANY = 3_000_000
HUGE = {
    "a method": ("x" * MANY, {}),
    "a tool's name": ("tools/call", {"name": "x" * MANY}),
    "a text": ("tools/call", {"name": "search_movies", "arguments": {"query": "x" * MANY}}),
    "a text for a number": ("tools/call", {"name": "add", "arguments": {"a": "x" * MANY, "b": 1}}),
    "a thousand sort keys": (
        "tools/call",
        {"name": "search_movies", "arguments": {"query": "", "sort_by": ["rating"] * 100_000}},
    ),
    "as many wrong ones": (
        "tools/call",
        {"name": "search_movies", "arguments": {"query": "", "sort_by": ["x"] * 10_000}},
    ),
    "arguments": (
        "tools/call",
        {"name": "add", "arguments": dict.fromkeys(map(str, range(99_999)))},
    ),
    "an address": ("resources/read", {"uri": "db://" + "x" * MANY}),
    "a table": ("resources/read", {"uri": f"db://tables/{'x' * 60_000}/schema"}),
    "a number of rows": ("resources/read", {"uri": f"db://tables/x/data/{'9' * 60_000}"}),
    "a prompt's argument": (
        "prompts/get",
        {"name": "introduce_china_province", "arguments": {"province": "x" * MANY}},
    ),
}


@pytest.mark.parametrize(("method", "params"), HUGE.values(), ids=HUGE)
def test_something_huge_is_answered_too(large: Pipe, method: str, params: dict[str, Any]) -> None:
    count("hostile cases: huge lines over stdio")
    answer = large.ask(method, params)
    assert "result" in answer or answer["error"]["code"] in (INVALID_PARAMS, METHOD_NOT_FOUND)
    assert large.ask("tools/list")["result"]["tools"]


@pytest.fixture(scope="module")
def large() -> Iterator[Pipe]:
    pipe = Pipe("showcase", "modern")
    yield pipe
    assert pipe.end() == ""


@contextmanager
def many_files() -> Iterator[None]:
    """The flood needs two descriptors a connection where the server runs in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Served(NamedTuple):
    """An HTTP endpoint, and the process that listens there."""

    how: str
    transport: str
    url: str
    process: psutil.Process

    def target(self) -> Any:
        return sse_client(self.url) if self.transport == "sse" else self.url

    @property
    def endpoints(self) -> list[tuple[str, str]]:
        if self.transport == "sse":
            return [("GET", "/sse"), ("POST", "/messages/")]
        return [("GET", "/mcp"), ("POST", "/mcp"), ("DELETE", "/mcp")]

    async def serves(self) -> None:
        """A new client connects and calls a tool, within the kit's 20 seconds."""
        async with asyncio.timeout(20), Client(self.target()) as client:
            result = await client.call_tool("add", {"a": 2, "b": 3})
        assert result.structured_content == {"result": 5}


HOW = [(how, transport) for how in ("process", "serve") for transport in ("sse", "streamable-http")]


@pytest.fixture(scope="module", params=HOW, ids=" ".join)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """The large server on both HTTP transports: as a process, and in the helpers' thread."""
    how, transport = request.param
    with many_files(), cutting_sse_off():
        if how == "process":
            with listening("showcase", transport) as started:
                log: list[str] = []  # read all the time: a full pipe would stop the server
                reader = Thread(target=log.extend, args=[started.process.stderr])
                reader.start()
                yield Served(how, transport, started.url, psutil.Process(started.process.pid))
                started.process.terminate()
                reader.join()
                logged_over_http("".join(log))
        else:
            with serve(showcase.mcp, transport=transport, name="hostile input") as handle:
                yield Served(how, transport, handle.url, psutil.Process())
                logged_over_http(handle.log)


def logged_over_http(log: str) -> None:
    """The SDK's tracebacks about bodies that are no JSON-RPC, and GETs of strangers to its app."""
    assert not blamed(log)
    known = ("in get_prompt", "Failed to parse message", "Request validation failed")
    for entry in re.split(r"^(?=WARNING |ERROR |CRITICAL )", log, flags=re.MULTILINE):
        assert "Traceback" not in entry or any(reason in entry for reason in known), entry


LABELS = st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z0-9-]{1,12}){0,3}", fullmatch=True)
HOSTS = [
    *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.1@evil", "*"),
    *("127.0.0.2", "0.0.0.0", "[::]", "::1", "[::ffff:127.0.0.1]", "localhost.", "127.1", "0x7f.1"),
    *("2130706433", "127.0.0.1, evil.example", "localhost\\evil.example", "127.0.0.1%00.evil:80"),
]
ORIGINS = [
    "null",
    "file://",
    "chrome-extension://a",
    "http://[::]",
    "ws://localhost:1",
    "localhost",
]
strangers = (st.sampled_from(HOSTS) | LABELS).filter(
    lambda host: host.partition(":")[0] not in ("localhost", "127.0.0.1")
)
foreign = (
    st.sampled_from(ORIGINS)
    | strangers.map("http://{}".format)
    | strangers.map("https://{}".format)
)
VERBS = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"]
PATHS = ["/", "/sse", "/mcp", "/messages/", "/messages/?session_id=" + "0" * 32, "/../mcp", "/%2e"]


@trial(15, 250)
@given(
    verb=st.sampled_from(VERBS),
    path=st.sampled_from(PATHS),
    host=st.none() | strangers,
    origin=st.none() | foreign,
    port=st.sampled_from(["", ":80", ":{}"]),
)
def test_strangers_are_refused_whatever_they_ask(
    served: Served, verb: str, path: str, host: str | None, origin: str | None, port: str
) -> None:
    assume(host or origin)
    count("hostile cases: strangers over HTTP")
    own = urlsplit(served.url).netloc
    ending = port.format(own.rpartition(":")[2])
    status, answer = exchange(
        served.url,
        f"{verb} {path} HTTP/1.1\nHost: {host + ending if host else own}\n"
        f"Content-Type: application/json\nContent-Length: 0\nOrigin: {origin or 'http://' + own}",
    )
    refusals = (421 if host else 403,)
    if served.how == "serve" and (verb, path.partition("?")[0]) not in served.endpoints:
        refusals += (404, 405)  # the SDK's app asks only where there is something to get
    assert status in refusals
    assert len(answer) < 400


@pytest.mark.parametrize(
    ("hosts", "status"),
    [("", 400), ("Host: evil.example\nHost: {0}", 400), ("Host: {0}\nHost: evil", 400)],
)
def test_no_host_or_two_of_them_are_refused(served: Served, hosts: str, status: int) -> None:
    head = f"GET {urlsplit(served.url).path} HTTP/1.1\n" + hosts.format(urlsplit(served.url).netloc)
    assert exchange(served.url, head.rstrip())[0] == status


def test_only_loopback_is_listened_on(served: Served, silent: Pipe) -> None:
    port = place(served.url)[1]
    ours = [
        connection.laddr
        for process in (served.process, *served.process.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
        and (served.how == "process" or connection.laddr.port == port)
    ]
    assert [(address.ip, address.port) for address in ours] == [("127.0.0.1", port)]
    assert psutil.Process(silent.process.pid).net_connections() == []


LIMIT = 4 * 1024 * 1024
BODY_HEAD = (
    "POST {} HTTP/1.1\nHost: {}\nContent-Type: application/json\n"
    "Accept: application/json, text/event-stream\n"
)


def chunked(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"10000\r\n" + b" " * 65536 + b"\r\n"
    yield b"0\r\n\r\n"


@contextmanager
def posting(served: Served) -> Iterator[str]:
    """Give the head of a request to where this transport takes messages."""
    if served.transport == "sse":
        with closing(Stream(served.url)) as stream:
            yield BODY_HEAD.format(stream.path, urlsplit(served.url).netloc)
    else:
        yield BODY_HEAD.format("/mcp", urlsplit(served.url).netloc)


async def test_oversized_bodies_are_refused(served: Served) -> None:
    with posting(served) as head:
        for declared in (LIMIT + 1, 10**10):
            assert exchange(served.url, f"{head}Content-Length: {declared}")[0] == 413
        streamed = exchange(served.url, f"{head}Transfer-Encoding: chunked", chunked(LIMIT + 65536))
        assert streamed[0] == 413
        for nonsense in ("-1", "1e9", "x", "1, 2", "+5", "9" * 30):
            assert exchange(served.url, f"{head}Content-Length: {nonsense}")[0] == 400
        body = [b" " * LIMIT]  # it is read, and found to be no JSON
        assert exchange(served.url, f"{head}Content-Length: {LIMIT}", body)[0] == 400
        assert exchange(served.url, f"{head}X: {'x' * 200_000}")[0] in (400, 431)
    count("hostile cases: oversized bodies", 12)
    await served.serves()


def post(served: Served, path: str, body: Any, *headers: str) -> tuple[int, bytes]:
    sent = json.dumps(body).encode()
    head = BODY_HEAD.format(path, urlsplit(served.url).netloc) + "\n".join(headers)
    return exchange(served.url, f"{head.rstrip()}\nContent-Length: {len(sent)}", [sent])


INITIALIZED = message(method="notifications/initialized")
OPENING = message(id="opening", method="initialize", params=INITIALIZE | {"capabilities": {}})
ASKING = message(id="asking", method="tools/list")
SESSION = re.compile(rb"(?i)^mcp-session-id: ([0-9a-f]{32})\r$", re.MULTILINE)
shown = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=70)


def not_quite(session: str) -> st.SearchStrategy[str]:
    """What is no session's id, though it may look like this one."""
    changed = st.tuples(st.integers(0, 31), st.sampled_from("0123456789abcdef"))
    spoilt = changed.map(lambda change: session[: change[0]] + change[1] + session[change[0] + 1 :])
    cut = st.integers(0, 31).map(lambda end: session[:end])
    drawn = spoilt | cut | st.uuids().map(lambda drawn: drawn.hex) | shown
    return drawn.filter(lambda other: re.sub("urn:|uuid:|[{}-]", "", other).lower() != session)


@trial(8, 120)
@given(data=st.data())
def test_an_id_that_is_nobodys_is_refused_and_nobody_hears_of_it(
    served: Served, data: st.DataObject
) -> None:
    count("hostile cases: ids of sessions")
    if served.transport == "sse":
        with closing(Stream(served.url)) as other:
            wrong = data.draw(not_quite(other.session))
            status, answer = post(served, f"/messages/?session_id={quote(wrong)}", ASKING)
            assert status in (400, 404)
            assert other.session.encode() not in answer
            assert post(served, other.path, OPENING)[0] == 202
            assert other.next()["id"] == "opening"  # the first that this stream has heard
    else:
        status, answer = post(served, "/mcp", OPENING)
        assert status == 200
        session = SESSION.search(answer)[1].decode()
        wrong = data.draw(not_quite(session))
        for verb in ("GET", "DELETE"):
            head = BODY_HEAD.format("/mcp", urlsplit(served.url).netloc).replace("POST", verb, 1)
            assert exchange(served.url, f"{head}Mcp-Session-Id: {wrong}")[0] in (400, 404)
        assert post(served, "/mcp", ASKING, f"Mcp-Session-Id: {wrong}")[0] in (400, 404)
        own = f"Mcp-Session-Id: {session}"
        assert post(served, "/mcp", INITIALIZED, own)[0] == 202
        assert post(served, "/mcp", ASKING, own)[0] == 200
        head = BODY_HEAD.format("/mcp", urlsplit(served.url).netloc).replace("POST", "DELETE", 1)
        assert exchange(served.url, head + own)[0] == 200
        assert post(served, "/mcp", ASKING, own)[0] == 404
        assert exchange(served.url, head + own)[0] == 404


def test_who_has_learnt_the_id_of_an_sse_session_still_reads_nothing_of_it(served: Served) -> None:
    """There are no accounts here: the id is the key, and random. It lets a stranger send only."""
    if served.transport != "sse":
        sessions = [SESSION.search(post(served, "/mcp", OPENING)[1])[1].decode() for _ in range(20)]
    else:
        with ExitStack() as streams:
            opened = [streams.enter_context(closing(Stream(served.url))) for _ in range(20)]
            sessions = [stream.session for stream in opened]
            assert post(served, opened[0].path, OPENING)[1].endswith(b"\r\n\r\nAccepted")
            assert opened[0].next()["id"] == "opening"
    assert len(set(sessions)) == 20
    assert {UUID(session).version for session in sessions} == {4}


def messages(response: httpx2.Response) -> list[dict[str, Any]]:
    """The JSON-RPC messages of an answer, be it JSON or a stream of events."""
    clean(response.text)
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        lines = response.text.replace("\r", "").split("\n")
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return [response.json()] if response.text.startswith("{") else []


ERAS = ["2025-11-25", "2026-07-28"]


@pytest.mark.parametrize("era", ERAS)
@trial(4, 100)
@given(data=st.data())
def test_every_body_has_an_answer_and_the_server_serves_on(
    served: Served, era: str, data: st.DataObject
) -> None:
    bodies = data.draw(
        st.lists(
            lines("showcase", "before" if era == ERAS[0] else "modern, but no initialize"),
            min_size=3,
            max_size=8,
        )
    )
    count(f"hostile cases: bodies over {served.transport}", len(bodies))
    accept = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    with ExitStack() as stack:
        client = stack.enter_context(httpx2.Client(headers=accept, timeout=20))
        owed: Counter[Any] = Counter()
        if served.transport == "sse":
            stream = stack.enter_context(closing(Stream(served.url)))
            url = served.url.removesuffix("/sse") + stream.path
        else:
            url = served.url
        if era == ERAS[0]:
            opened = client.post(url, json=OPENING)
            if served.transport != "sse":
                client.headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
            else:
                assert stream.next()["id"] == "opening"
        elif served.transport != "sse":
            client.headers["MCP-Protocol-Version"] = era
        for body in bodies:
            response = client.post(url, content=body, headers=routing(body))
            must = wanted(body)[0] if one_text(body) else []
            if served.transport == "sse":
                assert response.status_code == 202 if must else response.status_code in (202, 400)
                owed.update(map(key, must))
                continue
            found = [answer for answer in messages(response) if "method" not in answer]
            assert response.status_code < 500 or prompted(found)
            assert not must or [answer["id"] for answer in found] == must
        while served.transport == "sse" and +owed:
            answer = stream.next()
            if "method" not in answer:
                owed[key(answer["id"])] -= 1
        client.delete(url)
    asyncio.run(served.serves())


def one_text(body: bytes) -> bool:
    """Whether this is UTF-8 and a single line: over stdio the rest is mended, or is two lines."""
    return body.decode("utf-8", "replace").encode() == body and not re.search(rb"[\r\n]", body)


def routing(body: bytes) -> dict[str, str]:
    """The headers that name in the modern era what is called, where they can."""
    try:
        found = json.loads(body)
        names = {"Mcp-Method": found["method"], "Mcp-Name": found["params"].get("name", "")}
        if found["method"] == "resources/read":
            names["Mcp-Name"] = found["params"].get("uri", "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return {
        name: value
        for name, value in names.items()
        if isinstance(value, str) and re.fullmatch("[!-~]([ -~]{0,200}[!-~])?", value)
    }


def prompted(answers: list[dict[str, Any]]) -> bool:
    """Whether this is what the SDK says to a wrong prompt request."""
    errors = [answer["error"]["message"] for answer in answers if "error" in answer]
    return bool(errors) and all(map(PROMPT_REFUSALS.fullmatch, errors))


HALF_OPEN = {
    "sse": ["GET /sse HTTP/1.1\r\nHost: {}\r\n\r\n"] * 4 + ["GET /sse HTTP/1.1\r\nHost: {}\r\n"],
    "streamable-http": [
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Length: 999\r\n\r\n{{",
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nX-",
        "GET /mcp HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n",
    ],
}


async def test_a_flood_of_half_open_connections_leaves_a_new_client_served(served: Served) -> None:
    await served.serves()
    before = served.process.num_fds()
    halves = [half.format(urlsplit(served.url).netloc) for half in HALF_OPEN[served.transport]]
    with ExitStack() as flood:
        for number in range(500):
            connection = socket.create_connection(place(served.url), timeout=20)
            flood.enter_context(connection)
            connection.sendall(halves[number % len(halves)].encode())
        await served.serves()
        assert served.process.num_fds() > 500
        await served.serves()
    await until(lambda: served.process.num_fds() <= before, 20)
    await served.serves()
    count("hostile cases: half-open connections", 500)
