"""The exercises of lesson 04: what is right passes, what is wrong is told what to do."""

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

NAME = "04_prompts_and_resources"
BY_HEART = {"the_minimums_that_are_shown"}  # right wherever learners can see it, and nowhere else
OTHERS = {
    "all-tools": """
async def all_tools(client):
    names, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        names.extend(tool.name for tool in page.tools)
        cursor = page.next_cursor
        if cursor is None:
            return names
""",
    "best-films": """
import json

async def best_films(client, minimum):
    result = await client.read_resource("db://tables/chinese_movie_ratings/data/1000")
    films = pd.DataFrame(json.loads(result.contents[0].text))[["movie_name", "rating"]]
    films["rating"] = films["rating"].astype(float)
    return films.query("rating >= @minimum").nlargest(20, "rating", keep="all")
""",
    "impatient": """
import asyncio

async def impatient(client, steps, seconds):
    task = asyncio.create_task(client.call_tool("slow_count", {"steps": steps}))
    await asyncio.wait([task], timeout=seconds)
    if task.done():
        return int(task.result().content[0].text)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return None
""",
}


ALL_TOOLS = {
    "the_first_page_alone": (
        "no request had the cursor 'page-2'. Does each request have the cursor of the page before?",
        """
async def all_tools(client):
    return [tool.name for tool in (await client.list_tools()).tools]
""",
    ),
    "two_pages_alone": (
        "no request had the cursor 'page-3'. Does each request have the cursor of the page before?",
        """
async def all_tools(client):
    page = await client.list_tools()
    tools = list(page.tools)
    if page.next_cursor:
        tools += (await client.list_tools(cursor=page.next_cursor)).tools
    return [tool.name for tool in tools]
""",
    ),
    "the_last_page_alone": (
        "it returned ['tool_21', 'tool_22', 'tool_23', 'tool_24', 'tool_25'] where",
        """
async def all_tools(client):
    page = await client.list_tools()
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
    return [tool.name for tool in page.tools]
""",
    ),
    "the_second_page_for_ever": (
        "`all_tools` did not return within 4 seconds.",
        """
async def all_tools(client):
    page = await client.list_tools()
    tools, cursor = list(page.tools), page.next_cursor
    while cursor:
        tools += (await client.list_tools(cursor=cursor)).tools
    return [tool.name for tool in tools]
""",
    ),
    "one_page_more": (
        "your client sent tools/list 4 times where 3 times is right.",
        """
async def all_tools(client):
    page = await client.list_tools()
    names = [tool.name for tool in page.tools]
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        names += [tool.name for tool in page.tools]
    await client.list_tools(cursor=page.next_cursor)
    return names
""",
    ),
    "pages_of_one_server": (
        "this server has one page, so one request is right. "
        "Ask for another page when `next_cursor` says that there is one.",
        """
async def all_tools(client):
    names = []
    for cursor in (None, "page-2", "page-3"):
        page = await client.list_tools(cursor=cursor)
        names += [tool.name for tool in page.tools]
    return names
""",
    ),
}


THE_FIRST_PAGE_FOR_EVER = """
async def all_tools(client):
    page = await client.list_tools()
    tools = list(page.tools)
    while page.next_cursor:
        page = await client.list_tools()
        tools += page.tools
    return [tool.name for tool in tools]
"""


def test_asking_for_the_first_page_for_ever_is_told_of_the_cursor(lesson: Exercises):
    hint = "Does each request have the cursor of the page before?"
    lesson.refused("all-tools", THE_FIRST_PAGE_FOR_EVER, hint, seconds=4)


@pytest.mark.parametrize("wrong", ALL_TOOLS)
def test_losing_pages_is_told(lesson: Exercises, wrong: str):
    hint, answer = ALL_TOOLS[wrong]
    lesson.refused("all-tools", answer, hint, seconds=4 if "within 4" in hint else 15)


