"""What a check can ask of the messages that passed: which ones, in which order, saying what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from helpers.check.attempt import Attempt
from helpers.check.criteria import Criterion, shown_value
from helpers.check.record import Heard
from helpers.check.report import often
from helpers.errors import shorten

# What to do about a message that is missing.
NEXT_STEP = {
    "initialize": "on a ClientSession, `await session.initialize()` comes first",
    "notifications/initialized": "after the answer to initialize, tell the server you are ready",
    "server/discover": "`Client(...)` in its default mode sends it by itself",
    "tools/list": "`await client.list_tools()` sends it",
    "tools/call": "`await client.call_tool(name, arguments)` sends it",
    "prompts/list": "`await client.list_prompts()` sends it",
    "prompts/get": "`await client.get_prompt(name, arguments)` sends it",
    "resources/list": "`await client.list_resources()` sends it",
    "resources/templates/list": "`await client.list_resource_templates()` sends it",
    "resources/read": "`await client.read_resource(uri)` sends it",
    "completion/complete": "`await client.complete(ref, argument)` sends it",
    "notifications/cancelled": "the SDK sends it when you cancel the task that awaits the call",
}
BY_HAND = {
    "initialize": "initialize comes first",
    "notifications/initialized": NEXT_STEP["notifications/initialized"],
}


def sends(*methods: str) -> Criterion:
    """The client sends these methods in this order; others may stand between them."""

    def judge(made: Attempt) -> str:
        sent = [heard.method for heard in made.record.sent]
        at = 0
        for method in methods:
            if method in sent[at:]:
                at = sent.index(method, at) + 1
            elif method in sent:
                late = sent[at - 1]
                return f"your client sent {method} before {late}. Its order was: {_list(sent)}."
            else:
                return f"your client never sent {method}{_step(method, made)}.{_cut(made)}"
        return ""

    return Criterion(f"sends {', then '.join(methods)}", judge)


def never_sends(method: str, hint: str = "") -> Criterion:
    """The client does not send this method."""

    def judge(made: Attempt) -> str:
        if method not in [heard.method for heard in made.record.sent]:
            return ""
        return hint or f"your client sent {method}, which this task does not need."

    return Criterion(f"does not send {method}", judge)


def asks(method: str, times: int | None = None, **params: Any) -> Criterion:
    """The client sends `method` with at least these `params`: `times` times, or once or more."""

    def judge(made: Attempt) -> str:
        asked = [heard for heard in made.record.sent if heard.method == method]
        if not asked:
            return sends(method).judge(made)
        right = [heard for heard in asked if _differences(heard, params) == []]
        if not right:
            return f"your client sent {method}, but {_differences(asked[-1], params)[0]}."
        if times is not None and len(right) != times:
            return f"your client sent {method} {often(len(right))} where {often(times)} is right."
        return ""

    what = f" with {_shown(params)}" if params else ""
    return Criterion(f"sends {method}{what}{_often(times)}", judge)


def calls(
    tool: str, arguments: dict[str, Any] | None = None, times: int | None = None
) -> Criterion:
    """The client calls a tool with exactly these arguments."""
    given = {} if arguments is None else {"arguments": arguments}
    criterion = asks("tools/call", times, name=tool, **given)
    what = "" if arguments is None else f" with {_shown(arguments)}"
    return replace(criterion, label=f"calls {tool}{what}{_often(times)}")


def speaks_json_rpc() -> Criterion:
    """Every line that the client sends is a JSON-RPC 2.0 message.

    Source: https://www.jsonrpc.org/specification, with MCP's rule that an id is not null.
    """

    def judge(made: Attempt) -> str:
        ids: list[Any] = []
        for number, heard in enumerate(made.record.sent, 1):
            message = heard.message
            where = f"message {number} that your client sent"
            if not message:
                return f"{where} is no JSON object on one line: {shorten(heard.text)!r}."
            if message.get("jsonrpc") != "2.0":
                return f'{where} lacks "jsonrpc": "2.0".'
            if heard.method.startswith("notifications/") and "id" in message:
                return f"{where}, {heard.method}, has an id. A notification has none."
            if heard.method and not heard.method.startswith("notifications/"):
                if message.get("id") is None:
                    return f"{where}, {heard.method}, has no id. A request needs one."
                if message["id"] in ids:
                    return f"{where} uses the id {message['id']!r} again. Each request has its own."
                ids.append(message["id"])
        return "" if made.record.sent else "your client sent nothing."

    return Criterion("every message is JSON-RPC", judge)


def introduces_itself() -> Criterion:
    """The client's first message is one of the two that a server expects first."""

    def judge(made: Attempt) -> str:
        if not made.record.sent:
            return "your client sent nothing."
        first = made.record.sent[0].method
        if first in ("initialize", "server/discover"):
            return ""
        return f"your client sent {first or 'an answer'} first{_step('initialize', made)}."

    return Criterion("introduces itself to the server", judge)


def hears_no_error() -> Criterion:
    """Nothing that the client asks is answered with a JSON-RPC error."""

    def judge(made: Attempt) -> str:
        asked = {heard.message.get("id"): heard.method for heard in made.record.sent}
        for heard in made.record.heard:
            error = heard.message.get("error")
            if not heard.sent and isinstance(error, dict):
                method = asked.get(heard.message.get("id")) or "a message"
                said = shorten(str(error.get("message", error)), 200)
                return f"the server answered your {method} with an error: {said}."
        return "" if made.record.sent else "your client sent nothing."

    return Criterion("the server has nothing against it", judge)


def _differences(heard: Heard, params: dict[str, Any]) -> list[str]:
    found = []
    for name, wanted in params.items():
        if name not in heard.params:
            found.append(f"without {name!r}: {shown_value(wanted)} is right")
        elif heard.params[name] != wanted:
            said = shown_value(heard.params[name])
            found.append(f"{name!r} was {said} where {shown_value(wanted)} is right")
    return found


def _step(method: str, made: Attempt) -> str:
    """What to do next, in the SDK's words, or in the protocol's where the SDK is not used."""
    step = (BY_HAND if made.record.by_hand else NEXT_STEP).get(method)
    return f": {step}" if step else ""


def _cut(made: Attempt) -> str:
    """A message may be on its way to a server that is ended before it can read."""
    forced = made.record.opened > made.record.closed + made.record.left_open
    return " Or the server was ended before it had read it." if forced else ""


def _often(times: int | None) -> str:
    return "" if times is None else f", {often(times)}"


def _list(methods: Sequence[str]) -> str:
    return ", ".join(method or "an answer" for method in methods)


def _shown(params: dict[str, Any]) -> str:
    return shorten(json.dumps(params, ensure_ascii=False, default=str), 120)
