"""The exercises of lesson 03: what is right passes, what is wrong is told what to do."""

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

NAME = "03_sse"
OTHERS = {
    "score": """
async def score_over_sse(url, name):
    client = await connect(sse_client(url), name="score")
    try:
        return (await client.call_tool("get_score_by_name", {"name": name})).content[0].text
    finally:
        await close(client)
""",
    "scores": """
async def one(url, name):
    async with Client(sse_client(url)) as client:
        return (await client.call_tool("get_score_by_name", {"name": name})).content[0].text

async def scores_of(url, names):
    return list(await asyncio.gather(*[one(url, name) for name in names]))
""",
    "app": """
from starlette.responses import Response

def make_app(server):
    security = TransportSecuritySettings(
        allowed_hosts=["127.0.0.1:*", "localhost:*"],
        allowed_origins=["http://127.0.0.1:*", "http://localhost:*"],
    )
    letters = SseServerTransport("/messages/", security_settings=security)

    async def stream(request):
        async with letters.connect_sse(request.scope, request.receive, request._send) as streams:
            await server.run(*streams, server.create_initialization_options())
        return Response()

    letter_box = Mount("/messages", app=letters.handle_post_message)
    return Starlette(routes=[Route("/sse", stream), letter_box])
""",
    "app of trusted hosts": """
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

def make_app(server):
    security = TransportSecuritySettings(
        allowed_hosts=["127.0.0.1:*", "localhost:*"],
        allowed_origins=["http://127.0.0.1:*", "http://localhost:*"],
    )
    letters = SseServerTransport("/messages/", security_settings=security)

    class Stream:
        async def __call__(self, scope, receive, send):
            async with letters.connect_sse(scope, receive, send) as streams:
                await server.run(*streams, server.create_initialization_options())

    return Starlette(
        routes=[Route("/sse", Stream()), Mount("/messages/", letters.handle_post_message)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
""",
}


SCORE = {
    "takes_the_url_for_a_transport": (
        "To `Client` and `connect`, a plain URL is Streamable HTTP; SSE is `sse_client(url)`.",
        """
async def score_over_sse(url, name):
    async with Client(url) as client:
        result = await client.call_tool("get_score_by_name", {"name": name})
    return result.content[0].text
""",
    ),
    "connects_to_the_url": (
        "The endpoint speaks another transport. A plain URL is Streamable HTTP; for an SSE server",
        """
async def score_over_sse(url, name):
    client = await connect(url)
    result = await client.call_tool("get_score_by_name", {"name": name})
    await close(client)
    return result.content[0].text
""",
    ),
    "does_not_close": (
        "your function returned and its connection is still open. Leave the `async with` block",
        """
async def score_over_sse(url, name):
    client = await connect(sse_client(url), name="score")
    result = await client.call_tool("get_score_by_name", {"name": name})
    return result.content[0].text
""",
    ),
    "returns_the_result": (
        ": CallToolResult, not str.",
        """
async def score_over_sse(url, name):
    async with Client(sse_client(url)) as client:
        return await client.call_tool("get_score_by_name", {"name": name})
""",
    ),
    "misspells_the_argument": (
        "your client sent tools/call, but 'arguments' was {'nam': '李四'} where {'name': '李四'}",
        """
async def score_over_sse(url, name):
    async with Client(sse_client(url)) as client:
        result = await client.call_tool("get_score_by_name", {"nam": name})
    return result.content[0].text
""",
    ),
    "does_not_introduce_itself": (
        "your client sent tools/call first: on a ClientSession, `await session.initialize()` comes",
        """
from mcp import ClientSession

async def score_over_sse(url, name):
    async with sse_client(url) as (read, write), ClientSession(read, write) as session:
        result = await session.call_tool("get_score_by_name", {"name": name})
    return result.content[0].text
""",
    ),
    "asks_for_one_name_always": (
        "'arguments' was {'name': '李四'} where {'name': '张三'} is right.",
        """
async def score_over_sse(url, name):
    async with Client(sse_client(url)) as client:
        result = await client.call_tool("get_score_by_name", {"name": "李四"})
    return result.content[0].text
""",
    ),
}


@pytest.mark.parametrize("wrong", SCORE)
def test_asking_over_sse_wrongly_is_told(lesson: Exercises, wrong: str):
    hint, answer = SCORE[wrong]
    lesson.refused("score", answer, hint)


