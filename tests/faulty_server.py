"""An MCP server that spoils one answer, over any transport, without a library.

    python -I -S faulty_server.py stdio|sse|json|events [FAULT]

`json` and `events` are the two forms in which Streamable HTTP answers. FAULT spoils the very
first answer; each fault is also a tool, whose answer it spoils. Both eras are spoken.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
from typing import Protocol

FAULTS = {
    "kill": "it is killed instead of answering",
    "deaf": "it lives on, and reads nothing any more",
    "late": "answered when the next request has come",
    "twice": "a right answer and another one",
    "garbage": "a line that is no message",
    "wrong id": "an answer to what nobody asked",
    "half": "half a message, and then nothing",
    "cut": "half a message, and then it is killed",
    "long": "ten megabytes in one line",
    "version": "a protocol version that nobody knows",
    "leave": "it ends in good order instead of answering",
}
LONG = 10_000_000
SESSION = "Mcp-Session-Id: 1\r\n"
EVENTS = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"

late: list[tuple["Out", str]] = []
streams: dict[str, "Stream"] = {}  # those that clients listen to
spoilt_at_start = iter(sys.argv[2:3])


class Out(Protocol):
    """Where the answer to one request goes."""

    async def part(self, text: str, whole: bool = False) -> None: ...
    async def end(self) -> None: ...


class Lines:
    async def part(self, text: str, whole: bool = False) -> None:
        data = (text + "\n" * whole).encode()
        while data:
            data = data[os.write(1, data) :]

    async def end(self) -> None:
        pass


class Stream:
    """Events, in HTTP's chunks: what ends without the last chunk was cut off."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def begin(self, more: str = "") -> None:
        self._writer.write(f"HTTP/1.1 200 OK\r\n{EVENTS}{more}\r\n".encode())
        await self._writer.drain()

    async def part(self, text: str, whole: bool = False, event: str = "message") -> None:
        data = (f"event: {event}\r\ndata: {text}" + "\r\n\r\n" * whole).encode()
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._writer.drain()

    async def end(self, ever: bool = False) -> None:
        if ever or self not in streams.values():  # what clients listen to goes on
            self._writer.write(b"0\r\n\r\n")
            await self._writer.drain()


class Body:
    """One JSON document, or what is none; a part of one is sent at once."""

    def __init__(self, writer: asyncio.StreamWriter, more: str) -> None:
        self._writer, self._more, self._text = writer, more, ""

    async def part(self, text: str, whole: bool = False) -> None:
        self._text += text + "\n" * whole
        if not whole:
            await self._send(2 * len(text))

    async def end(self) -> None:
        if self._text:
            await self._send(len(self._text))

    async def _send(self, length: int) -> None:
        head = f"Content-Type: application/json\r\nContent-Length: {length}\r\n{self._more}\r\n"
        self._writer.write(f"HTTP/1.1 200 OK\r\n{head}{self._text}".encode("latin-1"))
        await self._writer.drain()


def result(request: dict, fault: str) -> dict:
    method, known = request["method"], "1999-01-01" if fault == "version" else ""
    who, able = {"name": "faulty", "version": "1"}, {"tools": {}}
    if method == "initialize":
        version = known or "2025-11-25"
        return {"protocolVersion": version, "capabilities": able, "serverInfo": who}
    fresh = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    if method == "server/discover":
        return {"supportedVersions": ["2026-07-28"], "capabilities": able, **fresh}
    if method == "tools/list":
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ["echo", *FAULTS]]
        return {"tools": tools, **fresh}
    arguments = request["params"].get("arguments") or {}
    text = "x" * LONG if fault == "long" else arguments.get("text", "hello")
    return {"content": [{"type": "text", "text": text}], "resultType": "complete"}


