"""The exercises of lesson 02: what is right passes, what is wrong is told what to do."""

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

NAME = "02_lifecycle"
OTHERS = {
    "server-name": """
def server_name(command):
    messages = [
        {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": HELLO},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        server.stdin.write(json.dumps(messages[0]).encode() + b"\\n")
        server.stdin.flush()
        name = json.loads(server.stdout.readline())["result"]["serverInfo"]["name"]
        server.communicate(json.dumps(messages[1]).encode() + b"\\n")
        return name
""",
    "suggestions": """
async def suggestions(client, prompt, argument, typed):
    if client.server_capabilities.completions:
        typed = {"name": argument, "value": typed}
        return (await client.complete(PromptReference(name=prompt), typed)).completion.values
    else:
        return []
""",
}


READ = {
    "first": "initialize",
    "server_version": "2025-11-25",
    "without_id": "notifications/initialized",
    "call_id": 2,
    "before_the_call": 3,
    "unasked": "tools/list",
    "for_closing": 0,
}
MISREAD = {
    "first": ("tools/call", "'tools/call' is not it: the topmost arrow."),
    "server_version": (
        "2026-07-28",
        "'2026-07-28' is not it: it stands in the answer to the first",
    ),
    "without_id": ("initialize", "'initialize' is not it: a request and its answer have an id"),
    "call_id": ("2", "'2' is of type str where int is asked for."),
    "before_the_call": (2, "2 is not it: count the arrows above tools/call"),
    "unasked": (..., "fill in 'unasked': the cell calls a tool and lists prompts;"),
    "for_closing": (1, "1 is not it: look at what comes after the answer to prompts/list."),
}


@pytest.mark.parametrize("names", [["first"], ["for_closing"], list(MISREAD)], ids=len)
def test_a_trace_that_is_misread_is_told_where_to_look(lesson: Exercises, names: list[str]):
    read = READ | {name: MISREAD[name][0] for name in names}
    answer = f"def what_passed():\n    return {read!r}".replace("Ellipsis", "...")
    lesson.refused("trace", answer, *[MISREAD[name][1] for name in names])


