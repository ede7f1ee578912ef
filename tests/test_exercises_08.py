"""The exercises of lesson 08: what is right passes, what is wrong is told what to do."""

from __future__ import annotations

import pytest

from tests.exercises import (  # noqa: F401 - what all lessons share is found here by pytest
    Exercises,
    opened_lesson,
    pytest_generate_tests,
    test_another_solution_passes,
    test_the_solution_passes,
    test_what_is_not_written_yet_is_told_so,
)

NAME = "08_model_in_the_loop"
OTHERS = {
    "for-chat": """
def for_chat(tools):
    wrapped = []
    for tool in tools:
        letters = [c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in tool.name]
        function = dict(name="".join(letters)[:64], description="", parameters=tool.input_schema)
        if tool.description is not None:
            function["description"] = tool.description
        wrapped.append(dict(type="function", function=function))
    return wrapped
""",
    "results": """
async def text_of(client, name, written):
    try:
        arguments = json.loads(written)
    except json.JSONDecodeError as error:
        return f"Error: this is no JSON: {error}"
    if not isinstance(arguments, dict):
        return "Error: an object is needed"
    try:
        result = await client.call_tool(name, arguments)
    except MCPError as error:
        return f"Error: {error}"
    text = "\\n".join(block.text for block in result.content if hasattr(block, "text"))
    return f"Error: {text}" if result.is_error else text

async def results_of(client, calls):
    return [
        {
            "role": "tool",
            "tool_call_id": call.id,
            "content": await text_of(client, call.function.name, call.function.arguments),
        }
        for call in calls
    ]
""",
    "answer": """
async def answer(think, question, client, allowed, rounds):
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    messages = [dict(role="user", content=question)]
    left = rounds
    while True:
        reply = await think(messages, list(tools.values()) if left else [])
        messages.append(reply.model_dump(exclude_none=True))
        if not reply.tool_calls:
            return messages[-1]["content"]
        left -= 1
        for call in reply.tool_calls:
            given = json.loads(call.function.arguments)
            hints = tools[call.function.name].annotations
            reads = hints is not None and hints.read_only_hint is True
            if not reads and not await allowed(call.function.name, given):
                content = "Error: declined"
            else:
                result = await client.call_tool(call.function.name, given)
                content = "".join(b.text for b in result.content if b.type == "text")
                content = "Error: " * result.is_error + content
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
""",
}


FOR_CHAT = """
def for_chat(tools):
    return [{wrapped} for tool in tools]
"""
FUNCTION = '{{"name": {name}, "description": {description}, "parameters": {parameters}}}'
WRAPPED = '{{"type": "function", "function": {function}}}'
RIGHT = {
    "name": r're.sub(r"[^a-zA-Z0-9_-]", "_", tool.name)[:64]',
    "description": 'tool.description or ""',
    "parameters": "tool.input_schema",
}
UNFIT = "when what it returned was used: it raised BadRequestError: Error code: 400"
TAKEN = "A name is made of a-z, A-Z, digits, _ and -, and has at most 64 characters."
CHATS = {
    "names_as_they_are": ({"name": "tool.name"}, TAKEN),
    "long_names": ({"name": r're.sub(r"[^a-zA-Z0-9_-]", "_", tool.name)'}, TAKEN),
    "points_taken_out": (
        {"name": r're.sub(r"[^a-zA-Z0-9_-]", "", tool.name)[:64]'},
        "is not ['maps_find', ",
    ),
    "points_alone": (
        {"name": 'tool.name.replace(".", "_")[:64]'},
        TAKEN,
    ),
    "letters_of_every_script": (
        {"name": r're.sub(r"[^\w-]", "_", tool.name)[:64]'},
        TAKEN,
    ),
    "one_underscore_for_several": (
        {"name": r're.sub(r"[^a-zA-Z0-9_-]+", "_", tool.name)[:64]'},
        TAKEN,
    ),
    "no_description": ({"description": "tool.description"}, UNFIT),
    "the_description_of_nobody": (
        {"description": '""'},
        "is not ['根据员工的姓名获取该员工的绩效得分']. None becomes",
    ),
    "the_properties_alone": (
        {"parameters": 'tool.input_schema.get("properties", {})'},
        "They are as MCP has them.",
    ),
}


@pytest.mark.parametrize("wrong", CHATS)
def test_tools_in_another_form_are_told(lesson: Exercises, wrong: str):
    gaps, hint = CHATS[wrong]
    function = FUNCTION.format(**RIGHT | gaps)
    lesson.refused("for-chat", FOR_CHAT.format(wrapped=WRAPPED.format(function=function)), hint)


UNWRAPPED = {
    "no_wrapping": (FUNCTION.format(**RIGHT), UNFIT),
    "mcps_own_names": ("tool.model_dump(by_alias=True, exclude_none=True)", UNFIT),
}


