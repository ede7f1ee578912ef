"""The large server exposes what the course says of it, in both protocol eras."""

import base64
import json
import math
import re
import struct
import zlib

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.subscriptions import ToolsListChanged
from mcp_types import (
    ElicitResult,
    EmbeddedResource,
    ImageContent,
    PromptReference,
    ResourceLink,
    ResourceTemplateReference,
    TextContent,
    ToolListChangedNotification,
)

from servers.showcase import mcp

both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])


async def call(tool, arguments=None, *, mode="auto", **options):
    async with Client(mcp, mode=mode, **options) as client:
        return await client.call_tool(tool, arguments)


def text(result):
    return "".join(item.text for item in result.content)


@both_eras
@pytest.mark.parametrize(
    ("tool", "a", "b", "printed"),
    [
        ("add", 2, 3, "5"),
        ("add", 2.5, 1, "3.5"),
        ("add", 2.5, 2.5, "5"),
        ("add", 0.1, 0.2, "0.3"),
        ("add", -1.5, 1.5, "0"),
        ("add", 2**53, 1, "9007199254740993"),
        ("subtract", 3, 5, "-2"),
        ("subtract", -0.0, 0, "0"),
        ("multiply", 10**30, 3, "3" + "0" * 30),
        ("multiply", 1e300, 10, "1e+301"),
        ("multiply", 1.1, 3, "3.3"),
        ("divide", 6, 3, "2"),
        ("divide", 7, 2, "3.5"),
        ("divide", 1, 3, "0.3333333333333333"),
        ("divide", 10**40, 10**39, "10"),
    ],
)
async def test_numbers_print_as_a_person_writes_them(mode, tool, a, b, printed):
    result = await call(tool, {"a": a, "b": b}, mode=mode)
    assert not result.is_error
    assert text(result) == printed
    assert json.dumps(result.structured_content) == f'{{"result": {printed}}}'


@both_eras
@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("divide", {"a": 1, "b": 0}, "Cannot divide by zero"),
        ("divide", {"a": 1.5, "b": -0.0}, "Cannot divide by zero"),
        ("multiply", {"a": 10**200, "b": 10**200}, "too large"),
        ("multiply", {"a": 1e200, "b": 1e200}, "too large"),
        ("add", {"a": "2", "b": 3}, "must be a number"),
        ("add", {"a": True, "b": 3}, "must be a number"),
        ("add", {"a": math.inf, "b": 3}, "must be a number, and a finite one"),
        ("add", {"a": None, "b": 3}, "must be a number"),
        ("add", {"a": 2}, "Field required"),
    ],
)
async def test_a_calculation_that_cannot_be_done_is_a_tool_error_that_says_why(
    mode, tool, arguments, reason
):
    result = await call(tool, arguments, mode=mode)
    assert result.is_error
    assert reason in text(result)


@both_eras
async def test_everything_that_a_form_shows_has_a_description(mode):
    async with Client(mcp, mode=mode) as client:
        tools = (await client.list_tools()).tools
        prompts = (await client.list_prompts()).prompts
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
    assert {tool.name for tool in tools} == {
        *("add", "subtract", "multiply", "divide", "search_movies", "recommend_movie"),
        *("slow_count", "rating_report", "unlock_average"),
    }
    assert [prompt.name for prompt in prompts] == ["introduce_china_province", "debug_code"]
    assert [resource.uri for resource in resources] == ["test://hello", "db://test", "db://tables"]
    assert [template.uri_template for template in templates] == [
        "db://tables/{table_name}/data/{limit}",
        "db://tables/{table_name}/schema",
    ]
    arguments = [argument for prompt in prompts for argument in prompt.arguments]
    for item in (*tools, *prompts, *resources, *templates, *arguments):
        assert item.description, item.name
    for tool in tools:
        for schema in (tool.input_schema, *tool.input_schema.get("$defs", {}).values()):
            assert all("description" in field for field in schema["properties"].values())


@both_eras
async def test_the_film_search_takes_every_kind_of_argument_that_a_form_must_handle(mode):
    async with Client(mcp, mode=mode) as client:
        tools = (await client.list_tools()).tools
    [schema] = [tool.input_schema for tool in tools if tool.name == "search_movies"]
    fields = schema["properties"]
    assert schema["required"] == ["query"]
    assert {kind["type"] for kind in fields["min_rating"]["anyOf"]} == {"number", "null"}
    assert len(fields["region"]["enum"]) == 4
    assert (fields["limit"]["type"], fields["limit"]["maximum"]) == ("integer", 50)
    assert fields["sort_by"]["type"] == "array"
    assert fields["descending"]["default"] is True
    assert fields["options"]["$ref"] == "#/$defs/SearchOptions"


