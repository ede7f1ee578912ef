"""Proves every claim of lesson 07 that no cell of it shows, its bridge, and its script."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import nbformat
import psutil
import pytest
from mcp import Client, ClientSessionGroup, MCPError, StdioServerParameters
from mcp.client.session_group import SseServerParameters, StreamableHttpParameters
from mcp.server import MCPServer
from mcp.types import Implementation
from packaging.requirements import Requirement
from pydantic import AnyUrl

from helpers import close, connect, connect_all, keep_open, owner, serve
from helpers.server_thread import ServerHandle
from servers import achievement, showcase
from tests.kernels import Cell, Kernel, ended_within, kernel
from tests.places import BARE_SERVER, NOTEBOOKS, PYTHON
from tests.server_process import over_stdio
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")

SCRIPT = NOTEBOOKS / "scripts/many_servers.py"
LESSON = nbformat.read(NOTEBOOKS / "07_many_servers.ipynb", as_version=4)
CELLS = {cell.id: cell.source for cell in LESSON.cells if cell.cell_type == "code"}
ELSEWHERE = "Attempted to exit cancel scope in a different task"
BARE = {"command": PYTHON, "args": ["-I", "-S", BARE_SERVER]}


def score_parameters(handle: ServerHandle) -> SseServerParameters:
    return SseServerParameters(url=handle.url)


def processes() -> set[psutil.Process]:
    """What this process has started, and what that has."""
    return set(psutil.Process().children(recursive=True))


def connections_to(handle: ServerHandle) -> int:
    """How many connections this process has to a server that it serves."""
    found = psutil.Process().net_connections("tcp")
    return sum(bool(c.raddr) and c.raddr.port == handle.port for c in found)


# ---- ClientSessionGroup ----


def test_a_group_over_stdio_ends_in_fileno_where_a_kernel_has_no_file_behind_stderr(
    shared_kernel: Kernel,
):
    # pytest's environment makes the kernel start as it does on Windows and in Colab
    shared_kernel.ok("from mcp import *")
    shared_kernel.ok(f"server = StdioServerParameters(command={PYTHON!r}, args=['-m', 'x'])")
    failed = shared_kernel.run(
        "async with ClientSessionGroup() as group: await group.connect_to_server(server)"
    )
    assert failed.error == "UnsupportedOperation: fileno"


def test_a_group_over_stdio_works_in_a_script(tmp_path: Path):
    program = f"""
import asyncio
from mcp import ClientSessionGroup, StdioServerParameters
async def main():
    async with ClientSessionGroup() as group:
        for name in ("achievement", "showcase"):
            args = ["-m", f"servers.{{name}}"]
            await group.connect_to_server(StdioServerParameters(command={PYTHON!r}, args=args))
        print(len(group.tools))
