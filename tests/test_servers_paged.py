"""The low-level server hands out its lists in pages."""

import pytest
from mcp import Client, MCPError

from servers.paged import server
from tests.server_process import over_stdio, run

both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])


async def pages(ask):
    page = await ask()
    found = [page]
    while page.next_cursor is not None:
        page = await ask(cursor=page.next_cursor)
        found.append(page)
    return found


@both_eras
async def test_following_the_cursors_gives_every_item_once_ten_a_page(mode):
    async with Client(server, mode=mode) as client:
        tools = [page.tools for page in await pages(client.list_tools)]
        resources = [page.resources for page in await pages(client.list_resources)]
    for found in (tools, resources):
        assert [len(page) for page in found] == [10, 10, 5]
        assert len({item.name for page in found for item in page}) == 25
    assert all(tool.description for page in tools for tool in page)


@both_eras
@pytest.mark.parametrize("cursor", ["", "0", "10", "page-0", "page-4", "x" * 10_000])
async def test_a_cursor_that_was_not_handed_out_is_invalid(mode, cursor):
    async with Client(server, mode=mode) as client:
        for ask in (client.list_tools, client.list_resources):
            with pytest.raises(MCPError, match="unknown cursor") as caught:
                await ask(cursor=cursor)
            assert caught.value.error.code == -32602


async def test_over_stdio_items_of_the_last_page_can_be_used():
    async with Client(over_stdio("paged")) as client:
        [*_, last_tools] = await pages(client.list_tools)
        [*_, last_resources] = await pages(client.list_resources)
        result = await client.call_tool(last_tools.tools[-1].name)
        [content] = (await client.read_resource(last_resources.resources[-1].uri)).contents
        unknown = await client.call_tool("tool_26")
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource("page://item/26")
    assert [item.text for item in result.content] == ["25"]
    assert content.text == "This is item_25."
    assert unknown.is_error


def test_help_says_what_the_paged_server_is_for():
    shown = run("paged", "--help")
    assert shown.returncode == 0
    assert "pages" in shown.stdout