EXECUTE_TOOL = {
    "is_the_broken_one": (
        "no ToolFailed came out of it: it returned 'Error executing tool divide: Cannot divide",
        """
async def execute_tool(client, name, arguments):
    try:
        result = await client.call_tool(name, arguments)
        return result.content[0].text
    except Exception as error:
        return f"Error: {error}"
""",
    ),
    "catches_what_it_raises": (
        "no ToolFailed came out of it: it returned 'Error: Error executing tool divide",
        """
async def execute_tool(client, name, arguments):
    try:
        result = await client.call_tool(name, arguments)
        if result.is_error:
            raise ToolFailed(result.content[0].text)
        return result.content[0].text
    except Exception as error:
        return f"Error: {error}"
""",
    ),
    "hides_the_protocols_errors": (
        'no MCPError came out of it: it returned "Error: Client did not declare',
        """
async def execute_tool(client, name, arguments):
    try:
        result = await client.call_tool(name, arguments)
    except MCPError as error:
        return f"Error: {error}"
    if result.is_error:
        raise ToolFailed(result.content[0].text)
    return result.content[0].text
""",
    ),
    "makes_one_error_of_both": (
        "it raised ToolFailed where MCPError is right.",
        """
async def execute_tool(client, name, arguments):
    try:
        result = await client.call_tool(name, arguments)
    except MCPError as error:
        raise ToolFailed(str(error)) from error
    if result.is_error:
        raise ToolFailed(result.content[0].text)
    return result.content[0].text
""",
    ),
    "says_nothing_of_the_reason": (
        "its error does not say 'zero' but 'divide'.",
        """
async def execute_tool(client, name, arguments):
    result = await client.call_tool(name, arguments)
    if result.is_error:
        raise ToolFailed(name)
    return result.content[0].text
""",
    ),
    "returns_the_result": (
        "it returned CallToolResult(",
        """
async def execute_tool(client, name, arguments):
    result = await client.call_tool(name, arguments)
    if result.is_error:
        raise ToolFailed(result.content[0].text)
    return result
""",
    ),
}


@pytest.mark.parametrize("wrong", EXECUTE_TOOL)
def test_an_error_that_gets_lost_is_told(lesson: Exercises, wrong: str):
    hint, answer = EXECUTE_TOOL[wrong]
    lesson.refused("execute-tool", answer, hint)


