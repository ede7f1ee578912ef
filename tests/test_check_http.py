"""What a check sees over HTTP, and stand-ins that are more than one server at one time."""

from __future__ import annotations

import asyncio

import pytest
from mcp import Client, StdioServerParameters
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.types import Tool

from helpers import check, connect
from tests.places import ODD_SERVER

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")
HERE = "http://127.0.0.1"


class Nobody:
    async def verify_token(self, token: str) -> AccessToken | None:
        return None


def counting() -> MCPServer:
    mcp = MCPServer("counting", log_level="WARNING")
    mcp.add_tool(lambda a, b: a + b, name="add", description="")
    return mcp


async def adds(client: Client, a: int, b: int) -> int:
    return int((await client.call_tool("add", {"a": a, "b": b})).content[0].text)


async def test_a_token_that_is_missing_is_told_and_not_taken_for_another_transport(capsys):
    settings = AuthSettings(
        issuer_url=HERE, resource_server_url=HERE, validate_token_resource=False
    )
    mcp = MCPServer("guarded", log_level="WARNING", token_verifier=Nobody(), auth=settings)

    async def without(url):
        async with Client(url) as client:
            await client.list_tools()

    with pytest.raises(AssertionError, match=r"error response\. The server wants a token"):
        await check.task(without, check.url(mcp, "streamable-http"), criteria=[])
    assert "another transport" not in capsys.readouterr().out


async def test_another_transport_is_told():
    async def over_http(url):
        async with Client(url) as client:
            await client.list_tools()

    with pytest.raises(AssertionError, match=r"Is there another transport at this URL\?"):
        await check.task(over_http, check.url(counting()), criteria=[])


@pytest.mark.parametrize(("mode", "error"), [("auto", ""), ("legacy", "Session not found")])
async def test_a_service_forgets_its_sessions_when_it_is_restarted(capsys, mode, error):
    async def goes_on(service):
        client = await connect(service.url, mode=mode)
        first = await adds(client, 1, 2)
        service.restart()
        return first, await adds(client, 3, 4)

    criteria = [check.calls("add", {"a": 1, "b": 2}), check.calls("add", {"a": 3, "b": 4})]
    if not error:
        await check.task(
            goes_on, check.service(counting()), criteria=[*criteria, check.returns((3, 7))]
        )
        return
    with pytest.raises(AssertionError, match=error):
        await check.task(goes_on, check.service(counting()), criteria=criteria)


async def test_several_stand_ins_are_one_dictionary_and_one_record(capsys):
    async def both(servers):
        parameters, url = servers["a"], servers["b"]
        assert isinstance(parameters, StdioServerParameters)
        clients = await asyncio.gather(connect(parameters), connect(url))
        return [await adds(client, 1, number) for number, client in enumerate(clients)]

    servers = check.several(a=check.stdio(ODD_SERVER), b=check.url(counting(), "streamable-http"))
    await check.task(
        both,
        servers,
        criteria=[
            check.calls("add", {"a": 1, "b": 0}, times=1),
            check.calls("add", {"a": 1, "b": 1}, times=1),
            check.returns([1, 2]),
        ],
    )
    assert capsys.readouterr().out.startswith("both({a, b})\n")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_a_server_object_needs_no_process(capsys, mode):
    criteria = [check.calls("add", {"a": 1, "b": 2}, times=1), check.returns(3)]
    await check.task(adds, check.client(counting(), mode=mode), 1, 2, criteria=criteria)
    assert capsys.readouterr().out.startswith("adds(a client of counting, 1, 2)\n")


async def test_one_server_can_have_several_clients():
    async def both(clients):
        return [await adds(client, 1, number) for number, client in enumerate(clients.values())]

    server = counting()
    clients = check.several(a=check.client(server), b=check.client(server))
    await check.task(both, clients, criteria=[check.returns([1, 2])])


async def test_a_function_among_the_arguments_is_shown_by_its_name(capsys):
    async def calls(function):
        return await function()

    async def three():
        return 3

    await check.task(calls, three, criteria=[check.returns(3)])
    assert capsys.readouterr().out.startswith("calls(three)\n")


async def test_a_list_of_models_is_shown_by_their_kind_and_number(capsys):
    async def counts(tools):
        return len(tools)

    tools = [Tool(name=name, input_schema={"type": "object"}) for name in ("a", "b")]
    await check.task(counts, tools, criteria=[check.returns(2)])
    assert capsys.readouterr().out.startswith("counts([2 × Tool])\n")


async def test_messages_without_a_connection_are_judged_though_the_function_failed(capsys):
    async def fails(url):
        async with Client(url) as client:
            await client.list_prompts()
            raise LookupError("on the way")

    criteria = [check.never_sends("prompts/list", "it lists the prompts.")]
    with pytest.raises(AssertionError, match="it raised LookupError"):
        await check.task(fails, check.url(counting(), "streamable-http"), criteria=criteria)
    assert "it lists the prompts." in capsys.readouterr().out
