"""Hostile input, and how it is made."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from mcp.server.mcpserver.tools import Tool

from servers import achievement, arithmetic, showcase
from tests.soak import SOAKING, times

SERVERS = {"achievement": achievement.mcp, "showcase": showcase.mcp}
SCHEMAS: dict[tuple[str, str], Any] = {
    (module, tool.name): tool.input_schema
    for module, server in SERVERS.items()
    for tool in asyncio.run(server.list_tools())
} | {("showcase", "average"): Tool.from_function(arithmetic.average).parameters}
PROMPTS = {
    (module, prompt.name): [argument.name for argument in prompt.arguments or []]
    for module, server in SERVERS.items()
    for prompt in asyncio.run(server.list_prompts())
}
URIS = {
    "achievement": ["file://info.md", "file://{}"],
    "showcase": [
        *("db://tables/{}/schema", "db://tables/{}/data/{}", "db://tables/chinese_provinces/{}"),
        *("db://tables/chinese_provinces/data/{}", "test://hello", "db://{}"),
    ],
}
MARKS = r"""' " ` \ \' '' '; "; -- /* */ % _ %00 %27 %2527 ?1 :limit @x x'414243' char(39)"""
STATEMENTS = r"""
' OR '1'='1 | ' OR 1=1 -- | " OR ""=" | ') OR ('1'='1 | 1 OR 1=1 | 1) OR (1=1 | BEGIN; COMMIT
; DROP TABLE chinese_provinces | '; DELETE FROM chinese_provinces; -- | '; VACUUM; -- | DETACH main
' UNION SELECT sql FROM sqlite_schema -- | x UNION ALL SELECT name, sql FROM sqlite_master
'; ATTACH DATABASE 'stolen.db' AS stolen; -- | '; PRAGMA writable_schema=1; -- | pragma_table_info
' AND load_extension('evil') -- | ' AND randomblob(1000000000) -- | PRAGMA database_list
' AND readfile('/etc/passwd') -- | ' INTO OUTFILE 'x | PRAGMA table_info(chinese_provinces)
chinese_provinces | chinese_movie_ratings | main.chinese_provinces | sqlite_schema
"""
LOOKALIKES = [
    "\u2018",
    "\u2019",
    "\uff07",
    "\u02bc",
    "\uff02",
    "\uff1b",
    "\u2014\u2014",
    "'\u202e--",
]
INJECTIONS = [
    *MARKS.split(),
    *STATEMENTS.strip().replace("\n", " | ").split(" | "),
    *LOOKALIKES,
    *("\0", "\n", "'\0", "S\u0130LECT", "\uff33\uff25\uff2c\uff25\uff23\uff34 1"),
]
ODD = [
    *("", " ", "\0", "\r\n", "\u2028\u2029\x85", "\ufeff", "\ufffe", "\x1b[2J", "\u202eevil", "{}"),
    *("%s%n%x", "{0.__class__}", "${7*7}", "../" * 9, "..%2f" * 9, "file:///etc/passwd"),
    *("constructor", "<script>alert(1)</script>", "-1", "1e999", "NaN", "true", "null"),
    *("张三", "徐峥", "广", "chinese_", "__class__"),
]
LONG = [("9", 5000), ("x", 70_000), ("\U0001f600", 5000), ("e\u0301", 3000), ("[", 2000)]
SURROGATES = ["\ud800", "a\udfffb", "\ud83d"]
plain = st.text(max_size=30)
injections = st.tuples(
    st.sampled_from(["", "张三", "chinese_provinces", "5", "%"]) | plain,
    st.sampled_from(INJECTIONS),
    st.sampled_from(["", "--", "'", " ;"]) | plain,
).map("".join)
long = st.sampled_from(LONG).map(lambda part: part[0] * part[1])
texts = plain | st.sampled_from(ODD) | injections | long
lone = texts | st.sampled_from(SURROGATES)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
extremes = st.sampled_from([2**63, -(2**64), 10**40, 10**400, 1.8e308, 5e-324, -0.0])


