"""The small server exposes what the course says of it, in both protocol eras."""

import pytest
from mcp import Client, MCPError

from servers.achievement import mcp

both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])


@both_eras
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("张三", "name: 张三 绩效评分: 85.9"),
        ("李四", "name: 李四 绩效评分: 92.7"),
        ("王五", "未搜到该员工的绩效"),
        ("", "未搜到该员工的绩效"),
    ],
)
async def test_the_score_of_an_employee_is_looked_up_by_name(mode, name, answer):
    async with Client(mcp, mode=mode) as client:
        result = await client.call_tool("get_score_by_name", {"name": name})
    assert not result.is_error
    assert [item.text for item in result.content] == [answer]
    assert result.structured_content == {"result": answer}


@both_eras
async def test_the_tool_describes_itself_and_its_argument(mode):
    async with Client(mcp, mode=mode) as client:
        [tool] = (await client.list_tools()).tools
    assert tool.description == "根据员工的姓名获取该员工的绩效得分"
    assert tool.input_schema["required"] == ["name"]
    assert tool.input_schema["properties"]["name"]["type"] == "string"
    assert "姓名" in tool.input_schema["properties"]["name"]["description"]


@both_eras
async def test_the_employee_table_is_listed_once_and_answers_to_both_spellings(mode):
    async with Client(mcp, mode=mode) as client:
        listed = (await client.list_resources()).resources
        texts = []
        for uri in ("file://info.md", "file://info.md/"):
            [content] = (await client.read_resource(uri)).contents
            assert (content.uri, content.mime_type) == (uri, "text/markdown")
            texts.append(content.text)
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource("file://other.md/")
    assert [resource.uri for resource in listed] == ["file://info.md"]
    assert texts[0] == texts[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in texts[0].splitlines()]
    assert [rows[0], *rows[2:]] == [
        ["姓名", "性别", "年龄"],
        ["张三", "男", "28"],
        ["李四", "女", "25"],
    ]


@both_eras
async def test_the_prompt_asks_for_an_appraisal_out_of_a_hundred(mode):
    async with Client(mcp, mode=mode) as client:
        [prompt] = (await client.list_prompts()).prompts
        [message] = (await client.get_prompt(prompt.name, {"name": "李四"})).messages
    [argument] = prompt.arguments
    assert (argument.name, argument.required) == ("name", True)
    assert prompt.description
    assert argument.description
    assert message.role == "user"
    assert all(word in message.content.text for word in ("李四", "100", "绩效", "评价"))
