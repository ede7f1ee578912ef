"""A server's SSE app under uvicorn, until its input ends; its URL is the first line it prints."""

import os
import socket
import sys
import threading

import uvicorn

from servers.showcase import mcp


def leave() -> None:
    sys.stdin.read()
    os._exit(0)


listener = socket.create_server(("127.0.0.1", 0))
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(f"http://127.0.0.1:{listener.getsockname()[1]}/sse", flush=True)
threading.Thread(target=leave, daemon=True).start()
uvicorn.Server(uvicorn.Config(mcp.sse_app(), log_config=None)).run(sockets=[listener])
