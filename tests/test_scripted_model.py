"""The stand-in for a model: its wire is OpenAI's, and it knows nothing but the request."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from openai import APIStatusError, AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from servers import achievement, films, scripted_model, showcase
from servers.scripted_completion import MODEL
from servers.scripted_words import wishes, words
from tests.server_process import command, run

HERE = "http://stand-in"
WATER = {
    "name": "water_plant",
    "description": "Water a plant in the greenhouse.",
    "parameters": {
        "type": "object",
        "properties": {
            "plant": {"type": "string", "description": "Its name."},
            "litres": {"type": "integer", "description": "How much water."},
        },
        "required": ["plant", "litres"],
    },
}
USER = {"role": "user", "content": "Water the plant Rose with 2 litres."}
ASKED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "water_plant", "arguments": "{}"}},
        {"id": "b", "type": "function", "function": {"name": "water_plant", "arguments": "{}"}},
    ],
}


def in_process(api_key: str | None = None) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=scripted_model.create_app(api_key))
    return httpx2.AsyncClient(transport=transport, base_url=HERE)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with in_process() as client:
        yield client


@pytest.fixture
def ai(http: httpx2.AsyncClient) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{HERE}/v1", api_key="none", http_client=http, max_retries=0)


def tool(function: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": function}


async def tools_of(*servers: Any) -> list[dict[str, Any]]:
    functions = []
    for server in servers:
        async with Client(server) as client:
            for one in (await client.list_tools()).tools:
                about = {"name": one.name, "description": one.description}
                functions.append({**about, "parameters": one.input_schema})
    return functions


def request(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": list(messages or [USER]), **more}


async def post(http: httpx2.AsyncClient, body: Any) -> httpx2.Response:
    return await http.post("/v1/chat/completions", json=body)


async def ask(ai: AsyncOpenAI, question: str, functions: list[dict[str, Any]], **more: Any) -> Any:
    tools = {"tools": [tool(one) for one in functions]} if functions else {}
    body = request({"role": "user", "content": question}, **tools, **more)
    return (await ai.chat.completions.create(**body)).choices[0].message


def calls_of(message: Any) -> list[tuple[str, dict[str, Any]]]:
    calls = message.tool_calls or []
    return [(call.function.name, json.loads(call.function.arguments)) for call in calls]


# what it chooses


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("张三的绩效怎么样?", [("get_score_by_name", {"name": "张三"})]),
        ("员工王五的绩效得分是多少？", [("get_score_by_name", {"name": "王五"})]),
        ("What is the score of Zhang San?", [("get_score_by_name", {"name": "Zhang San"})]),
        (
            "张三和李四的绩效",
            [("get_score_by_name", {"name": "张三"}), ("get_score_by_name", {"name": "李四"})],
        ),
        (
            "Which three films rate highest?",
            [
                (
                    "search_movies",
                    {"query": "", "sort_by": ["rating"], "descending": True, "limit": 3},
                )
            ],
        ),
        (
            "Which two films from 中国香港 rate lowest?",
            [
                (
                    "search_movies",
                    {
                        "query": "",
                        "region": "中国香港",
                        "sort_by": ["rating"],
                        "descending": False,
                        "limit": 2,
                    },
                )
            ],
        ),
        (
            "Which films with 徐峥 are rated at least 8?",
            [("search_movies", {"query": "徐峥", "min_rating": 8, "sort_by": ["rating"]})],
        ),
        ("Divide 7 by 0.", [("divide", {"a": 7, "b": 0})]),
        ("Count slowly to five.", [("slow_count", {"steps": 5})]),
        ("Unlock the average tool.", [("unlock_average", {})]),
        ("Tell me a joke.", []),
        ("今天天气怎么样?", []),
        ("", []),
    ],
)
async def test_it_calls_the_right_tool_with_arguments_from_the_question(
    ai: AsyncOpenAI, question: str, expected: list[tuple[str, dict[str, Any]]]
):
    functions = await tools_of(achievement.mcp, showcase.mcp)
    assert calls_of(await ask(ai, question, functions)) == expected


async def test_it_asks_several_servers_in_one_message(ai: AsyncOpenAI):
    functions = await tools_of(achievement.mcp, showcase.mcp)
    question = "What is the score of 张三, and which three films rate highest?"
    called = calls_of(await ask(ai, question, functions))
    assert [name for name, _ in called] == ["get_score_by_name", "search_movies"]


async def test_what_it_asks_for_is_what_the_tools_take():
    for server in (achievement.mcp, showcase.mcp):
        functions = await tools_of(server)
        async with Client(server) as client:
            for question in ("张三的绩效怎么样?", "Which three films rate highest?"):
                for wish in wishes(question, functions, []):
                    assert not (await client.call_tool(wish.name, wish.arguments)).is_error


async def test_it_finds_a_tool_that_it_has_never_seen(ai: AsyncOpenAI):
    message = await ask(ai, "Water the plant Rose with 2 litres.", [WATER])
    assert calls_of(message) == [("water_plant", {"plant": "Rose", "litres": 2})]


async def test_it_asks_for_nothing_where_a_required_argument_is_missing(ai: AsyncOpenAI):
    assert not (await ask(ai, "Water the plant Rose.", [WATER])).tool_calls


async def test_another_name_for_a_tool_changes_nothing_as_long_as_it_is_described(ai: AsyncOpenAI):
    [function] = await tools_of(achievement.mcp)
    message = await ask(ai, "张三的绩效怎么样?", [{**function, "name": "x1"}])
    assert calls_of(message) == [("x1", {"name": "张三"})]


def test_its_source_knows_no_tool_of_our_servers():
    names = ["get_score_by_name", "search_movies", "unlock_average", films.TABLE, "张三", "绩效"]
    for path in Path(scripted_model.__file__).parent.glob("scripted_*.py"):
        source = path.read_text(encoding="utf-8")
        assert [name for name in names if name in source] == [], path.name


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"type": "object"},
        {"properties": None, "required": None},
        {"properties": {"a": True, "b": {"anyOf": [True, {"type": "null"}]}, "c": {"enum": []}}},
        {"properties": {"a": {"type": ["string", "null"]}, "b": {"type": "array"}}},
        {"properties": {"a": {"type": "array", "items": True}, "b": {"anyOf": None}}},
    ],
)
def test_a_strange_schema_does_not_confuse_it(parameters: dict[str, Any]):
    strange = {"name": "water", "description": None, "parameters": parameters}
    assert wishes("Water 2 plants at least 3 times.", [strange], []) == [("water", {})]


def test_words_meet_without_their_endings():
    assert words("Rating films") == words("rated film") == {"rat", "film"}
    assert words("the of 张") == set()


# what it answers


async def answer_to(ai: AsyncOpenAI, question: str, *results: str) -> str:
    """Its answer after a call for each result."""
    calls = [
        {"id": f"{n}", "type": "function", "function": {"name": "water_plant", "arguments": "{}"}}
        for n in range(len(results))
    ]
    said = [
        {"role": "tool", "tool_call_id": f"{n}", "content": text} for n, text in enumerate(results)
    ]
    asked = {"role": "assistant", "tool_calls": calls}
    body = request({"role": "user", "content": question}, asked, *said, tools=[tool(WATER)])
    message = (await ai.chat.completions.create(**body)).choices[0].message
    assert not message.tool_calls
    return str(message.content)


async def test_it_answers_in_the_language_of_the_question_and_says_what_it_is(ai: AsyncOpenAI):
    english = await answer_to(ai, "How is 张三?", "fine")
    assert english == (
        "water_plant says: fine\n(Written by a script that matches words, not by a model.)"
    )
    chinese = await answer_to(ai, "张三怎么样?", "很好")
    assert chinese == "water_plant 的结果：很好\n（由匹配词语的脚本写成，不是模型。）"


@pytest.mark.parametrize("question", ["Tell me a joke.", "讲个笑话"])
@pytest.mark.parametrize("functions", [[], [WATER]])
async def test_it_answers_plainly_where_no_tool_fits(
    ai: AsyncOpenAI, question: str, functions: list[dict[str, Any]]
):
    message = await ask(ai, question, functions)
    assert not message.tool_calls
    assert ("script" in message.content) == (question == "Tell me a joke.")
    assert ("脚本" in message.content) == (question == "讲个笑话")


@pytest.mark.parametrize(
    "results", [['{"a": "x", "n": 1}\n{"a": "y", "n": 2}'], ['[{"a": "x", "n": 1}, {"a": "y"}]']]
)
async def test_rows_are_named_and_not_printed(ai: AsyncOpenAI, results: list[str]):
    assert re.match(
        r"water_plant found x \(n 1\), y( \(n 2\))?\.\n", await answer_to(ai, "?", *results)
    )


async def test_it_says_so_when_a_tool_failed(ai: AsyncOpenAI):
    said = await answer_to(ai, "Water the plant Rose with 2 litres, then water Lily.", "Error: dry")
    assert said.startswith("water_plant did not work: dry\n")


async def test_a_question_goes_on_with_numbers_that_came_back(ai: AsyncOpenAI):
    functions = await tools_of(achievement.mcp, showcase.mcp)
    question = "Get the scores of 张三 and 李四, then add them."
    message = await ask(ai, question, functions)
    messages: list[Any] = [{"role": "user", "content": question}, message.model_dump()]
    for call, score in zip(message.tool_calls, ("85.9", "92.7"), strict=True):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": score})
    body = request(*messages, tools=[tool(one) for one in functions])
    following = (await ai.chat.completions.create(**body)).choices[0].message
    assert calls_of(following) == [("add", {"a": 85.9, "b": 92.7})]
    assert following.tool_calls[0].id not in [call.id for call in message.tool_calls]


async def test_only_what_follows_the_last_question_counts(ai: AsyncOpenAI):
    done = [
        {"role": "tool", "tool_call_id": call["id"], "content": "done"}
        for call in ASKED["tool_calls"]
    ]
    body = request(USER, ASKED, *done, {"role": "assistant", "content": "Done."}, USER)
    message = (await ai.chat.completions.create(**body, tools=[tool(WATER)])).choices[0].message
    assert calls_of(message) == [("water_plant", {"plant": "Rose", "litres": 2})]


@pytest.mark.parametrize(
    ("choice", "question", "called"),
    [
        ("none", "Water the plant Rose with 2 litres.", []),
        ("required", "Tell me a joke.", ["water_plant"]),
        ("auto", "Tell me a joke.", []),
        (tool({"name": "other"}), "Water the plant Rose with 2 litres.", ["other"]),
    ],
)
async def test_tool_choice_is_obeyed(
    ai: AsyncOpenAI, choice: Any, question: str, called: list[str]
):
    functions = [WATER, {**WATER, "name": "other"}]
    message = await ask(ai, question, functions, tool_choice=choice)
    assert [name for name, _ in calls_of(message)] == called


# its wire


QUESTIONS = [
    "Water the plant Rose with 2 litres. Water the plant Lily with 3 litres.",
    "张三?",
    "x",
]


@pytest.mark.parametrize("question", QUESTIONS)
async def test_its_completion_is_what_the_package_types(http: httpx2.AsyncClient, question: str):
    body = request({"role": "user", "content": question}, tools=[tool(WATER)])
    told = (await post(http, body)).json()
    completion = ChatCompletion.model_validate(told, strict=True)
    assert completion.model_dump(exclude_unset=True) == told
    assert not _extras(completion)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_its_chunks_are_what_the_package_types(http: httpx2.AsyncClient, question: str):
    body = request({"role": "user", "content": question}, tools=[tool(WATER)], stream=True)
    response = await post(http, body)
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, end, rest = response.text.split("\n\n")
    assert (end, rest) == ("data: [DONE]", "")
    for event in events:
        chunk = ChatCompletionChunk.model_validate_json(event.removeprefix("data: "), strict=True)
        assert not _extras(chunk)
    assert len(events) > 3


def _extras(value: Any) -> list[str]:
    """The fields of an answer that the package's types do not have."""
    if isinstance(value, list):
        return [name for item in value for name in _extras(item)]
    if not hasattr(value, "model_extra"):
        return []
    inside = [name for field in value.model_fields_set for name in _extras(getattr(value, field))]
    return [*(value.model_extra or {}), *inside]


