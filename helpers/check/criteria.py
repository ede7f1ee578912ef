"""What a check can ask of an attempt: which messages were sent, what came back, how it ended.

Each function makes a `Criterion`. Its hint, where it is not met, is a sentence that names the next
step. What a criterion does not know of a task, its maker says with `hint=`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from helpers.check.attempt import Attempt
from helpers.check.record import Heard
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


@dataclass(frozen=True)
class Criterion:
    """Judges an attempt: `judge` returns "" where it is met, else the sentence to show."""

    label: str
    judge: Callable[[Attempt], str]
    needs_value: bool = False  # cannot be judged of a function that did not return
    wants_error: bool = False  # the function is meant to raise

    def but(self, hint: str) -> Criterion:
        """The same, with another sentence where it is not met."""
        return replace(self, judge=lambda made: self.judge(made) and hint)


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
                step = NEXT_STEP.get(method, "")
                return f"your client never sent {method}{': ' + step if step else ''}."
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
            return f"your client sent {method} {len(right)} time(s) where {times} is right."
        return ""

    what = f" with {_shown(params)}" if params else ""
    often = "" if times is None else f", {times} time(s)"
    return Criterion(f"sends {method}{what}{often}", judge)


def calls(
    tool: str, arguments: dict[str, Any] | None = None, times: int | None = None
) -> Criterion:
    """The client calls a tool with exactly these arguments."""
    given = {} if arguments is None else {"arguments": arguments}
    criterion = asks("tools/call", times, name=tool, **given)
    what = "" if arguments is None else f" with {_shown(arguments)}"
    often = "" if times is None else f", {times} time(s)"
    return replace(criterion, label=f"calls {tool}{what}{often}")


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
        first = made.record.sent[0].method if made.record.sent else ""
        if not first or first in ("initialize", "server/discover"):
            return "" if first else "your client sent nothing."
        return f"your client sent {first} first: {NEXT_STEP['initialize']}."

    return Criterion("introduces itself to the server", judge)


def opens(connections: int) -> Criterion:
    """The function opens exactly so many connections."""

    def judge(made: Attempt) -> str:
        found = made.record.opened
        hint = "Open one, and use it for everything." if found > connections else "Open it first."
        return "" if found == connections else f"it opened {found} connection(s). {hint}"

    return Criterion(f"opens {connections} connection(s)", judge)


def closes() -> Criterion:
    """Every connection that was opened is closed as the protocol wants it: no process is left."""

    def judge(made: Attempt) -> str:
        record = made.record
        if not record.opened:
            return "it never opened a connection: enter `async with Client(...)`."
        if record.left_open:
            return (
                "your function returned and its connection is still open. "
                "Leave the `async with` block, whatever happens."
            )
        if record.closed < record.opened:
            return "the server was ended by force. Close its standard input, and wait for its end."
        return ""

    return Criterion("closes what it opened", judge)


def returns(expected: Any) -> Criterion:
    """The function returns a value that is equal to `expected` and of its type."""

    def judge(made: Attempt) -> str:
        value = made.value
        if type(value) is not type(expected):
            hint = " Is there a `return`?" if value is None else ""
            kinds = f"{type(value).__name__}, not {type(expected).__name__}"
            return f"it returned {_value(value)}: {kinds}.{hint}"
        if value != expected:
            return f"it returned {_value(value)} where {_value(expected)} is right."
        return ""

    return Criterion(f"returns {_value(expected)}", judge, needs_value=True)


def returns_that(label: str, judge: Callable[[Any], str | bool | None]) -> Criterion:
    """Judges the returned value: `judge` returns a hint, or something empty where it is right."""
    return Criterion(label, lambda made: str(judge(made.value) or ""), needs_value=True)


def raises(kind: type[BaseException], text: str = "") -> Criterion:
    """The function raises this kind of error, and its text contains `text`."""

    def judge(made: Attempt) -> str:
        error = made.error
        if error is None:
            end = made.trouble or f"it returned {_value(made.value)}."
            return f"no {kind.__name__} came out of it: {end}"
        if not isinstance(error, kind):
            return f"it raised {type(error).__name__} where {kind.__name__} is right."
        said = shorten(str(error), 300)
        return "" if text in said else f"its error does not say {text!r} but {said!r}."

    saying = f" that says {text!r}" if text else ""
    return Criterion(f"raises {kind.__name__}{saying}", judge, wants_error=True)


def _differences(heard: Heard, params: dict[str, Any]) -> list[str]:
    found = []
    for name, wanted in params.items():
        if name not in heard.params:
            found.append(f"without {name!r}: {_value(wanted)} is right")
        elif heard.params[name] != wanted:
            found.append(
                f"{name!r} was {_value(heard.params[name])} where {_value(wanted)} is right"
            )
    return found


def _list(methods: Sequence[str]) -> str:
    return ", ".join(method or "an answer" for method in methods)


def _shown(params: dict[str, Any]) -> str:
    return shorten(json.dumps(params, ensure_ascii=False, default=str), 120)


def _value(value: Any) -> str:
    return shorten(repr(value), 120)
