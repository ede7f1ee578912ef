"""Proves every claim of lesson 06 that no cell of it shows, and its script."""

from __future__ import annotations

import ast
import asyncio
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import httpx2
import nbformat
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.request_state import RequestStateSecurity
from mcp.types import ElicitResult
from starlette.types import Message, Receive, Scope, Send

from helpers import connect, serve
from servers import achievement, films, showcase
from tests.places import NOTEBOOKS

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")


class Overheard:
    """The showcase over Streamable HTTP; `news` are the verbs whose answers carried the news."""

    def __init__(self) -> None:
        self.app = showcase.mcp.streamable_http_app()
        self.news: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: Message) -> None:
            if b'"notifications/tools/list_changed"' in message.get("body", b""):
                self.news.append(scope["method"])
            await send(message)

        await self.app(scope, receive, noting)


@pytest.mark.parametrize(("mode", "verb"), [("auto", "POST"), ("legacy", "GET")])
async def test_the_news_of_a_list_travels_on_the_stream_that_the_lesson_names(mode: str, verb: str):
    app, heard = Overheard(), []

    async def hear(message: Any) -> None:
        heard.append(type(message).__name__)

    with serve(app, transport="streamable-http") as handle:
        client = await connect(handle.url, mode=mode, message_handler=hear)
        await client.call_tool("add", {"a": 1, "b": 1})
        if mode == "auto":
            async with client.listen(tools_list_changed=True) as changes:
                await client.call_tool("unlock_average", {"unlocked": False})
                await anext(aiter(changes))
        else:
            await client.call_tool("unlock_average", {"unlocked": False})
    assert app.news == [verb]


async def test_after_a_restart_of_the_server_the_newer_era_goes_on_and_the_older_one_does_not():
    handle = serve(achievement.mcp, transport="streamable-http")
    newer = await connect(handle.url)
    older = await connect(handle.url, mode="legacy")
    for _ in range(5):
        handle = serve(achievement.mcp, transport="streamable-http", port=handle.port)
        assert (await newer.list_tools(cache_mode="bypass")).tools
    with pytest.raises(MCPError):
        await older.list_tools(cache_mode="bypass")
    handle.stop()


@pytest.mark.parametrize("keys", [None, ["k" * 32]])
async def test_the_sealed_note_of_a_question_is_read_by_another_copy_only_with_the_key(
    keys: list[str] | None,
):
    def copy() -> MCPServer:
        security = RequestStateSecurity(keys=keys) if keys else None
        mcp = MCPServer("copies", log_level="WARNING", request_state_security=security)
        mcp.add_tool(films.recommend_movie)
        return mcp

    handle = serve(copy(), transport="streamable-http")

    async def accept(context: Any, params: Any) -> ElicitResult:
        serve(copy(), transport="streamable-http", port=handle.port)
        return ElicitResult(action="accept", content={"min_rating": 8})

    client = await connect(handle.url, elicitation_callback=accept)
    if keys:
        assert not (await client.call_tool("recommend_movie", {"actor": "徐峥"})).is_error
    else:
        with pytest.raises(MCPError, match="requestState"):
            await client.call_tool("recommend_movie", {"actor": "徐峥"})


@pytest.mark.parametrize(
    ("mode", "answer", "question", "arrives"),
    [
        ("auto", 10_000_000, 10, True),
        ("legacy", 900_000, 10, True),
        ("legacy", 1_200_000, 10, False),
        ("auto", 10, 4_100_000, True),
        ("auto", 10, 4_300_000, False),
        ("legacy", 10, 4_300_000, False),
    ],
)
async def test_the_largest_message_is_what_the_table_says(
    mode: str, answer: int, question: int, arrives: bool
):
    mcp = MCPServer("large", log_level="WARNING")

    @mcp.tool(structured_output=False)
    def text(length: int, filler: str) -> str:
        return "x" * length

    arguments = {"length": answer, "filler": "y" * question}
    with serve(mcp, transport="streamable-http") as handle:
        client = await connect(handle.url, mode=mode)
        if arrives:
            result = await client.call_tool("text", arguments)
            assert len(result.content[0].text) == answer
        else:
            with pytest.raises(MCPError):
                await client.call_tool("text", arguments)


