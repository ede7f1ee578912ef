"""The exercises of lesson 07: what is right passes, what is wrong is told what to do."""

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

NAME = "07_many_servers"
OTHERS = {
    "all-tools": """
async def all_tools(clients):
    frames = []
    for server, client in clients.items():
        cursor, tools = None, []
        while True:
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools:
                count = len(tool.input_schema.get("properties") or {})
                tools.append({"tool": tool.name, "arguments": count})
            if not (cursor := page.next_cursor):
                break
        frames.append(pd.DataFrame(tools))
        frames[-1].insert(0, "server", server)
    return pd.concat(frames, ignore_index=True)
""",
    "call": """
async def call(clients, name, arguments):
    for server in clients:
        if name.startswith(server + "_"):
            own = name.removeprefix(server + "_")
            listed = await clients[server].list_tools()
            if own in [tool.name for tool in listed.tools]:
                return (await clients[server].call_tool(own, arguments)).content[0].text
    raise KeyError(name)
""",
    "survey": """
import asyncio
from mcp import Client

async def survey(path):
    entries = json.loads(Path(path).read_text(encoding="utf-8"))["mcpServers"]

    async def look(name, entry):
        try:
            command = os.path.expandvars(entry["command"])
            server = StdioServerParameters(command=command, args=entry["args"])
            client = await connect(server, name=name)
        except Exception as error:
            return str(error).splitlines()[0]
        tools, page = [], await client.list_tools()
        tools += page.tools
        while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            tools += page.tools
        await close(client)
        return len(tools)

    wanted = {name: entry for name, entry in entries.items() if not entry.get("disabled")}
    looks = await asyncio.gather(*[look(name, entry) for name, entry in wanted.items()])
    return dict(zip(wanted, looks))
""",
}


ALL_TOOLS = """
async def all_tools(clients):
    rows = []
    for server, client in clients.items():
        {start}
        page = await client.list_tools()
        tools = list(page.tools)
        {more}
        rows += [(server, tool.name, {count}) for tool in tools]
    return {returned}
"""
MORE = """while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            tools += page.tools"""
TOOLS_GAPS = {
    "start": "",
    "more": MORE,
    "count": 'len(tool.input_schema.get("properties", {}))',
    "returned": 'pd.DataFrame(rows, columns=["server", "tool", "arguments"])',
}
TOOLS = {
    "reads_the_first_page": (
        {"more": ""},
        "`servers.paged` sends 25 tools in three pages, and you asked for the first alone:",
    ),
    "reads_the_second_page_alone": (
        {"more": MORE.replace("while", "if")},
        "row 21 is ('clock', 'get_time', 0) where ('long', 'tool_21', 0) is right.",
    ),
    "keeps_the_last_server": (
        {"start": "rows = []"},
        "row 0 is ('clock', 'get_time', 0) where ('scores', 'get_score_by_name', 1) is right.",
    ),
    "names_the_server_as_it_names_itself": (
        {"count": "1", "start": "server = client.server_info.name"},
        "row 0 is ('achievement', 'get_score_by_name', 1) where ('scores',",
    ),
    "counts_the_keys_of_the_schema": (
        {"count": "len(tool.input_schema)"},
        "where ('scores', 'get_score_by_name', 1) is right.",
    ),
    "counts_those_that_have_to_be_given": (
        {"count": 'len(tool.input_schema.get("required", []))'},
        "row 27 is ('clock', 'seconds_between', 1) where ('clock', 'seconds_between', 2) is right.",
    ),
    "takes_for_granted_that_there_are_arguments": (
        {"count": 'len(tool.input_schema["properties"])'},
        "it raised KeyError in line 10 of its cell: 'properties'",
    ),
    "counts_by_the_name": (
        {"count": 'int(tool.name.startswith("get"))'},
        "row 26 is ('clock', 'get_time', 1) where ('clock', 'get_time', 0) is right.",
    ),
    "returns_rows": (
        {"returned": "rows"},
        "it returned a list. A DataFrame is asked for.",
    ),
    "has_no_names_for_the_columns": (
        {"returned": "pd.DataFrame(rows)"},
        "its columns are [0, 1, 2]: server, tool and arguments are right.",
    ),
}


@pytest.mark.parametrize("wrong", TOOLS)
def test_a_table_that_lacks_tools_is_told(lesson: Exercises, wrong: str):
    gaps, hint = TOOLS[wrong]
    lesson.refused("all-tools", ALL_TOOLS.format(**TOOLS_GAPS | gaps), hint)


