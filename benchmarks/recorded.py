"""1,000 recorded messages as a frame and as a diagram."""

from __future__ import annotations

from benchmarks.measure import Effort, Line, Samples, Section
from tests.kernels import kernel

LIMIT = "By the profile, most of it is pandas making seven columns, and the diagram's escapes."
BEFORE = """
import time
import pandas
from mcp_types import JSONRPCRequest, JSONRPCResponse
from helpers.traffic import Wire

recorded = Wire()
for number in range({messages} // 2):
    call = {{"name": "add", "arguments": {{"a": number, "b": 3}}}}
    request = JSONRPCRequest(jsonrpc="2.0", id=number, method="tools/call", params=call)
    recorded.add(request, sent=True)
    content = [{{"type": "text", "text": str(number + 3)}}]
    result = {{"content": content, "structuredContent": {{"result": number + 3}}}}
    recorded.add(JSONRPCResponse(jsonrpc="2.0", id=number, result=result), sent=False)
assert len(recorded) == {messages}
"""
SHOW = """
started = time.perf_counter()
frame = recorded.frame()
shown = recorded.diagram({messages})._repr_mimebundle_()
print((time.perf_counter() - started) * 1000)
assert len(frame) == {messages} and shown["text/vnd.mermaid"].count("tools") >= {messages}
"""


def measured(effort: Effort) -> Section:
    messages = effort.of(1000, 10)
    with kernel() as running:
        running.ok(BEFORE.format(messages=messages))
        shown = [
            float(running.ok(SHOW.format(messages=messages)).text) for _ in range(effort.rounds + 1)
        ]
    what = f"{messages:,} messages in `wire`: the frame, and all of them as a diagram"
    return Section([Line(what, Samples(shown[1:]), at_most=100, limited_by=LIMIT)])
