"""What a database holds, as plain rows: for comparing two of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from service.store.tables import OPERATIONAL, Row
from service.store.truth import Room


class Content(Room):
    async def content(self, *, operational: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Table → its rows, ordered by their key. Without the OPERATIONAL columns two databases with the same inputs are equal."""
        found: dict[str, list[dict[str, Any]]] = {}
        async with self.database.reading() as connection:
            for table in Row.metadata.sorted_tables:
                left_out = frozenset[str]() if operational else OPERATIONAL.get(table.name, frozenset())
                columns = [column for column in table.c if column.name not in left_out]
                if not columns:
                    continue
                rows = [dict(row) for row in (await connection.execute(select(*columns))).mappings()]
                keys = [column.name for column in table.primary_key if column.name not in left_out]
                found[table.name] = sorted(rows, key=lambda row, keys=keys: [row[k] for k in keys])  # type: ignore[misc]  # the default binds this table's keys
        return found
