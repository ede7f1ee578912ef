"""What the scripted model replies: calls of tools, or an answer made of their results."""

import json
import re
from typing import Any, NamedTuple

from servers.scripted_request import Choice, Message, Request
from servers.scripted_words import DIGITS, Wish, is_chinese, wishes

MOST_ROWS = 10
LONGEST = 500
ENDLESS = r"for ever|forever|again and again|never stop|不停|一直"
BROKEN = r"[^.?!。？！]*(?:broken|坏的) ?JSON[^.?!。？！]*"
SENTENCE_END = r"(?<=[?!;？！；。])|(?<=\.)\s|, and (?=which|what|how|who)"
THEN = r"[,，]?\s*(?:and )?\bthen\b\s*|[,，]?然后|[,，]?再"
NOTES = {
    "en": "(Written by a script that matches words, not by a model.)",
    "zh": "（由匹配词语的脚本写成，不是模型。）",
}
PHRASES = {
    "en": {
        "said": "{name} says: {text}",
        "found": "{name} found {text}.",
        "failed": "{name} did not work: {text}",
        "no tools": "I was handed no tool, and by myself I know nothing.",
        "no match": "None of the {text} tools I was handed shares a word with this question.",
    },
    "zh": {
        "said": "{name} 的结果：{text}",
        "found": "{name} 找到：{text}。",
        "failed": "{name} 没有成功：{text}",
        "no tools": "没有交给我任何工具，而我自己什么也不知道。",
        "no match": "交给我的 {text} 个工具都与这个问题没有共同的词。",
    },
}


class Reply(NamedTuple):
    """What the script replies: text, or calls with their arguments in JSON."""

    text: str
    calls: list[tuple[str, str]]


def reply(request: Request) -> Reply:
    """Decide on the next message, from the last question and what has been called since."""
    messages = request.messages
    start = max((i for i, m in enumerate(messages) if m.role == "user"), default=0)
    question, since = messages[start].text, messages[start + 1 :]
    say = PHRASES["zh" if is_chinese(question) else "en"]
    tools = [tool.function.model_dump() for tool in request.tools or []]
    done = sum(bool(message.tool_calls) for message in since)
    forced = request.tool_choice not in ("none", "auto")
    if not done and not tools:
        return _answer(question, [say["no tools"]])
    broken = re.search(BROKEN, question, re.IGNORECASE)
    stage = 0 if forced or re.search(ENDLESS, question, re.IGNORECASE) else done - bool(broken)
    failed = any(_is_error(m.text) for m in since if m.role == "tool") and not broken
    calls = (
        []
        if request.tool_choice == "none" or (failed and not forced)
        else _plan(question, _allowed(request, tools), max(stage, 0), since, forced)
    )
    if not calls:
        return _answer(question, _results(since, say) or [say["no match"].format(text=len(tools))])
    written = [(c.name, json.dumps(c.arguments, ensure_ascii=False)) for c in calls]
    if stage < 0:  # it was asked for: without the closing brace
        written = [(name, arguments[:-1]) for name, arguments in written]
    return Reply("", written)


def _allowed(request: Request, tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    choice = request.tool_choice
    if isinstance(choice, Choice):
        return [tool for tool in tools if tool["name"] == choice.function.name]
    return tools


def _plan(
    question: str, tools: list[dict[str, Any]], stage: int, since: list[Message], forced: bool
) -> list[Wish]:
    """The calls of one stage: what stands before the first "then", after it, and so on."""
    stages = re.split(THEN, re.sub(f"{ENDLESS}|{BROKEN}", "", question, flags=re.IGNORECASE))
    if stage >= len(stages):
        return []
    texts = [message.text for message in since if message.role == "tool"]
    results = " ".join(text for text in texts if not _is_error(text))
    found = [float(digits) for digits in re.findall(DIGITS, results)]
    parts = re.split(SENTENCE_END, stages[stage])
    planned = [wish for part in parts if part.strip() for wish in wishes(part, tools, found)]
    return planned or ([Wish(tools[0]["name"], {})] if forced else [])


def _answer(question: str, sentences: list[str]) -> Reply:
    return Reply("\n".join([*sentences, NOTES["zh" if is_chinese(question) else "en"]]), [])


def _is_error(text: str) -> bool:
    return text.lower().startswith("error")


def _results(since: list[Message], say: dict[str, str]) -> list[str]:
    called = {call.id: call.function.name for m in since for call in m.tool_calls or []}
    sentences = []
    for message in since:
        if message.role == "tool":
            name, text = called[str(message.tool_call_id)], message.text
            if _is_error(text):
                how, text = "failed", re.sub(r"^error:\s*", "", text, flags=re.IGNORECASE)
            else:
                rows = _rows(text)
                how, text = ("found", rows) if rows else ("said", text)
            sentences.append(say[how].format(name=name, text=text[:LONGEST]))
    return sentences


def _rows(text: str) -> str:
    """JSON objects, one after the other or in an array, each as its first text and its number."""
    decoder, rows, position = json.JSONDecoder(), list[Any](), 0
    try:
        while position < len(text):
            value, position = decoder.raw_decode(text, position)
            rows += value if isinstance(value, list) else [value]
            position += len(text[position:]) - len(text[position:].lstrip())
    except (ValueError, RecursionError):
        return ""
    if not rows or not all(isinstance(row, dict) for row in rows):
        return ""
    more = [f"{len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else []
    return ", ".join([*(_row(row) for row in rows[:MOST_ROWS]), *more])


def _row(row: dict[str, Any]) -> str:
    label = next((value for value in row.values() if isinstance(value, str)), "?")
    figures = [f"{k} {v}" for k, v in row.items() if isinstance(v, int | float)]
    return f"{label} ({', '.join(figures)})" if figures else label