@pytest.mark.parametrize("wrong", UNWRAPPED)
def test_tools_without_their_wrapping_are_told(lesson: Exercises, wrong: str):
    wrapped, hint = UNWRAPPED[wrong]
    lesson.refused("for-chat", FOR_CHAT.format(wrapped=wrapped), hint)


READ = {
    "wishes_at_first": 2,
    "role_of_a_result": "tool",
    "requests": 3,
    "with_the_question": 3,
    "in_the_last": 6,
    "tool_calls": 3,
    "arguments": "str",
}
MISREAD = {
    "wishes_at_first": (1, "1 is not it: count the lines with an id under the first message"),
    "role_of_a_result": ("assistant", "'assistant' is not it: it stands at the beginning"),
    "requests": (1, "1 is not it: each message of the assistant is the reply to one."),
    "with_the_question": (1, "1 is not it: what does the model server remember between two"),
    "in_the_last": (7, "7 is not it: count everything above the assistant's last message."),
    "tool_calls": ("3", "'3' is of type str where int is asked for."),
    "arguments": (..., "fill in 'arguments': are there quotation marks around the braces?"),
}


@pytest.mark.parametrize("names", [["requests"], ["with_the_question"], list(MISREAD)], ids=len)
def test_a_conversation_that_is_misread_is_told_where_to_look(lesson: Exercises, names: list[str]):
    read = READ | {name: MISREAD[name][0] for name in names}
    answer = f"def what_was_said():\n    return {read!r}".replace("Ellipsis", "...")
    lesson.refused("read", answer, *[MISREAD[name][1] for name in names])


RESULTS = """
async def results_of(client, calls):
    messages = []
    for call in calls:
        try:
            arguments = {arguments}
            result = await client.call_tool(call.function.name, arguments)
            text = {text}
        except {errors} as error:
            {caught}
        messages.append({{"role": "tool", {id}"content": text}})
    return messages
"""
TEXT = '"".join(block.text for block in result.content if block.type == "text")'
RESULT_GAPS = {
    "arguments": "{**json.loads(call.function.arguments)}",
    "text": f'("Error: " if result.is_error else "") + {TEXT}',
    "errors": "(TypeError, ValueError, MCPError)",
    "caught": 'text = f"Error: {error}"',
    "id": '"tool_call_id": call.id, ',
}
FAULTS = {
    "no_id": (
        {"id": ""},
        "message 1 lacks the id of its call, call_1: it is {'role': 'tool', 'content': '3.5'}.",
    ),
    "a_failed_tool_is_an_answer": (
        {"text": TEXT},
        "What went wrong begins with 'Error: '.",
    ),
    "lets_broken_json_out": (
        {"errors": "(TypeError, MCPError)"},
        "it raised JSONDecodeError in line 5 of its cell: ",
    ),
    "lets_other_json_out": (
        {"errors": "(ValueError, MCPError)"},
        "it raised TypeError in line 5 of its cell: ",
    ),
    "lets_errors_of_the_protocol_out": (
        {"errors": "(TypeError, ValueError)"},
        "it raised MCPError in line 6 of its cell: Client did not declare",
    ),
    "leaves_out_what_went_wrong": (
        {"caught": "continue"},
        "6 calls need a list of 6 messages: every one is answered.",
    ),
    "ends_at_the_first_error": (
        {"caught": 'return messages + [{"role": "tool", "content": str(error)}]'},
        "6 calls need a list of 6 messages: every one is answered.",
    ),
    "calls_without_the_arguments": (
        {
            "arguments": "json.loads(call.function.arguments) "
            'if call.function.arguments.endswith("}") else {}'
        },
        "arguments that are no JSON object stay at home: `divide` was called with something",
    ),
    "does_not_say_that_it_is_an_error": (
        {"caught": "text = str(error)"},
        "What went wrong begins with 'Error: '.",
    ),
    "takes_the_first_block_for_a_text": (
        {"text": RESULT_GAPS["text"].replace(TEXT, "result.content[0].text")},
        "it raised AttributeError in line 7 of its cell: 'ImageContent' object has no attribute",
    ),
    "takes_for_granted_that_there_is_a_block": (
        {"text": RESULT_GAPS["text"].replace(TEXT, "result.content[-1].text")},
        "it raised IndexError in line 7 of its cell: list index out of range",
    ),
    "shows_the_image_as_well": (
        {"text": RESULT_GAPS["text"].replace(TEXT, "''.join(map(str, result.content))")},
        "The text of the result is asked for.",
    ),
    "hands_over_the_result": (
        {"text": "result"},
        "its role is tool, its content a text.",
    ),
}


@pytest.mark.parametrize("wrong", FAULTS)
def test_a_host_that_falls_over_is_told(lesson: Exercises, wrong: str):
    gaps, hint = FAULTS[wrong]
    lesson.refused("results", RESULTS.format(**RESULT_GAPS | gaps), hint)


