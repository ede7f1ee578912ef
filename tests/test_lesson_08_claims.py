"""Proves every claim of lesson 08 that no cell of it shows, and its script."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from mcp import MCPError, StdioServerParameters
from mcp.server import MCPServer, Server
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.tool_name_validation import validate_tool_name
from mcp.types import CallToolResult, ListToolsResult, Tool
from openai import AsyncOpenAI, OpenAIError
from openai.types.chat import ChatCompletionMessageFunctionToolCall as ToolCall
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter, ValidationError

from helpers import connect, serve, wire
from helpers.server_thread import ServerHandle
from servers import achievement, scripted_model, showcase
from tests.places import NOTEBOOKS, PYTHON
from tests.waiting import until

LESSON = NOTEBOOKS / "08_model_in_the_loop.ipynb"
SCRIPT = NOTEBOOKS / "scripts/model_loop.py"
LOOP = ("for-model", "think", "list-all", "toolbox", "run-call", "loop")
ASKING = ("changes", "buttons", "buttons-press")
VARIABLES = ("OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY")
ACHIEVEMENT = (PYTHON, "-m", "servers.achievement")
SHOWCASE = (PYTHON, "-m", "servers.showcase")

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")


def cells() -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in nbformat.read(LESSON, as_version=4).cells}


class Recorded:
    """The stand-in, with what was sent to it."""

    def __init__(self) -> None:
        self.app = scripted_model.app
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""

        async def recorded() -> Any:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            if message["type"] == "http.request" and not message.get("more_body"):
                self.bodies.append(json.loads(body))
            return message

        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        return await self.app(scope, recorded, send)


class Lesson:
    """The lesson's cells and what they define, run in this process."""

    def __init__(self, sent: Recorded) -> None:
        self.sent = sent
        self.shown: list[Any] = []
        self.names: dict[str, Any] = {"display": lambda shown, raw: self.shown.append(shown)}

    async def run(self, *ids: str) -> None:
        for name in ids:
            await self.execute(cells()[name].source)

    async def execute(self, source: str) -> None:
        code = compile(source, "lesson 08", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, self.names)
        if inspect.iscoroutine(waiting):
            await waiting

    def __getattr__(self, name: str) -> Any:
        return self.names[name]

    async def ask(self, question: str, **options: Any) -> list[dict[str, Any]]:
        chat = [self.user(question)]
        await self.answer(chat, self.box, **options)
        return chat


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    monkeypatch.setattr(scripted_model, "app", recorded)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return recorded


@pytest.fixture
async def lesson(_nothing_stays_open: None, sent: Recorded) -> AsyncIterator[Lesson]:
    """The lesson up to its two servers, which listen in threads here: processes start slowly."""
    opened = Lesson(sent)
    clients = {}
    for server in (achievement.mcp, showcase.mcp):
        handle = serve(server, transport="streamable-http")
        clients[server.name] = await connect(handle.url, name=server.name)
    client = clients["achievement"]
    opened.names |= {"clients": clients, "client": client, "listed": await client.list_tools()}
    await opened.run("stand-in", "openai", *LOOP, "talk")
    opened.names["box"] = await opened.toolbox(clients)
    yield opened
    await opened.ai.close()
    with suppress(ToolError):  # it was not unlocked
        showcase.mcp.remove_tool("average")


def results(chat: list[dict[str, Any]]) -> list[str]:
    return [message["content"] for message in chat if message["role"] == "tool"]


def called(client: Any) -> list[str]:
    calls = [m for m in wire(client) if m.method == "tools/call" and m.sent]
    return [message.json["params"]["name"] for message in calls]


def call(name: str, arguments: str) -> ToolCall:
    return ToolCall(id="call_1", type="function", function={"name": name, "arguments": arguments})


# the loop


def test_the_loop_has_some_fifty_lines():
    parts = [ast.parse(cells()[name].source).body for name in LOOP]
    functions = [node for part in parts for node in part if hasattr(node, "body")]
    assert 47 <= sum(len(ast.unparse(node).splitlines()) for node in functions) <= 58


