"""Servers as processes of their own, for tests that need a real transport."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mcp import StdioServerParameters
from mcp.client.sse import sse_client


@dataclass
class ServerProcess:
    """A server that is listening.

    Attributes:
        module: the name of its module in `servers`.
        process: the running process; its stderr goes on after the line with the URL.
        url: the endpoint, as the server announced it.
    """

    module: str
    process: subprocess.Popen[str]
    url: str

    def target(self) -> object:
        """Give what `mcp.Client` takes to connect here."""
        return sse_client(self.url) if self.url.endswith("/sse") else self.url

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[float, str, str]:
        """Send a signal; give the seconds until the process ended, its stdout, its stderr."""
        start = time.monotonic()
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=10)
        return time.monotonic() - start, output, errors


def command(module: str, *arguments: str) -> list[str]:
    """Build the command line that runs `python -m servers.MODULE`."""
    return [sys.executable, "-m", f"servers.{module}", *arguments]


def over_stdio(module: str) -> StdioServerParameters:
    """Describe a server of ours that the client starts."""
    executable, *arguments = command(module)
    return StdioServerParameters(command=executable, args=arguments)


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to end by itself."""
    return subprocess.run(
        command(module, *arguments), capture_output=True, encoding="utf-8", timeout=30, check=False
    )


@contextmanager
def listening(module: str, transport: str, *arguments: str) -> Iterator[ServerProcess]:
    """Serve on a free port of 127.0.0.1 while the block runs, and kill the process after it."""
    with subprocess.Popen(
        command(module, "--transport", transport, "--port", "0", *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            announcement = process.stderr.readline()
            found = re.fullmatch(rf"{module} listens on (http://\S+)\n", announcement)
            assert found, announcement + process.stderr.read()
            yield ServerProcess(module, process, found[1])
        finally:
            process.kill()
