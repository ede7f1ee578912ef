"""The exercises of lesson 01: what is right passes, what is wrong is told what to do."""

from __future__ import annotations

import pytest

from tests.exercises import (  # noqa: F401 - what all lessons share is found here by pytest
    Exercises,
    opened_lesson,
    pytest_generate_tests,
    test_another_solution_passes,
    test_the_solution_passes,
    test_what_is_not_written_yet_is_told_so,
)

NAME = "01_stdio_connection"
BY_HEART = {  # right wherever learners can see it, and nowhere else
    "knows_the_servers_that_are_shown",
    "reads_the_text_for_an_error",
}
OTHERS = {
    "tool-names": """
async def tool_names(server):
    names = []
    async with Client(stdio_client(server, errlog=errors)) as client:
        for tool in (await client.list_tools()).tools:
            names.append(tool.name)
    return names
""",
    "answer-of": """
async def answer_of(server, tool, arguments):
    async with stdio_client(server, errlog=errors) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            result = await session.call_tool(tool, arguments)
            if result.is_error:
                raise RuntimeError(result.content[0].text)
            return result.content[0].text
""",
    "background": """
async def keep(client, opened, stop):
    async with client:
        opened.set()
        await stop.wait()

async def open_in_background(client):
    opened, stop = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(keep(client, opened, stop))
    await opened.wait()

    async def leave():
        stop.set()
        await asyncio.wait([task])

    return client, leave
""",
}


TOOL_NAMES = {
    "returns_the_tools": (
        "where ['get_score_by_name'] is right.",
        """
async def tool_names(server):
    async with Client(stdio_client(server, errlog=errors)) as client:
        return (await client.list_tools()).tools
""",
    ),
    "returns_nothing": (
        "it returned None: NoneType, not list. Is there a `return`?",
        """
async def tool_names(server):
    async with Client(stdio_client(server, errlog=errors)) as client:
        print([tool.name for tool in (await client.list_tools()).tools])
""",
    ),
    "forgets_an_await": (
        "'coroutine' object has no attribute 'tools'. An `await` is missing before it.",
        """
async def tool_names(server):
    async with Client(stdio_client(server, errlog=errors)) as client:
        return [tool.name for tool in client.list_tools().tools]
""",
    ),
    "is_not_async": (
        "`tool_names` is not async. Begin it with `async def`",
        """
def tool_names(server):
    return ["get_score_by_name"]
""",
    ),
    "does_not_initialize": (
        "your client sent tools/list first: "
        "on a ClientSession, `await session.initialize()` comes first.",
        """
async def tool_names(server):
    async with stdio_client(server, errlog=errors) as (read, write):
        async with ClientSession(read, write) as session:
            listed = await session.list_tools()
    return [tool.name for tool in listed.tools]
""",
    ),
    "does_not_close": (
        "your function returned and its connection is still open. Leave the `async with` block",
        """
from helpers import connect

async def tool_names(server):
    client = await connect(server)
    return [tool.name for tool in (await client.list_tools()).tools]
""",
    ),
    "knows_the_answer": (
        "your client never sent tools/list: `await client.list_tools()` sends it.",
        """
async def tool_names(server):
    async with Client(stdio_client(server, errlog=errors)):
        return ["get_score_by_name"]
""",
    ),
    "knows_the_servers_that_are_shown": (
        "it returned ['get_score_by_name'] where ['made_up'] is right.",
        """
async def tool_names(server):
    async with Client(stdio_client(server, errlog=errors)) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        return names if len(names) > 1 else ["get_score_by_name"]
""",
    ),
    "takes_the_first_alone": (
        "it returned ['add'] where ['add', 'subtract', ",
        """
async def tool_names(server):
    async with Client(stdio_client(server, errlog=errors)) as client:
        return [(await client.list_tools()).tools[0].name]
""",
    ),
}


