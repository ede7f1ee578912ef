"""Both servers as processes, on every transport: served, guarded, and quickly ended."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.cli.cli import _import_server

from servers import achievement, command_line
from tests.server_process import command, listening, over_stdio, run

ROOT = Path(__file__).parent.parent
CALLS = {
    "achievement": ("get_score_by_name", {"name": "张三"}, "name: 张三 绩效评分: 85.9"),
    "showcase": ("add", {"a": 2, "b": 3}, "5"),
}
SERVERS = sorted(CALLS)
HTTP = ["sse", "streamable-http"]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


async def use(target, module, mode="auto"):
    """Connect, call the server's tool and give the printed answer and the protocol version."""
    tool, arguments, _ = CALLS[module]
    async with Client(target, mode=mode) as client:
        result = await client.call_tool(tool, arguments)
        return "".join(item.text for item in result.content), client.protocol_version


@pytest.fixture(
    scope="module", params=[(module, transport) for module in SERVERS for transport in HTTP]
)
def served(request):
    """Each server on each HTTP transport, one process for all tests that leave it alive."""
    with listening(*request.param, "--allow-host", "class.example") as server:
        yield server


@pytest.mark.parametrize(
    ("module", "mode", "era"),
    [("achievement", "legacy", "2025-11-25"), ("showcase", "auto", "2026-07-28")],
)
async def test_a_server_answers_over_stdio(module, mode, era):
    assert await use(over_stdio(module), module, mode) == (CALLS[module][2], era)


@pytest.mark.parametrize(("mode", "era"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_a_server_answers_over_http_at_the_url_it_names(served, mode, era):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/(sse|mcp)", served.url)
    assert await use(served.target(), served.module, mode) == (CALLS[served.module][2], era)


@pytest.mark.parametrize(
    ("transport", "mode", "number"),
    [
        ("sse", "auto", signal.SIGTERM),
        ("sse", "legacy", signal.SIGINT),
        ("streamable-http", "auto", signal.SIGINT),
        ("streamable-http", "legacy", signal.SIGTERM),
    ],
)
async def test_a_signal_ends_a_server_in_the_middle_of_a_clients_call(transport, mode, number):
    outcomes = []
    with listening("showcase", transport) as server:

        async def end(progress, total, message):
            outcomes.append(server.end(number))
            scope.cancel()

        try:
            async with Client(server.target(), mode=mode) as client:
                with anyio.fail_after(10), anyio.CancelScope() as scope:
                    await client.call_tool("slow_count", progress_callback=end)
        except* (httpx2.RemoteProtocolError, anyio.BrokenResourceError):
            pass  # the SDK's SSE client says on leaving that its stream broke off
    [(seconds, output, errors)] = outcomes
    assert seconds < 2
    assert (output, errors) == ("", "")
    assert server.process.returncode == -number


@pytest.mark.parametrize(("transport", "mode"), [("sse", "legacy"), ("streamable-http", "auto")])
async def test_a_call_cancelled_over_http_stops_on_the_server_which_serves_on(transport, mode):
    with listening("showcase", transport) as server:
        async with Client(server.target(), mode=mode) as client:
            with anyio.CancelScope() as scope:

                async def cancel(progress, total, message):
                    scope.cancel()

                arguments = {"steps": 1000, "step_seconds": 0.05}
                await client.call_tool("slow_count", arguments, progress_callback=cancel)
            line = await anyio.to_thread.run_sync(server.process.stderr.readline)
            result = await client.call_tool("add", {"a": 2, "b": 3})
        _, _, errors = server.end()
    assert re.fullmatch(
        r"INFO servers\.showcase: slow_count was cancelled at step \d of 1000\n", line
    )
    assert result.structured_content == {"result": 5}
    assert errors == ""


def talk(process, *messages):
    """Send JSON-RPC messages to a stdio server, and read one line after each that has an id."""
    answers = []
    for message in messages:
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        if "id" in message:
            answers.append(json.loads(process.stdout.readline()))
    return answers


def piped(arguments):
    return subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("module", "number"), [("achievement", signal.SIGINT), ("showcase", signal.SIGTERM)]
)
def test_a_signal_ends_a_stdio_server_that_waits_for_its_client(module, number):
    with piped(command(module)) as process:
        [answer] = talk(process, INITIALIZE)
        assert answer["result"]["serverInfo"]["name"] == module
        process.send_signal(number)
        assert process.wait(timeout=2) == -number
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_a_stdio_server_goes_quietly_when_its_client_is_gone_in_the_middle_of_a_call():
    with piped(command("showcase")) as process:
        params = {"name": "slow_count", "arguments": {"steps": 1000}, "_meta": {"progressToken": 7}}
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}
        _, progress = talk(process, INITIALIZE, INITIALIZED, call)
        assert progress["method"] == "notifications/progress"
        process.stdout.close()
        process.stdin.close()
        assert process.wait(timeout=20) == 0
        [line] = process.stderr.read().splitlines()
    assert "slow_count was cancelled at step" in line


