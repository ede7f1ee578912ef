"""What is open, and under which name: opening again closes the earlier one first."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar, cast

from helpers.errors import root, root_cause, without_groups
from helpers.explain import UNREACHED, nothing_answers
from helpers.owner_task import CLEAN_UP_SECONDS, Owner, leave_in_turn, settled

T = TypeVar("T")
UNNAMED = "opened #"
EXIT_ATTEMPTS = 5

logger = logging.getLogger(__name__)

_owners: dict[str, Owner] = {}
_names: set[str] = set()  # that somebody gave to what was opened, at any time
_kinds: set[type] = set()  # of what context managers have yielded, at any time
_numbers = itertools.count(1)


async def hold_open(
    key: str,
    manager: AbstractAsyncContextManager[T],
    timeout: float,
    tell: Callable[[Exception], BaseException] = root,
) -> T:
    """Open `manager` in an owner task, registered under `key`; close an earlier one first.

    `tell` turns what opening raised into the error that the caller should see.
    """
    __tracebackhide__ = True
    if not (isinstance(timeout, int | float) and timeout > 0):
        raise ValueError(f"timeout is a number of seconds greater than 0, not {timeout!r}")
    while key in _owners:  # not `if`: others may have waited for the same one to leave
        await _owners[key].leave()
    if not key.startswith(UNNAMED):
        _names.add(key)
    owner = _owners[key] = Owner(key, manager)
    owner.left.add_done_callback(lambda _: _forget(owner))
    owner.start(timeout)
    try:
        if await settled(owner.ready, timeout + CLEAN_UP_SECONDS):
            value = cast(T, owner.ready.result())
            _kinds.add(type(value))
            return value
        failure = tell(TimeoutError(f"not open after {timeout:g} seconds, and it does not stop"))
    except asyncio.CancelledError:
        owner.stop()
        raise
    except Exception as error:
        failure = tell(error)
    # raised here, so that what was caught does not become its context
    raise without_groups(failure)


def _forget(owner: Owner) -> None:
    if _owners.get(owner.key) is owner:
        del _owners[owner.key]
    error = owner.left.exception()
    if error and not owner.leaving:  # whoever closes it is told, and here is nobody
        logger.error("%s has ended by itself: %s", owner.key, root_cause(error))


def next_name() -> str:
    """A name for what has none; nothing opened later has the same."""
    return f"{UNNAMED}{next(_numbers)}"


async def keep_open(
    context_manager: AbstractAsyncContextManager[T],
    *,
    name: str | None = None,
    timeout: float = 20.0,
) -> T:
    """Enter any async context manager in one owner task and keep it open across cells.

    Args:
        context_manager: what you would write after `async with`.
        name: opening again under the same name closes the earlier one first.
        timeout: seconds that entering may take, once the earlier one is closed.

    Returns:
        What the context manager yields, to be handed to `close` later.

    Raises:
        TypeError: it is not an async context manager.
        TimeoutError: it was not entered in time; it has been cancelled and left.
        ConnectionError: nothing answers at the address that it wanted to open.
        Exception: whatever entering raised.
    """
    __tracebackhide__ = True
    if not hasattr(context_manager, "__aenter__"):
        raise TypeError(
            "keep_open takes what you would write after `async with`; "
            f"a {type(context_manager).__name__} cannot be entered"
        )
    return await hold_open(name or next_name(), context_manager, timeout, _told)


def _told(error: Exception) -> BaseException:
    cause = root(error)
    return nothing_answers(cause) if isinstance(cause, UNREACHED) else cause


async def close(opened: object) -> None:
    """Leave what `connect` or `keep_open` opened, in the task that entered it.

    Args:
        opened: what they returned, or the `name` it was opened under. Closing
            something that is closed already does nothing.

    Raises:
        ValueError: nothing has been opened under this name.
        TypeError: nothing of this kind has been opened.
        TimeoutError: it does not close; ten seconds were given.
        Exception: whatever leaving raised; it is closed all the same.
    """
    found = [o for o in list(_owners.values()) if o.key == opened or o.yielded(opened)]
    if not found:
        _check_known(opened)
    await leave_in_turn(found)


def _check_known(opened: object) -> None:
    """What is not open may have been closed before; what never was open is a mistake."""
    if isinstance(opened, str) and not (opened in _names or str in _kinds):
        raise ValueError(
            f"Nothing has been opened under the name {opened!r}. Open now: "
            f"{', '.join(map(repr, _owners)) or 'nothing'}. "
            "Run the cell that opens it first, or give what that cell returned."
        )
    if not isinstance(opened, str) and type(opened) not in _kinds:
        raise TypeError(
            "close takes what connect or keep_open returned, or the name it was opened under, "
            f"and they returned no {type(opened).__name__}. Run the cell that opens it by one of "
            "them first. To close several, close each; close_all() closes everything."
        )


async def close_all() -> None:
    """Close everything that `connect` and `keep_open` have open, the newest first.

    Raises:
        TimeoutError: something does not close; the rest is closed all the same.
        Exception: whatever leaving raised; of several errors the first.
    """
    await leave_in_turn(reversed(list(_owners.values())))


async def close_keys(keys: Iterable[str]) -> None:
    """Close what is open under these names, all at once; what has closed by then is no mistake.

    Raises:
        Exception: the first failure; the rest is closed all the same.
    """
    owners = [_owners[key] for key in keys if key in _owners]
    left = await asyncio.gather(*(owner.leave() for owner in owners), return_exceptions=True)
    for failure in filter(None, left):
        raise failure


def open_keys() -> list[str]:
    """The names under which things are open, the oldest first."""
    return list(_owners)


def owner_of(opened: object) -> Owner | None:
    """The owner that holds this open, if one does."""
    return next((owner for owner in list(_owners.values()) if owner.yielded(opened)), None)


def home_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that open things live on, if there is one and it is running."""
    return next((o.loop for o in list(_owners.values()) if o.loop.is_running()), None)


@atexit.register
def _close_at_exit() -> None:
    """The kernel's loop has stopped by now, but it is not closed: run it once more."""
    for loop in {owner.loop for owner in list(_owners.values())}:
        if loop.is_closed() or loop.is_running():
            continue
        closing = loop.create_task(close_all())
        for _ in range(EXIT_ATTEMPTS):
            # a stop that the kernel has left in the queue ends the run, once
            with contextlib.suppress(RuntimeError, TimeoutError):
                loop.run_until_complete(asyncio.shield(closing))
            if closing.done():
                break
