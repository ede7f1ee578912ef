"""The exercises of lesson 05: what is right passes, what is wrong is told what to do."""

from __future__ import annotations

import pytest

from tests.exercises import (  # noqa: F401 - what all lessons share is found here by pytest
    COLOUR,
    Exercises,
    opened_lesson,
    passes,
    pytest_generate_tests,
    test_another_solution_passes,
    test_the_solution_passes,
    test_what_is_not_written_yet_is_told_so,
)

NAME = "05_tool_widgets"
OTHERS = {
    "score-button": """
from ipywidgets import Layout
from helpers import run

def score_button(client):
    name, button, answer = Text(), Button(), Label("nothing yet")

    def pressed(_):
        result = run(client.call_tool("get_score_by_name", {"name": name.value}))
        answer.value = result.content[0].text

    button.on_click(pressed)
    return [name, button, answer]
""",
    "adder": """
kept = []

def adder(client):
    a, b, button, answer = IntText(2), IntText(3), Button(), Label()

    async def show():
        numbers = {"a": a.value, "b": b.value}  # before the first await
        total = (await client.call_tool("add", numbers)).structured_content["result"]
        answer.value = "{a} + {b} = {total}".format(**numbers, total=total)

    button.on_click(lambda _: kept.append(asyncio.get_running_loop().create_task(show())))
    return a, b, button, answer
""",
    "form": """
SIMPLE = {"string": Text, "integer": IntText, "number": FloatText, "boolean": Checkbox}
EMPTY = {"string": "", "integer": 0, "number": 0, "boolean": False}

def form_of(tool):
    form = {}
    for name, schema in tool.input_schema.get("properties", {}).items():
        kind = schema.get("type")
        if "enum" in schema:
            first = schema.get("default", schema["enum"][0])
            form[name] = Dropdown(options=schema["enum"], value=first)
        elif kind in SIMPLE:
            form[name] = SIMPLE[kind](schema.get("default", EMPTY[kind]))
        elif {"number", "null"} == {part["type"] for part in schema.get("anyOf", [])}:
            form[name] = Text()
            form[name].add_class("may-be-left-out")

    def arguments():
        given = {}
        for name, widget in form.items():
            if "may-be-left-out" not in widget._dom_classes:
                given[name] = widget.value
            elif widget.value != "":
                given[name] = float(widget.value)
        return given

    return form, arguments
""",
    "counter": """
def counter(client, steps):
    start, stop, bar, words = Button(), Button(), IntProgress(0, 0, steps), Label()
    running = set()

    async def follow(progress, total, message):
        bar.value = round(progress)

    async def count():
        call = client.call_tool("slow_count", {"steps": steps}, progress_callback=follow)
        words.value = f"counted to {(await call).content[0].text}"

    def stopped(_):
        while running:
            running.pop().cancel()
        words.value = "stopped"

    start.on_click(lambda _: running.add(asyncio.create_task(count())))
    stop.on_click(stopped)
    return start, stop, bar, words
""",
}


def test_a_bar_may_be_set_at_the_start_and_at_the_end(lesson: Exercises):
    answer = lesson.cells["counter"].source
    at_the_end = "int(result.content[0].text)"
    for place, value in (("        try:\n", "0"), ("        words.value = f", at_the_end)):
        assert place in answer
        answer = answer.replace(place, f"        bar.value = {value}\n{place}")
    assert passes(lesson.answered("counter", answer))


def test_the_structured_part_of_an_answer_may_be_shown(lesson: Exercises):
    answer = lesson.cells["score-button"].source
    text, part = "result.content[0].text", 'result.structured_content["result"]'
    assert text in answer
    assert passes(lesson.answered("score-button", answer.replace(text, part)))


