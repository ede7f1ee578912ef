"""The film and province tables: CSV files, loaded into SQLite and read from there."""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from mcp.server.mcpserver.exceptions import ResourceNotFoundError

DATA = Path(__file__).parent / "data"
TABLES = ("chinese_provinces", "chinese_movie_ratings")


def rows(table: str, limit: int = -1) -> list[dict[str, str]]:
    """Read a table from its first row on.

    Args:
        table: one of `TABLES`.
        limit: the greatest number of rows wanted; all of them when negative.

    Returns:
        One dictionary a row, its keys in the table's column order, its values text.

    Raises:
        ResourceNotFoundError: there is no such table; the text lists those that are.
    """
    select = f"SELECT * FROM {_known(table)} LIMIT ?"  # noqa: S608 - a name out of TABLES
    with _connection() as connection:
        return [dict(row) for row in connection.execute(select, (limit,))]


def columns(table: str) -> list[dict[str, str]]:
    """Name the columns of a table and their SQLite types, in order, as `{"name", "type"}`.

    Raises:
        ResourceNotFoundError: there is no such table; the text lists those that are.
    """
    with _connection() as connection:
        select = "SELECT name, type FROM pragma_table_info(?)"
        return [dict(row) for row in connection.execute(select, (_known(table),))]


def version() -> str:
    """Ask the database for the version of SQLite that it runs on."""
    with _connection() as connection:
        return str(connection.execute("SELECT sqlite_version()").fetchone()[0])


def _known(table: str) -> str:
    if table not in TABLES:
        raise ResourceNotFoundError(
            f"There is no table {table[:40]!r}. Known are {' and '.join(TABLES)}."
        )
    return table


@contextmanager
def _connection() -> Iterator[sqlite3.Connection]:
    """Open a read-only copy of the database: no caller can spoil it for the next one."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(_database())
        connection.execute("PRAGMA query_only = ON")
        connection.row_factory = sqlite3.Row
        yield connection


@cache
def _database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        for table in TABLES:
            _load(connection, table)
        connection.commit()
        return connection.serialize()


def _load(connection: sqlite3.Connection, table: str) -> None:
    """Create `table` from its CSV file.

    Every column is TEXT, the ratings too: a CSV file knows no types, and the schema
    resource says so. Making numbers of them is the reader's part.
    """
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        header, *records = csv.reader(file)
    definition = ", ".join(f"{column} TEXT" for column in header)
    connection.execute(f"CREATE TABLE {table} ({definition})")
    marks = ", ".join("?" for _ in header)
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", records)  # noqa: S608 - as above
