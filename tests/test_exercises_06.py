"""The exercises of lesson 06: what is right passes, what is wrong is told what to do."""

from __future__ import annotations

import pytest

from tests.exercises import (  # noqa: F401 - what all lessons share is found here by pytest
    Exercises,
    opened_lesson,
    passes,
    pytest_generate_tests,
    test_another_solution_passes,
    test_the_solution_passes,
    test_what_is_not_written_yet_is_told_so,
)

NAME = "06_streamable_http"
OTHERS = {
    "treasure": """
from helpers import keep_open

async def treasure_of(url, token):
    http = await keep_open(httpx2.AsyncClient(headers={"authorization": "bearer " + token}))
    client = await connect(streamable_http_client(url, http_client=http), mode="legacy")
    answer = await client.call_tool("treasure", {})
    await close(client)
    await close(http)
    return answer.content[0].text
""",
    "sums": """
async def sums_around_a_restart(service):
    async with Client(service.url) as client:
        first = await client.call_tool("add", {"a": 1, "b": 2})
        service.restart()
        second = await client.call_tool("add", {"a": 3, "b": 4})
    return [int(first.content[0].text), int(second.content[0].text)]
""",
    "rule": """
async def told(url, mode, tool):
    async def rule(context, params):
        content = {}
        for name, field in params.requested_schema["properties"].items():
            if field["type"] not in {"integer", "number"}:
                return ElicitResult(action="decline")
            content[name] = 8
        return ElicitResult(action="accept", content=content)

    client = await connect(url, mode=mode, elicitation_callback=rule)
    try:
        return (await client.call_tool(tool, {})).content[0].text
    finally:
        await close(client)
""",
}


WITH_HEADERS = """
async def treasure_of(url, token):
    async with httpx2.AsyncClient(headers={headers}) as http:
        async with Client(streamable_http_client({url}, http_client=http)) as client:
            result = await client.call_tool({tool})
    return {returned}
"""
HEADERS = {
    "headers": '{"Authorization": f"Bearer {token}"}',
    "url": "url",
    "tool": '"treasure"',
    "returned": "result.content[0].text",
}
WANTS_A_TOKEN = (
    "Server returned an error response. The server wants a token: the header Authorization has to "
    "say `Bearer` and then the token, in every request."
)
TREASURE = {
    "the_token_in_the_address": (
        {"headers": "{}", "url": 'f"{url}?token={token}"'},
        WANTS_A_TOKEN,
    ),
    "no_scheme": ({"headers": '{"Authorization": token}'}, WANTS_A_TOKEN),
    "another_scheme": ({"headers": '{"Authorization": f"Basic {token}"}'}, WANTS_A_TOKEN),
    "another_header": ({"headers": '{"Token": f"Bearer {token}"}'}, WANTS_A_TOKEN),
    "one_token_always": (
        {"headers": '{"Authorization": "Bearer open sesame"}'},
        WANTS_A_TOKEN,
    ),
    "the_result_itself": ({"returned": "result"}, ": CallToolResult, not str."),
    "the_token_as_an_argument": (
        {"headers": "{}", "tool": '"treasure", {"token": token}'},
        WANTS_A_TOKEN,
    ),
}


@pytest.mark.parametrize("wrong", TREASURE)
def test_a_token_that_is_not_shown_is_told(lesson: Exercises, wrong: str):
    gaps, hint = TREASURE[wrong]
    lesson.refused("treasure", WITH_HEADERS.format(**HEADERS | gaps), hint)


def test_a_token_handed_to_the_wrong_client_is_told(lesson: Exercises):
    answer = """
async def treasure_of(url, token):
    async with Client(url) as client:
        result = await client.call_tool("treasure")
    return result.content[0].text
"""
    lesson.refused("treasure", answer, WANTS_A_TOKEN)


