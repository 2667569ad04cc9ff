"""Answers for people: rich tables that fit a terminal. Amounts are shortened here and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

Item = dict[str, Any]


def money(amount: str | None, currency: str = "") -> str:
    """ "-1,234.50"; a dash where there is no opinion."""
    if amount is None:
        return "–"
    shown = f"{Decimal(amount):,.2f}"
    return f"{shown} {currency}".strip()


def quantity(amount: str | None) -> str:
    """Up to eight places; an ellipsis says that there are more."""
    if amount is None:
        return "–"
    whole, _, places = amount.partition(".")
    return amount if len(places) <= 8 else f"{whole}.{places[:8]}…"


def counted(number: int, word: str, many: str = "") -> str:
    """ "1 line", "2,000 lines". `many`: of several, where that is not the word with an s."""
    return f"{number:,} {word if number == 1 else many or f'{word}s'}"


def day(at: str | None) -> str:
    return "–" if at is None else at[:10]


def minute(at: str | None) -> str:
    return "–" if at is None else f"{at[:10]} {at[11:16]}"


ID = "id"
"""The column of what other commands want to be told."""
WIDE = 120
"""Columns of a terminal from which on an id stands on one line, to be marked and copied."""


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str, right: Iterable[str] = ()) -> None:
    """One table on standard output; `right` names the columns of figures."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160)
    listed = list(rows)
    if not listed:
        console.print(empty)
        return
    aligned = set(right)
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(
            column, justify="right" if column in aligned else "left", overflow="fold", no_wrap=column == ID and console.width >= WIDE
        )
    for row in listed:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console.print(table)


def labels(accounts: Iterable[Item]) -> dict[str, str]:
    return {a["id"]: a["label"] for a in accounts}