READ = """
async def best_films(client, minimum):
    result = await client.read_resource("db://tables/chinese_movie_ratings/data/{rows}")
    films = to_frame(result{numeric})
"""
NUMERIC = ', numeric="rating"'
BEST_FILMS = {
    "text_is_compared_with_a_number": (
        "The ratings are text until you say `numeric=`.",
        READ.format(rows=20, numeric="")
        + """
    return films[films["rating"] >= minimum][["movie_name", "rating"]]
""",
    ),
    "ratings_stay_text": (
        "its ratings are text. Say so: `to_frame(result, numeric=...)`.",
        READ.format(rows=20, numeric="")
        + """
    good = films[films["rating"] >= str(minimum)].sort_values("rating", ascending=False)
    return good[["movie_name", "rating"]]
""",
    ),
    "too_few_rows": (
        "its ratings are [8.9]. Which films are rated 8.6 or more? Did you read all 20 rows?",
        READ.format(rows=5, numeric=NUMERIC)
        + """
    good = films[films["rating"] >= minimum].sort_values("rating", ascending=False)
    return good[["movie_name", "rating"]]
""",
    ),
    "more_than_and_not_at_least": (
        "its ratings are [9.2, 8.9]. Which films are rated 8.6 or more?",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    good = films[films["rating"] > minimum].sort_values("rating", ascending=False)
    return good[["movie_name", "rating"]]
""",
    ),
    "the_best_last": (
        "its ratings are [8.6, 8.9, 9.2]: the best one comes first.",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    return films[films["rating"] >= minimum].sort_values("rating")[["movie_name", "rating"]]
""",
    ),
    "ratings_sorted_apart_from_the_names": (
        "the table has '我不是药神' with 8.9, and no row of yours says so. Choose and sort whole",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    good = films[films["rating"] >= minimum]
    ratings = good["rating"].sort_values(ascending=False).to_list()
    return pd.DataFrame({"movie_name": good["movie_name"].to_list(), "rating": ratings})
""",
    ),
    "names_that_are_made_up": (
        "the table has '我不是药神' with 8.9, and no row of yours says so.",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    good = films[films["rating"] >= minimum].sort_values("rating", ascending=False)
    return good.assign(movie_name="a film")[["movie_name", "rating"]]
""",
    ),
    "every_column": (
        "choose two of them, in the right order.",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    return films[films["rating"] >= minimum].sort_values("rating", ascending=False)
""",
    ),
    "a_list": (
        "it returned a list. A DataFrame is asked for.",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    return films[films["rating"] >= minimum]["movie_name"].to_list()
""",
    ),
    "a_tool_in_place_of_the_table": (
        "your client never sent resources/read: `await client.read_resource(uri)` sends it.",
        """
async def best_films(client, minimum):
    found = await client.call_tool("search_movies", {"query": "", "min_rating": minimum})
    return to_frame(found).sort_values("rating", ascending=False)[["movie_name", "rating"]]
""",
    ),
    "the_best_three_always": (
        "its ratings are [9.2, 8.9, 8.6]. Which films are rated 8.4 or more?",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    good = films.sort_values("rating", ascending=False)
    return good[["movie_name", "rating"]].head(3)
""",
    ),
    "the_minimums_that_are_shown": (
        "Which films are rated 8 or more?",
        READ.format(rows=20, numeric=NUMERIC)
        + """
    return films.nlargest(3 if minimum == 8.6 else 6, "rating")[["movie_name", "rating"]]
""",
    ),
}


@pytest.mark.parametrize("wrong", BEST_FILMS)
def test_a_frame_that_is_not_the_one_is_told(lesson: Exercises, wrong: str):
    hint, answer = BEST_FILMS[wrong]
    lesson.refused("best-films", answer, hint, hidden=wrong in BY_HEART)


IMPATIENT = {
    "waits_for_ever": (
        "None is right here: the answer takes longer than 0.5 seconds. "
        "`read_timeout_seconds=` limits a call.",
        """
async def impatient(client, steps, seconds):
    return (await client.call_tool("slow_count", {"steps": steps})).structured_content["result"]
""",
    ),
    "lets_the_timeout_out": (
        "it raised MCPError in line 2 of its cell: ",
        """
async def impatient(client, steps, seconds):
    counted = await client.call_tool("slow_count", {"steps": steps}, read_timeout_seconds=seconds)
    return counted.structured_content["result"]
""",
    ),
    "takes_every_error_for_a_timeout": (
        "this was no timeout: let the error out unless its `code` is `REQUEST_TIMEOUT`.",
        """
async def impatient(client, steps, seconds):
    arguments = {"steps": steps}
    try:
        counted = await client.call_tool("slow_count", arguments, read_timeout_seconds=seconds)
    except MCPError:
        return None
    return counted.structured_content["result"]
""",
    ),
    "leaves_the_call_running": (
        "your client never sent notifications/cancelled: the SDK sends it when you cancel the task",
        """
import asyncio

async def impatient(client, steps, seconds):
    task = asyncio.create_task(client.call_tool("slow_count", {"steps": steps}))
    done, _ = await asyncio.wait([task], timeout=seconds)
    return task.result().structured_content["result"] if done else None
""",
    ),
    "cancels_always": (
        "it returned None: NoneType, not int.",
        """
import asyncio

async def impatient(client, steps, seconds):
    task = asyncio.create_task(client.call_tool("slow_count", {"steps": steps}))
    await asyncio.sleep(0.1)
    task.cancel()
""",
    ),
    "returns_the_text": (
        "it returned '3': str, not int.",
        """
async def impatient(client, steps, seconds):
    arguments = {"steps": steps}
    try:
        counted = await client.call_tool("slow_count", arguments, read_timeout_seconds=seconds)
    except MCPError:
        return None
    return counted.content[0].text
""",
    ),
    "does_not_call_at_all": (
        "your client never sent tools/call",
        """
async def impatient(client, steps, seconds):
    return steps if steps * 0.1 <= seconds else None
""",
    ),
}


@pytest.mark.parametrize("wrong", IMPATIENT)
def test_waiting_wrongly_is_told(lesson: Exercises, wrong: str):
    hint, answer = IMPATIENT[wrong]
    lesson.refused("impatient", answer, hint)
