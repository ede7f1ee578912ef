"""The exercises of lesson 07: what is right passes, what is wrong is told what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.exercises import NOT_WRITTEN, Exercises, exercises, passes

TASKS = ("all-tools", "call", "group", "survey")


@pytest.fixture(scope="module")
def lesson() -> Iterator[Exercises]:
    with exercises("07_many_servers") as opened:
        assert opened.tasks == list(TASKS)
        yield opened


@pytest.mark.parametrize("task", TASKS)
def test_the_solution_passes(lesson: Exercises, task: str):
    assert passes(lesson.solved(task))


@pytest.mark.parametrize("task", TASKS)
def test_what_is_not_written_yet_is_told_so(lesson: Exercises, task: str):
    assert NOT_WRITTEN in lesson.untouched(task).error


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


@pytest.mark.parametrize("task", OTHERS)
def test_another_solution_passes(lesson: Exercises, task: str):
    assert passes(lesson.answered(task, OTHERS[task]))


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
    "count": 'len(tool.input_schema["properties"])',
    "returned": 'pd.DataFrame(rows, columns=["server", "tool", "arguments"])',
}
TOOLS = {
    "reads_the_first_page": (
        {"more": ""},
        "`servers.paged` sends 25 tools in three pages, and you asked for the first alone:",
    ),
    "reads_the_second_page_alone": (
        {"more": MORE.replace("while", "if")},
        "it ends after 21 rows, and ('long', 'tool_21', 0) should come next.",
    ),
    "keeps_the_last_server": (
        {"start": "rows = []"},
        "row 0 is ('long', 'tool_01', 0) where ('scores', 'get_score_by_name', 1) is right.",
    ),
    "names_the_server_as_it_names_itself": (
        {"count": "1", "start": "server = client.server_info.name"},
        "row 0 is ('achievement', 'get_score_by_name', 1) where ('scores',",
    ),
    "counts_the_keys_of_the_schema": (
        {"count": "len(tool.input_schema)"},
        "where ('scores', 'get_score_by_name', 1) is right.",
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
        "it raised KeyError in line 3 of its cell: 'scores_get_score_by'",
        """
async def call(clients, name, arguments):
    server, _, tool = name.rpartition("_")
    return (await clients[server].call_tool(tool, arguments)).content[0].text
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
    found = next(iter(clients.values()))
    for server, client in clients.items():
        if name == f"{server}_{name.rpartition('_')[2]}":
            found = client
    return (await found.call_tool(name.rpartition("_")[2], arguments)).content[0].text
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
        "'get_score_by_name' is not it: the hook puts the server's name and an underscore before",
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
        "it names ['long', 'scores'] where ['empty', 'long', 'missing', 'scores'] is right.",
    ),
    "names_what_is_disabled": (
        {"failed": SURVEY_GAPS["failed"] + ' | dict.fromkeys(hosted.disabled, "disabled")'},
        "Those that could not be opened belong into it, those that are disabled do not.",
    ),
    "has_errors_in_place_of_texts": (
        {"failed": "dict(hosted.failed)"},
        "a ConnectionError. The first line of what its error says is asked for, a str.",
    ),
    "says_all_that_the_error_says": (
        {"failed": "{name: str(error) for name, error in hosted.failed.items()}"},
        "a str. The first line of what its error says is asked for, a str.",
    ),
    "counts_one_page": (
        {"more": ""},
        "it says {'scores': 1, 'long': 10} where {'scores': 1, 'long': 25} is right.",
    ),
    "leaves_the_servers_running": (
        {"close": ""},
        "2 server(s) still run: close what you have opened.",
    ),
}


@pytest.mark.parametrize("wrong", SURVEYS)
def test_a_survey_that_is_not_one_is_told(lesson: Exercises, wrong: str):
    gaps, hint = SURVEYS[wrong]
    lesson.refused("survey", SURVEY.format(**SURVEY_GAPS | gaps), hint)


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