def written(message: Any) -> tuple[Any, ...]:
    calls = message.tool_calls or []
    called = [(call.id, call.type, call.function.name, call.function.arguments) for call in calls]
    return message.role, message.content, message.refusal, called


@pytest.mark.parametrize("usage", [True, False])
@pytest.mark.parametrize("question", QUESTIONS)
async def test_streamed_and_put_together_it_is_the_same(
    ai: AsyncOpenAI, question: str, usage: bool
):
    body = request({"role": "user", "content": question}, tools=[tool(WATER)])
    whole = await ai.chat.completions.create(**body)
    options = {"stream_options": {"include_usage": True}} if usage else {}
    async with ai.chat.completions.stream(**body, **options) as stream:
        streamed = await stream.get_final_completion()
    assert written(streamed.choices[0].message) == written(whole.choices[0].message)
    assert streamed.choices[0].finish_reason == whole.choices[0].finish_reason
    assert streamed.usage == (whole.usage if usage else None)


async def test_the_same_request_has_the_same_answer_to_the_letter(http: httpx2.AsyncClient):
    first, second = [await post(http, request(tools=[tool(WATER)])) for _ in range(2)]
    assert first.content == second.content


async def test_it_lists_itself_as_what_it_is(ai: AsyncOpenAI):
    listed = [model async for model in ai.models.list()]
    assert listed == [await ai.models.retrieve(MODEL)]
    assert isinstance(listed[0], Model)
    assert "not-a-model" in listed[0].id