SCORE_BUTTON = """
def score_button(client):
    name, button, answer, tasks = Text(), Button(), {label}, set()

    async def ask(asked):
        result = await client.call_tool("get_score_by_name", {{"name": {asked}}})
        {show}

    button.on_click({callback})
    return {returned}
"""
START = "lambda _: tasks.add(asyncio.create_task(ask(name.value)))"
GAPS = {
    "label": "Label()",
    "asked": "asked",
    "show": "answer.value = result.content[0].text",
    "callback": START,
    "returned": "name, button, answer",
}
ANSWERS = {"李四": "name: 李四 绩效评分: 92.7", "王五": "未搜到该员工的绩效"}
SCORE_BUTTONS = {
    "prints": (
        {"show": "print(result.content[0].text)"},
        "the label shows ''. What a task prints is lost: set the label's `value`",
    ),
    "shows_the_whole_result": (
        {"show": "answer.value = str(result)"},
        "Show the text of the answer, `result.content[0].text`, and nothing else.",
    ),
    "puts_a_word_before_it": (
        {"show": "answer.value = 'answer: ' + result.content[0].text"},
        "the label shows 'answer: name: 李四 绩效评分: 92.7'. Show the text of the answer,",
    ),
    "knows_the_answers": (
        {"show": f"answer.value = {ANSWERS}[asked]"},
        "the task that the press has started raised KeyError: ''",
    ),
    "knows_the_answers_and_one_for_all_others": (
        {"show": f"answer.value = {ANSWERS}.get(asked, 'not known')"},
        "the label shows 'not known'. Show the text of the answer,",
    ),
    "shows_what_is_no_text": (
        {"show": "answer.value = result"},
        "the task that the press has started raised TraitError: The 'value' trait of a Label",
    ),
    "raises_in_the_callback": (
        {"callback": "lambda _: tasks.append(ask(name.value))"},
        "the callback raised AttributeError: 'set' object has no attribute 'append'",
    ),
    "calls_too_often": (
        {"callback": "lambda _: [tasks.add(asyncio.create_task(ask(name.value))) for _ in 'ab']"},
        "your client sent tools/call 4 time",
    ),
    "keeps_no_task": (
        {"callback": "lambda _: (asyncio.ensure_future(ask(name.value)), None)[1]"},
        "the task was thrown away while it waited for its answer: nobody referred to it.",
    ),
    "awaits_nothing": (
        {"callback": "lambda _: ask(name.value)"},
        "a press has to call get_score_by_name once, with the name in the field. A callback is a",
    ),
    "hands_over_a_coroutine_function": (
        {"callback": "ask"},
        "a press has to call get_score_by_name once, with the name in the field. A callback is a",
    ),
    "asks_for_the_name_that_was_there_first": (
        {"callback": "lambda _, first=name.value: tasks.add(asyncio.create_task(ask(first)))"},
        "a press has to call get_score_by_name once, with the name in the field.",
    ),
    "asks_for_one_name_always": (
        {"asked": '"李四"'},
        "the second press has to ask for the name that is in the field by then.",
    ),
    "takes_the_text_for_html": (
        {"label": "HTML()"},
        "the answer is shown by a HTML. What a server says goes into a Label: that shows it as it",
    ),
    "returns_the_box": (
        {"returned": "VBox([name, button, answer])"},
        "it has to return 3 widgets, in this order: Text, Button, Label.",
    ),
    "returns_them_in_another_order": (
        {"returned": "name, answer, button"},
        "a Label is where a Button has to be. The order is: Text, Button, Label.",
    ),
}


@pytest.mark.parametrize("wrong", SCORE_BUTTONS)
def test_a_button_that_shows_no_score_is_told(lesson: Exercises, wrong: str):
    gaps, hint = SCORE_BUTTONS[wrong]
    imports = "from ipywidgets import HTML, VBox\n"
    lesson.refused("score-button", imports + SCORE_BUTTON.format(**GAPS | gaps), hint)


