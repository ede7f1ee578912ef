"""A stand-in for a language model: an OpenAI-compatible endpoint with a script behind it.

It is no model. It matches words between the question and the tools in the request, and says so
in its name and in every answer. The lesson on a model in the loop needs no network and no key
thanks to it; a client that works with it has sent what a real endpoint takes.

Run it with `python -m servers.scripted_model`; `--help` lists the options. It speaks
https://platform.openai.com/docs/api-reference/chat in one piece and streamed, and lists itself
at `/v1/models`.
"""

import argparse
import os
import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from servers import command_line, serving
from servers.scripted_completion import CREATED, MODEL, completion, events
from servers.scripted_reply import reply
from servers.scripted_request import Request

KEY_VARIABLE = "SCRIPTED_MODEL_KEY"


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None
    ):
        super().__init__(message)
        kind = "invalid_request_error"
        error = {"message": message, "type": kind, "param": param, "code": code}
        self.response = JSONResponse({"error": error}, status)


def create_app(api_key: str | None = None) -> Starlette:
    """Build the ASGI app.

    Args:
        api_key: the key that a client has to send; None takes any, or none.
    """

    def check_key(request: HTTPRequest) -> None:
        given = request.headers.get("authorization", "")
        if api_key is not None and given != f"Bearer {api_key}":
            raise Refusal(401, "Incorrect API key provided.", "invalid_api_key")

    async def models(request: HTTPRequest) -> Response:
        check_key(request)
        return JSONResponse({"object": "list", "data": [_model()]})

    async def model(request: HTTPRequest) -> Response:
        check_key(request)
        _known(request.path_params["model"])
        return JSONResponse(_model())

    async def completions(request: HTTPRequest) -> Response:
        check_key(request)
        body = await request.body()
        asked = _parse(body)
        _known(asked.model)
        whole = completion(asked, reply(asked), body)
        if not asked.stream:
            return JSONResponse(whole)
        usage = bool(asked.stream_options and asked.stream_options.include_usage)
        return StreamingResponse(events(whole, usage), media_type="text/event-stream")

    routes = [
        Route("/v1/models", models),
        Route("/v1/models/{model}", model),
        Route("/v1/chat/completions", completions, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={Refusal: _refuse, HTTPException: _refuse})


async def _refuse(request: HTTPRequest, error: Exception) -> Response:
    if isinstance(error, Refusal):
        return error.response
    status = error.status_code if isinstance(error, HTTPException) else 500
    # no such route, or not with this method
    return Refusal(status, f"Invalid URL ({request.method} {request.url.path})").response


def _parse(body: bytes) -> Request:
    try:
        return Request.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, first["loc"])))
        message = first["msg"].removeprefix("Value error, ")
        raise Refusal(
            400, f"{where}: {message}" if where else message, param=where or None
        ) from None


def _known(model: str) -> None:
    if model != MODEL:
        raise Refusal(
            404, f"The model {model!r} does not exist; {MODEL!r} does.", "model_not_found"
        )


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": CREATED, "owned_by": "a script, no model"}


app = create_app()


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal comes; `argv` as on the command line, the process's own when None."""
    parser = argparse.ArgumentParser(
        prog="python -m servers.scripted_model", description=(__doc__ or "").partition("\n\n")[0]
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port",
        type=command_line.port_number,
        default=18800,
        help="0 for any free one (%(default)s)",
    )
    options = parser.parse_args(argv)
    served = create_app(os.environ.get(KEY_VARIABLE))
    name = f"{MODEL} (a script that matches words)"
    serving.run_http(served, name, options.host, options.port, "/v1")


if __name__ == "__main__":
    main()