# its refusals


@pytest.mark.parametrize(
    ("body", "param", "about"),
    [
        ([], None, "object"),
        ({"messages": [USER]}, "model", "required"),
        ({"model": MODEL}, "messages", "required"),
        ({"model": MODEL, "messages": []}, "messages", "at least 1"),
        (request({"role": "robot", "content": "x"}), "messages[0].role", "Input should be"),
        (request({"role": "user"}), "messages[0]", "needs 'content'"),
        (request({"role": "user", "content": 5}), None, "valid string"),
        (request({"role": "tool", "content": "x"}), "messages[0]", "tool_call_id"),
        (request({"role": "tool", "content": "x", "tool_call_id": "a"}), None, "preceding message"),
        (request(USER, ASKED), None, "have no response: a, b"),
        (
            request(USER, ASKED, {"role": "tool", "content": "x", "tool_call_id": "b"}, USER),
            None,
            "have no response: a",
        ),
        (request(tools=[]), "tools", "at least 1"),
        (request(tools=[WATER]), "tools[0].type", "required"),
        (request(tools=[tool({**WATER, "name": "a.b"})]), "tools[0].function.name", "pattern"),
        (request(tools=[tool({**WATER, "name": "a" * 65})]), "tools[0].function.name", "pattern"),
        (request(tools=[tool(WATER), tool(WATER)]), None, "same name: water_plant"),
        (request(tool_choice="required"), None, "no 'tools'"),
        (request(tools=[tool(WATER)], tool_choice=tool({"name": "x"})), None, "not in 'tools'"),
        (request(n=2), "n", "1"),
        (request(stream="yes"), "stream", "boolean"),
        (request(parallel_tool_calls=False), "parallel_tool_calls", "True"),
    ],
)
async def test_a_malformed_request_is_refused_with_its_reason(
    http: httpx2.AsyncClient, body: Any, param: str | None, about: str
):
    response = await post(http, body)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert set(error) == {"message", "type", "param", "code"}
    assert about in error["message"]
    if param:
        assert error["param"] == param


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"model": "\\ud800"}'])
async def test_what_is_no_json_is_refused(http: httpx2.AsyncClient, content: bytes):
    response = await http.post("/v1/chat/completions", content=content)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("GET", "/v1/nowhere", 404),
        ("GET", "/v1/models/nobody", 404),
    ],
)
async def test_every_error_has_the_shape_of_an_error(
    http: httpx2.AsyncClient, method: str, path: str, status: int
):
    response = await http.request(method, path)
    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_the_package_raises_what_it_raises_for_a_real_server(ai: AsyncOpenAI):
    with pytest.raises(NotFoundError, match="does not exist") as missing:
        await ai.chat.completions.create(model="gpt", messages=[USER])
    assert missing.value.code == "model_not_found"
    with pytest.raises(BadRequestError):
        await ai.chat.completions.create(model=MODEL, messages=[])