asyncio.run(main())
"""
    done = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("10\n", 0), done.stderr


async def test_what_one_task_does_with_a_group_works():
    with serve(achievement.mcp) as handle:
        async with ClientSessionGroup() as group:
            session = await group.connect_to_server(score_parameters(handle))
            await group.disconnect_from_server(session)
            assert (group.tools, connections_to(handle)) == ({}, 0)
            await group.connect_to_server(score_parameters(handle))
        assert connections_to(handle) == 0


@pytest.mark.usefixtures("sse_cut_off")
@pytest.mark.parametrize("how", ["disconnect", "close"])
async def test_another_task_may_connect_and_call_and_then_nobody_else_may_disconnect(how: str):
    async def in_a_cell(doing):
        return await asyncio.create_task(doing)  # each cell is a task

    with serve(achievement.mcp) as handle:
        group = await in_a_cell(keep_open(ClientSessionGroup()))
        session = await in_a_cell(group.connect_to_server(score_parameters(handle)))
        result = await in_a_cell(group.call_tool("get_score_by_name", {"name": "张三"}))
        assert "85.9" in result.content[0].text
        leaving = group.disconnect_from_server(session) if how == "disconnect" else close(group)
        with pytest.raises(RuntimeError, match=ELSEWHERE):
            await in_a_cell(leaving)
        await until(lambda: connections_to(handle) == 0)


async def test_a_group_shakes_hands():
    with (
        serve(achievement.mcp) as one,
        serve(showcase.mcp, transport="streamable-http") as other,
    ):
        async with ClientSessionGroup() as group:
            await group.connect_to_server(score_parameters(one))
            await group.connect_to_server(StreamableHttpParameters(url=other.url))
            assert {session.protocol_version for session in group.sessions} == {"2025-11-25"}


def server_with(*kinds: str, uri: str = "test://one") -> MCPServer:
    """A server with a tool, a resource or a prompt, each called `same`."""
    mcp = MCPServer("server", log_level="WARNING")

    def same() -> str:
        return "same"

    if "tool" in kinds:
        mcp.tool()(same)
    if "resource" in kinds:
        mcp.resource(uri, name="same")(same)
    if "prompt" in kinds:
        mcp.prompt()(same)
    return mcp


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (("tool", "resource", "prompt"), "{'same'} already exist in group prompts."),
        (("tool", "resource"), "{'same'} already exist in group resources."),
        (("tool",), "{'same'} already exist in group tools."),
    ],
)
async def test_a_group_compares_prompts_then_resources_then_tools_by_their_names(
    kinds: tuple[str, ...], told: str
):
    server_info = Implementation(name="server", version="1")
    async with Client(server_with(*kinds)) as one, Client(server_with(*kinds, uri="x://y")) as two:
        group = ClientSessionGroup()
        await group.connect_with_session(server_info, one.session)
        with pytest.raises(MCPError) as raised:
            await group.connect_with_session(server_info, two.session)
    assert str(raised.value) == told


async def test_after_a_collision_no_connection_of_the_group_is_left():
    names: dict[str, object] = {}
    exec(CELLS["group-opened"], {"ClientSessionGroup": ClientSessionGroup}, names)
    with serve(achievement.mcp) as one, serve(server_with("tool")) as other:
        servers = [score_parameters(handle) for handle in (other, one, one)]
        with pytest.raises(MCPError, match="already exist"):
            await keep_open(names["connected"](*servers), name="group")
        assert owner.open_keys() == []
        await until(lambda: connections_to(one) + connections_to(other) == 0)


async def test_a_group_reads_the_first_page_only_and_does_not_notice_a_change():
    group = ClientSessionGroup()
    paged = await connect(over_stdio("paged"))
    await group.connect_with_session(Implementation(name="paged", version="1"), paged.session)
    assert len(group.tools) == 10
    changing = await connect(over_stdio("showcase"), mode="legacy")
    await group.connect_with_session(changing.server_info, changing.session)
    before = list(group.tools)
    await group.call_tool("unlock_average")
    assert len((await changing.list_tools()).tools) + 10 == len(before) + 1
    assert list(group.tools) == before


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_group_of_open_sessions_may_be_changed_from_any_cell(mode: str):
    client = await connect(over_stdio("achievement"), mode=mode)
    group = ClientSessionGroup()
    adding = group.connect_with_session(client.server_info, client.session)
    await asyncio.create_task(adding)
    assert list(group.tools) == ["get_score_by_name"]
    await asyncio.create_task(group.disconnect_from_server(client.session))
    assert group.tools == {}
    assert (await client.list_tools()).tools


# ---- one fails ----


async def test_gather_raises_the_first_error_and_leaves_an_open_server_behind(
    bare: Callable[..., StdioServerParameters],
):
    with pytest.raises(FileNotFoundError):
        await asyncio.gather(connect(bare()), connect(StdioServerParameters(command="nothing")))
    await until(lambda: any(o.ready.done() for o in owner._owners.values()))
    assert len(owner._owners) == 1


def test_the_file_beside_the_lesson_holds_no_path_and_no_secret():
    file = json.loads((NOTEBOOKS / "mcp_servers.json").read_text(encoding="utf-8"))
    assert list(file) == ["mcpServers"]
    for entry in file["mcpServers"].values():
        assert entry.get("command", "${KERNEL_PYTHON}") == "${KERNEL_PYTHON}"
        assert entry.get("url", "${SHARED_URL}") == "${SHARED_URL}"
        assert set(entry) <= {"command", "args", "url", "disabled"}


# ---- the bridge ----


def test_version_1_of_the_sdk_spells_a_uri_with_a_slash_at_its_end():
    assert str(AnyUrl("file://info.md")) == "file://info.md/"  # the type that it kept URIs in


async def test_a_server_that_knows_one_spelling_does_not_find_the_other():
    async with Client(server_with("resource", uri="file://info.md")) as client:
        assert (await client.read_resource("file://info.md")).contents
        with pytest.raises(MCPError, match=r"Unknown resource: file://info\.md/"):
            await client.read_resource("file://info.md/")


UVX = [PYTHON, "-m", "uv", "tool", "run", "--color", "never", "--python", PYTHON]
PROXY = "mcp-proxy@0.13.0"
NETWORK = ("UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="module")
def _package_index() -> None:
    """Without one, and without a cache that has the bridge, skip; in CI fail."""
    asking = [*UVX, PROXY, "--version"]
    try:
        subprocess.run(asking, capture_output=True, check=True, timeout=60)
    except subprocess.SubprocessError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"uvx cannot get mcp-proxy: {error}")


@pytest.mark.usefixtures("_package_index")
def test_the_bridge_lives_in_an_environment_of_its_own_with_version_1_of_the_sdk():
    asking = (
        "from importlib.metadata import distributions, requires, version\n"
        "[wanted] = [line for line in requires('mcp-proxy') if line.startswith('mcp<')]\n"
        "print(version('mcp').split('.')[0], len({d.name for d in distributions()}), wanted)"
    )
    command = [*UVX, "--from", PROXY.replace("@", "=="), "python", "-c", asking]
    major, packages, wanted = subprocess.check_output(command, text=True).split()
    assert major == "1"
    assert version("mcp") not in Requirement(wanted).specifier
    assert 25 <= int(packages) <= 35  # "some thirty"


@pytest.mark.usefixtures("_package_index", "sse_cut_off")
async def test_the_other_way_round_the_bridge_is_a_stdio_server_in_an_mcp_servers_file(
    tmp_path: Path,
):
    with serve(achievement.mcp) as handle:
        env = {name: f"${{{name}}}" for name in os.environ if name.upper().startswith(NETWORK)}
        entry = {"command": UVX[0], "args": [*UVX[1:], PROXY, handle.url], "env": env}
        path = tmp_path / "servers.json"
        path.write_text(json.dumps({"mcpServers": {"remote": entry}}), encoding="utf-8")
        servers = await connect_all(path, timeout=60)
        result = await servers["remote"].call_tool("get_score_by_name", {"name": "张三"})
        assert result.content[0].text == "name: 张三 绩效评分: 85.9"
        await close(servers["remote"])


def run_lesson(seconds: float = 200) -> dict[str, Cell]:
    """Every cell of the lesson in a fresh kernel, as Run All sends them."""
    with kernel(cwd=str(NOTEBOOKS)) as running:
        ids = [running.client.execute(source) for source in CELLS.values()]
        ran = dict(zip(CELLS, running.collect(ids, seconds), strict=True))
        assert {name: cell.error for name, cell in ran.items() if cell.status != "ok"} == {}
        assert ended_within(running.children(), 3) == []
    return ran


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_package_index")
def test_with_a_package_index_the_lesson_crosses_the_bridge():
    ran = run_lesson()
    assert ran["bridge-open"].text == "The bridge listens.\n"
    assert ran["bridge-use"].text == "name: 张三 绩效评分: 85.9 - protocol 2025-11-25\n"
    assert ran["bridge-resource"].text.startswith("file://info.md/\n| 姓名 |")


@pytest.mark.timeout(300)
def test_without_a_package_index_the_lesson_says_what_would_have_run_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    ran = run_lesson()
    told = ran["bridge-open"].text.splitlines()
    assert told[0].startswith("There is no bridge: error: No solution found")
    assert any("the network was disabled" in line for line in told)
    assert told[-1] == f"uvx {PROXY} --port 0 -- python -m servers.achievement"
    assert ran["bridge-use"].text.startswith("Without a bridge")
    assert ran["bridge-resource"].text == "A bridge would list file://info.md/ here.\n"


def bridge(command: list[str]) -> object:
    """The lesson's context manager around a program."""
    cells = [CELLS[name] for name in ("group-opened", "bridge-functions", "bridge-manager")]
    names: dict[str, object] = {"ClientSessionGroup": None, "psutil": psutil, "asyncio": asyncio}
    exec("\n".join(cells), names)
    return names["running"](command, r"running on (\S+)")


async def test_the_lessons_context_manager_ends_the_program_and_what_it_has_started():
    program = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('running on http://here', flush=True)\n"
        "time.sleep(600)"
    )
    before = processes()
    opened = await keep_open(bridge([PYTHON, "-c", program]), name="bridge")
    started = list(processes() - before)
    assert (opened, len(started)) == ("http://here", 2)
    await close("bridge")
    assert ended_within(started, 3) == []


async def test_the_lessons_context_manager_raises_what_a_program_says_that_ends_by_itself():
    with pytest.raises(RuntimeError, match=r"^no network$"):
        await keep_open(bridge([PYTHON, "-c", "import sys; sys.exit('no network')"]))


async def test_the_lessons_context_manager_ends_a_program_that_never_announces_itself():
    before = processes()
    with pytest.raises(TimeoutError):
        silent = bridge([PYTHON, "-c", "import time; time.sleep(600)"])
        await keep_open(silent, timeout=0.5)
    assert processes() == before


# ---- the script ----


def run_script(path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, path, *arguments],
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        timeout=60,
        env=os.environ | environment,
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(**entries: object) -> Path:
        path = tmp_path / "servers.json"
        path.write_text(json.dumps({"mcpServers": entries}), encoding="utf-8")
        return path

    return written


def test_the_script_is_under_eighty_lines():
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) < 80