KNOWN = {
    "first_older": "initialize",
    "first_newer": "server/discover",
    "id_from": "server",
    "id_header": "mcp-session-id",
    "verb_at_the_end": "DELETE",
    "listens_newer": False,
    "tool_header": "mcp-name",
    "restart_older": "fails",
    "restart_newer": "works",
}
MISTAKEN = {
    "first_older": ("tools/call", "'tools/call' is not it: it begins the handshake:"),
    "first_newer": ("initialize", "'initialize' is not it: it asks what the server is"),
    "id_from": ("client", "'client' is not it: is there an id in the first request"),
    "id_header": ("mcp-protocol-version", "is not it: it is in every row of the first table but"),
    "verb_at_the_end": ("POST", "'POST' is not it: look at the last row of the first table."),
    "listens_newer": (True, "True is not it: look for it in the column of verbs"),
    "tool_header": ("mcp-method", "'mcp-method' is not it: in which column stands `add`?"),
    "restart_older": (..., "fill in 'restart_older': the server knows its sessions by heart"),
    "restart_newer": ("fails", "'fails' is not it: what would the server have to remember"),
}


@pytest.mark.parametrize("names", [["id_from"], ["restart_newer"], list(MISTAKEN)], ids=len)
def test_mistaking_the_eras_is_told_where_to_look(lesson: Exercises, names: list[str]):
    known = KNOWN | {name: MISTAKEN[name][0] for name in names}
    answer = f"def two_eras():\n    return {known!r}".replace("Ellipsis", "...")
    lesson.refused("eras", answer, *[MISTAKEN[name][1] for name in names])


SUMS = """
async def sums_around_a_restart(service):
    client = await connect(service.url{mode})
    first = await client.call_tool("add", {{"a": 1, "b": 2}})
    service.restart()
    {after}
    second = await client.call_tool("add", {{"a": 3, "b": 4}})
    await close(client)
    return [result.{value} for result in (first, second)]
"""
VALUE = 'structured_content["result"]'
LEGACY = ', mode="legacy"'
NEWEST = ', mode="2026-07-28"'
SUM = {
    "is_the_broken_one": (
        {"mode": LEGACY, "after": "await client.send_ping()", "value": VALUE},
        "it raised MCPError in line 5 of its cell: Session not found",
    ),
    "loses_the_ping_alone": (
        {"mode": LEGACY, "after": "", "value": VALUE},
        "it raised MCPError in line 6 of its cell: Session not found",
    ),
    "pings_in_the_newer_era": (
        {"mode": "", "after": "await client.send_ping()", "value": VALUE},
        "the newer era has no ping. Leave it out: call the tool.",
    ),
    "catches_the_ping": (
        {
            "mode": "",
            "after": "\n    try: await client.send_ping()\n    except MCPError: pass",
            "value": VALUE,
        },
        "the newer era has no ping. Leave it out: call the tool.",
    ),
    "shakes_hands_again": (
        {
            "mode": LEGACY,
            "after": "await close(client); client = await connect(service.url, mode='legacy')",
            "value": VALUE,
        },
        "your client shook hands, so it has a session, and a restart loses it.",
    ),
    "connects_twice": (
        {
            "mode": "",
            "after": "await close(client); client = await connect(service.url)",
            "value": VALUE,
        },
        "connect once, and use this connection before and after.",
    ),
    "connects_twice_without_asking_for_the_era": (
        {
            "mode": NEWEST,
            "after": f"await close(client); client = await connect(service.url{NEWEST})",
            "value": VALUE,
        },
        "connect once, and use this connection before and after.",
    ),
    "returns_texts": (
        {"mode": "", "after": "", "value": "content[0].text"},
        "it returned ['3', '7'] where [3, 7] is right.",
    ),
}


def test_a_client_that_names_the_newer_era_passes(lesson: Exercises):
    gaps = {"mode": NEWEST, "after": "", "value": VALUE}
    assert passes(lesson.answered("sums", SUMS.format(**gaps)))