async def test_the_calls_go_to_the_server_that_has_the_tool(lesson: Lesson):
    chat = await lesson.ask("Get the scores of 张三 and 李四, then add them.")
    assert [message["role"] for message in chat] == [
        *("user", "assistant", "tool", "tool", "assistant", "tool", "assistant")
    ]
    assert called(lesson.clients["achievement"]) == ["get_score_by_name"] * 2
    assert called(lesson.clients["showcase"]) == ["add"]
    assert results(chat)[-1] == "178.6"
    assert len(lesson.sent.bodies) == 3


async def test_each_result_carries_the_id_of_its_wish(lesson: Lesson):
    chat = await lesson.ask("Get the scores of 张三 and 李四.")
    wishes = [wish["id"] for wish in chat[1]["tool_calls"]]
    assert [message["tool_call_id"] for message in chat[2:4]] == wishes
    assert len(set(wishes)) == 2


async def test_the_whole_conversation_is_sent_every_time(lesson: Lesson):
    chat = await lesson.ask("张三的绩效怎么样?")
    assert [len(body["messages"]) for body in lesson.sent.bodies] == [1, 3]
    assert lesson.sent.bodies[1]["messages"] == chat[:3]


async def test_at_the_limit_the_loop_stops_and_the_conversation_can_go_on(lesson: Lesson):
    chat = [lesson.user("Ask for the score of 张三 again and again.")]
    with pytest.raises(lesson.NoAnswer, match="no answer after 3 rounds"):
        await lesson.answer(chat, lesson.box, rounds=3)
    assert len(lesson.sent.bodies) == len(results(chat)) == 3
    chat.append(lesson.user("Tell me a joke."))
    assert "script" in await lesson.answer(chat, lesson.box)


async def test_a_tool_that_failed_is_told_as_text(lesson: Lesson):
    chat = await lesson.ask("Divide 7 by 0.")
    assert results(chat) == [
        "Error: Error executing tool divide: Cannot divide by zero: choose another b."
    ]
    assert chat[-1]["content"].startswith("divide did not work")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("get_salary", "{}", "Error: there is no tool 'get_salary'"),
        ("add", '{"a": 1', "Error: the arguments are not a JSON object: Expecting"),
        ("add", '["ab", "cd"]', "Error: the arguments are not a JSON object: 'list'"),
        ("add", '"ab"', "Error: the arguments are not a JSON object: 'str'"),
        ("add", "null", "Error: the arguments are not a JSON object: 'NoneType'"),
        ("add", "", "Error: Error executing tool add: "),
        ("add", '{"a": "x"}', "Error: Error executing tool add: "),
        ("add", '{"a": 1, "b": 2}', "3"),
    ],
)
async def test_whatever_a_model_writes_as_a_call_it_gets_a_text_back(
    lesson: Lesson, name: str, arguments: str, told: str
):
    text = await lesson.run_call(lesson.box, call(name, arguments), lesson.everything)
    assert text.startswith(told)


async def test_arguments_that_are_no_json_never_reach_the_server(lesson: Lesson):
    before = called(lesson.clients["showcase"])
    await lesson.run_call(lesson.box, call("add", '{"a": 1'), lesson.everything)
    assert called(lesson.clients["showcase"]) == before


async def test_a_refusal_of_the_protocol_is_told_as_text_too(lesson: Lesson):
    class Refusing:
        async def call_tool(self, *arguments: Any, **options: Any) -> None:
            raise MCPError(-32602, "no such tool today")

    box = {"x": (Refusing(), SimpleNamespace(name="x", annotations=None))}
    text = await lesson.run_call(box, call("x", "{}"), lesson.everything)
    assert text == "Error: no such tool today"


async def test_a_result_that_breaks_its_own_schema_is_told_as_text_too(lesson: Lesson):
    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        schema = {"type": "object", "required": ["sum"]}
        tool = Tool(name="add", input_schema={"type": "object"}, output_schema=schema)
        return ListToolsResult(tools=[tool])

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        return CallToolResult(content=[], structured_content={"no": "sum"})

    server = Server("broken", on_list_tools=list_tools, on_call_tool=call_tool)
    box = await lesson.toolbox({"broken": await connect(server, name="broken")})
    told = await lesson.run_call(box, call("add", "{}"), lesson.everything)
    assert told.startswith("Error: Invalid structured content returned by tool add")