NOISY = """
import os
from servers import command_line
from servers.achievement import mcp

@mcp.tool()
def noisy() -> str:
    print("printed by the tool", flush=True)
    os.system("echo printed by a child")
    return "done"

command_line.main(mcp, port=0)
"""


def test_stdout_holds_nothing_but_the_protocol_and_the_end_of_stdin_is_the_end(tmp_path):
    script = tmp_path / "noisy.py"
    script.write_text(NOISY, encoding="utf-8")
    with piped([sys.executable, str(script)]) as process:
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "noisy"}}
        _, result = talk(process, INITIALIZE, INITIALIZED, call)
        rest, errors = process.communicate(timeout=20)
    assert result["result"]["content"][0]["text"] == "done"
    assert (process.returncode, rest) == (0, "")
    assert errors.splitlines() == ["printed by the tool", "printed by a child"]


def test_help_names_every_option():
    shown = run("achievement", "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    for word in ("python -m servers.achievement", "--transport", "stdio", *HTTP, "--host"):
        assert word in shown.stdout
    for word in ("127.0.0.1", "--port", "18080", "--allow-host"):
        assert word in shown.stdout


def test_a_port_in_use_is_one_line_that_names_it_and_the_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run("showcase", "--transport", "sse", "--port", port)
    assert (ended.returncode, ended.stdout) == (1, "")
    [line] = ended.stderr.splitlines()
    assert f"port {port}" in line
    assert "--port" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "http"],
        ["--port", "-1"],
        ["--port", "65536"],
        ["--transport", "carrier-pigeon"],
        ["--allow-host", "http://class.example/"],
        ["--allow-host", "*"],
        ["--host", ""],
    ],
)
def test_an_argument_that_makes_no_sense_is_named(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(achievement.mcp, port=18080, argv=arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err.splitlines()[-1]


def status(url, **headers):
    """Open a session as a client would, with these headers, and give the HTTP status."""
    accept = {"Accept": "application/json, text/event-stream"}
    method, body = ("GET", None) if url.endswith("/sse") else ("POST", INITIALIZE)
    with httpx2.stream(method, url, headers=accept | headers, json=body) as response:
        return response.status_code


def test_allowed_hosts_and_origins_are_answered(served):
    port = httpx2.URL(served.url).port
    for host in ("127.0.0.1", "localhost", "class.example"):
        assert status(served.url, Host=f"{host}:{port}") == 200
        assert status(served.url, Origin=f"http://{host}:{port}") == 200
    assert status(served.url, Host="class.example", Origin="https://class.example") == 200


def test_the_hosts_and_origins_of_strangers_are_refused(served):
    port = httpx2.URL(served.url).port
    for host in ("evil.example", f"evil.example:{port}", f"class.example.evil:{port}"):
        assert status(served.url, Host=host) == 421
        assert status(served.url, Origin=f"http://{host}") == 403
    assert status(served.url, Origin="null") == 403
    messages = served.url.replace("/sse", "/messages/?session_id=0")
    assert httpx2.post(messages, json={}, headers={"Host": "evil.example"}).status_code == 421


def test_every_address_is_listened_on_only_when_asked_for_and_strangers_are_still_refused():
    with listening("achievement", "sse", "--host", "0.0.0.0") as server:
        port = httpx2.URL(server.url).port
        socket.create_connection(("127.0.0.2", port), timeout=2).close()
        assert status(server.url) == 200
        assert status(server.url, Host=f"0.0.0.0:{port}") == 421
        _, _, errors = server.end()
    assert errors.splitlines() == [
        f"WARNING mcp.server.transport_security: Invalid Host header: 0.0.0.0:{port}"
    ]


def test_a_server_listens_on_loopback_unless_told_otherwise(served):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", httpx2.URL(served.url).port), timeout=2)


@pytest.mark.parametrize("module", SERVERS)
def test_the_mcp_command_line_tool_finds_the_server(module, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    found = _import_server(ROOT / "servers" / f"{module}.py")
    assert found.name == module


def test_importing_a_server_loads_no_pandas_and_leaves_the_log_quiet():
    program = (
        "import logging, sys, servers.achievement, servers.showcase;"
        "assert 'pandas' not in sys.modules;"
        "logging.getLogger('mcp').info('a request');"
        "logging.getLogger('servers.showcase').info('a note')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