async def test_a_call_with_progress_is_answered_by_a_stream_that_ends_and_others_by_json():
    kinds: list[str] = []

    async def note(response: httpx2.Response) -> None:
        kinds.append(response.headers["content-type"].partition(";")[0])

    reports: list[object] = []

    async def hear(*report: object) -> None:
        reports.append(report)

    with serve(showcase.mcp, transport="streamable-http") as handle:
        async with (
            httpx2.AsyncClient(event_hooks={"response": [note]}) as http,
            Client(streamable_http_client(handle.url, http_client=http)) as client,
        ):
            await client.call_tool("add", {"a": 1, "b": 1})
            before = len(kinds)
            arguments = {"steps": 2, "step_seconds": 0}
            await client.call_tool("slow_count", arguments, progress_callback=hear)
    assert set(kinds[:before]) == {"application/json"}
    assert kinds[before] == "text/event-stream"
    assert len(reports) == 2


# the script


class OneToken:
    async def verify_token(self, token: str) -> AccessToken | None:
        if token != "open sesame":
            return None
        return AccessToken(token=token, client_id="a learner", scopes=[])


def run_script(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, NOTEBOOKS / "scripts/http_client.py", url],
        env=os.environ | environment,
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def test_the_script_prints_the_tools_and_a_score():
    with serve(achievement.mcp, transport="streamable-http") as handle:
        done = run_script(handle.url)
    assert done.stdout.splitlines()[-1] == "name: 张三 绩效评分: 85.9"
    assert (done.stderr, done.returncode) == ("", 0)


def test_the_script_sends_the_token_from_the_environment():
    here = "http://127.0.0.1"
    settings = AuthSettings(
        issuer_url=here,  # type: ignore[arg-type]
        resource_server_url=here,  # type: ignore[arg-type]
        validate_token_resource=False,
    )
    vault = MCPServer("vault", log_level="WARNING", token_verifier=OneToken(), auth=settings)
    with serve(vault, transport="streamable-http") as handle:
        allowed = run_script(handle.url, MCP_TOKEN="open sesame")
        refused = run_script(handle.url, MCP_TOKEN="a guess")
    assert allowed.stderr == "the tool failed: Unknown tool: get_score_by_name\n"
    assert refused.stderr.startswith(f"no Streamable HTTP server answers at {handle.url}")
    assert refused.returncode == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/mcp", "127.0.0.1:9"])
def test_the_script_says_in_one_line_that_nothing_answers(url: str):
    done = run_script(url)
    assert done.stderr == (
        f"no Streamable HTTP server answers at {url}: is it running, are path and token right?\n"
    )
    assert done.returncode == 1


async def test_a_question_that_comes_late_is_answered_too(capsys: pytest.CaptureFixture[str]):
    """The cell that answers, with a fifth of a second for its five: the form comes after it."""
    cells = nbformat.read(NOTEBOOKS / "06_streamable_http.ipynb", as_version=4).cells
    [answer] = [cell.source for cell in cells if cell.id == "question-answer"]
    pressed = asyncio.Event()
    box = SimpleNamespace(children=[None])

    async def ask() -> SimpleNamespace:
        await asyncio.sleep(0.3)
        send = SimpleNamespace(click=pressed.set)
        box.children = [None, None, SimpleNamespace(children=[send, None])]
        await pressed.wait()
        return SimpleNamespace(content=[SimpleNamespace(text="a film")])

    names = {"asyncio": asyncio, "box": box, "call": asyncio.create_task(ask())}
    source = answer.replace("timeout=5)", "timeout=0.2)")
    code = compile(source, "question-answer", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await eval(code, names)
    assert capsys.readouterr().out == "a film\n"
