"""How the engine's few statements reach PostgreSQL: prepared once for each connection, arrays as parameters.

Django composes its statements on our side and plans them anew each time; at some hundred groups a second that costs
more than the work itself. These run on the same connection and in the same transaction as Django's own.
"""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import psycopg
from django.db import connection


def run(statement: str, arguments: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute one statement of ours on this thread's connection; its rows, none where it returns none.

    Raises Django's database errors, as Django's own cursor would.
    """
    connection.ensure_connection()
    raw: Any = connection.connection
    with connection.wrap_database_errors:
        if raw.prepare_threshold is None:
            raw.prepare_threshold = 0
        with psycopg.Cursor(raw) as cursor:
            cursor.execute(statement, _plain(arguments))
            return cursor.fetchall() if cursor.description else []


def _plain(arguments: Mapping[str, Any] | Sequence[Any]) -> Mapping[str, Any] | Sequence[Any]:
    if isinstance(arguments, Mapping):
        return {name: _array(value) if isinstance(value, list) else value for name, value in arguments.items()}
    return [_array(value) if isinstance(value, list) else value for value in arguments]


def _array(values: list[Any]) -> Any:
    """Numbers and strings as PostgreSQL itself spells an array; the statement says of what type.

    psycopg looks up for each element how it is written, which was half of what a group of results cost us. Lists of
    anything else are left to it.
    """
    kinds = set(map(type, values))
    if kinds <= {str}:
        quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
        return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"
    if kinds <= {int, float, NoneType}:
        return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
    return values
