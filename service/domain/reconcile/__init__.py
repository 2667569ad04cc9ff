"""Transactions of all accounts → events: the same thing seen twice counts once, and a withdrawal with its receipt is one transfer.

Worked example. An exchange sends 1 ETH at 12:00; a wallet receives 0.998 ETH at 12:04. Same transaction hash, or the only
pair of that coin, size and time: one event, TRANSFER of 0.998 ETH with a fee of 0.002 ETH, leaving at 12:00 and there at 12:04. Two receipts that
would fit are nobody's until the holder says which (MatchAnswer); until then the coins left, and came from nowhere.

Each step can be run on a part of a history, and gives there what it gives in the whole:

    booked_rows   transaction → row                   each row alone
    pair          rows → pairs                        each closure alone; most rows need no pairing and are in none
    events        rows and pairs → events             each row with its own pairs
    linked        rows and pairs → rows as shown      the same
    row_issues, open_ends, asset_issues               each row; the events of rows; what accounts hold
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from connectors.contract import Transaction
from service.domain.assets import AssetTable
from service.domain.issues import Issue
from service.domain.reconcile.happened import STATED_VALUE, events, open_ends
from service.domain.reconcile.pairs import Paired, Reach, closure, closures, linked, links, pair, reach
from service.domain.reconcile.rows import asset_issues, booked_rows, held_by, is_live, needs_pairing, row_id, row_issues
from service.domain.reconcile.values import Amount, Booked, Event, Kind
from service.domain.statements import Statements

__all__ = [
    "STATED_VALUE",
    "Amount",
    "Booked",
    "Event",
    "Kind",
    "Paired",
    "Reach",
    "asset_issues",
    "booked_rows",
    "closure",
    "closures",
    "events",
    "held_by",
    "is_live",
    "linked",
    "links",
    "needs_pairing",
    "open_ends",
    "pair",
    "reach",
    "reconcile",
    "row_id",
    "row_issues",
]


def reconcile(
    transactions: Sequence[Transaction], table: AssetTable, statements: Statements, *, window: timedelta, currency: str
) -> tuple[list[Booked], list[Event], list[Issue]]:
    """Every transaction as a row, what happened in order of time, and what is open.

    `window`: a receipt may come this long after its withdrawal. `currency`: fiat code of the portfolio. Raises nothing:
    what does not fit becomes an Issue. Rows link to each other (`matched_with`), none is merged or dropped.
    """
    rows = booked_rows(transactions, table)
    live = [row for row in rows if is_live(row)]
    paired = pair(live, statements, window)
    happened = events(live, paired)
    odd = {issue.id: issue for row in live if row.hint == "internal" for issue in row_issues(row)}
    issues = [*asset_issues(held_by(live), f"fiat:{currency}"), *odd.values(), *paired.issues]
    return linked(rows, paired), happened, issues + open_ends(happened, live, paired)
