"""A real kernel under a test's control: cells one by one or queued, interrupts, kills."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
from jupyter_client import BlockingKernelClient, KernelManager

CELL_SECONDS = 60.0
RUN_ALL_SECONDS = 120.0  # for all cells of a lesson


@dataclass
class Cell:
    """What running one cell gave."""

    status: str = ""
    text: str = ""  # printed, displayed as plain text, and results
    error: str = ""
    stderr: str = ""
    seconds: float = 0.0
    mimetypes: set[str] = field(default_factory=set)


class Kernel:
    def __init__(self, cwd: str | None = None) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=cwd, stderr=subprocess.DEVNULL)
        self._connect()

    def _connect(self) -> None:
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=CELL_SECONDS)
        self.pid: int = self.manager.provisioner.pid

    def run(self, *sources: str) -> Any:
        """Send all cells at once, as Run All does, and collect what each gives."""
        ids = [self.client.execute(source) for source in sources]
        cells = self.collect(ids)
        return cells[0] if len(cells) == 1 else cells

    def ok(self, *sources: str) -> Any:
        """As `run`, and no cell may fail."""
        cells = self.run(*sources)
        for cell in cells if isinstance(cells, list) else [cells]:
            assert cell.status == "ok", cell.error
        return cells

    def collect(self, ids: list[str], seconds: float = CELL_SECONDS) -> list[Cell]:
        cells = {message_id: Cell() for message_id in ids}
        begun, idle = time.monotonic(), set[str]()
        while len(idle) < len(ids):
            left = begun + seconds - time.monotonic()
            assert left > 0, f"cells that never ended: {[i for i in ids if i not in idle]}"
            message = self.client.get_iopub_msg(timeout=left)
            cell = cells.get(message["parent_header"].get("msg_id", ""))
            if cell is None:
                continue
            self._note(cell, message["msg_type"], message["content"])
            if message["content"].get("execution_state") == "idle":
                idle.add(message["parent_header"]["msg_id"])
                cell.seconds = time.monotonic() - begun
        for message_id in ids:
            cells[message_id].status = self._reply(message_id)
        return [cells[message_id] for message_id in ids]

    def _reply(self, message_id: str) -> str:
        while True:
            reply = self.client.get_shell_msg(timeout=CELL_SECONDS)
            if reply["parent_header"].get("msg_id") == message_id:
                return str(reply["content"]["status"])

    @staticmethod
    def _note(cell: Cell, kind: str, content: dict[str, Any]) -> None:
        if kind == "stream":
            cell.text += content["text"]
            if content["name"] == "stderr":
                cell.stderr += content["text"]
        elif kind in ("execute_result", "display_data"):
            cell.text += content["data"].get("text/plain", "") + "\n"
            cell.mimetypes |= set(content["data"])
        elif kind == "error":
            cell.error = f"{content['ename']}: {content['evalue']}"

    def start(self, source: str, until: str) -> str:
        """Send a cell and return as soon as it has printed `until`."""
        message_id = self.client.execute(source)
        seen = ""
        while until not in seen:
            message = self.client.get_iopub_msg(timeout=CELL_SECONDS)
            if message["msg_type"] == "stream":
                seen += message["content"]["text"]
        return message_id

    def interrupt(self) -> None:
        os.kill(self.pid, signal.SIGINT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def restart(self) -> None:
        self.client.stop_channels()
        self.manager.restart_kernel()
        self._connect()

    def children(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()
        self.manager.cleanup_resources()


def ended_within(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for processes to end; return those that have not."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return alive


@contextlib.contextmanager
def kernel(cwd: str | None = None) -> Iterator[Kernel]:
    started = Kernel(cwd)
    try:
        yield started
    finally:
        started.stop()