@pytest.mark.parametrize("path", ["/v1/models", f"/v1/models/{MODEL}", "/v1/chat/completions"])
async def test_a_wrong_key_is_refused_everywhere(path: str):
    method = "POST" if path.endswith("completions") else "GET"
    async with in_process("right") as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "right"}):
            refused = await http.request(method, path, headers=headers)
            assert refused.status_code == 401
            assert refused.json()["error"]["code"] == "invalid_api_key"
        allowed = {"Authorization": "Bearer right"}
        response = await http.request(method, path, headers=allowed, json=request())
        assert response.status_code == 200


async def test_the_package_sends_the_key_and_raises_where_it_is_wrong():
    async with in_process("right") as http:
        for key in ("right", "wrong"):
            ai = AsyncOpenAI(base_url=f"{HERE}/v1", api_key=key, http_client=http)
            try:
                assert (await ai.chat.completions.create(**request())).choices
            except APIStatusError as error:
                assert isinstance(error, AuthenticationError)
                assert key == "wrong"


# as a program


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[str]:
    """The base URL of a stand-in in a process of its own."""
    with subprocess.Popen(
        command("scripted_model", "--port", "0", *arguments),
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | environment,
    ) as process:
        try:
            announcement = process.stderr.readline()
            assert announcement.startswith(f"{MODEL} (a script that matches words) listens on ")
            yield announcement.split()[-1]
        finally:
            process.kill()


async def test_it_runs_as_a_program_with_a_key_from_the_environment():
    with running(SCRIPTED_MODEL_KEY="right") as url:
        async with AsyncOpenAI(base_url=url, api_key="right") as ai:
            assert (await ai.chat.completions.create(**request())).choices
        async with AsyncOpenAI(base_url=url, api_key="wrong") as ai:
            with pytest.raises(AuthenticationError):
                await ai.models.list()


def test_it_says_in_one_line_that_its_port_is_taken():
    with running() as url:
        port = url.split(":")[-1].removesuffix("/v1")
        done = run("scripted_model", "--port", port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Cannot listen on port {port} of 127.0.0.1")
    assert len(done.stderr.splitlines()) == 1


def test_it_imports_neither_the_openai_package_nor_the_helpers():
    source = "import sys, servers.scripted_model; print({'openai', 'helpers'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
