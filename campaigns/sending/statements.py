"""How the engine's few statements reach PostgreSQL: prepared once for each connection, arrays as parameters.

Django composes its statements on our side and plans them anew each time; at some hundred groups a second that costs
more than the work itself. These run on the same connection and in the same transaction as Django's own.
"""

from collections.abc import Mapping, Sequence
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
            cursor.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []
