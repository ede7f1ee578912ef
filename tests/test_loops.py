"""`run`, wherever it stands: in scripts, in running loops and in threads of their own.

What it does in a kernel is tested in test_in_a_kernel.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import threading
import time

import psutil
import pytest

from helpers import close_all, keep_open, loops, run
from tests.places import BARE_SERVER, PYTHON, ROOT

PREPARED = f"""
import asyncio, signal, sys, threading
from contextlib import asynccontextmanager
from mcp import StdioServerParameters
from helpers import close, close_all, connect, keep_open, run
BARE = StdioServerParameters(command={PYTHON!r}, args={["-I", "-S", BARE_SERVER]!r})

async def answer(value=42):
    await asyncio.sleep(0)
    return value
"""


STRICT = ("-W", "error", "-X", "dev")
SLOW = re.compile(
    r"^Executing <.*> took [\d.]+ seconds\n", re.MULTILINE
)  # says the machine, of itself


def script(source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What a script of its own prints; no server may outlive it."""
    ended = subprocess.run(
        [PYTHON, *options, "-c", PREPARED + source],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    left = [p for p in psutil.process_iter(["cmdline"]) if left_by(p, ended.stdout)]
    psutil.wait_procs(left, timeout=5)
    assert [p for p in left if p.is_running()] == []
    ended.stderr = SLOW.sub("", ended.stderr)
    return ended


def left_by(process: psutil.Process, printed: str) -> bool:
    return BARE_SERVER in (process.info["cmdline"] or []) and f"pid {process.pid}" in printed


async def forty_two() -> int:
    await asyncio.sleep(0)
    return 42


def in_a_thread(work: object) -> threading.Thread:
    thread = threading.Thread(target=work)  # type: ignore[arg-type]
    thread.start()
    return thread


# ---- without a running loop ----


def test_in_a_script_it_runs_a_coroutine_to_its_end():
    assert run(forty_two()) == 42


def test_what_the_coroutine_raises_is_raised():
    async def fail() -> None:
        raise LookupError("no such film")

    with pytest.raises(LookupError, match="no such film"):
        run(fail())


async def lists() -> list[int]:
    return [1]


@pytest.mark.parametrize("thing", [forty_two, 42, None, [1]], ids=repr)
def test_what_is_no_coroutine_is_refused_by_what_it_is(thing: object):
    with pytest.raises(TypeError, match=r"run takes a coroutine, such as client\.list_tools\(\)"):
        run(thing)  # type: ignore[arg-type]


def test_in_a_thread_of_a_script_without_connections_it_is_asyncio_run():
    results: list[int] = []
    thread = in_a_thread(lambda: results.append(run(forty_two())))
    thread.join(5)
    assert results == [42]


def test_a_connection_that_a_script_opens_and_uses_in_one_run_leaves_no_process():
    ended = script(
        """
async def main():
    client = await connect(BARE)
    print("pid", (await client.call_tool("where", {})).content[0].text)
run(main())
print(run(answer()))
""",
        *STRICT,
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines()[1:] == ["42"]
    assert ended.returncode == 0


def test_a_script_that_ends_with_a_connection_on_a_loop_of_its_own_leaves_no_process():
    ended = script(
        """
loop = asyncio.new_event_loop()
client = loop.run_until_complete(connect(BARE))
print("pid", loop.run_until_complete(client.call_tool("where", {})).content[0].text)
"""
    )
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_a_script_that_ends_with_a_server_and_its_client_open_ends_quietly_and_at_once():
    begun = time.monotonic()
    ended = script(
        """
from mcp.client.sse import sse_client
from mcp.server import MCPServer
from helpers import serve
handle = serve(MCPServer("mine", log_level="WARNING"))
loop = asyncio.new_event_loop()
client = loop.run_until_complete(connect(sse_client(handle.url)))
print(handle.running)
"""
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("True\n", "", 0)
    assert time.monotonic() - begun < 10


def test_a_script_whose_task_fails_leaves_no_process_and_shows_the_one_error():
    ended = script(
        """
async def main():
    client = await connect(BARE)
    print("pid", (await client.call_tool("where", {})).content[0].text, flush=True)
    raise LookupError("no such film")
run(main())
""",
        *STRICT,
    )
    assert ended.stderr.splitlines()[-1] == "LookupError: no such film"
    assert "ExceptionGroup" not in ended.stderr
    assert ended.returncode == 1


def test_ctrl_c_ends_a_script_that_waits_in_run_and_leaves_no_process():
    source = """
async def main():
    client = await connect(BARE)
    print("pid", (await client.call_tool("where", {})).content[0].text, flush=True)
    await client.call_tool("hold", {})
try:
    run(main())
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen(
        [PYTHON, "-c", PREPARED + source], stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT
    ) as process:
        server = psutil.Process(int(process.stdout.readline().split()[1]))
        begun = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        try:
            rest, _ = process.communicate(timeout=30)
        finally:
            process.kill()  # so that one that goes on waiting does not disturb the tests to come
    assert time.monotonic() - begun < 5
    assert rest == "interrupted\n"
    assert not server.is_running()


# ---- inside a running loop ----


def test_inside_a_running_loop_it_returns_the_result_and_the_loop_goes_on():
    ended = script(
        """
async def main():
    ticks = []
    async def tick():
        while len(ticks) < 3:
            ticks.append(None)
            await asyncio.sleep(0)
    ticking = asyncio.create_task(tick())
    client = await connect(BARE)
    print("pid", run(client.call_tool("where", {})).content[0].text)
    await ticking
    print(run(answer()), run(answer(run(answer(7)))), len(ticks))
    try:
        run(client.call_tool("where", "no arguments"))
    except Exception as error:
        print(type(error).__name__)
    await close(client)
asyncio.run(main())
""",
        *STRICT,
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines()[1:] == ["42 7 3", "ValidationError"]


def test_inside_a_running_loop_of_another_thread_it_works_too():
    ended = script(
        """
async def main():
    return run(answer())
results = []
thread = threading.Thread(target=lambda: results.append(asyncio.run(main())))
thread.start()
thread.join(10)
print(results)
""",
        *STRICT,
    )
    assert (ended.stdout, ended.stderr) == ("[42]\n", "")


def test_ctrl_c_inside_a_running_loop_cancels_what_runs_and_restores_the_handler():
    ended = script(
        """
import os
async def wait():
    os.kill(os.getpid(), signal.SIGINT)
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        print("cancelled")
        raise
async def main():
    before = signal.getsignal(signal.SIGINT)
    try:
        run(wait())
    except KeyboardInterrupt:
        print("interrupted", signal.getsignal(signal.SIGINT) is before)
    print(await answer())
asyncio.run(main())
""",
        *STRICT,
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["cancelled", "interrupted True", "42"]


# ---- from a thread, while something is open ----


class Open:
    async def __aenter__(self) -> Open:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


async def test_from_a_thread_it_runs_on_the_loop_that_the_connections_live_on():
    await keep_open(Open())
    home, seen = asyncio.get_running_loop(), list[object]()

    async def where() -> object:
        return asyncio.get_running_loop()

    async def fail() -> None:
        raise LookupError("no such film")

    def work() -> None:
        seen.append(run(where()))
        with pytest.raises(LookupError, match="no such film"):
            run(fail())

    await asyncio.to_thread(work)
    await close_all()
    assert seen == [home]


async def test_from_a_thread_while_the_loop_is_blocked_it_is_an_error_and_nothing_runs_later(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(loops, "HAND_OVER_SECONDS", 0.2)
    await keep_open(Open())
    ran, errors = list[int](), list[Exception]()

    async def work() -> None:
        ran.append(1)

    def hand_over() -> None:
        try:
            run(work())
        except RuntimeError as error:
            errors.append(error)

    in_a_thread(hand_over).join(5)  # blocks this loop, as a cell does that joins a thread
    await asyncio.sleep(0.05)
    await close_all()
    assert "Write: await asyncio.to_thread(...)" in str(errors[0])
    assert ran == []