@both_eras
async def test_found_films_are_typed_rows(mode):
    result = await call("search_movies", {"query": "徐峥"}, mode=mode)
    [best, *_] = rows = result.structured_content["result"]
    assert [row["rating"] for row in rows] == [8.9, 8.1, 7.5]
    assert best == {
        "movie_name": "我不是药神",
        "rating": 8.9,
        "region": "中国大陆",
        "director": ["文牧野"],
        "main_actors": ["徐峥", "王传君", "周一围", "谭卓", "章宇"],
    }


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"query": "", "limit": 1}, ["鬼子来了"]),
        ({"query": "", "limit": 1, "descending": False}, ["唐人街探案2"]),
        ({"query": "", "min_rating": 8.6}, ["鬼子来了", "我不是药神", "心迷宫"]),
        ({"query": "姜文", "sort_by": ["director", "rating"]}, ["鬼子来了", "邪不压正"]),
        ({"query": "姜文", "sort_by": []}, ["鬼子来了", "邪不压正"]),
        ({"query": "独自"}, ["独自等待"]),
        ({"query": "独自", "options": {"exact": True}}, []),
        ({"query": "独自等待", "options": {"exact": True}}, ["独自等待"]),
        ({"query": "", "region": "中国香港"}, []),
    ],
)
async def test_the_arguments_of_the_film_search_do_what_they_say(arguments, names):
    rows = (await call("search_movies", arguments)).structured_content["result"]
    assert [row["movie_name"] for row in rows] == names


async def test_the_actors_can_be_left_out_of_the_films():
    arguments = {"query": "姜文", "options": {"include_actors": False}}
    rows = (await call("search_movies", arguments)).structured_content["result"]
    assert [row["main_actors"] for row in rows] == [[], []]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 51},
        {"min_rating": 10.5},
        {"region": "somewhere"},
        {"sort_by": ["year"]},
        {"options": {"exact": "perhaps"}},
    ],
)
async def test_a_film_search_out_of_bounds_is_a_tool_error_that_names_the_argument(wrong):
    result = await call("search_movies", {"query": ""} | wrong)
    assert result.is_error
    assert next(iter(wrong)) in text(result)


@both_eras
async def test_the_slow_count_reports_every_step_with_a_message(mode):
    seen = []

    async def note(progress, total, message):
        seen.append((progress, total, message))

    async with Client(mcp, mode=mode) as client:
        result = await client.call_tool(
            "slow_count", {"steps": 3, "step_seconds": 0}, progress_callback=note
        )
    assert seen == [(n, 3, f"counted {n} of 3") for n in (1, 2, 3)]
    assert result.structured_content == {"result": 3}


@both_eras
async def test_a_cancelled_count_stops_on_the_server(mode, caplog):
    caplog.set_level("INFO", logger="servers.showcase")
    async with Client(mcp, mode=mode) as client, anyio.create_task_group() as calls:

        async def leave(progress, total, message):
            if progress == 2:
                calls.cancel_scope.cancel()

        arguments = {"steps": 1000, "step_seconds": 0.01}
        await client.call_tool("slow_count", arguments, progress_callback=leave)
    assert re.search(r"cancelled at step [23] of 1000", caplog.text)


@both_eras
async def test_the_report_holds_text_an_image_a_resource_and_a_link(mode):
    async with Client(mcp, mode=mode) as client:
        words, image, embedded, link = (await client.call_tool("rating_report")).content
        [columns] = (await client.read_resource(embedded.resource.uri)).contents
        [rows] = (await client.read_resource(link.uri)).contents
    assert isinstance(words, TextContent)
    assert words.text == "20 films, rated 6.7 to 9.2."
    assert isinstance(image, ImageContent)
    assert image.mime_type == "image/png"
    assert isinstance(embedded, EmbeddedResource)
    assert embedded.resource.text == columns.text
    assert isinstance(link, ResourceLink)
    assert len(json.loads(rows.text)) == 20
    assert pixels_of(base64.b64decode(image.data)) == (320, 120)


