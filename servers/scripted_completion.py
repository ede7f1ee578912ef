"""The scripted model's reply in the shapes of the chat interface: in one piece, and streamed.

They are specified at https://platform.openai.com/docs/api-reference/chat/object and
https://platform.openai.com/docs/api-reference/chat-streaming
"""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from servers.scripted_reply import Reply
from servers.scripted_request import Request

MODEL = "scripted-not-a-model"
CREATED = 0  # seconds since the epoch: the same request has the same reply, always


def completion(asked: Request, said: Reply, body: bytes) -> dict[str, Any]:
    """Write a reply as `chat.completion`; `body` is the request that it answers."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None}
    asked_before = sum(len(message.tool_calls or []) for message in asked.messages)
    if said.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{asked_before + number}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for number, (name, arguments) in enumerate(said.calls, start=1)
        ]
    finish = "tool_calls" if said.calls else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {
        "id": f"chatcmpl-{hashlib.sha256(body).hexdigest()[:24]}",
        "object": "chat.completion",
        "created": CREATED,
        "model": MODEL,
        "choices": [choice],
        "usage": _usage(asked, said),
    }


def _usage(asked: Request, said: Reply) -> dict[str, int]:
    """Characters: a script has no tokens, and those who count get a number that means something."""
    sent = sum(len(message.text) for message in asked.messages)
    written = len(said.text) + sum(len(arguments) for _, arguments in said.calls)
    return {"prompt_tokens": sent, "completion_tokens": written, "total_tokens": sent + written}


async def events(whole: dict[str, Any], usage: bool) -> AsyncIterator[str]:
    """Cut a completion into server-sent events; `usage` adds one with what it cost."""
    head = {name: whole[name] for name in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    for delta, finish in _deltas(whole["choices"][0]):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        yield _event({**head, "choices": [choice]} | ({"usage": None} if usage else {}))
    if usage:
        yield _event({**head, "choices": [], "usage": whole["usage"]})
    yield "data: [DONE]\n\n"


def _deltas(choice: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """A message in pieces: the text word by word, each call's name, then its arguments."""
    message = choice["message"]
    yield {"role": "assistant", "content": "" if message["content"] else None}, None
    for piece in _pieces(message["content"] or ""):
        yield {"content": piece}, None
    for index, call in enumerate(message.get("tool_calls", [])):
        opening = {**call["function"], "arguments": ""}
        yield {"tool_calls": [{"index": index, **call, "function": opening}]}, None
        for piece in _pieces(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, choice["finish_reason"]


def _pieces(text: str) -> list[str]:
    return re.findall(r"\S{1,12}\s*|\s+", text)


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