SCORES = """
async def scores_of(url, names):
    clients = []
    for number, name in enumerate(names):
        clients.append(await connect({transport}, name={known_as}))
    calls = [
        client.call_tool("get_score_by_name", {{"name": name}})
        for client, name in zip(clients, names)
    ]
    answers = await asyncio.gather(*calls)
    {closing}
    return [answer.content[0].text for answer in answers]
"""
SSE = "sse_client(url)"
CLOSES_ALL = "[await close(client) for client in clients]"
ONE_AFTER_THE_OTHER = (
    "the second was asked when the first had its answer. Gather the calls, as above."
)
MANY = {
    "one_after_the_other": (
        """
async def scores_of(url, names):
    out = []
    for name in names:
        async with Client(sse_client(url)) as client:
            answer = await client.call_tool("get_score_by_name", {"name": name})
            out.append(answer.content[0].text)
    return out
""",
        ONE_AFTER_THE_OTHER,
    ),
    "connected_together_and_asked_in_turn": (
        SCORES.format(transport=SSE, known_as="f'{number}'", closing=CLOSES_ALL).replace(
            "await asyncio.gather(*calls)", "[await call for call in calls]"
        ),
        ONE_AFTER_THE_OTHER,
    ),
    "both_faults": (
        SCORES.format(transport="url", known_as='"score"', closing='await close("score")'),
        "for an SSE server write connect(sse_client(url)).",
    ),
    "one_name_for_all": (
        SCORES.format(transport=SSE, known_as='"score"', closing='await close("score")'),
        "This client has been closed, or it was never opened.",
    ),
    "the_same_name_for_the_same_employee": (
        SCORES.format(transport=SSE, known_as="name", closing=CLOSES_ALL),
        "This client has been closed, or it was never opened.",
    ),
    "all_but_the_last_left_open": (
        SCORES.format(transport=SSE, known_as="f'{number}'", closing="await close(clients[-1])"),
        "your function returned and 1 of its 2 connections is still open.",
    ),
    "one_connection_for_all": (
        """
async def scores_of(url, names):
    async with Client(sse_client(url)) as client:
        calls = [client.call_tool("get_score_by_name", {"name": name}) for name in names]
        return [answer.content[0].text for answer in await asyncio.gather(*calls)]
""",
        "it opened 1 connection, not 2.",
    ),
    "a_connection_too_many": (
        SCORES.format(
            transport=SSE,
            known_as="f'{number}'",
            closing=CLOSES_ALL + "; await close(await connect(sse_client(url)))",
        ),
        "it opened 3 connections, not 2.",
    ),
    "the_answers_in_another_order": (
        SCORES.format(
            transport=SSE, known_as="f'{number}'", closing=CLOSES_ALL + "; answers.reverse()"
        ),
        "it returned ['name: 李四 绩效评分: 92.7', 'name: 张三 绩效评分: 85.9'] where",
    ),
}


@pytest.mark.parametrize("wrong", MANY)
def test_mixing_up_many_connections_is_told(lesson: Exercises, wrong: str):
    answer, hint = MANY[wrong]
    lesson.refused("scores", answer, hint)


KNOWN = {
    "first_event": "endpoint",
    "letter_box": "/messages/",
    "post_status": 202,
    "answer_on": "stream",
    "answer_event": "message",
    "same_session": False,
    "lost_status": 404,
    "foreign_status": 421,
}
MISTAKEN = {
    "first_event": (
        "message",
        "'message' is not it: it is the word behind `event:`, where that stands first.",
    ),
    "letter_box": ("/sse", "'/sse' is not it: it stands in the data of the first event."),
    "post_status": (200, "200 is not it: it is printed above, and it means *accepted*."),
    "answer_on": ("response", "'response' is not it: what came after the POST, and where?"),
    "answer_event": (
        "event: message",
        "'event: message' is not it: it is the word behind `event:`, where that stands for the sec",
    ),
    "same_session": (True, "True is not it: the id says which stream the answers belong on."),
    "lost_status": ("404", "'404' is of type str where int is asked for."),
    "foreign_status": (..., "fill in 'foreign_status': look at the three requests under"),
}


@pytest.mark.parametrize("names", [["answer_on"], ["foreign_status"], list(MISTAKEN)], ids=len)
def test_mistaking_the_channels_is_told_where_to_look(lesson: Exercises, names: list[str]):
    known = KNOWN | {name: MISTAKEN[name][0] for name in names}
    answer = f"def two_channels():\n    return {known!r}".replace("Ellipsis", "...")
    lesson.refused("channels", answer, *[MISTAKEN[name][1] for name in names])