CALL = {
    "is_the_broken_one": (
        "it raised KeyError in line 5 of its cell: 'north_score'",
        """
async def call(clients, name, arguments):
    routes = {}
    for client in clients.values():
        for tool in (await client.list_tools()).tools: routes[tool.name] = client
    result = await routes[name].call_tool(name, arguments)
    return result.content[0].text
""",
    ),
    "asks_the_last_office_always": (
        "it returned '张三 has 90 points here' where '张三 has 70 points here' is right.",
        """
async def call(clients, name, arguments):
    routes = {}
    for client in clients.values():
        for tool in (await client.list_tools()).tools:
            routes[tool.name] = client
    tool = name.rpartition("_")[2]
    return (await routes[tool].call_tool(tool, arguments)).content[0].text
""",
    ),
    "sends_its_own_name": (
        "one server has to be asked, once, and for the tool `score`: that is its own name there.",
        """
async def call(clients, name, arguments):
    routes = {}
    for server, client in clients.items():
        for tool in (await client.list_tools()).tools:
            routes[f"{server}_{tool.name}"] = client
    return (await routes[name].call_tool(name, arguments)).content[0].text
""",
    ),
    "splits_at_the_first_underscore": (
        "one server has to be asked, once, and for the tool `score`",
        """
async def call(clients, name, arguments):
    server, tool = name.split("_", 1)
    return (await clients[server].call_tool(tool, arguments)).content[0].text
""",
    ),
    "splits_at_the_last_underscore": (
        "it raised KeyError in line 3 of its cell: 'north_days'",
        """
async def call(clients, name, arguments):
    server, tool = name.rsplit("_", 1)
    return (await clients[server].call_tool(tool, arguments)).content[0].text
""",
    ),
    "knows_one_tool_by_heart": (
        "it raised KeyError in line 3 of its cell: 'north_days_off'",
        """
async def call(clients, name, arguments):
    server = name.removesuffix("_score")
    return (await clients[server].call_tool("score", arguments)).content[0].text
""",
    ),
    "takes_for_granted_that_there_is_such_a_tool": (
        "no KeyError came out of it: it returned 'Unknown tool: salary'.",
        """
async def call(clients, name, arguments):
    for server in sorted(clients, key=len, reverse=True):
        if name.startswith(server + "_"):
            own = name.removeprefix(server + "_")
            return (await clients[server].call_tool(own, arguments)).content[0].text
    raise KeyError(name)
""",
    ),
    "looks_whether_there_is_such_a_tool_when_it_has_been_called": (
        "no tool is called 'north_salary', and one was called.",
        """
async def call(clients, name, arguments):
    for server in sorted(clients, key=len, reverse=True):
        if name.startswith(server + "_"):
            result = await clients[server].call_tool(name.removeprefix(server + "_"), arguments)
            if not result.is_error:
                return result.content[0].text
    raise KeyError(name)
""",
    ),
    "asks_everybody": (
        "one server has to be asked, once, and for the tool `score`",
        """
async def call(clients, name, arguments):
    answers = {}
    for server, client in clients.items():
        for tool in (await client.list_tools()).tools:
            result = await client.call_tool(tool.name, arguments)
            answers[f"{server}_{tool.name}"] = result.content[0].text
    return answers[name]
""",
    ),
    "says_nothing_of_a_name_that_is_unknown": (
        "no KeyError came out of it: it returned None.",
        """
async def call(clients, name, arguments):
    for server, client in clients.items():
        for tool in (await client.list_tools()).tools:
            if name == f"{server}_{tool.name}":
                return (await client.call_tool(tool.name, arguments)).content[0].text
""",
    ),
    "takes_any_server_for_an_unknown_name": (
        "no KeyError came out of it: it returned '张三 has",
        """
async def call(clients, name, arguments):
    found, own = next(iter(clients.values())), "score"
    for server, client in clients.items():
        for tool in (await client.list_tools()).tools:
            if name == f"{server}_{tool.name}":
                found, own = client, tool.name
    return (await found.call_tool(own, arguments)).content[0].text
""",
    ),
}


@pytest.mark.parametrize("wrong", CALL)
def test_a_router_that_goes_astray_is_told(lesson: Exercises, wrong: str):
    hint, answer = CALL[wrong]
    lesson.refused("call", answer, hint)


FOUND = {
    "no_hook": "fails",
    "same_name": "fails",
    "two_names": "works",
    "tool_of_second": "second_get_score_by_name",
    "still_open": True,
    "of_25": 10,
    "sees_average": False,
}
MISTAKEN = {
    "no_hook": ("works", "'works' is not it: both have a prompt `appraise`;"),
    "same_name": ("works", "'works' is not it: what does the hook make of the same name twice?"),
    "two_names": ("fails", "'fails' is not it: now the hook puts different names in front."),
    "tool_of_second": (
        "get_score_by_name",
        "'get_score_by_name' is not it: the hook puts a name and an underscore before the",
    ),
    "still_open": (False, "False is not it: who has opened the connection, and so who closes it?"),
    "of_25": (25, "25 is not it: which page of a list does a group read?"),
    "sees_average": (..., "fill in 'sees_average': when does a group read the lists?"),
}


