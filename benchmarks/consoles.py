"""Opening the tool console of a server with many tools."""

from __future__ import annotations

from benchmarks.measure import Effort, Line, Samples, Section
from benchmarks.processes import SCRIPTS
from tests.kernels import Kernel, kernel

LIMIT = (
    "By the profile, most of it is ipywidgets, which opens a comm for each of 127 widgets; reading "
    "and checking the list is the SDK's."
)
SERVER = str(SCRIPTS / "many_tools.py")
CONNECT = """
import asyncio, sys, time
from IPython.display import display
from mcp import StdioServerParameters
from helpers import connect
server = StdioServerParameters(command=sys.executable, args=[{server!r}, "{tools}"])
client{tools} = await connect(server)
result = await client{tools}.call_tool("look_up_0001", {{"query": "x"}})
"""
# until the tools are listed and the first one's form stands there
OPEN = """
started = time.perf_counter()
from helpers import tool_console
console = tool_console(client{tools})
display(console)
while not console._toolbox.tools:
    await asyncio.sleep(0)
print("taken", (time.perf_counter() - started) * 1000)
assert len(console._toolbox.tools) == {tools}
console.close()
"""


def measured(effort: Effort) -> Section:
    tools = effort.of(500, 5)
    first, again = [], []
    for _ in range(effort.rounds):
        with kernel() as running:
            connect(running, tools)
            first.append(opened(running, tools))
            again.append(opened(running, tools))
    what = f"opening `tool_console` for {tools:,} tools"
    return Section(
        [
            Line(f"{what}, the first in its kernel", Samples(first), at_most=500, limited_by=LIMIT),
            Line(f"{what}, the next one", Samples(again), at_most=500, limited_by=LIMIT),
        ]
    )


def connect(running: Kernel, tools: int) -> None:
    """Connect the kernel to a server with so many tools."""
    running.ok(CONNECT.format(server=SERVER, tools=tools))


def opened(running: Kernel, tools: int) -> float:
    """The milliseconds of opening a console for the server with so many tools."""
    text = running.ok(OPEN.format(tools=tools)).text
    return float(text.partition("taken ")[2].split()[0])
