"""The plumbing behind the lessons: it keeps connections open, records what passes, shows it."""

from typing import TYPE_CHECKING, Any

from helpers.connection import connect, server_log, wire
from helpers.loops import run
from helpers.owner import close, close_all, keep_open
from helpers.serving import serve

if TYPE_CHECKING:
    from helpers.checkup import doctor
    from helpers.frames import to_frame
    from helpers.hosts import connect_all
    from helpers.panels.console import tool_console
    from helpers.panels.inspection import inspector

__all__ = [
    "close",
    "close_all",
    "connect",
    "connect_all",
    "doctor",
    "inspector",
    "keep_open",
    "run",
    "serve",
    "server_log",
    "to_frame",
    "tool_console",
    "wire",
]

# imported when first asked for: pandas takes longer to import than a server to start
_LATE = {
    "connect_all": "helpers.hosts",
    "doctor": "helpers.checkup",
    "to_frame": "helpers.frames",
    "inspector": "helpers.panels.inspection",
    "tool_console": "helpers.panels.console",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    module = __import__(_LATE[name], fromlist=[name])
    return getattr(module, name)
