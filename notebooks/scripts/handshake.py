"""Speak MCP to a server by hand and print every message: a client without the SDK.

usage: python handshake.py COMMAND [ARGUMENT ...]
"""

import json
import subprocess
import sys

HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "by hand", "version": "1.0"},
}


def main(command):
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )

    def send(message):
        line = json.dumps({"jsonrpc": "2.0", **message})
        print("→", line)
        server.stdin.write(line + "\n")
        server.stdin.flush()

    def receive():
        line = server.stdout.readline()
        if not line:
            sys.exit("the server ended without an answer")
        print("←", line[:110].rstrip(), "…" if len(line) > 110 else "")
        return json.loads(line)

    print("initialization")
    send({"id": 1, "method": "initialize", "params": HELLO})
    receive()
    send({"method": "notifications/initialized"})

    print("operation")
    send({"id": 2, "method": "tools/list"})
    tools = receive()["result"]["tools"]
    print("  the tools:", ", ".join(tool["name"] for tool in tools))

    print("shutdown")
    server.stdin.close()
    print("  the server ended with status", server.wait(timeout=5))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # a Windows terminal may use another
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
