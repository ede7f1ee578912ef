"""A small MCP server that misbehaves on request: `python odd_server.py MODE`."""

import os
import signal
import sys

import anyio
from mcp.server import MCPServer

mcp = MCPServer("odd", log_level="WARNING")


@mcp.tool()
def add(a: int, b: int) -> int:
    return a + b


@mcp.tool()
def where() -> int:
    """The server's process id."""
    return os.getpid()


@mcp.tool()
async def wait(seconds: float) -> str:
    """Waits; tells on stderr that it has begun, and whether it was cancelled."""
    print("waiting", file=sys.stderr, flush=True)
    try:
        await anyio.sleep(seconds)
    except BaseException:
        print("cancelled", file=sys.stderr, flush=True)
        raise
    return "done"


@mcp.tool()
async def die() -> None:
    print("the roof is on fire", file=sys.stderr, flush=True)
    os._exit(7)


@mcp.tool()
async def garble(seconds: float = 0.0) -> None:
    """Writes a spoiled answer to the real stdout, past the SDK."""
    for request_id in range(20):
        os.write(wire, b'{"jsonrpc": "2.0", "id": %d, "result": \n' % request_id)
    await anyio.sleep(seconds)


def misbehave(mode: str) -> None:
    if mode == "exit":
        sys.exit("no DATABASE_URL in the environment")
    if mode == "silent":
        print("thinking", file=sys.stderr, flush=True)
        sys.stdin.read()
        sys.exit()
    if mode == "deaf":  # ignores the end of its stdin and SIGTERM
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
    if mode == "half-line":
        print("about to write half a line", file=sys.stderr, flush=True)
        sys.stdout.write("Loading...")
        sys.stdout.flush()
    if mode == "junk":
        print("Loading the model\nDone", flush=True)


if __name__ == "__main__":
    wire = os.dup(1)
    misbehave(sys.argv[1] if len(sys.argv) > 1 else "")
    mcp.run()
