"""Transactions of all accounts → events: the same thing seen twice counts once, and a withdrawal with its receipt is one transfer.

Worked example. An exchange sends 1 ETH at 12:00; a wallet receives 0.998 ETH at 12:04. Same transaction hash, or the only
pair of that coin, size and time: one event, TRANSFER of 0.998 ETH with a fee of 0.002 ETH, leaving at 12:00 and there at 12:04. Two receipts that
would fit are nobody's until the holder says which (MatchAnswer); until then the coins left, and came from nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from connectors.contract import Transaction
from service.domain.assets import AssetTable
from service.domain.issues import Issue, IssueKind
from service.domain.money import exact
from service.domain.reconcile.events import RANK, events_of, natural, taken_by, transfers, unmatched
from service.domain.reconcile.pairs import linked, paired
from service.domain.reconcile.rows import booked_row, changed_inside, foreign_currencies, row_id, unknown_assets
from service.domain.reconcile.values import Amount, Booked, Event, Kind
from service.domain.statements import Statements

__all__ = ["Amount", "Booked", "Event", "Kind", "reconcile"]


def reconcile(
    transactions: Sequence[Transaction], table: AssetTable, statements: Statements, *, window: timedelta, currency: str
) -> tuple[list[Booked], list[Event], list[Issue]]:
    """Every transaction as a row, what happened in order of time, and what is open.

    `window`: a receipt may come this long after its withdrawal. `currency`: fiat code of the portfolio. Raises nothing:
    what does not fit becomes an Issue. Rows link to each other (`matched_with`), none is merged or dropped.
    """
    with exact():
        first: dict[str, Transaction] = {}
        for t in transactions:  # the same row twice says nothing new
            first.setdefault(row_id(t), t)
        rows = [booked_row(t, table) for t in first.values()]
        live = [row for row in rows if not {"spam", "pending"} & set(row.flags)]
        inside = changed_inside(live)
        issues = unknown_assets(live) + inside + foreign_currencies(live, f"fiat:{currency}")
        pairs, found = paired(live, statements, window)
        issues += found
        shown = linked(rows, pairs)
        taken = taken_by(pairs)
        events = [e for row in live for e in events_of(row, taken)] + transfers(pairs, taken)
        events.sort(key=lambda e: _place(e, first))
        named = {row for issue in found if issue.kind is IssueKind.AMBIGUOUS_TRANSFER for row in issue.subject.split()}
        named |= {issue.subject for issue in inside}
        issues += [unmatched(e) for e in events if e.kind in (Kind.DEPOSIT, Kind.WITHDRAWAL) and e.transactions[0] not in named]
    return shown, events, issues


def _place(event: Event, rows: Mapping[str, Transaction]) -> tuple[object, ...]:
    """In order of time; within one instant as its chain had them, then what comes in before what goes out, then as the source lists them."""
    own = [rows[name] for name in event.transactions]
    in_block = max((t.sequence for t in own if t.occurred_at == event.at), default=0)
    return event.at, in_block, RANK[event.kind], natural(own[0].keys[0]), event.id
