"""One task enters, holds and leaves: `keep_open`, `close` and `close_all` without a kernel."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from mcp import ClientSessionGroup
from mcp.client.session_group import SseServerParameters

from helpers import close, close_all, keep_open, owner, owner_task, serve
from tests import odd_server
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")


class Thing:
    """A context manager that writes down what happens to it, and fails as it is told."""

    def __init__(
        self,
        events: list[str] | None = None,
        name: str = "it",
        value: object = None,
        enter: BaseException | None = None,
        leave: BaseException | None = None,
    ) -> None:
        self.events = [] if events is None else events
        self.tasks: list[asyncio.Task[Any] | None] = []
        self._name, self._value, self._enter, self._leave = name, value, enter, leave

    async def __aenter__(self) -> object:
        self.tasks.append(asyncio.current_task())
        if self._enter:
            raise self._enter
        self.events.append(f"{self._name} entered")
        return self._value

    async def __aexit__(self, *_: object) -> None:
        self.tasks.append(asyncio.current_task())
        self.events.append(f"{self._name} left")
        if self._leave:
            raise self._leave


@asynccontextmanager
async def never_entered(events: list[str]) -> AsyncIterator[None]:
    try:
        events.append("entering")
        await asyncio.Event().wait()
        yield
    finally:
        events.append("given up")


@asynccontextmanager
async def deaf(release: asyncio.Event, events: list[str]) -> AsyncIterator[str]:
    """Swallows every cancellation until `release` is set, and then comes up."""
    while not release.is_set():
        try:
            await release.wait()
        except asyncio.CancelledError:
            events.append("cancelled")
    yield "too late"
    events.append("left")


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (owner, owner_task):
        monkeypatch.setattr(module, "CLEAN_UP_SECONDS", 0.2)


def open_names() -> list[str]:
    return list(owner._owners)


def chain(error: BaseException | None) -> list[BaseException]:
    """An error and everything that stands behind it."""
    if error is None:
        return []
    return [error, *chain(error.__cause__), *chain(error.__context__)]


async def test_keep_open_returns_what_the_manager_yields_and_one_task_enters_and_leaves():
    session = object()
    thing = Thing(value=session)
    assert await asyncio.create_task(keep_open(thing)) is session  # each task is a cell
    assert thing.events == ["it entered"]
    await asyncio.create_task(close(session))
    assert thing.events == ["it entered", "it left"]
    entered, left = thing.tasks
    assert entered is left is not asyncio.current_task()


async def test_close_takes_the_very_object_that_was_yielded_and_not_one_equal_to_it():
    first, second = [1], [1]
    one, two = Thing(value=first), Thing(value=second)
    await keep_open(one)
    await keep_open(two)
    await close(second)
    assert (one.events, two.events) == (["it entered"], ["it entered", "it left"])


async def test_what_yields_nothing_is_closed_by_its_name_or_by_the_none_it_returned():
    by_name, by_none, other = Thing(), Thing(), Thing(value="something")
    await keep_open(other)
    await keep_open(by_name, name="quiet")
    await close("quiet")
    assert by_name.events[-1] == "it left"
    await close(await keep_open(by_none))
    assert by_none.events[-1] == "it left"
    assert other.events == ["it entered"]


async def test_closing_twice_does_nothing():
    thing = Thing(value=object())
    opened = await keep_open(thing, name="once")
    await close(opened)
    assert thing.events == ["it entered", "it left"]
    await close(opened)
    await close("once")
    assert thing.events == ["it entered", "it left"]


async def test_closing_what_never_was_open_is_a_mistake_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(owner, "_kinds", set())
    opened = await keep_open(Thing(value=object()), name="known")
    with pytest.raises(ValueError, match=r"under the name 'unknown'\. Open now: 'known'\. Run the"):
        await close("unknown")
    for wrong in ([opened], None, 5):
        with pytest.raises(TypeError, match=f"returned no {type(wrong).__name__}. Run the cell"):
            await close(wrong)
    assert open_names() == ["known"]
    await close("known")
    await close(await keep_open(Thing(value=object())))
    assert [name for name in owner._names if name.startswith(owner.UNNAMED)] == []


async def test_opening_again_under_the_same_name_closes_the_earlier_one_first():
    events: list[str] = []
    for name in ("one", "two", "three"):
        await keep_open(Thing(events, name), name="same")
    assert events == ["one entered", "one left", "two entered", "two left", "three entered"]
    assert open_names() == ["same"]


async def test_without_a_name_nothing_is_replaced():
    for _ in range(3):
        await keep_open(Thing())
    assert len(open_names()) == 3


@pytest.mark.parametrize("attempts", [2, 3, 7])
async def test_opening_at_the_same_time_leaves_exactly_one_open_and_nobody_waits_for_ever(attempts):
    things = [Thing(value=number) for number in range(attempts)]

    @asynccontextmanager
    async def slow(thing: Thing) -> AsyncIterator[object]:
        await asyncio.sleep(0.01)
        async with thing as value:
            yield value

    async with asyncio.timeout(5):
        results = await asyncio.gather(
            *(keep_open(slow(thing), name="same") for thing in things), return_exceptions=True
        )
    opened = [result for result in results if not isinstance(result, ConnectionAbortedError)]
    still_open = [thing._value for thing in things if thing.events == ["it entered"]]
    assert opened == still_open
    assert len(opened) == 1
    assert open_names() == ["same"]
    assert len([t for t in asyncio.all_tasks() if t.get_name().startswith("owner")]) == 1


async def test_an_error_on_entering_reaches_the_caller_and_leaves_nothing_registered():
    with pytest.raises(KeyError, match="boom") as raised:
        await keep_open(Thing(enter=KeyError("boom")))
    assert raised.value.__context__ is None
    assert open_names() == []


async def test_an_address_where_nothing_answers_is_named_with_what_to_look_for():
    with serve(odd_server.mcp) as handle:
        pass
    async with httpx2.AsyncClient() as http:
        with pytest.raises(ConnectionError) as raised:
            await keep_open(http.stream("GET", handle.url))
    assert str(raised.value).startswith(f"Nothing answers at {handle.url}: ")
    assert "Is the server running" in str(raised.value)


async def test_an_exception_group_never_reaches_the_caller_not_even_as_a_cause():
    cause = OSError("no address answered")
    cause.__cause__ = ExceptionGroup("attempts", [OSError("IPv4"), OSError("IPv6")])
    inner = ConnectionError("cannot connect")
    inner.__cause__ = cause
    group = ExceptionGroup("outer", [ExceptionGroup("inner", [inner])])
    with pytest.raises(ConnectionError, match="cannot connect") as raised:
        await keep_open(Thing(enter=group))
    assert raised.value.__cause__ is cause
    assert not [link for link in chain(raised.value) if isinstance(link, BaseExceptionGroup)]


@pytest.mark.parametrize("grouped", [False, True])
async def test_an_error_on_leaving_reaches_the_one_who_closes(grouped: bool):
    error = RuntimeError("the door is stuck")
    thing = Thing(leave=ExceptionGroup("unhandled", [error]) if grouped else error)
    await keep_open(thing, name="stuck")
    with pytest.raises(RuntimeError, match="the door is stuck") as raised:
        await close("stuck")
    assert not [link for link in chain(raised.value) if isinstance(link, BaseExceptionGroup)]
    assert open_names() == []
    await close("stuck")


async def test_what_is_never_entered_is_given_up_at_the_deadline():
    events: list[str] = []
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"not open after 0\.2 seconds"):
        await keep_open(never_entered(events), timeout=0.2)
    assert 0.2 <= time.monotonic() - begun < 2
    assert events == ["entering", "given up"]
    assert open_names() == []


async def test_what_swallows_its_cancellation_and_comes_up_late_is_left_and_not_returned():
    release, events = asyncio.Event(), list[str]()
    asyncio.get_running_loop().call_later(0.5, release.set)
    with pytest.raises(TimeoutError, match="not open after"):
        await keep_open(deaf(release, events), timeout=0.1)
    assert events[-1] == "left"
    assert open_names() == []


async def test_what_cannot_be_cancelled_is_told_after_the_clean_up_time(
    monkeypatch: pytest.MonkeyPatch,
):
    hurry(monkeypatch)
    release, events = asyncio.Event(), list[str]()
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"not open after 0\.1 seconds, and it does not stop"):
        await keep_open(deaf(release, events), name="stone", timeout=0.1)
    assert time.monotonic() - begun < 2
    with pytest.raises(TimeoutError, match="stone does not close"):
        await close("stone")
    assert events.count("cancelled") >= 1
    release.set()
    await close("stone")
    assert events[-1] == "left"


async def test_what_does_not_leave_in_time_is_cancelled_then_told(monkeypatch: pytest.MonkeyPatch):
    hurry(monkeypatch)
    events: list[str] = []

    @asynccontextmanager
    async def lingering() -> AsyncIterator[None]:
        yield
        try:
            await asyncio.Event().wait()
        finally:
            events.append("cancelled while it was leaving")

    await keep_open(lingering(), name="lingering")
    await close("lingering")
    assert events == ["cancelled while it was leaving"]


async def test_closing_while_it_is_still_opening_gives_it_up_and_tells_the_opener():
    events: list[str] = []
    opening = asyncio.create_task(keep_open(never_entered(events), name="slow"))
    await until(lambda: events)
    await close("slow")
    assert events == ["entering", "given up"]
    with pytest.raises(ConnectionAbortedError, match="closed while it was still opening"):
        await opening


async def test_an_opener_that_is_cancelled_leaves_nothing_open():
    events: list[str] = []
    opening = asyncio.create_task(keep_open(never_entered(events), name="slow"))
    await until(lambda: events)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await until(lambda: not open_names(), 2)
    assert events == ["entering", "given up"]


async def test_a_closer_that_is_cancelled_does_not_stop_the_closing():
    leaving, release, events = asyncio.Event(), asyncio.Event(), list[str]()

    @asynccontextmanager
    async def slow_to_leave() -> AsyncIterator[None]:
        yield
        leaving.set()
        await release.wait()
        events.append("left")

    await keep_open(slow_to_leave(), name="slow")
    closing = asyncio.create_task(close("slow"))
    await leaving.wait()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    release.set()
    await close("slow")
    assert events == ["left"]


async def test_it_is_closed_from_another_thread_with_a_loop_of_its_own():
    thing = Thing()
    await keep_open(thing, name="mine")
    await asyncio.to_thread(lambda: asyncio.run(close("mine")))
    assert thing.events == ["it entered", "it left"]
    assert thing.tasks[0] is thing.tasks[1]


def test_what_a_closed_loop_left_open_stands_in_nobodys_way(caplog: pytest.LogCaptureFixture):
    def abandon() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(keep_open(Thing(), name="mine"))
        loop.close()

    async def open_again() -> list[str]:
        await keep_open(Thing(), name="mine")
        names = open_names()
        await close_all()
        return names

    abandon()
    assert asyncio.run(open_again()) == ["mine"]
    assert open_names() == []


async def test_close_all_closes_everything_newest_first_even_when_one_fails():
    events: list[str] = []
    await keep_open(Thing(events, "one"))
    await keep_open(Thing(events, "two", leave=ValueError("two is stuck")))
    await keep_open(Thing(events, "three"))
    with pytest.raises(ValueError, match="two is stuck"):
        await close_all()
    assert events[3:] == ["three left", "two left", "one left"]
    assert open_names() == []


async def test_what_is_not_a_context_manager_is_refused_by_name():
    with pytest.raises(TypeError, match="a str cannot be entered"):
        await keep_open("http://localhost")  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [0, -1, None, "5", float("nan")])
async def test_a_timeout_that_is_no_time_is_refused_before_anything_opens(timeout: Any):
    thing = Thing()
    with pytest.raises(ValueError, match="timeout is a number of seconds greater than 0, not"):
        await keep_open(thing, timeout=timeout)
    assert thing.events == []


async def test_the_loop_wakes_while_something_is_open_so_that_an_interrupt_is_noticed():
    await keep_open(Thing())
    loop, noticed = asyncio.get_running_loop(), asyncio.Event()
    # as a signal handler does: it queues a callback, and does not wake the loop
    threading.Timer(0.3, loop.call_soon, [noticed.set]).start()
    begun = time.monotonic()
    await asyncio.wait_for(noticed.wait(), 5)
    assert time.monotonic() - begun < 2


async def test_the_loop_is_left_alone_when_nothing_is_open():
    await keep_open(Thing())
    await close_all()
    await asyncio.sleep(2 * owner_task.TICK_SECONDS)
    ticks = [h for h in asyncio.get_running_loop()._scheduled if "_tick" in repr(h)]  # type: ignore[attr-defined]
    assert ticks == []


async def test_a_session_group_is_kept_open_with_its_connections():
    @asynccontextmanager
    async def connected(url: str) -> AsyncIterator[ClientSessionGroup]:
        async with ClientSessionGroup() as group:
            await group.connect_to_server(SseServerParameters(url=url))
            yield group

    with serve(odd_server.mcp) as handle:
        group = await asyncio.create_task(keep_open(connected(handle.url), name="group"))
        result = await group.call_tool("add", {"a": 2, "b": 3})
        assert result.content[0].text == "5"
        await asyncio.create_task(close(group))
    assert open_names() == []


async def test_what_ends_by_itself_says_so_in_one_line_and_what_is_closed_does_not(
    caplog: pytest.LogCaptureFixture,
):
    crash = asyncio.Event()

    @asynccontextmanager
    async def crashing() -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            group.create_task(crashes())
            yield

    async def crashes() -> None:
        await crash.wait()
        raise RuntimeError("the cable is out")

    await keep_open(crashing(), name="mine")
    await keep_open(Thing(leave=ValueError("stuck")), name="other")
    with pytest.raises(ValueError, match="stuck"):
        await close("other")
    assert caplog.messages == []
    crash.set()
    await until(lambda: not open_names())
    assert caplog.messages == ["mine has ended by itself: the cable is out"]


async def test_what_does_not_close_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch):
    hurry(monkeypatch)
    release, events = asyncio.Event(), list[str]()
    with pytest.raises(TimeoutError):
        await keep_open(deaf(release, events), name="stone", timeout=0.1)
    with pytest.raises(TimeoutError, match=r"Restart the kernel, or open it under another name=\."):
        await close("stone")
    release.set()
    await close("stone")


def test_a_loop_that_does_not_run_any_more_does_not_keep_the_process_from_ending(
    monkeypatch: pytest.MonkeyPatch,
):
    class Ended(asyncio.SelectorEventLoop):
        attempts = 0

        def create_task(self, work: Any, **_: Any) -> Any:
            work.close()
            return self.create_future()

        def run_until_complete(self, _: object) -> None:
            self.attempts += 1
            raise RuntimeError("Event loop stopped before Future completed.")

    loop = Ended()
    monkeypatch.setattr(owner, "_owners", {"it": SimpleNamespace(loop=loop)})
    owner._close_at_exit()
    assert loop.attempts == owner.EXIT_ATTEMPTS
    loop.close()