def pixels_of(png):
    """Check every chunk of a PNG file and the amount of its pixels; give its width and height."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, rest = {}, png[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, data = rest[4:8], rest[8 : 8 + length]
        (checksum,) = struct.unpack(">I", rest[8 + length : 12 + length])
        assert checksum == zlib.crc32(kind + data)
        chunks[kind], rest = data, rest[12 + length :]
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (width + 1)
    return width, height


@both_eras
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (ElicitResult(action="accept", content={"min_rating": 8}), "我不是药神, rated 8.9"),
        (ElicitResult(action="accept", content={"min_rating": 9.5}), "rated 9.5 or more"),
        (
            ElicitResult(action="accept", content={"min_rating": 8, "name_actors": True}),
            "我不是药神, rated 8.9, with 徐峥, 王传君",
        ),
        (ElicitResult(action="decline"), "decline"),
        (ElicitResult(action="cancel"), "cancel"),
    ],
)
async def test_the_recommendation_asks_the_user_and_heeds_the_answer(mode, answer, outcome):
    asked = []

    async def respond(context, params):
        asked.append(params)
        return answer

    result = await call(
        "recommend_movie", {"actor": "徐峥"}, mode=mode, elicitation_callback=respond
    )
    [question] = asked
    assert "徐峥" in question.message
    assert set(question.requested_schema["properties"]) == {"min_rating", "name_actors"}
    assert not result.is_error
    assert outcome in text(result)


@both_eras
async def test_nobody_is_asked_about_an_actor_without_films(mode):
    async def respond(context, params):
        raise AssertionError("asked all the same")

    result = await call(
        "recommend_movie", {"actor": "nobody"}, mode=mode, elicitation_callback=respond
    )
    assert result.is_error
    assert "There is no film with 'nobody'" in text(result)


@both_eras
async def test_a_client_that_cannot_ask_its_user_is_told_so(mode):
    async with Client(mcp, mode=mode) as client:
        with pytest.raises(MCPError, match="elicitation") as caught:
            await client.call_tool("recommend_movie", {"actor": "徐峥"})
    assert caught.value.error.code == -32021


async def unlock_and_lock(client, noticed):
    """Unlock the tool and lock it again, waiting for both notices; give the lists between."""
    names = []
    for unlocked in (True, False):
        await client.call_tool("unlock_average", {"unlocked": unlocked})
        await noticed()
        names.append({tool.name for tool in (await client.list_tools()).tools})
        result = await client.call_tool("average", {"numbers": [1, 2, 4.5]})
        assert (text(result) == "2.5") is unlocked
    return names


async def test_an_unlocked_tool_is_announced_to_clients_that_listen():
    async with Client(mcp) as client, client.listen(tools_list_changed=True) as events:

        async def noticed():
            with anyio.fail_after(5):
                assert isinstance(await anext(aiter(events)), ToolsListChanged)

        with_it, without_it = await unlock_and_lock(client, noticed)
    assert with_it - without_it == {"average"}


async def test_an_unlocked_tool_is_announced_to_clients_of_the_earlier_protocol():
    send, receive = anyio.create_memory_object_stream(100)

    async def hear(message):
        if isinstance(message, ToolListChangedNotification):
            await send.send(message)

    async def noticed():
        with anyio.fail_after(5):
            await receive.receive()

    async with send, receive, Client(mcp, mode="legacy", message_handler=hear) as client:
        with_it, without_it = await unlock_and_lock(client, noticed)
    assert with_it - without_it == {"average"}


@both_eras
async def test_the_province_prompt_asks_for_four_sections_in_order(mode):
    async with Client(mcp, mode=mode) as client:
        result = await client.get_prompt("introduce_china_province", {"province": "广东省"})
    [message] = result.messages
    assert message.role == "user"
    words = message.content.text
    parts = ["广东省", "history", "human geography and customs", "economy", "travel advice"]
    positions = [words.index(part) for part in parts]
    assert positions == sorted(positions)


@both_eras
async def test_the_debugging_prompt_is_a_conversation(mode):
    arguments = {"code": "1 / 0", "error_message": "ZeroDivisionError"}
    async with Client(mcp, mode=mode) as client:
        messages = (await client.get_prompt("debug_code", arguments)).messages
    assert [message.role for message in messages] == ["user", "user", "assistant", "user"]
    assert "1 / 0" in messages[0].content.text
    assert "ZeroDivisionError" in messages[1].content.text


@both_eras
async def test_the_greeting_can_be_read(mode):
    async with Client(mcp, mode=mode) as client:
        [content] = (await client.read_resource("test://hello")).contents
    assert content.text == "Hello from the showcase server!"


@both_eras
@pytest.mark.parametrize(
    ("reference", "argument", "typed", "values"),
    [
        (
            ResourceTemplateReference(uri="db://tables/{table_name}/schema"),
            *("table_name", "chinese_"),
            ["chinese_provinces", "chinese_movie_ratings"],
        ),
        (
            ResourceTemplateReference(uri="db://tables/{table_name}/data/{limit}"),
            *("table_name", "chinese_m"),
            ["chinese_movie_ratings"],
        ),
        (
            PromptReference(name="introduce_china_province"),
            *("province", "广"),
            ["广东省", "广西壮族自治区"],
        ),
        (PromptReference(name="introduce_china_province"), "province", "%", []),
        (PromptReference(name="debug_code"), "code", "", []),
    ],
)
async def test_arguments_are_completed_from_how_they_begin(
    mode, reference, argument, typed, values
):
    async with Client(mcp, mode=mode) as client:
        result = await client.complete(reference, {"name": argument, "value": typed})
    assert result.completion.values == values


async def test_all_provinces_are_offered_before_anything_is_typed():
    async with Client(mcp) as client:
        result = await client.complete(
            PromptReference(name="introduce_china_province"), {"name": "province", "value": ""}
        )
    assert len(result.completion.values) == 34
