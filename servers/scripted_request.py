"""The part of a chat request that the scripted model looks at, and what makes it a bad one.

The request is specified at https://platform.openai.com/docs/api-reference/chat/create
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class Named(Strict):
    name: Annotated[str, Field(pattern="^[a-zA-Z0-9_-]{1,64}$")]


class Function(Named):
    description: str = ""
    parameters: dict[str, Any] = {}


class Tool(Strict):
    type: Literal["function"]
    function: Function


class Called(Strict):
    name: str
    arguments: str  # JSON as the model wrote it, which need not be valid


class Call(Strict):
    id: str
    type: Literal["function"]
    function: Called


class Message(Strict):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: Annotated[list[Call], Field(min_length=1)] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Message":
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError(f"a message with role {self.role!r} needs 'content'")
        if self.role == "tool" and self.tool_call_id is None:
            raise ValueError("a message with role 'tool' needs 'tool_call_id'")
        return self

    @property
    def text(self) -> str:
        parts = self.content if isinstance(self.content, list) else [{"text": self.content or ""}]
        return "\n".join(str(part.get("text", "")) for part in parts)


class Choice(Strict):
    type: Literal["function"]
    function: Named


class StreamOptions(Strict):
    include_usage: bool = False


class Request(Strict):
    """The part of a chat request that the script looks at."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    tools: Annotated[list[Tool], Field(min_length=1)] | None = None
    tool_choice: Literal["none", "auto", "required"] | Choice = "auto"
    parallel_tool_calls: Literal[True] = True  # nothing else is written
    n: Literal[1] = 1
    stream: bool = False
    stream_options: StreamOptions | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Request":
        names = [tool.function.name for tool in self.tools or []]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two tools have the same name: {', '.join(sorted(twice))}")
        if isinstance(self.tool_choice, Choice) and self.tool_choice.function.name not in names:
            raise ValueError("'tool_choice' names a tool that is not in 'tools'")
        if self.tool_choice == "required" and not names:
            raise ValueError("'tool_choice' is 'required', but there are no 'tools'")
        open_calls: list[str] = []
        for message in self.messages:
            if message.role == "tool":
                if message.tool_call_id not in open_calls:
                    raise ValueError(
                        "messages with role 'tool' must be a response to a preceding message "
                        f"with 'tool_calls': nothing asked for {message.tool_call_id!r}"
                    )
                open_calls.remove(str(message.tool_call_id))
                continue
            _nothing_open(open_calls)
            open_calls = [call.id for call in message.tool_calls or []]
        _nothing_open(open_calls)
        return self


def _nothing_open(calls: list[str]) -> None:
    if calls:
        raise ValueError(
            "an assistant message with 'tool_calls' must be followed by tool messages responding "
            f"to each 'tool_call_id'; these have no response: {', '.join(calls)}"
        )