RESTARTED = """
async def sums_around_a_restart(service):
    async with Client(service.url) as client:
        {before}
        first = await client.call_tool("add", {{"a": 1, "b": 2}})
        {between}
        second = await client.call_tool("add", {{"a": 3, "b": 4}})
        {after}
    return [result.structured_content["result"] for result in (first, second)]
"""
RESTART = "service.restart()"
GAPS = dict.fromkeys(["before", "between", "after"], "pass")
RESTARTS = {
    "never": {},
    "too_early": {"before": RESTART},
    "too_late": {"after": RESTART},
    "twice": {"between": f"{RESTART}; {RESTART}"},
}


@pytest.mark.parametrize("when", RESTARTS)
def test_a_restart_that_is_not_between_the_calls_is_told(lesson: Exercises, when: str):
    answer = RESTARTED.format(**GAPS | RESTARTS[when])
    hint = "your function has to call `service.restart()` once, between the two calls of `add`."
    lesson.refused("sums", answer, hint)


@pytest.mark.parametrize("wrong", SUM)
def test_a_client_that_does_not_survive_a_restart_is_told(lesson: Exercises, wrong: str):
    gaps, hint = SUM[wrong]
    lesson.refused("sums", SUMS.format(**gaps), hint)


RULE = """
async def told(url, mode, tool):
    async def answer(context, params):
        fields = params.requested_schema["properties"]
        {rule}

    async with Client(url{mode}{callback}) as client:
        result = await client.call_tool(tool)
    return result.content[0].text
"""
ACCEPT = 'return ElicitResult(action="accept", content={content})'
DECLINE = 'return ElicitResult(action="decline")'
EIGHTS = ACCEPT.format(content="dict.fromkeys(fields, 8)")
ONE_FIELD = ACCEPT.format(content='{"min_rating": 8}')
NUMBERS = 'all(field["type"] in ("number", "integer") for field in fields.values())'
RULE_GAPS = {
    "rule": f"if {NUMBERS}: {EIGHTS}\n        {DECLINE}",
    "mode": ", mode=mode",
    "callback": ", elicitation_callback=answer",
}
RULES = {
    "accepts_everything": (
        {"rule": EIGHTS},
        "It was asked for a text: decline.",
    ),
    "declines_everything": (
        {"rule": DECLINE},
        "it returned 'decline'. It was asked for one number: accept, and say 8.",
    ),
    "looks_at_one_field_alone": (
        {
            "rule": f'if next(iter(fields.values()))["type"] != "string": {EIGHTS}\n'
            f"        {DECLINE}"
        },
        "One of the two fields was a text: decline.",
    ),
    "looks_for_one_number": (
        {
            "rule": f'if any(f["type"] != "string" for f in fields.values()): {EIGHTS}\n'
            f"        {DECLINE}"
        },
        "One of the two fields was a text: decline.",
    ),
    "knows_one_field": (
        {"rule": f"if {NUMBERS}: {ONE_FIELD}\n        {DECLINE}"},
        "It was asked for an integer and a number, by their names: accept, and say 8 for each.",
    ),
    "takes_an_integer_for_no_number": (
        {"rule": RULE_GAPS["rule"].replace('in ("number", "integer")', '== "number"')},
        "it returned 'decline'. It was asked for an integer and a number, by their names: accept,",
    ),
    "cancels": (
        {"rule": f'if {NUMBERS}: {EIGHTS}\n        return ElicitResult(action="cancel")'},
        "it returned 'cancel'. It was asked for a text: decline.",
    ),
    "has_no_callback": (
        {"callback": ""},
        "Client did not declare the form elicitation capability",
    ),
    "speaks_the_newer_era_always": (
        {"mode": ""},
        "this was the newer era: hand `mode` to the client.",
    ),
    "speaks_the_older_era_always": (
        {"mode": ', mode="legacy"'},
        "this was the older era: hand `mode` to the client.",
    ),
    "says_a_text": (
        {"rule": ACCEPT.format(content='dict.fromkeys(fields, "eight")')},
        "It was asked for one number: accept, and say 8.",
    ),
}


@pytest.mark.parametrize("wrong", RULES)
def test_an_answer_against_the_rule_is_told(lesson: Exercises, wrong: str):
    gaps, hint = RULES[wrong]
    lesson.refused("rule", RULE.format(**RULE_GAPS | gaps), hint)
