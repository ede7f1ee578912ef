"""A server that hands out rows in every form that the SDK has: `python rows_server.py`."""

import base64
import datetime
import decimal
import json
from typing import Any

from mcp.server import MCPServer
from mcp_types import BlobResourceContents, EmbeddedResource, TextContent
from pydantic import BaseModel

mcp = MCPServer("rows", log_level="WARNING")


class Studio(BaseModel):
    name: str
    founded: int | None = None


class Film(BaseModel):
    name: str
    released: datetime.date
    seen: datetime.datetime | None = None
    gross: decimal.Decimal
    votes: int | None = None
    good: bool | None = None
    studio: Studio | None = None
    actors: list[str] = []


FILMS = [
    Film(
        name="我不是药神",
        released=datetime.date(2018, 7, 5),
        seen=datetime.datetime(2018, 7, 6, 20, 0, tzinfo=datetime.UTC),
        gross=decimal.Decimal("3099.96"),
        votes=2**53 + 1,
        good=True,
        studio=Studio(name="坏猴子", founded=2015),
        actors=["徐峥", "王传君"],
    ),
    Film(name="Kein Émigré 🎬", released=datetime.date(1999, 1, 1), gross=decimal.Decimal(0)),
]


@mcp.tool()
def films(number: int = 2) -> list[Film]:
    return FILMS[:number]


@mcp.tool()
def film() -> Film:
    return FILMS[0]


@mcp.tool()
def structured(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows


@mcp.tool()
def bare(rows: list) -> list:  # type: ignore[type-arg]
    """Without a type for the items, the SDK makes a text content of each."""
    return rows


@mcp.tool()
def text(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows)


@mcp.tool()
def contents(texts: list[str]) -> list[TextContent]:
    return [TextContent(text=part) for part in texts]


@mcp.tool()
def blob(text: str, mime_type: str, encoding: str = "utf-8") -> EmbeddedResource:
    data = base64.b64encode(text.encode(encoding)).decode("ascii")
    return EmbeddedResource(
        resource=BlobResourceContents(uri="rows://blob", blob=data, mime_type=mime_type)
    )


@mcp.resource("rows://films", mime_type="application/json")
def films_resource() -> str:
    return json.dumps([json.loads(film.model_dump_json()) for film in FILMS], ensure_ascii=False)


@mcp.resource("rows://empty", mime_type="application/json")
def empty() -> str:
    return "[]"


@mcp.resource("rows://one", mime_type="application/json")
def one() -> str:
    return '{"姓名": "张三", "id": 18446744073709551617}'


@mcp.resource("rows://csv", mime_type="text/csv")
def csv() -> bytes:
    return '\ufeff姓名,备注\r\n张三,"早, 晚"\r\n李四,\r\n'.encode()


@mcp.resource("rows://gbk", mime_type="text/csv; charset=gbk")
def gbk() -> bytes:
    return "姓名;编号\r\n张三;007\r\n".encode("gbk")


if __name__ == "__main__":
    mcp.run()