@pytest.mark.parametrize("names", [["of_25"], ["still_open"], list(MISTAKEN)], ids=len)
def test_mistaking_a_group_is_told_where_to_look(lesson: Exercises, names: list[str]):
    found = FOUND | {name: MISTAKEN[name][0] for name in names}
    answer = f"def what_a_group_does():\n    return {found!r}".replace("Ellipsis", "...")
    lesson.refused("group", answer, *[MISTAKEN[name][1] for name in names])


def test_the_name_that_the_server_gives_itself_is_told_which_name_is_meant(lesson: Exercises):
    answer = f"def what_a_group_does():\n    return {FOUND!r}".replace("second_", "achievement_")
    hint = "is not it: the hook puts a name and an underscore before the tool's: the name that was"
    lesson.refused("group", answer, hint, "given in `Implementation`.")


SURVEY = """
async def survey(path):
    hosted = await connect_all(path)
    found = {failed}
    for name, client in hosted.items():
        page = await client.list_tools()
        found[name] = len(page.tools)
        {more}
        {close}
    return found
"""
SURVEY_GAPS = {
    "failed": "{name: str(error).splitlines()[0] for name, error in hosted.failed.items()}",
    "more": """while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            found[name] += len(page.tools)""",
    "close": "await close(client)",
}
SURVEYS = {
    "is_silent_about_the_others": (
        {"failed": "{}"},
        "Those that could not be opened belong into it, those that are disabled do not.",
    ),
    "names_what_is_disabled": (
        {"failed": SURVEY_GAPS["failed"] + ' | dict.fromkeys(hosted.disabled, "disabled")'},
        "Those that could not be opened belong into it, those that are disabled do not.",
    ),
    "has_errors_in_place_of_texts": (
        {"failed": "dict(hosted.failed)"},
        "a FileNotFoundError. The first line of what its error says is asked for, a str.",
    ),
    "says_all_that_the_error_says": (
        {"failed": "{name: str(error) for name, error in hosted.failed.items()}"},
        "a str. The first line of what its error says is asked for, a str.",
    ),
    "counts_one_page": (
        {"more": ""},
        "is right. Are all pages counted?",
    ),
    "leaves_the_servers_running": (
        {"close": ""},
        "servers that still run: 3. Close what you have opened.",
    ),
    "says_what_kind_of_error_it_is": (
        {"failed": "{name: type(error).__name__ for name, error in hosted.failed.items()}"},
        "is 'FileNotFoundError', a str. The first line of what its error says is asked for, a str.",
    ),
    "says_of_all_the_same": (
        {"failed": 'dict.fromkeys(hosted.failed, "could not be opened")'},
        "The first line of what its error says is asked for, a str. It speaks of 'no-command-",
    ),
}


@pytest.mark.parametrize("wrong", SURVEYS)
def test_a_survey_that_is_not_one_is_told(lesson: Exercises, wrong: str):
    gaps, hint = SURVEYS[wrong]
    lesson.refused("survey", SURVEY.format(**SURVEY_GAPS | gaps), hint)


KNOWN_BY_HEART = """
async def survey(path):
    names = json.loads(path.read_text(encoding="utf-8"))["mcpServers"]
    known = {"missing": "no", "scores": 1, "empty": "no", "long": 25, "made-up": 7}
    return {name: known[name[:-5]] for name in names if name[:-5] in known}
"""


def test_a_survey_that_opens_nothing_is_told(lesson: Exercises):
    answer = 'async def survey(path):\n    return {"missing": "no", "scores": 1, "long": 25}'
    lesson.refused("survey", answer, "it names ['long', 'missing', 'scores'] where ['empty-")
    hint = "The first line of what its error says is asked for, a str. It speaks of 'no-command-"
    lesson.refused("survey", KNOWN_BY_HEART, hint)
    lesson.refused("survey", KNOWN_BY_HEART.replace("7", "10"), "is right. Are all pages counted?")


def test_one_server_that_spoils_the_others_is_told(lesson: Exercises):
    answer = """
async def survey(path):
    found = {}
    for name, entry in json.loads(path.read_text(encoding="utf-8"))["mcpServers"].items():
        client = await connect(StdioServerParameters(command=sys.executable, args=entry["args"]))
        found[name] = len((await client.list_tools()).tools)
        await close(client)
    return found
"""
    hint = "it raised ConnectionError in line 4 of its cell: No connection to"
    lesson.refused("survey", answer, hint)