def answer(request: dict, fault: str = "") -> str:
    message = {"jsonrpc": "2.0", "id": request["id"], "result": result(request, fault)}
    if fault == "wrong id":
        message["id"] += 1000
    if fault == "twice":
        message["result"] = result({"method": "tools/call", "params": {}}, "")
    if fault == "long":  # also where the answer is none of a tool
        message["result"]["_meta"] = {"example.org/long": "x" * LONG}
    if fault == "version" and request["method"] == "server/discover":
        error = {"supported": ["1999-01-01"], "requested": "2026-07-28"}
        del message["result"]
        message["error"] = {"code": -32022, "message": "Unsupported version", "data": error}
    return json.dumps(message)


async def spoil(fault: str, request: dict, out: Out) -> None:
    right = answer(request)
    if fault == "late":
        late.append((out, right))
    elif fault == "deaf":
        print("I hear nothing", file=sys.stderr, flush=True)
        signal.pause()
    elif fault == "garbage":
        text = request["params"].get("arguments", {}).get("text")
        await out.part(text or right.replace(":", "!", 2), whole=True)
        await out.end()
    elif fault in ("half", "cut"):
        await out.part(right[: len(right) // 2])
    elif fault in ("twice", "wrong id", "long", "version"):
        if fault == "twice":
            await out.part(right, whole=True)
        await out.part(answer(request, fault), whole=True)
        await out.end()
    if fault in ("kill", "cut"):
        print("the roof is on fire", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "leave":
        await out.end()
        await leave()


async def leave() -> None:
    """End in good order, also when asked to with SIGTERM."""
    print("good night", file=sys.stderr, flush=True)
    for stream in streams.values():
        await stream.end(ever=True)
    raise SystemExit


async def respond(request: dict, out: Out) -> None:
    while late:  # first what should have come before
        waiting, text = late.pop()
        with contextlib.suppress(ConnectionError):  # whoever asked no longer listens
            await waiting.part(text, whole=True)
            await waiting.end()
    name = request["params"].get("name") if request["method"] == "tools/call" else None
    if fault := next(spoilt_at_start, name if name in FAULTS else ""):
        await spoil(fault, request, out)
    else:
        await out.part(answer(request), whole=True)
        await out.end()


async def over_stdio() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("good night"))
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" in message and "method" in message:
            await respond(message, Lines())


class Http:
    """Both HTTP transports: SSE at /sse with /messages/N, Streamable HTTP at /mcp."""

    def __init__(self, events: bool) -> None:
        self.events = events
        self.numbers = itertools.count()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readline():
                method, path, _ = head.decode().split()
                length = 0
                while (line := await reader.readline()).strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                await self.handle(method, path, await reader.readexactly(length), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    async def handle(
        self, method: str, path: str, body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        message = json.loads(body) if body else {}
        asked = "id" in message and "method" in message
        if method == "GET":
            stream, key = Stream(writer), f"/messages/{next(self.numbers)}"
            await stream.begin()
            streams[key] = stream
            if path == "/sse":
                await stream.part(key, whole=True, event="endpoint")
        elif method == "POST" and path == "/mcp" and asked:
            more = SESSION * (message["method"] == "initialize")
            out: Stream | Body = Stream(writer) if self.events else Body(writer, more)
            if isinstance(out, Stream):
                await out.begin(more)
            await respond(message, out)
        else:
            status = b"200 OK" if method == "DELETE" else b"202 Accepted"
            writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)
            await writer.drain()
            if asked:
                await respond(message, streams[path])


async def over_http(transport: str) -> None:
    http, loop = Http(transport == "events"), asyncio.get_running_loop()
    leaving: list[asyncio.Task[None]] = []  # the loop keeps no strong reference
    loop.add_signal_handler(signal.SIGTERM, lambda: leaving.append(loop.create_task(leave())))
    async with await asyncio.start_server(http.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        path = "sse" if transport == "sse" else "mcp"
        print(f"http://127.0.0.1:{port}/{path}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(over_stdio() if sys.argv[1] == "stdio" else over_http(sys.argv[1]))