ADDER = """
def adder(client):
    a, b, button, answer, tasks = IntText(2), IntText(3), Button(), Label(), set()

    async def show():
        {first}
        {call}result = await client.call_tool("add", {{"a": a.value, "b": b.value}})
        total = {total}
        answer.value = {shown}

    def pressed(button):
        {start}

    button.on_click(pressed)
    return a, b, button, answer
"""
AFTER = 'f"{a.value} + {b.value} = {total}"'
TAKE = "before = a.value, b.value"
KEEP = "tasks.add(asyncio.create_task(show()))"
ADDER_GAPS = {
    "first": TAKE,
    "call": "",
    "total": "result.structured_content['result']",
    "shown": 'f"{before[0]} + {before[1]} = {total}"',
    "start": KEEP,
}
ADDERS = {
    "is_the_broken_one": (
        {"first": "", "shown": AFTER, "start": "asyncio.create_task(show())"},
        "the task was thrown away while it waited for its answer: nobody referred to it.",
    ),
    "reads_the_fields_again": (
        {"first": "", "shown": AFTER},
        "then a field was changed, and the label shows '99 + 22 = ",
    ),
    "forgets_its_task": (
        {"start": "asyncio.create_task(show())"},
        "the task was thrown away while it waited for its answer: nobody referred to it.",
    ),
    "starts_nothing": (
        {"start": "show().close()"},
        "a press has called nothing. Does the callback start a task?",
    ),
    "raises_where_nobody_hears": (
        {"first": "before = ()"},
        "the task that the press has started raised IndexError: tuple index out of range",
    ),
    "shows_nothing": (
        {"shown": "''"},
        "the label shows nothing. Does the task set its `value`, or does it raise something?",
    ),
    "lets_the_notebook_wait": (
        {"start": "from helpers import run; run(show())"},
        "the press was over only when the answer had come. Meanwhile nothing else could run:",
    ),
    "adds_by_itself": (
        {"total": "sum(before)"},
        "the label shows '20 + 22 = 42', and the server has answered",
    ),
    "adds_by_itself_and_asks_nobody": (
        {"call": "return # ", "start": "answer.value = f'{a.value} + {b.value} = 42'"},
        "a press has called nothing. Does the callback start a task?",
    ),
    "knows_the_sum": (
        {"shown": "'20 + 22 = 42'"},
        "Show that, whatever you would have said.",
    ),
    "leaves_no_spaces": (
        {"shown": 'f"{before[0]}+{before[1]}={total}"'},
        "Write it with spaces, as before: '20 + 22 = ",
    ),
}


@pytest.mark.parametrize("wrong", ADDERS)
def test_an_adder_that_is_not_mended_is_told(lesson: Exercises, wrong: str):
    gaps, hint = ADDERS[wrong]
    lesson.refused("adder", ADDER.format(**ADDER_GAPS | gaps), hint)


def test_a_task_that_was_thrown_away_prints_no_log_line(lesson: Exercises):
    gaps = ADDERS["is_the_broken_one"][0]
    said = lesson.answered("adder", ADDER.format(**ADDER_GAPS | gaps))
    assert said.status == "error"
    assert COLOUR not in said.text
    assert "destroyed" not in said.text + said.stderr