async def test_contents_that_are_no_text_are_named(lesson: Lesson):
    text = await lesson.run_call(lesson.box, call("rating_report", "{}"), lesson.everything)
    assert re.search(r"\n\[image\]\n\[resource\]\n\[resource_link\]$", text)


async def test_the_toolbox_holds_the_tools_of_every_page(lesson: Lesson):
    paged = await connect(StdioServerParameters(command=PYTHON, args=["-m", "servers.paged"]))
    assert len(await lesson.toolbox({"paged": paged})) == 25


def named(*names: str) -> MCPServer:
    server = MCPServer("named", log_level="ERROR")
    for name in names:
        server.add_tool(lambda name=name: name, name=name, description=name)
    return server


async def test_a_name_is_made_fit_for_the_chat_interface_and_the_server_is_asked_by_its_own(
    lesson: Lesson,
):
    client = await connect(named("films.search", "f" * 70), name="named")
    box = await lesson.toolbox({"one": client})
    assert list(box) == ["films_search", "f" * 64]
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in box)
    text = await lesson.run_call(box, call("films_search", "{}"), lesson.everything)
    assert text == "films.search"


@pytest.mark.parametrize(
    "names", [("x", "x"), ("x.y", "x.y"), ("x.y", "x_y"), ("x_y", "x.y"), ("n" * 64, "n" * 64)]
)
async def test_of_two_tools_with_one_name_both_can_be_called(
    lesson: Lesson, names: tuple[str, str]
):
    clients = {s: await connect(named(n), name=s) for s, n in zip("ab", names, strict=True)}
    box = await lesson.toolbox(clients)
    assert len(box) == 2
    owners = [client for client, _ in box.values()]
    assert owners == list(clients.values())
    assert list(box)[1].startswith("b__")


async def test_of_three_tools_with_one_name_none_is_lost_in_silence(lesson: Lesson):
    client = await connect(named("x.y", "x_y", "x/y"), name="named")
    with pytest.raises(ValueError, match="two tools of a b would be called a_b__x_y"):
        await lesson.toolbox({"a b": client})


def test_mcp_allows_names_that_the_chat_interface_does_not():
    assert validate_tool_name("films.search").is_valid
    assert validate_tool_name("f" * 128).is_valid
    assert not validate_tool_name("f" * 129).is_valid


async def test_an_empty_list_of_tools_is_refused_and_none_is_sent(lesson: Lesson):
    with pytest.raises(OpenAIError, match="tools"):
        await lesson.ai.chat.completions.create(
            model=lesson.model, messages=[lesson.user("x")], tools=[]
        )
    await lesson.answer([lesson.user("x")], {})
    assert "tools" not in lesson.sent.bodies[-1]


# what is sent


def whole(value: Any) -> Any:
    """Run the lazy checks of the types, and put together what they let pass."""
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return [whole(item) for item in value]


def check_types(body: dict[str, Any]) -> None:
    streaming = CompletionCreateParamsStreaming if body.get("stream") else None
    types = TypeAdapter(streaming or CompletionCreateParamsNonStreaming)
    assert whole(types.validate_python(body)) == body  # what the types do not know is dropped


async def test_every_request_of_the_lesson_is_what_the_package_types(
    sent: Recorded, capsys: pytest.CaptureFixture[str]
):
    lesson = Lesson(sent)
    left_out = {"script-show", "script-run", "script-nobody", "stop", "close"}
    code = [cell for cell in cells().values() if cell.cell_type == "code"]
    await lesson.run(*[cell.id for cell in code if cell.id not in left_out])
    await lesson.ai.close()
    assert len(sent.bodies) > 25
    for body in sent.bodies:
        check_types(body)
    assert {message["role"] for body in sent.bodies for message in body["messages"]} == {
        *("user", "assistant", "tool")
    }


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "content": "x"},
        {"role": "user", "content": "x", "is_error": True},
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {}}]},
    ],
)
def test_the_check_of_the_types_finds_what_is_wrong(message: dict[str, Any]):
    with pytest.raises((ValidationError, AssertionError)):
        check_types({"model": "m", "messages": [message]})