ANSWER = """
async def answer(think, question, client, allowed, rounds):
    messages = [{{"role": "user", "content": question}}]
    tools = (await client.list_tools()).tools
    harmless = {harmless}
    {loop}
        reply = await think(messages, tools)
        if not reply.tool_calls:
            return {returned}
        {remember}
        for call in reply.tool_calls{which}:
            name, arguments = call.function.name, json.loads(call.function.arguments)
            {ask}
            messages.append({{"role": "tool", "tool_call_id": call.id, "content": text}})
    {end}
"""
CALL = """result = await client.call_tool(name, arguments)
                text = {error} + result.content[0].text"""
MARK = '("Error: " if result.is_error else "")'
ASK = """if {condition}:
                {call}
            else:
                {declined}"""
CONDITION = "name in harmless or await allowed(name, arguments)"
DECLINED = 'text = "Error: the user declined"'
LOOP_GAPS = {
    "harmless": "{t.name for t in tools if t.annotations and t.annotations.read_only_hint}",
    "loop": "for _ in range(rounds):",
    "returned": "reply.content",
    "remember": "messages.append(reply.model_dump(exclude_none=True))",
    "which": "",
    "ask": ASK.format(condition=CONDITION, call=CALL.format(error=MARK), declined=DECLINED),
    "end": "return (await think(messages, [])).content",
}


def asks(condition: str = CONDITION, error: str = MARK, declined: str = DECLINED) -> dict[str, str]:
    ask = ASK.format(condition=condition, call=CALL.format(error=error), declined=declined)
    return {"ask": ask}


LOOPS = {
    "forgets_the_models_wish": (
        {"remember": ""},
        "it raised BadRequestError in line 6 of its cell: Error code: 400",
    ),
    "grants_one_wish_alone": (
        {"which": "[:1]"},
        "it raised BadRequestError in line 6 of its cell: Error code: 400",
    ),
    "goes_round_once": (
        {"loop": "for _ in range(1):", "end": "return reply.content"},
        "it returned None. The text of the model's last message is asked for.",
    ),
    "never_ends": (
        {"loop": "while True:"},
        "it raised RuntimeError in line 6 of its cell: the model was asked ten times: mind the",
    ),
    "one_round_more": (
        {"loop": "for _ in range(rounds + 1):"},
        "two rounds are allowed: `add` is called twice.",
    ),
    "one_round_less": (
        {"loop": "for _ in range(rounds - 1):"},
        "two rounds are allowed: `add` is called twice.",
    ),
    "raises_at_the_limit": (
        {"end": 'raise RuntimeError("no answer")'},
        "it raised RuntimeError in line 18 of its cell: no answer",
    ),
    "hands_out_the_tools_to_the_end": (
        {"end": "return (await think(messages, tools)).content"},
        "with no round left, the model gets no tools any more.",
    ),
    "asks_nobody": (
        asks("True"),
        "the user declined, and the tool was called all the same.",
    ),
    "asks_and_calls_all_the_same": (
        asks("name in harmless or await allowed(name, arguments) or True"),
        "the user declined, and the tool was called all the same.",
    ),
    "forgets_to_await_the_user": (
        asks("name in harmless or allowed(name, arguments)"),
        "the user declined, and the tool was called all the same.",
    ),
    "asks_without_saying_what_would_be_done": (
        asks("name in harmless or await allowed(name, {})"),
        "the user was shown the arguments [{}] where [{'a': 2, 'b': 3}] is right: they decide by",
    ),
    "asks_with_arguments_that_are_not_parsed": (
        asks("name in harmless or await allowed(name, call.function.arguments)"),
        "the user was shown the arguments ['{}'] where [{}] is right: they decide by what would",
    ),
    "never_calls_what_the_user_allows": (
        asks("name in harmless or (await allowed(name, arguments) and False)"),
        "the user said yes: then the call is made.",
    ),
    "asks_before_every_call": (
        asks("await allowed(name, arguments)"),
        "the user was asked about ['add', 'multiply'] where [] is right: before a call of a tool",
    ),
    "is_silent_about_the_refusal": (
        asks(declined="continue"),
        "it raised BadRequestError in line 6 of its cell: Error code: 400",
    ),
    "ends_when_the_user_declines": (
        asks(declined='return "declined"'),
        "the model was asked once where twice is right.",
    ),
    "calls_an_empty_result_a_refusal": (
        asks(declined='text = ""'),
        "no message to the model begins with 'Error: ': it has to hear of it.",
    ),
    "knows_one_name_by_heart": (
        asks('name != "unlock_average" or await allowed(name, arguments)'),
        "the user was asked about [] where ['add'] is right",
    ),
    "does_not_mark_a_failure": (
        asks(error='""'),
        "no message to the model begins with 'Error: ': it has to hear of it.",
    ),
    "returns_the_message": (
        {"returned": "reply"},
        "The text of the model's last message is asked for.",
    ),
}


@pytest.mark.parametrize("wrong", LOOPS)
def test_a_loop_that_asks_or_ends_wrongly_is_told(lesson: Exercises, wrong: str):
    gaps, hint = LOOPS[wrong]
    lesson.refused("answer", ANSWER.format(**LOOP_GAPS | gaps), hint)