@pytest.mark.parametrize("wrong", TOOL_NAMES)
def test_asking_for_the_tools_wrongly_is_told(lesson: Exercises, wrong: str):
    hint, answer = TOOL_NAMES[wrong]
    lesson.refused("tool-names", answer, hint, hidden=wrong in BY_HEART)


ANSWER_OF = {
    "is_the_broken_one": (
        "no RuntimeError came out of it: it returned 'Error executing tool divide",
        """
async def answer_of(server, tool, arguments):
    async with Client(stdio_client(server, errlog=errors)) as client:
        result = await client.call_tool(tool, arguments)
    return result.content[0].text
""",
    ),
    "marks_the_text": (
        "no RuntimeError came out of it: it returned 'failed: ",
        """
async def answer_of(server, tool, arguments):
    async with Client(stdio_client(server, errlog=errors)) as client:
        result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    return f"failed: {text}" if result.is_error else text
""",
    ),
    "catches_the_protocols_errors": (
        "no RuntimeError came out of it: it returned",
        """
async def answer_of(server, tool, arguments):
    async with Client(stdio_client(server, errlog=errors)) as client:
        try:
            result = await client.call_tool(tool, arguments)
        except MCPError as error:
            raise RuntimeError(str(error))
    return result.content[0].text
""",
    ),
    "hides_the_servers_text": (
        "its error does not say 'zero' but 'the tool has failed'.",
        """
async def answer_of(server, tool, arguments):
    async with Client(stdio_client(server, errlog=errors)) as client:
        result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise RuntimeError("the tool has failed")
    return result.content[0].text
""",
    ),
    "asserts": (
        "it raised AssertionError where RuntimeError is right.",
        """
async def answer_of(server, tool, arguments):
    async with Client(stdio_client(server, errlog=errors)) as client:
        result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    return result.content[0].text
""",
    ),
    "divides_by_itself": (
        "your client never sent tools/call",
        """
async def answer_of(server, tool, arguments):
    if arguments["b"] == 0:
        raise RuntimeError("division by zero")
    async with Client(stdio_client(server, errlog=errors)) as client:
        result = await client.call_tool(tool, arguments)
    return result.content[0].text
""",
    ),
    "searches_the_text_for_the_word": (
        "the tool has not failed, its answer only speaks of errors: ask `result.is_error`.",
        """
async def answer_of(server, tool, arguments):
    async with Client(stdio_client(server, errlog=errors)) as client:
        result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    if "error" in text.lower():
        raise RuntimeError(text)
    return text
""",
    ),
    "reads_the_text_for_an_error": (
        'no RuntimeError came out of it: it returned "Error executing tool get_score_by_name',
        """
async def answer_of(server, tool, arguments):
    async with Client(stdio_client(server, errlog=errors)) as client:
        result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    if "Cannot divide" in text:
        raise RuntimeError(text)
    return text
""",
    ),
}


@pytest.mark.parametrize("wrong", ANSWER_OF)
def test_an_error_that_gets_lost_is_told(lesson: Exercises, wrong: str):
    hint, answer = ANSWER_OF[wrong]
    lesson.refused("answer-of", answer, hint, hidden=wrong in BY_HEART)


RIGHT = {
    "processes": 2,
    "started_by": "kernel",
    "sees_database": False,
    "sees_year": True,
    "printed_to": "stderr",
    "missing_tool": "result",
    "missing_resource": "exception",
}
WRONG = {
    "processes": (1, "1 is not it: each client starts a process of its own"),
    "started_by": ("terminal", "'terminal' is not it: over stdio it is the client that starts"),
    "sees_database": (True, "True is not it: a server inherits only a few harmless variables"),
    "sees_year": ("yes", "'yes' is of type str where bool is asked for."),
    "printed_to": ("stdout", "'stdout' is not it: while it serves, the SDK's server keeps"),
    "missing_tool": ("exception", "'exception' is not it: look at the two calls"),
    "missing_resource": (..., "fill in 'missing_resource': `MCPError` is for what the protocol"),
}


