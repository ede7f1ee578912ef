"""The checks of the exercises: what they see, what they say, and that they leave nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import re
import subprocess
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest
from mcp import Client, ClientSession, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.server import MCPServer

from helpers import check, connect, keep_open, owner
from helpers.check import standins
from tests.places import BARE_SERVER, ODD_SERVER
from tests.waiting import until

ODD = check.stdio(ODD_SERVER)
Answer = Callable[..., Awaitable[Any]]
pytestmark = pytest.mark.usefixtures("_nothing_stays_open")


def client_of(server: StdioServerParameters) -> Client:
    return Client(stdio_client(server, errlog=subprocess.DEVNULL))  # type: ignore[arg-type]


async def adds(server: StdioServerParameters) -> int:
    async with client_of(server) as client:
        return int((await client.call_tool("add", {"a": 1, "b": 2})).content[0].text)


async def shown(function: Any, *arguments: Any, capsys: Any, **options: Any) -> str:
    """What a check prints that does not pass, and it has to raise with its first hint."""
    with pytest.raises(AssertionError) as raised:
        await check.task(function, *arguments, **options)
    text = str(capsys.readouterr().out)
    hints = [" ".join(hint.split()) for hint in re.findall(r"(?m)(?:^ {13}.*\n)+", text)]
    assert " ".join(str(raised.value).split()).startswith(hints[0])
    assert "not yet" in text
    return "\n".join(hints)


# what is seen


async def test_a_right_answer_passes_and_every_criterion_has_its_line(capsys):
    await check.task(
        adds,
        ODD,
        criteria=[
            check.sends("tools/call"),
            check.calls("add", {"a": 1, "b": 2}, times=1),
            check.never_sends("prompts/list"),
            check.returns(3),
            check.opens(1),
            check.closes(),
            check.speaks_json_rpc(),
        ],
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"adds({ODD_SERVER})"
    assert all(line.startswith("  ✓ passed   ") for line in lines[1:-1])
    assert len(lines) == 10
    assert lines[-1] == "8 of 8 passed."


@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
async def test_it_hears_what_passes_over_http(capsys, transport):
    mcp = MCPServer("heard", log_level="WARNING")
    mcp.add_tool(lambda a, b: a + b, name="add", description="")

    async def over_http(url: str) -> int:
        target = sse_client(url) if transport == "sse" else url
        async with Client(target, mode="legacy") as client:
            return int((await client.call_tool("add", {"a": 1, "b": 2})).content[0].text)

    criteria = [
        check.sends("initialize", "notifications/initialized", "tools/call"),
        check.calls("add", {"a": 1, "b": 2}),
        check.returns(3),
        check.closes(),
    ]
    await check.task(over_http, check.url(mcp, transport), criteria=criteria)
    assert "5 of 5 passed." in capsys.readouterr().out


async def test_it_hears_an_open_client_and_words_of_a_command(capsys):
    async def use(client: Client) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    listed = [check.sends("initialize", "tools/list"), check.returns_that("has add", has_add)]
    await check.task(use, check.client(ODD_SERVER, mode="legacy"), criteria=listed)

    def by_hand(words: list[str]) -> str:
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdin
            assert server.stdout
            server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}\n')
            server.stdin.flush()
            answer = server.stdout.readline()
            server.stdin.close()
            server.wait()
        return str(json.loads(answer)["error"]["code"])

    spoken = [check.speaks_json_rpc(), check.returns("-32602"), check.closes()]
    await check.task(by_hand, check.command(ODD_SERVER), plain=True, criteria=spoken)
    assert "4 of 4 passed." in capsys.readouterr().out


def has_add(value: list[str]) -> str:
    return "" if "add" in value else "there is no add in it."


async def test_each_call_of_a_check_starts_with_an_empty_record(capsys):
    for _ in range(2):
        await check.task(adds, ODD, criteria=[check.calls("add", times=1), check.opens(1)])


# functions that do not get to their end


async def refuses(function: Any, capsys: Any, seconds: float = 10.0, **options: Any) -> str:
    begun = time.monotonic()
    text = await shown(
        function, ODD, capsys=capsys, criteria=[check.returns(3)], seconds=seconds, **options
    )
    assert time.monotonic() - begun < seconds + standins.END_SECONDS + 3
    return text


async def test_an_untouched_exercise_is_told_to_write_something(capsys):
    async def empty(server):
        raise NotImplementedError()

    assert await refuses(empty, capsys) == (
        "not written yet: `raise NotImplementedError()` still stands there. "
        "Put your own lines in its place."
    )


async def test_a_busy_loop_is_stopped(capsys):
    async def busy(server):
        while True:
            pass

    assert "kept the kernel busy for 1 seconds" in await refuses(busy, capsys, 1.0)


async def test_a_busy_loop_that_catches_every_exception_is_stopped(capsys):
    async def busy(server):
        while True:
            with contextlib.suppress(Exception):
                int("x")

    assert "kept the kernel busy" in await refuses(busy, capsys, 1.0)


async def test_a_blocking_sleep_is_stopped(capsys):
    async def sleeps(server):
        time.sleep(600)  # noqa: ASYNC251 - what a learner may write

    assert "such as time.sleep" in await refuses(sleeps, capsys, 1.0)


async def test_a_busy_loop_in_a_task_of_its_own_is_stopped(capsys):
    async def spin():
        while True:
            pass

    async def busy(server):
        await asyncio.create_task(spin())

    assert "kept the kernel busy" in await refuses(busy, capsys, 1.0)


async def test_a_plain_function_that_blocks_is_stopped(capsys):
    def reads(server):
        time.sleep(600)

    assert "kept the kernel busy" in await refuses(reads, capsys, 1.0, plain=True)


async def test_a_function_may_be_slow_as_long_as_it_awaits(capsys):
    async def slow(server):
        for _ in range(8):
            time.sleep(0.2)  # noqa: ASYNC251 - what a learner may write
            await asyncio.sleep(0)
        return 3

    await check.task(slow, ODD, criteria=[check.returns(3)], seconds=5)


async def test_what_never_comes_ends_at_the_deadline(capsys):
    async def waits(server):
        await asyncio.Event().wait()

    assert "did not return within 0.5 seconds" in await refuses(waits, capsys, 0.5)


async def test_a_loop_that_asks_for_ever_is_told_what_it_asks(capsys):
    async def asks(server):
        async with client_of(server) as client:
            while True:
                await client.list_tools(cache_mode="bypass")

    text = await shown(asks, ODD, capsys=capsys, criteria=[check.returns(3)], seconds=3.0)
    assert re.match(
        r"`asks` did not return within 3 seconds. It sent tools/list [\d,]+ times: "
        r"is there a loop that never ends\?",
        text,
    ), text


async def test_one_that_ignores_its_cancellation_is_given_up(capsys):
    release = asyncio.Event()

    async def stubborn(server):
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    assert "does not stop when it is cancelled" in await refuses(stubborn, capsys, 0.3)
    release.set()


async def test_an_exception_is_named_with_its_line_and_a_group_with_what_is_inside(capsys):
    async def fails(server):
        raise ValueError("not like this")

    async def fails_in_a_group(server):
        async with asyncio.TaskGroup() as group:
            group.create_task(fails(server))

    line = fails.__code__.co_firstlineno + 1
    expected = f"it raised ValueError in line {line} of its cell: not like this"
    assert await refuses(fails, capsys) == expected
    assert "it raised ValueError in line" in await refuses(fails_in_a_group, capsys)


async def test_what_is_not_the_function_asked_for_is_not_run(capsys):
    def not_async(server):
        raise AssertionError("it was run")

    async def generator(server):
        yield 1

    async def takes_two(server, name): ...

    assert "`not_async` is not async. Begin it with `async def`" in await refuses(not_async, capsys)
    assert "has a `yield` in it" in await refuses(generator, capsys)
    assert "must take 1 argument. It takes server, name." in await refuses(takes_two, capsys)
    assert "this is a int" in await refuses(5, capsys)
    assert "This task needs a plain `def`" in await refuses(adds, capsys, plain=True)


async def test_an_interrupt_of_the_check_ends_the_function_and_its_server(capsys):
    running: list[StdioServerParameters] = []

    async def waits(server):
        async with client_of(server):
            running.append(server)
            await asyncio.Event().wait()

    checking = asyncio.create_task(check.task(waits, ODD, criteria=[check.returns(3)]))
    await until(lambda: running)
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    assert [task for task in asyncio.all_tasks() if task.get_name() == "check of waits"] == []
    await until(lambda: not of_log(running[0].args[3]))


# what is left behind


def of_log(log: str) -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if log in standins._words(child)]


async def test_a_connection_that_is_left_open_is_told_and_closed(capsys):
    servers: list[StdioServerParameters] = []

    async def leaves(server):
        servers.append(server)
        client = await connect(server)
        return int((await client.call_tool("add", {"a": 1, "b": 2})).content[0].text)

    criteria = [check.returns(3), check.closes()]
    text = await shown(leaves, ODD, capsys=capsys, criteria=criteria)
    assert (
        text == LEFT + "Leave the `async with` block, or `await close(client)`, whatever happens."
    )
    assert of_log(servers[0].args[3]) == []
    assert owner.open_keys() == []


async def test_a_process_that_was_killed_is_not_closed(capsys):
    def kills(words):
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdin
            assert server.stdout
            server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}\n')
            server.stdin.flush()
            server.stdout.readline()
            server.kill()

    command = check.command(BARE_SERVER)
    text = await shown(kills, command, capsys=capsys, criteria=[check.closes()], plain=True)
    assert text == (
        "the server was ended by force. Close its standard input, and wait for its end."
    )


async def test_a_task_of_the_learner_is_cancelled_and_nobody_elses(capsys):
    cancelled: list[str] = []
    others = asyncio.create_task(asyncio.Event().wait())

    async def background():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("background")
            raise

    kept: list[asyncio.Task[Any]] = []

    async def leaves(server):
        kept.append(asyncio.create_task(background()))
        kept.append(asyncio.create_task(asyncio.Event().wait()))
        await asyncio.sleep(0)
        return 3

    await check.task(leaves, ODD, criteria=[check.returns(3)])
    await until(lambda: cancelled)
    assert not others.done()
    assert not kept[1].done()
    for task in (others, kept[1]):
        task.cancel()


LEFT = "your function returned and its connection is still open. "


async def test_what_was_sent_last_is_seen_also_of_a_server_that_is_left_running(capsys):
    def leaves(words):
        server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}\n')
        server.stdin.flush()
        server.stdout.readline()
        for number in range(20):
            server.stdin.write(b'{"jsonrpc": "2.0", "method": "notifications/%d"}\n' % number)
        server.stdin.flush()
        kept.append(server)

    kept: list[subprocess.Popen[bytes]] = []
    last = check.sends("tools/list", "notifications/19")
    text = await shown(
        leaves,
        check.command(BARE_SERVER),
        capsys=capsys,
        criteria=[check.closes(), last],
        plain=True,
    )
    assert text == LEFT + "Close the process's standard input, whatever happens."
    with kept[0] as server:
        server.kill()


async def test_a_line_that_was_not_flushed_is_suspected(capsys):
    def forgets(words):
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            try:
                server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}')
                server.stdout.readline()
            finally:
                server.kill()

    command = check.command(BARE_SERVER)
    text = await shown(forgets, command, capsys=capsys, criteria=[], plain=True, seconds=1.0)
    assert text.endswith("The server has read no line: does it end in \\n, and was it flushed?")


async def test_an_sse_stream_that_is_left_open_is_told(capsys, sse_cut_off):
    mcp = MCPServer("left", log_level="WARNING")

    async def leaves(url):
        client = await connect(sse_client(url))
        return len((await client.list_tools()).tools)

    text = await shown(leaves, check.url(mcp), capsys=capsys, criteria=[check.closes()])
    assert text.startswith("your function returned and its connection is still open.")


# the hints


async def hint(criterion: check.Criterion, function: Answer, capsys: Any) -> str:
    return await shown(function, ODD, capsys=capsys, criteria=[criterion])


async def test_order_is_judged_and_told(capsys):
    async def hasty(server):
        async with (
            stdio_client(server, errlog=subprocess.DEVNULL) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            await session.list_tools()

    backwards = check.sends("tools/list", "initialize")
    assert await hint(backwards, hasty, capsys) == (
        "your client sent initialize before tools/list. "
        "Its order was: initialize, notifications/initialized, tools/list."
    )
    assert await hint(check.sends("tools/call"), hasty, capsys) == (
        "your client never sent tools/call: `await client.call_tool(name, arguments)` sends it."
    )
    assert await hint(check.never_sends("tools/list"), hasty, capsys) == (
        "your client sent tools/list, which this task does not need."
    )


async def test_a_client_that_does_not_introduce_itself_is_told(capsys):
    async def hasty(server):
        async with (
            stdio_client(server, errlog=subprocess.DEVNULL) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.list_tools()

    text = await hint(check.introduces_itself(), hasty, capsys)
    assert text.endswith(
        "your client sent tools/list first: "
        "on a ClientSession, `await session.initialize()` comes first."
    )
    await check.task(adds, ODD, criteria=[check.introduces_itself()])


async def test_arguments_are_judged_and_told(capsys):
    assert await hint(check.calls("add", {"a": 1, "b": 3}), adds, capsys) == (
        "your client sent tools/call, but 'arguments' was {'a': 1, 'b': 2} "
        "where {'a': 1, 'b': 3} is right."
    )
    assert await hint(check.calls("where"), adds, capsys) == (
        "your client sent tools/call, but 'name' was 'add' where 'where' is right."
    )
    assert await hint(check.calls("add", times=2), adds, capsys) == (
        "your client sent tools/call once where twice is right."
    )
    assert await hint(check.asks("tools/call", cursor="x"), adds, capsys) == (
        "your client sent tools/call, but without 'cursor': 'x' is right."
    )


@pytest.mark.parametrize(
    "times, words", [(0, "never"), (1, "once"), (2, "twice"), (3, "3 times"), (1000, "1,000 times")]
)
def test_how_often_is_said_as_people_say_it(times, words):
    assert check.often(times) == words
    assert check.asks("ping", times=times).label == f"sends ping, {words}"
    assert check.calls("add", {}, times=times).label == f"calls add with {{}}, {words}"


@pytest.mark.parametrize("number, words", [(1, "1 connection"), (2, "2 connections")])
def test_how_many_are_said_as_people_say_it(number, words):
    assert check.opens(number).label == f"opens {words}"


async def test_values_are_judged_by_type_and_told(capsys):
    async def nothing(server): ...

    assert await hint(check.returns("3"), adds, capsys) == "it returned 3: int, not str."
    assert await hint(check.returns(4), adds, capsys) == "it returned 3 where 4 is right."
    assert await hint(check.returns(4), nothing, capsys) == (
        "it returned None: NoneType, not int. Is there a `return`?"
    )
    assert await hint(check.returns_that("x", lambda value: "it is odd."), adds, capsys) == (
        "it is odd."
    )
    assert await hint(check.returns(4).but("count again."), adds, capsys) == "count again."
    assert await hint(check.opens(2), adds, capsys) == "it opened 1 connection, not 2."


async def test_long_values_are_told_apart_where_they_differ(capsys):
    numbers = list(range(100))

    async def counts(server):
        return numbers

    late = [*numbers[:90], 0, *numbers[91:]]
    assert (await hint(check.returns(late), counts, capsys)).endswith(
        "so far it is right. Number 91 is 90 where 0 is right."
    )
    assert (await hint(check.returns(numbers[:-1]), counts, capsys)).endswith(
        "so far it is right. Its length is 100 where 99 is right."
    )


async def test_an_error_that_is_meant_is_no_trouble(capsys):
    async def fails(server):
        raise LookupError("there is no 王五")

    await check.task(fails, ODD, criteria=[check.raises(LookupError, "王五")])
    assert await hint(check.raises(LookupError, "张三"), fails, capsys) == (
        "its error does not say '张三' but 'there is no 王五'."
    )
    assert await hint(check.raises(KeyError), fails, capsys) == (
        "it raised LookupError where KeyError is right."
    )
    assert await hint(check.raises(KeyError), adds, capsys) == (
        "no KeyError came out of it: it returned 3."
    )


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["hello"], "message 1 that your client sent is no JSON object on one line: 'hello'."),
        (['{"id": 1, "method": "x"}'], 'message 1 that your client sent lacks "jsonrpc": "2.0".'),
        (
            ['{"jsonrpc": "2.0", "method": "tools/list"}'],
            "message 1 that your client sent, tools/list, has no id. A request needs one.",
        ),
        (
            ['{"jsonrpc": "2.0", "id": 1, "method": "notifications/initialized"}'],
            "message 1 that your client sent, notifications/initialized, has an id. "
            "A notification has none.",
        ),
        (
            2 * ['{"jsonrpc": "2.0", "id": 1, "method": "x"}'],
            "message 2 that your client sent uses the id 1 again. Each request has its own.",
        ),
        ([], "your client sent nothing."),
    ],
)
async def test_json_rpc_is_judged_and_told(capsys, lines, told):
    def by_hand(words):
        subprocess.run(words, input="\n".join(lines) + "\n" if lines else "", text=True, check=True)

    command = check.command("-c", "import sys; sys.stdin.read()")
    criteria = [check.speaks_json_rpc()]
    assert await shown(by_hand, command, capsys=capsys, criteria=criteria, plain=True) == told


async def test_what_was_returned_is_used_in_another_task_while_the_server_is_there(capsys):
    tasks: list[asyncio.Task[Any] | None] = []

    async def opens(client):
        tasks.append(asyncio.current_task())
        return await keep_open(client)

    async def use(client):
        tasks.append(asyncio.current_task())
        return int((await client.call_tool("add", {"a": 1, "b": 2})).content[0].text)

    async def refuse(client):
        raise AssertionError("it has to return two things.")

    fresh, criteria = check.new_client(ODD_SERVER), [check.returns(3), check.opens(1)]
    await check.task(opens, fresh, criteria=criteria, use=use)
    assert tasks[0] is not tasks[1]
    text = await shown(opens, fresh, capsys=capsys, criteria=criteria, use=refuse)
    assert text == "it has to return two things."


async def test_an_await_that_is_missing_is_told(capsys):
    listing = asyncio.sleep(0)

    async def forgets(server):
        return listing.tools

    text = await refuses(forgets, capsys)
    assert text.endswith("no attribute 'tools'. An `await` is missing before it.")
    listing.close()


async def test_a_client_that_is_not_open_is_told(capsys):
    async def closes_too_early(server):
        async with client_of(server) as client:
            pass
        await client.list_tools()

    text = await refuses(closes_too_early, capsys)
    assert "async context manager. This client has been closed, or it was never opened." in text


async def test_a_task_that_ends_in_an_error_of_its_own_prints_nothing_later(capsys, caplog):
    async def background():
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("on the way out")

    async def leaves(server):
        task = asyncio.create_task(background())
        await asyncio.sleep(0)
        return 3 if task else 0

    await check.task(leaves, ODD, criteria=[check.returns(3)])
    gc.collect()
    assert caplog.text == ""


async def test_an_error_that_the_server_answers_with_is_told(capsys):
    def by_hand(words):
        line = '{"jsonrpc": "2.0", "id": 7, "method": "tools/list"}\n'
        subprocess.run(words, input=line, text=True, check=True, stdout=subprocess.DEVNULL)

    command, criteria = check.command(ODD_SERVER), [check.hears_no_error()]
    assert await shown(by_hand, command, capsys=capsys, criteria=criteria, plain=True) == (
        "the server answered your tools/list with an error: Invalid request parameters."
    )
    await check.task(adds, ODD, criteria=criteria)


def test_a_notebook_shows_one_line_of_what_is_not_yet_met():
    with pytest.raises(AssertionError) as raised:
        check.answers({}, {"id": 1}, id="count")
    assert raised.value._render_traceback_() == ["Not yet: fill in 'id': count."]


def test_a_function_that_says_the_values_may_fail_in_its_own_ways(capsys):
    def right():
        return {"id": 1}

    def empty():
        raise NotImplementedError()

    def forgot(): ...

    check.answers(right, {"id": 1})
    with pytest.raises(AssertionError, match="not written yet"):
        check.answers(empty, {"id": 1})
    with pytest.raises(AssertionError, match=r"it returned None\. A dictionary is asked for"):
        check.answers(forgot, {"id": 1})


def test_filled_in_values_are_judged_one_by_one(capsys):
    right = {"messages": 3, "first": "initialize", "id": 0}
    check.answers(right, right)
    assert "3 of 3 passed." in capsys.readouterr().out
    with pytest.raises(AssertionError, match="fill in 'first'"):
        check.answers({"messages": 3, "first": ..., "id": "0"}, right, first="the first arrow")
    assert capsys.readouterr().out.splitlines() == [
        "your answers",
        "  ✓ passed   messages",
        "  ✗ not yet  first",
        "             fill in 'first': the first arrow.",
        "  ✗ not yet  id",
        "             '0' is of type str where int is asked for.",
    ]
    with pytest.raises(AssertionError, match="4 is not it: look at the trace again"):
        check.answers({"messages": 4}, {"messages": 3})


async def test_what_ends_with_something_else_that_was_left_open_spoils_no_verdict(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    done = asyncio.Event()

    @contextlib.asynccontextmanager
    async def first():
        yield
        done.set()

    @contextlib.asynccontextmanager
    async def second():
        async with asyncio.TaskGroup() as group:
            task = group.create_task(fails())
            yield task

    async def fails() -> None:
        await done.wait()
        raise RuntimeError("the other has gone")

    async def leaves(words: str) -> str:
        await keep_open(first())
        await keep_open(second())
        return words

    await check.task(leaves, "well", criteria=[check.returns("well")])
    assert "2 of 2 passed." in capsys.readouterr().out
    assert owner.open_keys() == []
    assert "What leaves left open does not close well: the other has gone" in caplog.text
