"""How much memory a process and its children take, with every shared page counted once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType

import psutil

INTERVAL = 0.1  # seconds between two looks


@dataclass(frozen=True)
class Moment:
    """What was held at one moment, in bytes.

    PSS counts a page that several processes share once, divided among them; RSS counts it in each.
    """

    pss: int = 0
    rss: int = 0
    parts: tuple[tuple[str, int], ...] = ()  # command and PSS of each process


def look(root: psutil.Process) -> Moment:
    """The memory of a process and of all its children, now."""
    parts, rss = [], 0
    for process in (root, *root.children(recursive=True)):
        try:
            memory, command = process.memory_full_info(), process.cmdline()
        except psutil.Error:  # it ended meanwhile
            continue
        parts.append((" ".join(command[1:]), memory.pss))
        rss += memory.rss
    return Moment(sum(pss for _, pss in parts), rss, tuple(parts))


class Peak:
    """Looks at a process and its children again and again while the block runs.

    Attributes:
        moment: the one at which most was held, by PSS.
        rss: the most that was held by RSS, in bytes, perhaps at another moment.
    """

    def __init__(self, pid: int) -> None:
        self.moment = Moment()
        self.rss = 0
        self._root = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL):
            now = look(self._root)
            self.moment = max(self.moment, now, key=lambda moment: moment.pss)
            self.rss = max(self.rss, now.rss)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
