"""The command line of the servers here: which transport, and for HTTP at which address."""

import argparse
import re
from collections.abc import Sequence
from typing import Any

from mcp.server import MCPServer

from servers import serving


def main(server: MCPServer[Any], *, port: int, argv: Sequence[str] | None = None) -> None:
    """Serve until the client leaves (stdio) or a signal comes, as the command line asks.

    Args:
        server: what to serve.
        port: the port where no `--port` is given.
        argv: the arguments; the process's own when None.

    Raises:
        SystemExit: `--help` (status 0), arguments that cannot be understood (2), or an
            address that cannot be listened on (1, and why on stderr).
    """
    options = _parser(server, port).parse_args(argv)
    if options.transport == "stdio":
        return serving.run_stdio(server.run_stdio_async)
    security = serving.allow([serving.url_host(options.host), *options.allow_host])
    app = serving.http_app(server, options.transport, security)
    path = serving.PATHS[options.transport]
    return serving.run_http(app, server.name, options.host, options.port, path)


def port_number(text: str) -> int:
    """A port as the command line gives it, for argparse."""
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)


def _host(text: str) -> str:
    if not re.fullmatch(r"[\w.:\[\]-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a host name such as class.example.org")
    return text


def _parser(server: MCPServer[Any], port: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m servers.{server.name}",
        description=server.description,
        epilog="With stdio the client starts this program; with the others it listens by itself.",
    )
    add = parser.add_argument
    add(
        "--transport",
        choices=["stdio", *serving.PATHS],
        default="stdio",
        help="how clients reach it (%(default)s)",
    )
    add("--host", type=_host, default="127.0.0.1", help="address to listen on (%(default)s)")
    add(
        "--port",
        type=port_number,
        default=port,
        help="port to listen on, 0 for any free one (%(default)s)",
    )
    add(
        "--allow-host",
        type=_host,
        action="append",
        default=[],
        metavar="HOST",
        help="answer requests sent to this host name too; may be given several times",
    )
    return parser