APP = """
def make_app(server):
    transport = SseServerTransport({path}, security_settings={security})

    class Stream:
        async def __call__(self, scope, receive, send):
            {first}
            async with transport.connect_sse(scope, receive, send) as (read, write):
                {run}

    routes = [{stream}, {messages}]
    return {returned}
"""
HOSTS = '"127.0.0.1:*", "localhost:*"'
ORIGINS = '"http://127.0.0.1:*", "http://localhost:*"'
SETTINGS = "TransportSecuritySettings(allowed_hosts=[{}], allowed_origins=[{}])"
GAPS = {
    "path": '"/messages/"',
    "security": SETTINGS.format(HOSTS, ORIGINS),
    "first": "",
    "run": "await server.run(read, write, server.create_initialization_options())",
    "stream": 'Route("/sse", Stream(), methods=["GET"])',
    "messages": 'Mount("/messages/", transport.handle_post_message)',
    "returned": "Starlette(routes=routes)",
}
NO_LETTER = (
    "letter: 404. Transport and Mount name one path, /messages/; all streams share one transport."
)
NOT_SERVED = "Does the stream await `server.run`, and is it the `server` given to `make_app`?"
APPS = {
    "checks_nothing": (
        {"security": "None"},
        "foreign_host: 200. SseServerTransport checks nothing by itself: give it `security_",
    ),
    "refuses_everybody": (
        {"security": "TransportSecuritySettings()"},
        "stream: 421. Is there a route, and is the host 127.0.0.1:* allowed?",
    ),
    "welcomes_one_name_alone": (
        {"security": SETTINGS.format('"127.0.0.1:*"', ORIGINS)},
        "localhost: 421. Allow the host localhost:*.",
    ),
    "welcomes_no_page": (
        {"security": SETTINGS.format(HOSTS, "")},
        "page: 403. Allow the origin http://localhost:*.",
    ),
    "welcomes_every_page": (
        {
            "security": SETTINGS.format(
                HOSTS, '"http://127.0.0.1:*", "http://localhost:*", "http://evil.example"'
            )
        },
        "foreign_page: 200. List the origins that are welcome, and no others.",
    ),
    "has_no_stream": (
        {"stream": 'Route("/stream", Stream(), methods=["GET"])'},
        "stream: 404. Is there a route",
        "a foreign host is refused Mend the stream first.",
    ),
    "has_no_letter_box": (
        {"messages": ""},
        NO_LETTER,
        "two clients call a tool Mend what takes the letters first.",
    ),
    "has_its_letter_box_elsewhere": (
        {"messages": 'Mount("/post/", transport.handle_post_message)'},
        NO_LETTER,
    ),
    "names_another_path_throughout": (
        {"path": '"/post/"', "messages": 'Mount("/post/", transport.handle_post_message)'},
        NO_LETTER,
    ),
    "makes_a_transport_for_each_stream": (
        {"first": f"transport = SseServerTransport('/messages/', {GAPS['security']})"},
        NO_LETTER,
    ),
    "takes_letters_by_a_route": (
        {"messages": 'Route("/messages/", transport.handle_post_message, methods=["POST"])'},
        "The server's log ends: TypeError: SseServerTransport.handle_post_message() missing 2",
    ),
    "does_not_run_the_server": (
        {"run": "pass"},
        f"answers: TimeoutError: the server did not answer within 5 s. {NOT_SERVED}",
    ),
    "runs_the_server_without_its_options": (
        {"run": "await server.run(read, write)"},
        "The server's log ends: TypeError: Server.run() missing 1 required positional argument",
    ),
    "serves_what_stands_in_the_first_cell": (
        {"returned": "scores.sse_app()"},
        "answers: ['Unknown tool: word_",
    ),
    "runs_another_server": (
        {"run": "await low_level(scores).run(read, write, server.create_initialization_options())"},
        NOT_SERVED,
    ),
    "returns_the_routes": (
        {"returned": "routes"},
        "it has to return a Starlette application.",
    ),
    "hands_over_the_stream_itself": (
        {"stream": 'Route("/sse", Stream, methods=["GET"])'},
        "The server's log ends: TypeError: ",
    ),
}


@pytest.mark.parametrize("wrong", APPS)
def test_an_application_that_lacks_something_is_told(lesson: Exercises, wrong: str):
    gaps, *hints = APPS[wrong]
    lesson.refused("app", APP.format(**GAPS | gaps), *hints)
