"""`stdio_client` with the server's stderr kept where a notebook can show it."""

from __future__ import annotations

import atexit
import tempfile
from types import TracebackType
from typing import Any, TextIO

from mcp import StdioServerParameters, stdio_client
from mcp.client import stdio as sdk_stdio

LOG_TAIL = 1_000_000  # bytes of a server's stderr that are kept after it has closed
LAST_LINES = 8


class StdioTransport:
    """`stdio_client` with the server's stderr in a file, where it can be read.

    In a notebook the SDK's default, `sys.stderr`, is invisible or has no file descriptor.
    """

    def __init__(self, parameters: StdioServerParameters) -> None:
        if "encoding_error_handler" not in parameters.model_fields_set:
            # the SDK's default makes it hang on the first byte that is no UTF-8
            parameters = parameters.model_copy(update={"encoding_error_handler": "replace"})
        self._parameters = parameters
        self._stderr: TextIO | None = None
        self._kept = ""

    async def __aenter__(self) -> Any:
        # opened for appending, so that our reading does not move the server's position
        self._stderr = tempfile.TemporaryFile(  # noqa: SIM115 - __aexit__ closes it
            "a+", encoding="utf-8", errors="replace"
        )
        self._streams = stdio_client(self._parameters, errlog=self._stderr)
        try:
            return await self._streams.__aenter__()
        except BaseException:
            self._stderr.close()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            return await self._streams.__aexit__(kind, error, traceback)
        finally:
            self._kept = self.log()
            if self._stderr:
                self._stderr.close()

    def log(self) -> str:
        """What the server has written to stderr so far; its last million bytes."""
        if self._stderr is None or self._stderr.closed:
            return self._kept
        size = self._stderr.seek(0, 2)
        self._stderr.seek(max(0, size - LOG_TAIL))
        return self._stderr.read()

    def last_words(self) -> str:
        """The end of the log, to stand at the end of an error message."""
        lines = self.log().rstrip().splitlines()[-LAST_LINES:]
        if not lines:
            return "\nThe server wrote nothing to stderr."
        return "\nThe last that the server wrote to stderr:\n" + "\n".join(
            f"    {line}" for line in lines
        )


@atexit.register
def _hurry() -> None:
    """Runs before the connections are closed at exit.

    Jupyter ends a kernel by force 2.5 seconds after asking it to shut down; a server
    that does not go by itself has to be stopped before that.
    """
    sdk_stdio.PROCESS_TERMINATION_TIMEOUT = 0.5
    sdk_stdio.FORCE_KILL_TIMEOUT = 0.5