def fitting(schema: dict[str, Any], defs: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Values that a schema allows.

    An object is put together here: hypothesis-jsonschema 0.23 draws them through a private part
    of Hypothesis that 6.170 no longer has.
    """
    defs = schema.get("$defs", defs or {})
    if "$ref" in schema:
        return fitting(defs[schema["$ref"].rsplit("/", 1)[-1]], defs)
    kind = schema.get("type")
    if kind != "object":
        return from_schema(schema) | (extremes if kind == "number" else st.nothing())
    fields = {name: fitting(part, defs) for name, part in schema["properties"].items()}
    needed = {name: fields.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(needed, optional=fields)


def nested(depth: int, inside: Any = 0) -> Any:
    for _ in range(depth):
        inside = [inside] if depth % 2 else {"a": inside}
    return inside


def values(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Any JSON value, made with these texts."""
    leaves = st.none() | st.booleans() | numbers | extremes | text
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=8,
    ) | st.integers(1, 60).map(nested)


def tampered(valid: st.SearchStrategy[Any], junk: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Valid arguments, or those with one or more of them replaced, left out or added."""
    names = plain | st.sampled_from(["self", "ctx", "taste", "_meta", "a", "__class__", "\0"])

    @st.composite
    def spoilt(draw: st.DrawFn) -> dict[str, Any]:
        arguments = dict(draw(valid))
        for name in list(arguments):
            change = draw(st.sampled_from(["keep", "keep", "replace", "drop"]))
            if change == "replace":
                arguments[name] = draw(junk)
            elif change == "drop":
                del arguments[name]
        return arguments | draw(st.dictionaries(names, junk, max_size=2))

    return valid | spoilt() | st.dictionaries(names, junk, max_size=5)


def arguments_of(module: str, tool: str, junk: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Arguments for a tool, valid and not; a count that would take long is made quick."""
    drawn = tampered(fitting(SCHEMAS[module, tool]), junk)
    return drawn.map(_quick) if tool == "slow_count" else drawn


def _quick(arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        steps, pause = int(arguments.get("steps", 20)), float(arguments.get("step_seconds", 0.1))
    except (TypeError, ValueError, OverflowError):
        return arguments  # and so is it to the server
    return arguments if steps * pause < 0.05 else arguments | {"step_seconds": 0}


def uris(module: str, text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Addresses of resources, with these texts where a template has a name."""
    filled = st.tuples(st.sampled_from(URIS[module]), text, text)
    return filled.map(lambda parts: parts[0].format(*parts[1:])) | text


def trial(short: int, long: int) -> settings:
    """So many examples, always the same ones where they are few."""
    return settings(
        deadline=None,
        max_examples=times(short, long),
        derandomize=not SOAKING,
        phases=[Phase.generate] if SOAKING else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
}
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"elicitation": {"form": {}}},
    "clientInfo": {"name": "test", "version": "1"},
}
LISTS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
OTHERS = [
    *("ping", "server/discover", "logging/setLevel", "resources/subscribe", "tasks/get"),
    *("sampling/createMessage", "roots/list", "elicitation/create", "notifications/cancelled"),
]
NOTICES = [
    *("notifications/initialized", "notifications/progress", "notifications/roots/list_changed"),
    *("notifications/message", "notifications/tools/list_changed", "tools/call"),
]


def message(**members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", **members}


def requests(module: str, state: str) -> st.SearchStrategy[dict[str, Any]]:
    """Well-formed requests, mostly of the state's era, with parameters that fit and that do not."""
    junk = values(texts)
    tools = [tool for server, tool in SCHEMAS if server == module]
    prompts = [prompt for server, prompt in PROMPTS if server == module]

    def called(tool: str) -> st.SearchStrategy[Any]:
        arguments = arguments_of(module, tool, junk) | junk.filter(lambda value: value != {})
        return st.builds(dict, name=st.just(tool), arguments=arguments)

    def got(prompt: str) -> st.SearchStrategy[Any]:
        valid = st.fixed_dictionaries(dict.fromkeys(PROMPTS[module, prompt], texts))
        return st.builds(dict, name=st.just(prompt), arguments=valid | tampered(valid, junk) | junk)

    reference = st.fixed_dictionaries(
        {"type": st.sampled_from(["ref/prompt", "ref/resource"]) | texts},
        optional={"name": st.sampled_from(prompts) | texts, "uri": uris(module, texts)},
    )
    argument = st.builds(
        dict, name=st.sampled_from(["province", "table_name"]) | texts, value=texts | junk
    )
    calls = {
        "tools/call": st.sampled_from(tools).flatmap(called) | st.builds(dict, name=texts | junk),
        "prompts/get": st.sampled_from(prompts).flatmap(got) | st.builds(dict, name=texts | junk),
        "resources/read": st.builds(dict, uri=uris(module, texts | texts.map(encode)) | junk),
        "completion/complete": st.builds(dict, ref=reference | junk, argument=argument | junk),
    }
    if state in ("legacy", "modern"):
        calls["initialize"] = tampered(st.just(INITIALIZE), junk)
    pairs = [st.tuples(st.just(method), params) for method, params in calls.items()]
    pairs.append(st.tuples(st.sampled_from(LISTS), st.builds(dict, cursor=texts | junk)))
    pairs.append(
        st.tuples(
            st.sampled_from(OTHERS + LISTS) | texts, st.just({}) | tampered(st.just({}), junk)
        )
    )
    token = st.builds(dict, progressToken=texts | numbers | junk)
    fit = st.just(ENVELOPE if "modern" in state else None)
    metas = st.sampled_from([fit, fit, fit, st.none(), tampered(st.just(ENVELOPE), junk), token])
    ids = st.integers(1000) | texts.map("id {}".format) | st.sampled_from(["", "7", 2**63, 10**40])
    return st.builds(_request, ids, st.one_of(pairs), metas.flatmap(lambda meta: meta))


def _request(request_id: Any, call: tuple[str, Any], meta: Any) -> dict[str, Any]:
    method, params = call
    if isinstance(params, dict) and meta is not None:
        params = params | {"_meta": meta}
    return message(id=request_id, method=method, params=params)


encode = partial(quote, safe="", errors="replace")


OTHER_KINDS = ["notice", "answer", "cut", "changed", "junk", "bytes"]


@st.composite
def lines(draw: st.DrawFn, module: str, state: str, most: str = "request") -> bytes:
    """A line to send: a request as it should be, one that was spoilt, or anything else."""
    kind = draw(st.sampled_from([most] * 5 + OTHER_KINDS))
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    junk = values(lone)
    if kind == "junk":
        return _line(draw, draw(junk | st.lists(requests(module, "before"), max_size=3)))
    if kind == "notice":
        gone = {"requestId": draw(st.sampled_from([-1, "nobody", None, [], {}, 1.5, True]))}
        params = draw(
            st.just(gone) | st.dictionaries(texts.filter("requestId".__ne__), junk, max_size=3)
        )
        method = draw(st.sampled_from(NOTICES) | texts)
        return _line(
            draw,
            message(method="notifications/cancelled" if params is gone else method, params=params),
        )
    if kind == "answer":
        members = draw(st.dictionaries(st.sampled_from(["id", "result", "error", "params"]), junk))
        return _line(draw, message(**members))
    request = draw(requests(module, state))
    if kind == "changed":
        name = draw(st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error"]))
        request = request | {name: draw(junk)}
        if request["method"] == "initialize" and state not in ("legacy", "modern"):
            request["method"] = "ping"
    line = _line(draw, request)
    if kind == "cut" and b"slow_count" not in line:  # a digit more would make it very slow
        at, length = draw(st.integers(0, len(line))), draw(st.integers(0, 5))
        return line[:at] + draw(st.binary(max_size=5)) + line[at + length :]
    return line


def _line(draw: st.DrawFn, found: Any) -> bytes:
    plainly = draw(st.booleans())
    return json.dumps(found, ensure_ascii=plainly).encode("utf-8", "surrogatepass")
