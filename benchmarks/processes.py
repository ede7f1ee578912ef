"""Scripts in processes of their own, which answer line by line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

SCRIPTS = Path(__file__).with_name("scripts")
END_SECONDS = 10.0


class Script:
    """A running script of `benchmarks/scripts`."""

    def __init__(self, name: str, *arguments: object, python: str = sys.executable) -> None:
        self._name = name
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [python, str(SCRIPTS / name), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.memory = psutil.Process(self._process.pid).memory_full_info

    def answer(self) -> str:
        """The next line that it prints.

        Raises:
            RuntimeError: it has ended; why stands on the terminal.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"{self._name} ended before it answered")
        return line.rstrip("\n")

    def ask(self, line: str) -> str:
        """Write a line to it, and give the next one that it prints."""
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        return self.answer()

    def end(self) -> None:
        """Close its input and wait for it; one that goes on all the same is killed."""
        try:
            self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


@contextmanager
def script(name: str, *arguments: object, python: str = sys.executable) -> Iterator[Script]:
    started = Script(name, *arguments, python=python)
    try:
        yield started
    finally:
        started.end()
