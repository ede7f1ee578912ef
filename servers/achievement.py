"""The small server: the appraisal scores of two employees.

Run it with `python -m servers.achievement`; `--help` lists the transports.
"""

from pathlib import Path
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp_types import ToolAnnotations
from pydantic import Field

from servers import command_line

INFO = Path(__file__).parent / "data" / "info.md"
SCORES = {"张三": 85.9, "李四": 92.7}
Name = Annotated[str, Field(description="员工的姓名，例如 张三", examples=["张三"])]


class Achievement(MCPServer):
    """Answers `file://info.md/` too: SDK 1.x clients and mcp-proxy spell it so."""

    async def read_resource(self, uri: Any, context: Context | None = None) -> Any:
        return await super().read_resource(str(uri).removesuffix("/"), context)


mcp = Achievement(
    "achievement",
    title="Employee scores",
    description="Looks up the appraisal scores of employees.",
    version="1.0.0",
    log_level="WARNING",  # INFO would print every request into a notebook's cell
)


@mcp.tool(
    title="Score of an employee",
    description="根据员工的姓名获取该员工的绩效得分",
    annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
)
def get_score_by_name(name: Name) -> str:
    """Say the employee's score, or that there is none."""
    if name not in SCORES:
        return "未搜到该员工的绩效"
    return f"name: {name} 绩效评分: {SCORES[name]}"


@mcp.resource(
    "file://info.md",
    title="Employees",
    description="员工信息表：姓名、性别、年龄",
    mime_type="text/markdown",
)
def info() -> str:
    """Give the Markdown table of the employees."""
    return INFO.read_text(encoding="utf-8")


@mcp.prompt(title="Appraise an employee", description="查询员工的绩效得分，并给出评价")
def appraise(name: Name) -> str:
    """Ask for an appraisal that rests on the score."""
    return f"绩效满分为 100 分。请先查到员工“{name}”的绩效得分，再据此写一段简短的评价。"


if __name__ == "__main__":
    command_line.main(mcp, port=18080)
