"""Whose log lines are shown, and whose are kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import uvicorn
from mcp.client.sse import sse_client

from helpers import close_all, connect, logs, serve
from servers import achievement


@pytest.fixture
def _uvicorns_logging_is_put_back() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in uvicorn.config.LOGGING_CONFIG["loggers"]]
    before = [(logger.level, logger.handlers[:], logger.propagate) for logger in loggers]
    yield
    for logger, (level, handlers, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers
        logger.propagate = propagate


@pytest.mark.usefixtures("sse_cut_off", "_uvicorns_logging_is_put_back")
async def test_a_uvicorn_of_the_learners_own_does_not_bring_a_served_servers_log_into_the_cell(
    capfd: pytest.CaptureFixture[str],
):
    handle = serve(achievement.mcp)
    await connect(sse_client(handle.url))
    uvicorn.Config(achievement.mcp.sse_app())  # sets uvicorn's own logging up
    handle.stop()
    await close_all()
    assert capfd.readouterr() == ("", "")
    assert "ASGI" in handle.log


@pytest.mark.usefixtures("_uvicorns_logging_is_put_back")
@pytest.mark.parametrize("name", ["mcp", "uvicorn.error"])
def test_what_fails_to_keep_a_line_does_not_fail_the_library_that_logs_it(
    name: str, capfd: pytest.CaptureFixture[str]
):
    def fails(_: logging.LogRecord) -> None:
        raise OSError("the disk is full")

    logs.divert()
    token = logs.of_task.set(fails)
    logging.getLogger(name).error("something happened")
    logs.of_task.reset(token)
    told = capfd.readouterr().err
    assert "OSError: the disk is full" in told
    assert "something happened" in told
