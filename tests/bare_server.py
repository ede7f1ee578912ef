"""An MCP server without a library: it starts at once, and misbehaves on request.

    python -I -S bare_server.py [MODE]

MODE is how it misbehaves at its start; its tools misbehave later. It speaks the
handshake era, and answers only what the tests ask.
"""

import json
import os
import signal
import sys

TOOLS = ("where", "crossed", "write", "hold", "release", "ask", "die")
INITIALIZED = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "bare", "version": "1"},
}

crossed: list[str] = []  # every line that has come or gone
held: list[int] = []  # the requests that wait for `release`


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def send(**message: object) -> None:
    line = json.dumps({"jsonrpc": "2.0", **message})
    crossed.append(line)
    if sys.argv[1:] == ["debug"]:  # as loggers do that somebody has sent to stdout
        print("DEBUG sending", line, flush=True)
    print(line, flush=True)


def receive() -> dict:
    line = sys.stdin.readline()
    if not line:
        sys.exit()
    crossed.append(line.rstrip("\n"))
    if sys.argv[1:] == ["debug"]:
        print("DEBUG received", line, end="", flush=True)
    return json.loads(line)


def answer(request_id: int, text: object) -> None:
    send(id=request_id, result={"content": [{"type": "text", "text": str(text)}]})


def call(request_id: int, name: str, arguments: dict) -> None:
    if name == "where":
        answer(request_id, os.getpid())
    elif name == "crossed":
        answer(request_id, json.dumps(crossed))
    elif name == "write":  # these very bytes instead of an answer
        os.write(1, arguments["text"].encode(arguments.get("encoding", "utf-8")))
    elif name == "hold":  # answered when `release` is called
        held.append(request_id)
    elif name == "release":
        for waiting in [*held, request_id]:
            answer(waiting, "released")
        held.clear()
    elif name == "ask":  # asks the client something first, under the id of the client's request
        send(id=request_id, method="roots/list")
        answer(request_id, json.dumps(receive()))
    elif name == "die":
        tell("the roof is on fire")
        os._exit(7)


def misbehave(mode: str) -> None:
    if mode == "exit":
        for number in range(20):
            tell(f"line {number}")
        sys.exit("no DATABASE_URL in the environment")
    if mode == "talk":
        for number in range(20_000):
            tell(f"{'x' * 100} {number}")
    if mode == "environment":
        tell("the environment has " + os.environ["WANTED"])
    if mode == "silent":
        tell("thinking")
        sys.stdin.read()
        sys.exit()
    if mode == "deaf":  # ignores the end of its stdin and SIGTERM
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        tell("I hear nothing")
        while True:
            signal.pause()
    if mode == "mute":  # closes its stdout and lives on
        tell("I say nothing")
        os.close(1)
        signal.pause()
    if mode == "half-line":
        tell("about to write half a line")
        os.write(1, b"Loading...")
    if mode == "junk":
        os.write(1, b"Loading the model\nDone\n")
    if mode == "latin":
        os.write(1, "Café\n".encode("latin-1"))


def main() -> None:
    misbehave(sys.argv[1] if len(sys.argv) > 1 else "")
    while True:
        message = receive()
        request_id, method = message.get("id"), message.get("method", "")
        if request_id is None:
            tell(f"heard {method}")
        elif method == "initialize":
            send(id=request_id, result=INITIALIZED)
        elif method == "tools/list":
            tools = [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]
            send(id=request_id, result={"tools": tools})
        elif method == "tools/call":
            call(request_id, message["params"]["name"], message["params"].get("arguments", {}))
        else:
            send(id=request_id, error={"code": -32601, "message": f"no method {method}"})


if __name__ == "__main__":
    main()
