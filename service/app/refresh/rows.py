"""Raw records that changed → rows that came, changed or went away.

A connector that reads each record by itself (Spec.alone) is given the changed records only. Every other one is given all records of an
account of which one changed, and what it makes of them is compared with what is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.contract import RawRecord, Transaction, Unreadable
from service.app.derived import Raised
from service.app.file_records import FILES
from service.app.ports import Account, App, Changed
from service.app.refresh.plain import PlainRows, plain_rows
from service.app.sources import PORTFOLIO
from service.domain.history import Row
from service.domain.issues import Issue, IssueKind
from service.domain.reconcile import Booked, booked_rows, row_id, row_issues


@dataclass(slots=True)
class RowChanges:
    """Rows by id, each as it is by itself (not linked)."""

    there: frozenset[str]
    """Accounts that there are."""
    lacking: set[str] = field(default_factory=set)
    """Accounts that rows of files are of and that are not there: their rows were left out."""
    new: dict[str, Booked] = field(default_factory=dict)
    """New, or not as they were."""
    old: dict[str, Booked] = field(default_factory=dict)
    """As they were: of those that changed and those that went away."""
    plain: PlainRows = field(default_factory=PlainRows)
    """New rows that are ready as they are; in neither of the above."""
    raised: list[Raised] = field(default_factory=list)
    raised_gone: set[tuple[str, str]] = field(default_factory=set)


async def changed_rows(app: App, accounts: Sequence[Account], changed: Changed, read: Mapping[str, Row], *, whole: bool) -> RowChanges:
    """`read`: rows of files that are at hand, by their keys. `whole`: nothing is stored yet (or counts any more)."""
    found = RowChanges(frozenset(account.id for account in accounts))
    records: dict[str, list[RawRecord]] = {}
    former: dict[str, list[RawRecord]] = {}
    for kept, side in ((records, changed.records), (former, changed.former)):
        for record in side:
            kept.setdefault(record.account, []).append(record)
    known = {record.key for record in changed.former}
    """A row that went to another account is known there too."""
    for account in accounts:
        if account.id not in changed.accounts:
            continue
        app.progress.stage(account.label, "reading rows")
        connector = app.connector_class(account.connector)
        if connector.spec.alone:
            mine = records.get(account.id, [])
            before = former.get(account.id, [])
            if account.connector == FILES:
                mine = await _plain(app, mine, known, read, found)
            await _of_records(app, account, mine, before, found)
        else:
            await _of_account(app, account, found, whole=whole)
        app.progress.done(account.label)
    return found


async def _plain(
    app: App, records: Sequence[RawRecord], known: Collection[str], read: Mapping[str, Row], found: RowChanges
) -> list[RawRecord]:
    """The records that go the common way."""
    new = [record for record in records if record.key not in known]
    plain, rest = await asyncio.to_thread(plain_rows, new, app.assets, read, found.there)
    found.plain.add(plain)
    return [*rest, *(record for record in records if record.key in known)]


async def _of_records(app: App, account: Account, records: Sequence[RawRecord], former: Sequence[RawRecord], found: RowChanges) -> None:
    """Rows of a record are named by it, so only a key that was known before can have left some.

    A row of an account that was removed meanwhile (the other end of a file's transfer) goes with it: to the sender it is anybody's.
    """
    new, unreadable = await asyncio.to_thread(_read, app, account, records)
    found.lacking |= {row.account for row in new.values()} - found.there
    new = {name: row for name, row in new.items() if row.account in found.there}
    before, _ = await asyncio.to_thread(_normalised, app, account, former)
    old = await app.store.booked(PORTFOLIO, {row_id(t) for t in before}) if before else {}
    _compare(new, old, found)
    found.raised_gone |= {("row", f"{account.id} {record.stream}/{record.key}") for record in former}
    found.raised_gone |= {("row", f"{account.id} {record.key}") for record in former}
    found.raised_gone |= {("row", f"{account.id} {name}") for name in old}
    _raise(account, unreadable, new.values(), found)


async def _of_account(app: App, account: Account, found: RowChanges, *, whole: bool) -> None:
    new, unreadable = await asyncio.to_thread(_read, app, account, await app.store.records(account.id))
    old = {} if whole else await app.store.booked_of_account(PORTFOLIO, account.id)
    _compare(new, old, found)
    found.raised_gone.add(("row", f"{account.id} "))
    _raise(account, unreadable, new.values(), found)


def _read(app: App, account: Account, records: Sequence[RawRecord]) -> tuple[dict[str, Booked], list[Unreadable]]:
    transactions, unreadable = _normalised(app, account, records)
    return {row.id: row for row in booked_rows(transactions, app.assets)}, unreadable


def _normalised(app: App, account: Account, records: Sequence[RawRecord]) -> tuple[list[Transaction], list[Unreadable]]:
    rows = list(app.connector_class(account.connector).normalise(account.source, records))
    return [r for r in rows if isinstance(r, Transaction)], [r for r in rows if isinstance(r, Unreadable)]


def _compare(new: Mapping[str, Booked], old: Mapping[str, Booked], found: RowChanges) -> None:
    if not old:
        found.new.update(new)
        return
    bare = {name: replace(row, matched_with=()) for name, row in old.items()}
    found.new.update({name: row for name, row in new.items() if bare.get(name) != row})
    found.old.update({name: row for name, row in bare.items() if new.get(name) != row})


def _raise(account: Account, unreadable: Iterable[Unreadable], rows: Iterable[Booked], found: RowChanges) -> None:
    for one in unreadable:
        issue = Issue(
            IssueKind.UNREADABLE,
            "error",
            f"{account.id} {one.key}",
            f"{account.id}: a row could not be understood: {one.why}",
            "The row is kept. An update that knows this kind of row will read it; balances may differ until then.",
        )
        found.raised.append(Raised("row", f"{account.id} {one.key}", 0, issue))
    for row in rows:
        if row.hint == "internal":
            found.raised += [Raised("row", f"{account.id} {row.id}", 0, issue) for issue in row_issues(row)]