FORM = """
def form_of(tool):
    form, optional = {{}}, set()
    for name, schema in {properties}.items():
        kinds = [part.get("type") for part in schema.get("anyOf", [])]
        default = schema.get("default")
        match schema.get("type"):
            case "string" if "enum" in schema:
                form[name] = {choice}
            case "string":
                form[name] = Text(default or "")
            case "integer":
                form[name] = {integer}
            case "number":
                {number}
            case "boolean":
                form[name] = Checkbox({boolean})
            case None if {optional}:
                form[name] = Text("")
                optional.add(name)
            {more}
    {once}

    def arguments():
        {given}
        for name in optional:
            text = given.pop(name)
            {leave_out}
        return given

    return {returned}
"""
FORM_GAPS = {
    "properties": 'tool.input_schema.get("properties", {})',
    "choice": 'Dropdown(options=schema["enum"], value=default or schema["enum"][0])',
    "integer": "IntText(default or 0)",
    "number": "form[name] = FloatText(default or 0)",
    "boolean": "default or False",
    "optional": 'sorted(kinds) == ["null", "number"]',
    "more": "",
    "once": "",
    "given": "given = {name: widget.value for name, widget in form.items()}",
    "leave_out": "given |= {name: float(text)} if text else {}",
    "returned": "form, arguments",
}
FORMS = {
    "leaves_nothing_out": (
        {"leave_out": "given[name] = float(text or 0)"},
        "'min_rating' is 0.0, and has to be left out: while its field is empty,",
    ),
    "sends_null": (
        {"leave_out": "given[name] = float(text) if text else None"},
        "'min_rating' is None, and has to be left out: while its field is empty,",
    ),
    "sends_the_text": (
        {"leave_out": "given |= {name: text} if text else {}"},
        "'min_rating' is '8' where 8.0 is right: `arguments` reads the widgets when it is called",
    ),
    "leaves_out_zero": (
        {"leave_out": "given |= {name: float(text)} if text and float(text) else {}"},
        "'min_rating' is missing where 0.0 is right: only what is empty is left out",
    ),
    "reads_too_early": (
        {
            "once": "start = {name: widget.value for name, widget in form.items()}",
            "given": "given = dict(start)",
        },
        "`arguments` reads the widgets when it is called",
    ),
    "offers_a_free_text_for_a_choice": (
        {"choice": "Text(default)"},
        "'region' is 'Text' where 'Dropdown' is right: look at the table again.",
    ),
    "offers_one_value_alone": (
        {"choice": "Dropdown(options=[default], value=default)"},
        "'region' is ['any'] where ['any', '中国大陆', '中国香港', '中国台湾'] is right",
    ),
    "takes_whole_numbers_for_numbers": (
        {"integer": "FloatText(default or 0)"},
        "'limit' is 'FloatText' where 'IntText' is right: look at the table again.",
    ),
    "forgets_the_defaults": (
        {"boolean": "False", "integer": "IntText(0)"},
        "'descending' is False where True is right: that is what it starts with.",
    ),
    "has_a_widget_for_everything": (
        {"more": "case _: form[name] = Text()"},
        "'sort_by' is 'Text', and has to be left out: an argument of this kind gets no widget.",
    ),
    "has_no_widget_for_a_number": (
        {"number": "pass"},
        "'weight' is missing where 'FloatText' is right: look at the table again.",
    ),
    "takes_numbers_for_whole_numbers": (
        {"number": "form[name] = IntText(default or 0)"},
        "'weight' is 'IntText' where 'FloatText' is right: look at the table again.",
    ),
    "makes_a_whole_number_of_the_text": (
        {"leave_out": "given |= {name: int(text)} if text else {}"},
        "invalid literal for int() with base 10: '7.5'",
    ),
    "takes_every_anyof_for_an_optional_number": (
        {"optional": '"anyOf" in schema'},
        "'note' is 'Text', and has to be left out: an argument of this kind gets no widget.",
    ),
    "takes_a_number_or_a_text_for_an_optional_number": (
        {"optional": '"number" in kinds and "null" in kinds'},
        "'shelf' is 'Text', and has to be left out: an argument of this kind gets no widget.",
    ),
    "takes_for_granted_that_there_are_arguments": (
        {"properties": 'tool.input_schema["properties"]'},
        "it raised KeyError in line 3 of its cell: 'properties'",
    ),
    "starts_a_choice_with_its_first_value": (
        {"choice": 'Dropdown(options=schema["enum"])'},
        "'size' is 'S' where 'M' is right: that is what it starts with.",
    ),
    "returns_the_values": (
        {"returned": "form, arguments()"},
        "the second thing has to be a plain function.",
    ),
    "returns_the_form_alone": (
        {"returned": "form"},
        "it has to return two things: the dictionary of widgets, and the function",
    ),
}


@pytest.mark.parametrize("wrong", FORMS)
def test_a_form_that_says_something_else_is_told(lesson: Exercises, wrong: str):
    gaps, hint = FORMS[wrong]
    lesson.refused("form", FORM.format(**FORM_GAPS | gaps), hint)


FORM_OF_ONE_TOOL = """
def form_of(tool):
    regions = tool.input_schema.get("properties", {}).get("region", {"enum": ["any"]})["enum"]
    form = {"query": Text(), "min_rating": Text(), "region": Dropdown(options=regions)}
    form |= {"descending": Checkbox(True), "limit": IntText(20)}

    def arguments():
        given = {name: widget.value for name, widget in form.items()}
        text = given.pop("min_rating")
        return given | ({"min_rating": float(text)} if text else {})

    return form, arguments
"""


