"""The recorded wire: as messages, as a table, and as a diagram."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pandas as pd
import pytest
from mcp_types import (
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)

from helpers import traffic
from helpers.panels.wire_rows import row
from helpers.traffic import Wire

HOSTILE = [
    'a"b',
    "a\nb",
    "a;b",
    "a#b",
    "<script>alert(1)</script>",
    "end",
    "%% comment",
    "accDescr { x }",
    "C->>S: forged",
    "style:x;",
    "wrap:x",
    "a\r\n\u2028\u2029\x1b[2J\x00b",
    "😀 张三",
    "x" * 10_000,
]


def request(number: int | str, method: str = "tools/call") -> JSONRPCRequest:
    return JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params={"name": "add"})


def response(number: int | str, **result: Any) -> JSONRPCResponse:
    return JSONRPCResponse(jsonrpc="2.0", id=number, result=result)


def error(number: int | str | None) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=number, error=ErrorData(code=-32000, message="gone"))


def a_call() -> Wire:
    wire = Wire()
    wire.add(request(1), sent=True)
    wire.add(JSONRPCNotification(jsonrpc="2.0", method="notifications/message"), sent=False)
    wire.add(response(1, text="绩效"), sent=False)
    return wire


def test_a_message_tells_its_direction_kind_method_id_time_and_size():
    asked, notified, answered = a_call()
    assert [m.direction for m in (asked, answered)] == ["client → server", "server → client"]
    assert [m.kind for m in (asked, notified, answered)] == ["request", "notification", "response"]
    assert asked.method == answered.method == "tools/call"
    assert (asked.id, notified.id, answered.id) == (1, None, 1)
    assert asked.ms is not None
    assert asked.ms >= 0
    assert answered.ms is None
    assert answered.bytes == len(answered.text.encode()) > len(answered.text)


def test_a_message_is_its_json_with_the_names_of_the_wire():
    asked, _, answered = a_call()
    assert json.loads(asked.text) == asked.json
    assert asked.json == {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "add"},
    }
    assert answered.json["result"] == {"text": "绩效"}


def test_what_is_done_to_a_result_later_does_not_change_what_was_recorded():
    wire, rows = Wire(), [{"name": "张三"}]
    wire.add(response(1, rows=rows), sent=False)
    rows[0]["name"] = "changed"
    rows.clear()
    assert wire[0].json["result"] == {"rows": [{"name": "张三"}]}


def test_requests_in_both_directions_under_the_same_id_are_kept_apart():
    wire = Wire()
    wire.add(request(1, "tools/call"), sent=True)
    wire.add(request(1, "roots/list"), sent=False)
    wire.add(response(1, roots=[]), sent=True)
    wire.add(response(1, content=[]), sent=False)
    assert [message.method for message in wire] == [
        "tools/call",
        "roots/list",
        "roots/list",
        "tools/call",
    ]
    assert [message.ms is not None for message in wire] == [True, True, False, False]


def test_an_answer_whose_id_comes_back_as_text_still_belongs_to_its_request():
    wire = Wire()
    wire.add(request(7), sent=True)
    wire.add(response("7"), sent=False)
    assert wire[1].method == "tools/call"
    assert wire[0].ms is not None


def test_an_answer_to_nothing_has_no_method():
    wire = Wire()
    wire.add(error(None), sent=False)
    wire.add(response(9), sent=False)
    assert [message.method for message in wire] == ["", ""]


def test_the_wire_keeps_the_last_thousand_messages_and_numbers_them_all():
    wire = Wire()
    for number in range(1500):
        wire.add(request(number), sent=True)
    assert wire.limit == len(wire) == 1000
    assert [wire[0].number, wire[-1].number] == [500, 1499]
    assert "1500 messages, 1000 kept" in repr(wire)


def test_requests_that_are_never_answered_do_not_pile_up():
    wire = Wire(limit=10)
    for number in range(500):
        wire.add(request(number), sent=True)
    assert len(wire._asked) <= 10


def test_the_wire_keeps_so_many_bytes_and_the_newest_message_whatever_its_size(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(traffic, "KEPT_BYTES", 1000)
    wire = Wire()
    for number in range(5):
        wire.add(response(number, text="x" * 400), sent=False)
    assert [message.number for message in wire] == [3, 4]
    wire.add(response(5, text="x" * 2000), sent=False)
    assert [message.number for message in wire] == [5]
    wire.add(response(6), sent=False)
    assert [message.number for message in wire] == [6]
    wire.clear()
    for number in range(5):
        wire.add(response(number, text="x" * 400), sent=False)
    assert [message.number for message in wire] == [10, 11]


def test_the_limit_can_be_changed_and_keeps_the_newest():
    wire = Wire()
    for number in range(5):
        wire.add(request(number), sent=True)
    wire.limit = 2
    assert [message.number for message in wire] == [3, 4]
    wire.limit = 3
    wire.add(request(5), sent=True)
    assert [message.number for message in wire] == [3, 4, 5]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_keeps_nothing_is_refused(limit: int):
    with pytest.raises(ValueError, match=f"at least 1 message, not {limit}"):
        Wire().limit = limit


def test_clearing_forgets_the_messages_and_the_numbering_goes_on():
    wire = a_call()
    wire.add(request(2), sent=True)
    wire.clear()
    assert list(wire) == []
    wire.add(response(2), sent=False)
    assert wire[0].number == 4
    assert wire[0].method == "tools/call"  # the answer still knows what it answers


def test_going_through_the_wire_sees_no_messages_that_come_meanwhile():
    wire = a_call()
    for _ in wire:
        wire.add(request(5), sent=True)
    assert len(wire) == 6


DTYPES = {
    "direction": "str",
    "kind": "str",
    "method": "str",
    "id": "str",
    "ms": "float64",
    "bytes": "int64",
}


@pytest.mark.parametrize("wire", [a_call(), Wire()], ids=["messages", "nothing"])
def test_the_frame_has_the_same_columns_of_the_same_types_with_and_without_messages(wire: Wire):
    frame = wire.frame()
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    assert frame.index.name == "message"
    assert frame.index.dtype == "int64"
    assert len(frame) == len(wire)


def test_the_frame_has_one_row_a_message():
    wire = a_call()
    wire.add(request("seven"), sent=True)
    frame = wire.frame()
    assert list(frame["id"]) == ["1", "", "1", "seven"]
    assert list(frame["method"][:3]) == ["tools/call", "notifications/message", "tools/call"]
    assert list(frame["direction"][:2]) == ["client → server", "server → client"]
    assert frame["bytes"].tolist() == [message.bytes for message in wire]
    assert frame["ms"].notna().tolist() == [True, False, False, False]
    assert frame.index.tolist() == [0, 1, 2, 3]


def test_the_frame_can_be_computed_with():
    frame = a_call().frame()
    per_direction = frame.groupby("direction")["bytes"].sum()
    assert per_direction["server → client"] == frame["bytes"].iloc[1:].sum()
    assert frame["ms"].max() >= 0
    assert isinstance(frame, pd.DataFrame)


def test_an_answer_that_this_side_gave_is_marked_everywhere():
    wire = Wire()
    wire.add(request(1), sent=True)
    wire.add(error(1), sent=False, local=True)
    given = wire[1]
    assert given.local
    assert given.direction == "client → client"
    assert "answered on this side" in str(given)
    assert wire.frame()["direction"].tolist() == ["client → server", "client → client"]
    assert "C--xC: error for tools/call (id 1, answered on this side)" in wire.diagram().mermaid
    assert "answered on this side" in wire.diagram().text
    assert not wire.answered


def test_the_diagram_draws_each_message_as_one_arrow_in_mermaid():
    wire = a_call()
    wire.add(error(2), sent=False)
    assert wire.diagram().mermaid.splitlines() == [
        "sequenceDiagram",
        "    accTitle: 4 messages between client and server",
        "    accDescr: client → server tools/call (id 1), "
        "server → client notifications/message, "
        "server → client result of tools/call (id 1), "
        "server → client error for an unknown request (id 2)",
        "    participant C as client",
        "    participant S as server",
        "    C->>S: tools/call (id 1)",
        "    S-)C: notifications/message",
        "    S-->>C: result of tools/call (id 1)",
        "    S--xC: error for an unknown request (id 2)",
    ]


def test_the_diagram_of_nothing_is_a_diagram_all_the_same():
    diagram = Wire().diagram()
    assert "accDescr: nothing has been sent yet" in diagram.mermaid
    assert diagram.text.split() == ["client", "server"]


def test_the_diagram_shows_the_last_messages_and_says_of_how_many():
    wire = Wire()
    for number in range(100):
        wire.add(request(number), sent=True)
    assert wire.diagram().mermaid.count("C->>S") == 60
    assert "accTitle: the last 60 of 100 messages" in wire.diagram().mermaid
    last = wire.diagram(last=2)
    assert [line.strip() for line in last.mermaid.splitlines()[-2:]] == [
        "C->>S: tools/call (id 98)",
        "C->>S: tools/call (id 99)",
    ]
    assert len(last.text.splitlines()) == 3


@pytest.mark.parametrize("last", [0, -3])
def test_a_diagram_of_no_messages_is_refused(last: int):
    with pytest.raises(ValueError, match=f"at least 1 message, not {last}"):
        a_call().diagram(last)


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:20]) for text in HOSTILE])
@pytest.mark.parametrize("place", ["method", "id"])
def test_text_that_the_server_chose_cannot_leave_its_line_of_the_diagram(text: str, place: str):
    wire = Wire()
    wire.add(request(1, text) if place == "method" else request(text), sent=False)
    diagram = wire.diagram()
    lines = diagram.mermaid.splitlines()
    assert len(lines) == 6
    assert lines[5].startswith("    S->>C: ")
    for line in lines[2], lines[5]:
        shown = line.partition(": ")[2]
        # only harmless characters and Mermaid's numbered entities
        assert re.fullmatch(r"(?:[\w /.,()→-]|#\d+;)*", shown)
        assert len(shown) < 1000
    assert len(diagram.text.splitlines()) == 2


def test_hostile_text_is_still_readable_where_mermaid_decodes_it():
    wire = Wire()
    wire.add(request(1, "<b>;#"), sent=True)
    shown = wire.diagram().mermaid.splitlines()[-1].partition(": ")[2]
    decoded = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), shown)
    assert decoded == "<b>;# (id 1)"


def test_a_long_wire_gives_a_description_of_bounded_length():
    wire = Wire()
    for number in range(1000):
        wire.add(request(number, "m" * 200), sent=True)
    [described] = [line for line in wire.diagram(1000).mermaid.splitlines() if "accDescr" in line]
    assert len(described) < 6000


def test_the_text_form_lines_up_whatever_the_messages_are_called():
    wire = a_call()
    wire.add(request(2, "a/method/with/a/name/that/is/longer/than/most"), sent=True)
    wire.add(error(2), sent=False, local=True)
    lines = wire.diagram().text.splitlines()
    assert lines[0].split() == ["client", "server"]
    assert {len(line) for line in lines[1:]} == {len(lines[1])}
    for line in lines[1:]:
        assert line[2] == line[-1] == "│"
        assert line.count("→") + line.count("←") == 1
    assert lines[1].endswith("→│")
    assert lines[3].startswith("  │←")
    left, right = lines[0].index("client"), lines[0].index("server")
    assert left <= 2 < left + 6
    assert right <= len(lines[1]) - 1 < right + 6


def test_printing_the_diagram_writes_the_text_and_a_notebook_gets_both():
    diagram = a_call().diagram()
    assert str(diagram) == diagram.text
    assert diagram._repr_mimebundle_(include=None, exclude=None) == {
        "text/vnd.mermaid": diagram.mermaid,
        "text/plain": diagram.text,
    }


def test_a_full_wire_is_framed_and_drawn_in_a_tenth_of_a_second():
    wire = Wire()
    for number in range(wire.limit):
        wire.add(request(number), sent=True)
    wire.frame()  # imports what it needs
    begun = time.perf_counter()
    assert len(wire.frame()) == 1000
    assert wire.diagram(1000).mermaid
    assert time.perf_counter() - begun < 0.1


def test_a_watcher_is_told_of_every_message_as_soon_as_it_is_recorded():
    wire, seen = a_call(), list[tuple[str, int]]()
    stop = wire.watch(lambda message: seen.append((message.method, len(wire))))
    wire.add(request(2), sent=True)
    wire.add(response(2), sent=False)
    assert seen == [("tools/call", 4), ("tools/call", 5)]
    stop()
    wire.add(request(3), sent=True)
    assert len(seen) == 2
    assert wire._watchers == ()
    stop()


def test_the_same_callback_can_watch_twice_and_stop_once():
    wire, seen = Wire(), list[int]()

    def note(message: Any) -> None:
        seen.append(message.number)

    stop, _ = wire.watch(note), wire.watch(note)
    wire.add(request(1), sent=True)
    stop()
    wire.add(request(2), sent=True)
    assert seen == [0, 0, 1]


def test_a_watcher_can_stop_itself_while_others_go_on():
    wire, seen = Wire(), list[str]()
    stop = wire.watch(lambda _: (seen.append("first"), stop()))
    wire.watch(lambda _: seen.append("second"))
    wire.add(request(1), sent=True)
    wire.add(request(2), sent=True)
    assert seen == ["first", "second", "second"]


def test_a_watcher_that_fails_is_logged_and_the_message_is_recorded_all_the_same(
    caplog: pytest.LogCaptureFixture,
):
    wire, seen = Wire(), list[int]()
    wire.watch(lambda message: 1 / (message.number - message.number))
    wire.watch(lambda message: seen.append(message.number))
    wire.add(request(1), sent=True)
    assert len(wire) == 1
    assert seen == [0]
    assert "division by zero" in caplog.text


def test_a_message_is_measured_when_it_is_recorded_and_not_when_it_is_drawn():
    recorded = Wire()
    for word in ("plain", "电影"):
        recorded.add(
            JSONRPCNotification(jsonrpc="2.0", method="x", params={"word": word}), sent=True
        )
    sizes = [len(message.text.encode()) for message in recorded]
    assert sizes[1] == sizes[0] + 1
    for message in recorded:
        message.text = ""
    assert [message.bytes for message in recorded] == sizes
    assert all(f" {size} " in row(message) for size, message in zip(sizes, recorded, strict=True))