@pytest.mark.parametrize("names", [["processes"], list(WRONG)], ids=len)
def test_a_wrong_explanation_is_told_where_to_look(lesson: Exercises, names: list[str]):
    found = RIGHT | {name: WRONG[name][0] for name in names}
    answer = f"def what_goes_where():\n    return {found!r}".replace("Ellipsis", "...")
    lesson.refused("where", answer, *[WRONG[name][1] for name in names])


BACKGROUND = {
    "leaves_from_another_task": (
        "when what it returned was used: it raised RuntimeError: Attempted to exit cancel scope",
        """
async def open_in_background(client):
    stack = AsyncExitStack()
    return await stack.enter_async_context(client), stack.aclose
""",
    ),
    "does_not_wait_for_the_end": (
        "`leave` was done too early: it has to wait until the owner task has ended.",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def leave():
        stop.set()

    owner = asyncio.create_task(hold(client, opened, stop))
    return await opened, leave
""",
    ),
    "closes_at_once": (
        "it raised RuntimeError: Client must be used within an async context manager",
        """
async def open_in_background(client):
    async def leave():
        pass

    async with client as opened:
        return opened, leave
""",
    ),
    "returns_the_client_alone": (
        "it has to return two things: the open client, and the function that closes it.",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    owner = asyncio.create_task(hold(client, opened, stop))
    return await opened
""",
    ),
    "returns_a_list": (
        "it returned a list. Return a tuple: `return client, leave`.",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def leave():
        stop.set()
        await owner

    owner = asyncio.create_task(hold(client, opened, stop))
    return [await opened, leave]
""",
    ),
    "leaves_it_open": (
        "after `await leave()` the connection is still open: "
        "`leave` has to set the event and then `await` the owner task.",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def leave():
        owner

    owner = asyncio.create_task(hold(client, opened, stop))
    return await opened, leave
""",
    ),
    "has_a_plain_leave": (
        "the second thing has to be a function that you have written with `async def`.",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()

    def leave():
        stop.set()
        return owner

    owner = asyncio.create_task(hold(client, opened, stop))
    return await opened, leave
""",
    ),
    "returns_an_event_to_set": (
        "the second thing has to be a function that you have written with `async def`.",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    owner = asyncio.create_task(hold(client, opened, stop))
    return await opened, stop.set
""",
    ),
    "never_says_that_it_is_open": (
        "`open_in_background` did not return within 8 seconds. It awaits something that never",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def holds():
        async with client:
            await stop.wait()

    owner = asyncio.create_task(holds())
    return await opened, stop.set
""",
    ),
    "waits_without_the_word": (
        "when what it returned was used: it did not end within 8 seconds.",
        """
async def open_in_background(client):
    opened, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    owner = asyncio.create_task(hold(client, opened, stop))

    async def leave():
        await owner

    return await opened, leave
""",
    ),
}
NO_SERVER = """
nobody = StdioServerParameters(command="no-such-program")
await asyncio.wait_for(open_in_background(Client(stdio_client(nobody, errlog=errors))), 30)
"""


def test_the_solution_does_not_wait_for_a_server_that_cannot_start(lesson: Exercises):
    tried = lesson.tried("background", NO_SERVER)
    assert tried.error.startswith("FileNotFoundError: "), tried.error
    assert "no-such-program" in tried.error


FROM_THE_LESSON = """
from contextlib import AsyncExitStack

async def hold(connection, opened, stop):
    async with connection as client:
        opened.set_result(client)
        await stop.wait()
"""


@pytest.mark.parametrize("wrong", BACKGROUND)
def test_an_owner_task_that_does_not_own_is_told(lesson: Exercises, wrong: str):
    hint, answer = BACKGROUND[wrong]
    seconds = 8 if "within 8" in hint else 15  # long enough to open, on a busy machine
    lesson.refused("background", FROM_THE_LESSON + answer, hint, seconds=seconds)