# which model


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
async def test_without_the_name_of_a_model_the_stand_in_answers_and_gets_no_key(
    sent: Recorded, monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv(variable, "http://127.0.0.1:9/v1")
    lesson = Lesson(sent)
    await lesson.run("stand-in", "openai", "first-question")
    assert sent.keys == ["Bearer none"]
    await lesson.ai.close()


async def test_with_a_name_in_the_environment_another_server_is_asked(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_MODEL", "another")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    await lesson.ai.close()
    await lesson.run("openai")
    assert lesson.model == "another"
    assert str(lesson.ai.base_url) == "http://127.0.0.1:9/v1/"
    assert lesson.ai.api_key == "a key"


def test_the_package_reads_the_address_and_insists_on_a_key(monkeypatch: pytest.MonkeyPatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert str(AsyncOpenAI(api_key="x").base_url) == "https://api.openai.com/v1/"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://here/v1")
    assert str(AsyncOpenAI(api_key="x").base_url) == "http://here/v1/"
    with pytest.raises(OpenAIError, match="OPENAI_API_KEY"):
        AsyncOpenAI()


# asking the user


async def test_only_what_promises_to_read_is_called_without_asking(lesson: Lesson):
    await lesson.run("changes")
    asking = [name for name, (_, tool) in lesson.box.items() if lesson.may_change(tool)]
    assert asking == ["unlock_average"]


async def test_a_declined_call_never_reaches_the_server(lesson: Lesson):
    await lesson.run("changes")

    async def never(tool: Any, arguments: Any) -> bool:
        return not lesson.may_change(tool)

    chat = await lesson.ask("Unlock the average tool.", allowed=never)
    assert results(chat) == ["Error: the user declined this call"]
    assert called(lesson.clients["showcase"]) == []
    assert "declined" in chat[-1]["content"]


@pytest.mark.parametrize(("button", "told"), [("yes", "is there"), ("no", "declined")])
@pytest.mark.parametrize("where", ["this thread", "another thread"])
async def test_a_press_decides_from_whichever_thread_it_comes(
    lesson: Lesson, button: str, told: str, where: str
):
    await lesson.run(*ASKING)
    asyncio.get_running_loop().set_debug(True)  # it then refuses what is not thread-safe
    task = asyncio.create_task(lesson.ask("Unlock the average tool.", allowed=lesson.ask_user))
    await until(lambda: lesson.waiting)
    assert called(lesson.clients["showcase"]) == []
    assert lesson.wanted.value.startswith("The model wants to call unlock_average {}")
    press: Callable[[], None] = getattr(lesson, button).click
    if where == "this thread":
        press()
    else:
        await asyncio.to_thread(press)
    assert told in results(await asyncio.wait_for(task, 10))[0]


async def test_a_press_before_anything_is_wanted_decides_nothing(lesson: Lesson):
    await lesson.run(*ASKING)
    lesson.yes.click()
    assert lesson.wanted.value == "nothing is wanted"
    task = asyncio.create_task(lesson.ask("Unlock the average tool.", allowed=lesson.ask_user))
    await until(lambda: lesson.waiting)
    lesson.no.click()
    assert "declined" in results(await task)[0]


# the picture


async def test_the_picture_shows_host_and_servers_and_no_way_from_the_model_to_them(lesson: Lesson):
    await lesson.run("timed", "arrows", "arrows-wire", "picture")
    drawn = lesson.shown[0]["text/vnd.mermaid"].splitlines()
    steps = [line.split(":")[0].strip() for line in drawn if ">>" in line]
    order = ["U->>H", "H->>M", "M-->>H", "H->>C", "C->>S", "S-->>C"]
    assert steps[:6] == order
    assert steps[-4:] == ["C-->>H", "H->>M", "M-->>H", "H-->>U"]
    assert not [step for step in steps if {"M", "C"} <= set(step) or {"M", "S"} <= set(step)]
    assert drawn[1].strip().startswith("accTitle:")
    assert drawn[2].strip().startswith("accDescr:")


@pytest.mark.parametrize(
    "text", ["a; H->>S: b", "x\n    S->>U: y", "%%{init}%%", "<b>", "", "#35;"]
)
async def test_no_text_ends_a_statement_of_the_picture(lesson: Lesson, text: str):
    source = cells()["picture"].source.partition("lines =")[0]
    await lesson.execute(source)
    assert re.fullmatch(r"(?:[\w /.,()-]|#\d+;)*", lesson.harmless(text))


# pieces


async def test_no_single_piece_of_a_streamed_call_is_json_and_together_they_are(
    lesson: Lesson, capsys: pytest.CaptureFixture[str]
):
    await lesson.run("stream")
    for piece in lesson.pieces:
        with pytest.raises(ValueError, match=r"Expecting|Extra|Unterminated"):
            json.loads(piece)
    assert json.loads("".join(lesson.pieces)) == {"name": "李四"}


async def test_the_solution_works_with_what_the_text_says_to_run_again(
    lesson: Lesson, capsys: pytest.CaptureFixture[str]
):
    solution = re.search(r"```python\n(.*?)```", cells()["try-text"].source, re.S)
    assert solution
    await lesson.execute(solution[1])
    assert [name for name, _ in lesson.calls] == ["get_score_by_name"] * 2 + ["multiply"]
    assert str(lesson.calls) in capsys.readouterr().out


# the script


@pytest.fixture
def stand_in() -> Iterator[ServerHandle]:
    with serve(scripted_model.app, name="for the script") as handle:
        yield handle


def run_script(
    *arguments: str, port: int = 9, model: str = scripted_model.MODEL, said: str = ""
) -> subprocess.CompletedProcess[str]:
    settings = {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_MODEL": model}
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        env=environment | settings,
        input=said,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )


def test_the_script_lets_the_model_call_and_prints_its_answer(stand_in: ServerHandle):
    done = run_script("张三的绩效怎么样?", *ACHIEVEMENT, port=stand_in.port)
    assert done.stdout.startswith("get_score_by_name 的结果：name: 张三 绩效评分: 85.9\n")
    assert done.stderr == '→ get_score_by_name {"name": "张三"}\n'
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("said", "told"), [("y\n", "is there"), ("n\n", "declined"), ("", "declined")]
)
def test_the_script_asks_before_a_call_that_may_change_something(
    stand_in: ServerHandle, said: str, told: str
):
    done = run_script("Unlock the average tool.", *SHOWCASE, port=stand_in.port, said=said)
    assert "May it call unlock_average {}? y/N " in done.stderr
    assert told in done.stdout
    assert done.returncode == 0


def test_the_script_mends_a_call_that_was_no_json(stand_in: ServerHandle):
    question = "What is the score of 李四? Send broken JSON first."
    done = run_script(question, *ACHIEVEMENT, port=stand_in.port)
    assert "92.7" in done.stdout
    assert done.returncode == 0


def test_the_script_has_a_limit(stand_in: ServerHandle):
    done = run_script("Ask for the score of 张三 for ever.", *ACHIEVEMENT, port=stand_in.port)
    assert done.stderr.splitlines()[-1] == "no answer after 8 rounds"
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("model", "about"), [("", "no model is named: set OPENAI_MODEL"), ("x", "no model answers at ")]
)
def test_the_script_says_in_one_line_that_no_model_answers(model: str, about: str):
    done = run_script("x", *ACHIEVEMENT, model=model)
    assert done.stderr.startswith(about)
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode == 1


def test_the_script_says_in_one_line_what_the_model_server_refused(stand_in: ServerHandle):
    done = run_script("x", *ACHIEVEMENT, port=stand_in.port, model="gpt")
    assert done.stderr.startswith("no model answers at ")
    assert "'gpt' does not exist" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [[PYTHON, "-m", "servers.nowhere"], ["no-such-command"]])
def test_the_script_says_in_one_line_that_there_is_no_server(command: list[str]):
    done = run_script("x", *command)
    assert done.stderr.splitlines()[-1] == f"no MCP server answers to: {' '.join(command)}"
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_the_script_is_short_and_hands_over_tools_as_the_lesson_does():
    source = SCRIPT.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 90
    functions = [
        {node.name: ast.dump(node) for node in ast.parse(text).body if hasattr(node, "name")}
        for text in (source, cells()["for-model"].source)
    ]
    assert functions[0]["for_model"] == functions[1]["for_model"]