BY_HAND = """
def start(command):
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )

def send(server, **message):
    server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\\n")
    server.stdin.flush()

def receive(server):
    return json.loads(server.stdout.readline())

def end(server):
    server.stdin.close()
    server.wait(timeout=5)
"""
SERVER_NAME = {
    "is_async": (
        "`server_name` is async. This task needs a plain `def`, without `async`.",
        """
async def server_name(command):
    client = await connect(StdioServerParameters(command=command[0], args=command[1:]))
    return client.server_info.name
""",
    ),
    "never_says_that_it_is_ready": (
        "your client never sent notifications/initialized: "
        "after the answer to initialize, tell the server you are ready.",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    name = receive(server)["result"]["serverInfo"]["name"]
    end(server)
    return name
""",
    ),
    "says_it_with_an_id": (
        "message 2 that your client sent, notifications/initialized, has an id. "
        "A notification has none.",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    name = receive(server)["result"]["serverInfo"]["name"]
    send(server, id=2, method="notifications/initialized")
    end(server)
    return name
""",
    ),
    "says_it_first": (
        "your client sent notifications/initialized before initialize. "
        "Its order was: notifications/initialized, initialize.",
        """
def server_name(command):
    server = start(command)
    send(server, method="notifications/initialized")
    send(server, id=1, method="initialize", params=HELLO)
    name = receive(server)["result"]["serverInfo"]["name"]
    end(server)
    return name
""",
    ),
    "writes_more_than_one_line": (
        "message 1 that your client sent is no JSON object on one line: '{'.",
        """
def server_name(command):
    server = start(command)
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
    server.stdin.write(json.dumps(hello, indent=2) + "\\n")
    server.stdin.flush()
    return receive(server)["result"]["serverInfo"]["name"]
""",
    ),
    "does_not_flush": (
        "kept the kernel busy for 4 seconds. Is there a loop that never ends, or something that "
        "blocks, such as time.sleep, or the reading of a line that never comes?",
        """
def server_name(command):
    server = start(command)
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
    server.stdin.write(json.dumps(hello) + "\\n")
    return receive(server)["result"]["serverInfo"]["name"]
""",
    ),
    "does_not_say_who_it_is": (
        "the server answered your initialize with an error: Invalid request parameters.",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params={"protocolVersion": "2025-11-25"})
    return receive(server)["result"]["serverInfo"]["name"]
""",
    ),
    "ends_the_server_by_force": (
        "the server was ended by force. Close its standard input, and wait for its end.",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    name = receive(server)["result"]["serverInfo"]["name"]
    send(server, method="notifications/initialized")
    server.kill()
    server.wait()
    return name
""",
    ),
    "returns_too_much": (
        ": dict, not str.",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    info = receive(server)["result"]["serverInfo"]
    send(server, method="notifications/initialized")
    end(server)
    return info
""",
    ),
    "knows_the_answer": (
        "it returned 'achievement' where 'server ",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    receive(server)
    send(server, method="notifications/initialized")
    end(server)
    return "achievement"
""",
    ),
    "says_that_it_is_ready_too_soon": (
        "your client sent notifications/initialized before the answer to initialize had come.",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    send(server, method="notifications/initialized")
    name = receive(server)["result"]["serverInfo"]["name"]
    end(server)
    return name
""",
    ),
    "writes_all_at_once_and_knows_the_answer": (
        "your client sent notifications/initialized before the answer to initialize had come.",
        """
def server_name(command):
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    subprocess.run(
        command, input=f"{json.dumps(hello)}\\n{json.dumps(ready)}\\n".encode(), capture_output=True
    )
    return "achievement"
""",
    ),
    "leaves_it_to_the_kit": (
        "the parameters of initialize are not `HELLO`. Write this message yourself.",
        """
from helpers import run

def server_name(command):
    server = StdioServerParameters(command=command[0], args=command[1:])
    client = run(connect(server, mode="legacy"))
    name = client.server_info.name
    run(close(client))
    return name
""",
    ),
    "leaves_it_to_the_sdk_of_today": (
        "your client sent server/discover, which nobody asks for.",
        """
from helpers import run

def server_name(command):
    client = run(connect(StdioServerParameters(command=command[0], args=command[1:])))
    name = client.server_info.name
    run(close(client))
    return name
""",
    ),
    "says_goodbye": (
        "your client sent notifications/shutdown, which nobody asks for.",
        """
def server_name(command):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    name = receive(server)["result"]["serverInfo"]["name"]
    send(server, method="notifications/initialized")
    send(server, method="notifications/shutdown")
    end(server)
    return name
""",
    ),
    "asks_for_a_version_without_a_handshake": (
        "the parameters of initialize are not `HELLO`.",
        """
def server_name(command):
    server = start(command)
    hello = HELLO | {"protocolVersion": "2026-07-28"}
    send(server, id=1, method="initialize", params=hello)
    name = receive(server)["result"]["serverInfo"]["name"]
    send(server, method="notifications/initialized")
    end(server)
    return name
""",
    ),
}


@pytest.mark.parametrize("wrong", SERVER_NAME)
def test_a_handshake_against_the_rules_is_told(lesson: Exercises, wrong: str):
    hint, answer = SERVER_NAME[wrong]
    hangs = "busy for 4" in hint
    lesson.refused("server-name", BY_HAND + answer, hint, seconds=4 if hangs else 15)


SCORE_OF = """
def score_of(command, name):
    server = start(command)
    call = {{"name": "get_score_by_name", "arguments": {{"name": name}}}}
    send(server, id=1, method="initialize", params=HELLO)
    receive(server)
    {before}
    send(server, id={id}, method="tools/call", params=call)
    answer = receive(server)
    {after}
    return answer["result"]["content"][0]["text"]
"""
READY = 'send(server, method="notifications/initialized")'
READY_WITH_ID = 'send(server, id=3, method="notifications/initialized")'
FAULTS = {
    "all_three": (
        {"before": "", "id": 2, "after": READY_WITH_ID},
        (
            "message 3 that your client sent, notifications/initialized, has an id.",
            "your client sent tools/call before notifications/initialized. Its order was: ",
            "your function returned and its connection is still open.",
        ),
    ),
    "the_order": (
        {"before": "", "id": 2, "after": READY + "; end(server)"},
        ("your client sent tools/call before notifications/initialized.",),
    ),
    "the_notification_left_out": (
        {"before": "", "id": 2, "after": "end(server)"},
        ("your client never sent notifications/initialized: after the answer to initialize",),
    ),
    "the_id": (
        {"before": READY_WITH_ID, "id": 2, "after": "end(server)"},
        ("message 2 that your client sent, notifications/initialized, has an id.",),
    ),
    "the_same_id_twice": (
        {"before": READY, "id": 1, "after": "end(server)"},
        ("message 3 that your client sent uses the id 1 again. Each request has its own.",),
    ),
    "the_end": (
        {"before": READY, "id": 2, "after": ""},
        ("Close the process's standard input, whatever happens.",),
    ),
    "an_end_by_force": (
        {"before": READY, "id": 2, "after": "server.terminate()"},
        ("the server was ended by force. Close its standard input",),
    ),
}


@pytest.mark.parametrize("wrong", FAULTS)
def test_each_fault_that_is_left_is_told(lesson: Exercises, wrong: str):
    gaps, hints = FAULTS[wrong]
    lesson.refused("score-of", BY_HAND + SCORE_OF.format(**gaps), *hints)


IN_TURN = """
def score_of(command, name):
    server = start(command)
    send(server, id=1, method="initialize", params=HELLO)
    receive(server)
    send(server, method="notifications/initialized")
    call = {"name": "get_score_by_name", "arguments": {"name": name}}
    send(server, id=2, method="tools/call", params=call)
    text = receive(server)["result"]["content"][0]["text"]
    end(server)
    return text
"""
TOO_SOON = "your client sent notifications/initialized before the answer to initialize had come."
DAWDLES = "time.sleep(0.03); "  # the server has answered by then
OUT_OF_TURN = {
    "starts_nothing": (
        "no answer to initialize came while standard input was open. Read it before you close:",
        """
def score_of(command, name):
    return "name: 张三 绩效评分: 85.9"
""",
    ),
    "asks_before_it_reads": (
        TOO_SOON,
        IN_TURN.replace("    receive(server)\n", "").replace("text =", "receive(server); text ="),
    ),
    "reads_after_the_second_message": (
        TOO_SOON,
        IN_TURN.replace("    receive(server)\n", "").replace("call =", "receive(server); call ="),
    ),
    "hands_all_over_at_once": (
        TOO_SOON,
        """
def score_of(command, name):
    call = {"name": "get_score_by_name", "arguments": {"name": name}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    said, _ = start(command).communicate("\\n".join(map(json.dumps, messages)) + "\\n", timeout=10)
    return json.loads(said.splitlines()[-1])["result"]["content"][0]["text"]
""",
    ),
    "closes_before_it_reads": (
        "no answer to tools/call came while standard input was open. Read it before you close:",
        IN_TURN.replace("text =", "server.stdin.close(); text ="),
    ),
    "closes_a_moment_later_without_reading": (
        "no answer to tools/call came while standard input was open. Read it before you close:",
        "import time\n" + IN_TURN.replace("text =", f"{DAWDLES}server.stdin.close(); text ="),
    ),
    "asks_for_one_name_always": (
        "'arguments' was {'name': '张三'} where {'name': '李四'} is right.",
        IN_TURN.replace('{"name": name}', '{"name": "张三"}'),
    ),
    "knows_the_scores": (
        "it returned 'name: 李四 绩效评分: 92.7' where",
        IN_TURN.replace(
            "return text",
            'return f"name: {name} 绩效评分: " + {"张三": "85.9", "李四": "92.7"}[name]',
        ),
    ),
    "says_goodbye": (
        "your client sent notifications/shutdown, which nobody asks for.",
        IN_TURN.replace(
            "    end(server)", '    send(server, method="notifications/shutdown"); end(server)'
        ),
    ),
    "asks_for_a_version_without_a_handshake": (
        "the parameters of initialize are not `HELLO`.",
        IN_TURN.replace("params=HELLO", 'params=HELLO | {"protocolVersion": "2026-07-28"}'),
    ),
}


@pytest.mark.parametrize("wrong", OUT_OF_TURN)
def test_a_mended_client_that_goes_too_fast_or_knows_too_much_is_told(
    lesson: Exercises, wrong: str
):
    hint, answer = OUT_OF_TURN[wrong]
    assert answer != IN_TURN
    lesson.refused("score-of", BY_HAND + answer, hint)


SUGGESTIONS = {
    "asks_everybody": (
        "it raised MCPError in line 2 of its cell: Method not found",
        """
async def suggestions(client, prompt, argument, typed):
    result = await client.complete(PromptReference(name=prompt), {"name": argument, "value": typed})
    return result.completion.values
""",
    ),
    "asks_everybody_and_hides_it": (
        "your client sent completion/complete, and this server offers no completions: look at",
        """
async def suggestions(client, prompt, argument, typed):
    typed = {"name": argument, "value": typed}
    try:
        return (await client.complete(PromptReference(name=prompt), typed)).completion.values
    except Exception:
        return []
""",
    ),
    "asks_nobody": (
        "this server offers completions, and your client asked for none. Look at your condition:",
        """
async def suggestions(client, prompt, argument, typed):
    return []
""",
    ),
    "compares_with_true": (
        "`client.server_capabilities.completions` is an object here, and None where nothing is",
        """
async def suggestions(client, prompt, argument, typed):
    if client.server_capabilities.completions != True:
        return []
    typed = {"name": argument, "value": typed}
    return (await client.complete(PromptReference(name=prompt), typed)).completion.values
""",
    ),
    "goes_by_the_name_of_the_server": (
        "this server offers completions, and your client asked for none.",
        """
async def suggestions(client, prompt, argument, typed):
    if client.server_info.name == "achievement":
        return []
    typed = {"name": argument, "value": typed}
    return (await client.complete(PromptReference(name=prompt), typed)).completion.values
""",
    ),
    "goes_by_the_name_of_the_prompt": (
        "this server offers completions, and your client asked for none.",
        """
async def suggestions(client, prompt, argument, typed):
    if prompt == "appraise":
        return []
    typed = {"name": argument, "value": typed}
    return (await client.complete(PromptReference(name=prompt), typed)).completion.values
""",
    ),
    "looks_at_the_list_of_prompts_first": (
        "your client sent prompts/list, and this server offers no completions: look at",
        """
async def suggestions(client, prompt, argument, typed):
    await client.list_prompts()
    if client.server_capabilities.completions is None:
        return []
    typed = {"name": argument, "value": typed}
    return (await client.complete(PromptReference(name=prompt), typed)).completion.values
""",
    ),
    "closes_the_client": (
        "This client has been closed, or it was never opened.",
        """
async def suggestions(client, prompt, argument, typed):
    if client.server_capabilities.completions is None:
        return []
    typed = {"name": argument, "value": typed}
    values = (await client.complete(PromptReference(name=prompt), typed)).completion.values
    await close(client)
    return values
""",
    ),
    "asks_and_knows_the_answer": (
        "it returned [['湖北省', '湖南省'], ['湖北省', '湖南省']] where",
        """
async def suggestions(client, prompt, argument, typed):
    if client.server_capabilities.completions is None:
        return []
    await client.complete(PromptReference(name=prompt), {"name": argument, "value": typed})
    return ["湖北省", "湖南省"]
""",
    ),
    "sends_the_argument_the_wrong_way_round": (
        "'argument' was {'name': '湖', 'value': 'province'} where",
        """
async def suggestions(client, prompt, argument, typed):
    if client.server_capabilities.completions is None:
        return []
    typed = {"name": typed, "value": argument}
    return (await client.complete(PromptReference(name=prompt), typed)).completion.values
""",
    ),
    "returns_the_completion": (
        ": Completion, not list.",
        """
async def suggestions(client, prompt, argument, typed):
    if client.server_capabilities.completions is None:
        return []
    typed = {"name": argument, "value": typed}
    return (await client.complete(PromptReference(name=prompt), typed)).completion
""",
    ),
    "returns_nothing_where_nothing_is_offered": (
        "it returned None: NoneType, not list. Is there a `return`?",
        """
async def suggestions(client, prompt, argument, typed):
    if client.server_capabilities.completions:
        typed = {"name": argument, "value": typed}
        return (await client.complete(PromptReference(name=prompt), typed)).completion.values
""",
    ),
}


@pytest.mark.parametrize("wrong", SUGGESTIONS)
def test_asking_for_what_is_not_offered_is_told(lesson: Exercises, wrong: str):
    hint, answer = SUGGESTIONS[wrong]
    lesson.refused("suggestions", answer, hint)