def test_the_script_lists_the_tools_of_all_servers_and_tells_what_is_not_open(
    write: Callable[..., Path],
):
    path = write(
        scores={"command": "${RUNNER}", "args": ["-m", "servers.${env:NAME}"], "icon": 1},
        gone={"command": "no-such-command"},
        odd=5,
        paused={"command": "no-such-command", "disabled": True},
        unset={"url": "${NOT_SET_ANYWHERE}"},
        bare=BARE,
    )
    done = run_script(path, RUNNER=PYTHON, NAME="achievement")
    lines = done.stdout.splitlines()
    assert lines[0] == "scores: get_score_by_name: 根据员工的姓名获取该员工的绩效得分"
    assert lines[1].startswith("bare: where: ")
    told = [line.split(" is not open: ")[0] for line in done.stderr.splitlines() if "open" in line]
    assert told == ["gone", "odd", "unset"]
    assert "KeyError: 'NOT_SET_ANYWHERE'" in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
@pytest.mark.parametrize("headers", [{}, {"headers": {"Who": "me"}}])
def test_the_script_reaches_servers_by_url(
    write: Callable[..., Path], transport: str, headers: dict[str, object]
):
    with serve(achievement.mcp, transport=transport) as handle:
        path = write(shared={"url": handle.url, **headers})
        done = run_script(path, "shared", "get_score_by_name", '{"name": "李四"}')
    assert (done.stdout, done.stderr) == ("name: 李四 绩效评分: 92.7\n", "")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (["films", "divide", '{"a": 1, "b": 0}'], "the tool failed: "),
        (["nobody", "divide", "{}"], "no server is open under the name nobody"),
        (["films", "divide", "{"], "JSONDecodeError: "),
    ],
)
def test_the_script_says_in_one_line_what_went_wrong_with_a_call(
    write: Callable[..., Path], call: list[str], told: str
):
    path = write(films={"command": PYTHON, "args": ["-m", "servers.showcase"]})
    done = run_script(path, *call)
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
    assert (done.stdout, done.returncode) == ("", 1)


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_the_script_says_in_one_line_that_the_file_cannot_be_used(
    tmp_path: Path, content: str | None
):
    path = tmp_path / "servers.json"
    if content:
        path.write_text(content, encoding="utf-8")
    done = run_script(path)
    assert len(done.stderr.splitlines()) == 1
    assert (done.stdout, done.returncode) == ("", 1)


def test_the_script_gives_a_silent_server_up_and_goes_on(
    write: Callable[..., Path], tmp_path: Path
):
    hurried = tmp_path / "many_servers.py"
    source = SCRIPT.read_text(encoding="utf-8")
    hurried.write_text(source.replace("SECONDS = 20", "SECONDS = 1"), encoding="utf-8")
    path = write(silent=BARE | {"args": [*BARE["args"], "silent"]}, bare=BARE)
    done = subprocess.run([PYTHON, hurried, path], capture_output=True, text=True, check=False)
    assert "silent is not open: TimeoutError" in done.stderr
    assert done.stdout.startswith("bare: where: ")
    assert done.returncode == 0
