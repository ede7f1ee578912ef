"""The requests that wait for an answer, known by their ids."""

from __future__ import annotations

import re
from collections import deque
from contextlib import AbstractContextManager, nullcontext

import anyio
import mcp_types as types
from mcp.shared.dispatcher import coerce_request_id

from helpers.errors import cannot_be_read, like_an_answer, unreadable_line

DOUBT_SECONDS = 0.5
KEPT_UNREAD = 100


class Pending(set[types.RequestId]):
    """The ids of the requests that were sent and not answered; "7" and 7 are the same one.

    An answer that cannot be read is doubted for half a second: it may come once more and be
    read, because some servers print each message to stdout before they send it.
    """

    def __init__(self) -> None:
        self.doubts: deque[tuple[float, set[types.RequestId], str]] = deque()  # until, of, why
        # answers over HTTP: what the SDK says of each, and what is said instead
        self.unread: deque[tuple[str, str]] = deque(maxlen=KEPT_UNREAD)

    def sent(self, message: types.JSONRPCMessage) -> None:
        """Add a request that goes out, or take away the one that this message cancels."""
        if isinstance(message, types.JSONRPCRequest):
            self.add(coerce_request_id(message.id))
        elif isinstance(message, types.JSONRPCNotification) and "/cancelled" in message.method:
            cancelled = (message.params or {}).get("requestId", "")
            self.discard(coerce_request_id(cancelled))

    def received(self, message: types.JSONRPCMessage) -> None:
        """Take away the request that this message answers, if it answers one."""
        if isinstance(message, types.JSONRPCResponse | types.JSONRPCError):
            self.discard(coerce_request_id(message.id or 0))

    def doubt(self, line: str, all_of_them: bool) -> None:
        """A line came that is no message: from now on doubt the requests that it may answer.

        These are the ones whose ids it names; all, where it names none or `all_of_them` is set.
        """
        if not like_an_answer(line):
            return
        named = re.findall(r'"id"\s*:\s*"?([^\s",}]+)', line)
        ids = {number for number in self if all_of_them or not named or str(number) in named}
        if ids:
            reason = f"{cannot_be_read(line)}\nWhat else the server prints has to go to stderr."
            self.doubts.append((anyio.current_time() + DOUBT_SECONDS, ids, reason))

    def time_limit(self) -> AbstractContextManager[object]:
        """Ends what stands in it when the oldest doubt ends; without one it costs nothing."""
        return anyio.CancelScope(deadline=self.doubts[0][0]) if self.doubts else nullcontext()

    def judged(self) -> tuple[set[types.RequestId], str]:
        """End the oldest doubt: the requests it is about, and what to answer those still here."""
        _, ids, reason = self.doubts.popleft()
        return ids & self, reason

    def logged(self, said: str, error: BaseException | None) -> None:
        """The SDK logged this: keep it, if it is about an answer over HTTP that cannot be read."""
        if said in ("Error parsing JSON response", "Error parsing SSE message"):
            told = f"{said.replace('Error parsing', 'Failed to parse')}: {error}"
            self.unread.append((told, cannot_be_read(unreadable_line(error))))

    def reason_behind(self, told: str) -> str | None:
        """What to say instead, where the SDK told this of an answer that cannot be read."""
        return dict(self.unread).get(told)