def test_a_form_that_knows_one_tool_by_heart_is_told(lesson: Exercises):
    hint = "'to' is missing where 'Text' is right: look at the table again."
    lesson.refused("form", FORM_OF_ONE_TOOL, hint, "first give 'to' what the table says: see above")


COUNTER = """
def counter(client, steps):
    start, stop, bar, words = Button(), Button(), IntProgress({bar}), Label()
    tasks = []

    async def note({parameters}):
        {note}

    async def count():
        {first}
        result = await client.call_tool("slow_count", {{"steps": steps}}{progress})
        {answered}

    def stopped(button):
        {stopped}

    start.on_click({started})
    stop.on_click(stopped)
    return start, stop, bar, words
"""
COUNTER_GAPS = {
    "bar": "max=steps",
    "parameters": "progress, total, message",
    "note": "bar.value = int(progress)",
    "first": "",
    "progress": ", progress_callback=note",
    "answered": "words.value = 'counted to ' + result.content[0].text",
    "stopped": "words.value = 'stopped'; [task.cancel() for task in tasks]",
    "started": "lambda _: tasks.append(asyncio.create_task(count()))",
}
COUNTERS = {
    "lets_the_notebook_wait": (
        {"started": "lambda _: run(count())"},
        "the press on start was over only when the call was. Until then nobody can press stop",
    ),
    "follows_nothing": (
        {"progress": ""},
        "and the bar showed []: pass a `progress_callback`, and set the bar's `value` in it.",
    ),
    "moves_at_the_end": (
        {"progress": "", "answered": COUNTER_GAPS["answered"] + "; bar.value = steps"},
        "and the bar showed [5]: pass a `progress_callback`",
    ),
    "shows_no_answer": (
        {"answered": "print('counted to', result.content[0].text)"},
        "it says ''. Set its `value` when the call has returned, with the number from the answer.",
    ),
    "shows_what_was_asked": (
        {"answered": "words.value = f'counted to {steps}'"},
        "it says 'counted to 20'. Set its `value` when the call has returned, with the number",
    ),
    "raises_where_nobody_hears": (
        {"answered": "words.value = result.structured_content['answer']"},
        "the task that the press has started raised KeyError: 'answer'",
    ),
    "moves_by_itself": (
        {"progress": "", "first": "for i in range(3): bar.value = i + 1"},
        "reported [1, 2, 3, 4, 5], and the bar showed [1, 2, 3]: pass a `progress_callback`",
    ),
    "moves_by_itself_to_the_end": (
        {"progress": "", "first": "for i in range(steps): bar.value = i + 1"},
        "and the bar showed [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,",
    ),
    "counts_what_arrives": (
        {"note": "bar.value += 1"},
        "and the bar showed [1, 2, 3]: set its `value` in your `progress_callback`,",
    ),
    "takes_one_parameter": (
        {"parameters": "progress"},
        "an async function of three parameters: progress, total and message. An error in it stops",
    ),
    "has_a_bar_of_any_length": (
        {"bar": ""},
        "the bar is full at 100, and 5 steps are asked for.",
    ),
    "does_not_wait_long": (
        {"progress": ", progress_callback=note, read_timeout_seconds=1"},
        "the task that the press has started raised MCPError",
    ),
    "stops_in_words_alone": (
        {"stopped": "words.value = 'stopped'"},
        "after a press on stop, the server counts on: cancel the task that awaits the call.",
    ),
    "stops_without_a_word": (
        {"stopped": "[task.cancel() for task in tasks]"},
        "it says ''. Set its `value` when the call has been cancelled.",
    ),
}


@pytest.mark.parametrize("wrong", COUNTERS)
def test_a_counter_that_does_not_follow_or_stop_is_told(lesson: Exercises, wrong: str):
    gaps, hint = COUNTERS[wrong]
    imports = "from helpers import run\n"
    lesson.refused("counter", imports + COUNTER.format(**COUNTER_GAPS | gaps), hint)
