"""`thresher import FILE`: the holder's own history, in the neutral CSV format (service/domain/history), as records of its accounts.

A file is read as a whole before anything is stored, and stored in one transaction: all rows of it, or none. A row whose id is known in the
portfolio changes nothing, so a file can be imported again, and a longer one after a shorter one; where the holder asks for it, one that says
something else replaces what was said before. A row becomes the record (account, "csv", id); its payload is what the files connector reads
(connectors/files). What is replaced stays as an older version of the record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.contract import Cursor, Page, RawRecord
from service.app import rebuild
from service.app.collector import without_collector
from service.app.file_records import FILES, SOURCE, STREAM, record
from service.app.ports import Account, App, Fresh, Refused
from service.app.refusals import BadLines
from service.app.sources import PORTFOLIO, no_wallet_secret
from service.domain import history
from service.domain.history import Problem, Row
from service.domain.issues import content_id
from service.domain.movements import moment

_OURS = re.compile(r"tx_[0-9a-f]{20}")
SHORTEST_PHRASE = 40
"""Characters; a shorter note holds no phrase and no key."""


@dataclass(frozen=True, slots=True)
class Touched:
    """An account that the file names."""

    account: Account
    is_new: bool
    new: int
    """Rows that came; those of a transfer count for its sender."""


@dataclass(frozen=True, slots=True)
class Imported:
    new: int
    known: int
    """Rows whose id was known; they changed nothing."""
    replaced: int
    """Rows whose id was known; what they say counts now."""
    differing: tuple[str, ...]
    """Ids of known rows that say something else than what is stored, and changed nothing."""
    accounts: tuple[Touched, ...]
    problems: tuple[Problem, ...]
    """In order of lines; not empty only where the good rows were to be kept."""


async def import_file(app: App, lines: Iterable[str], *, account: str = "", keep_going: bool = False, replace: bool = False) -> Imported:
    """Stores the rows of a file and brings the ledger up to date. `account`: id or label of the account that every row belongs to.
    `replace`: a row whose id is known and that says something else takes the place of what it said before.

    Raises Refused, with nothing stored, where a line is wrong (unless `keep_going`), for a file without the format's header, and for
    accounts that are no file's.
    """
    with without_collector():
        rows, problems = read(app, lines, account)
        if problems and not keep_going:
            raise BadLines(problems, "mend the file, or load its good rows with --keep-going")
        async with app.leases.hold(f"import-{PORTFOLIO}", wait_seconds=60):
            imported, fresh = await _store(app, rows, problems, replace=replace)
        await rebuild.rebuild(app, fresh=fresh)
    return imported


def read(app: App, lines: Iterable[str], account: str = "") -> tuple[list[Row], list[Problem]]:
    """The rows of a file, each with an account, and what is wrong with the others. Raises Refused for a file without the header."""
    no_wallet_secret(app, "account", account)
    rows, problems = history.read(lines, account=account)
    if problems and problems[0].line <= 1:
        raise Refused("file", f"{problems[0].says}. Nothing was stored")
    for name in sorted({name for row in rows for name in (row.account, row.to_account)}):
        no_wallet_secret(app, "account", name)
    ours = [row for row in rows if row.id.startswith("tx_") and _OURS.fullmatch(row.id)]
    if ours:
        problems += [Problem(row.line, "id", "looks like an id that thresher gives to rows of other sources") for row in ours]
        rows = [row for row in rows if not _OURS.fullmatch(row.id)]
    secret = {note for note in {row.note for row in rows} if _is_secret(app, note)}
    if secret:
        problems += [
            Problem(row.line, "note", "looks like a wallet's secret, which thresher never stores") for row in rows if row.note in secret
        ]
        rows = [row for row in rows if row.note not in secret]
    return rows, sorted(problems)


def _is_secret(app: App, note: str) -> bool:
    """A key in hex has the shape of a transaction hash, and hashes are what notes are for."""
    kind = app.secret_kind(note) if len(note) >= SHORTEST_PHRASE else None
    return kind is not None and "hash" not in kind


# ------------------------------------------------------------------ storing


async def _store(app: App, rows: Sequence[Row], problems: Sequence[Problem], *, replace: bool) -> tuple[Imported, Fresh | None]:
    """What came, and that which came as a refresh can take it."""
    before = await app.store.accounts(PORTFOLIO)
    accounts = _Accounts(app, before)
    ids = {name: accounts.named(name).id for name in sorted({n for row in rows for n in (row.account, row.to_account) if n})}
    ids[""] = ""
    known = await app.store.known_keys(PORTFOLIO, STREAM, [row.id for row in rows]) if rows else {}
    new: dict[str, list[RawRecord]] = {}
    old: list[RawRecord] = []
    read: dict[str, Row] = {}
    for row in rows:
        made = record(row, ids[row.account], ids[row.to_account])
        if made.key in known:
            old.append(made)
        else:
            new.setdefault(made.account, []).append(made)
            read[made.key] = Row._make((*row[:3], made.account, ids[row.to_account], *row[5:]))
    stored = {r.key: r for a in before if old and a.connector == FILES for r in await app.store.records(a.id) if r.stream == STREAM}
    differing = [one for one in old if one.key in stored and _differs(one, stored[one.key])]
    for account in accounts.made:
        await app.store.add_account(account, {})
    came = {name: Page(tuple(records), Cursor("")) for name, records in new.items()}
    placed = _placed(rows, known, stored)
    pages = _replaced(came, differing if replace else (), placed, stored) if placed or (replace and differing) else came
    fresh = None
    if pages:
        saved = await app.store.save_pages([(name, STREAM, pages[name]) for name in sorted(pages)], app.now())
        if pages is came:
            fresh = Fresh(saved[0].rev, tuple(record for name in sorted(pages) for record in pages[name].records), read)
    touched = [Touched(a, a in accounts.made, len(new.get(a.id, ()))) for a in accounts.used()]
    replaced, left = (len(differing), ()) if replace else (0, tuple(one.key for one in differing))
    count = sum(map(len, new.values()))
    return Imported(count, len(old) - replaced, replaced, left, tuple(touched), tuple(problems)), fresh


def _differs(one: RawRecord, before: RawRecord) -> bool:
    """Whether the row says something else than the stored row of its id; only its place in its file may be another one."""
    return before.payload != one.payload and _said(before) != _said(one)


def _said(one: RawRecord) -> dict[str, object]:
    return {name: cell for name, cell in json.loads(one.payload).items() if name != "n"}


def _placed(rows: Sequence[Row], known: Mapping[str, str], stored: Mapping[str, RawRecord]) -> dict[str, int]:
    """Id → place within its second, of known rows whose place this file tells.

    Rows of one second that came in several files have no order among each other. The file that has all of them has: it is taken where it
    brings one that is new, or where two of those that are stored have one place.
    """
    together: dict[datetime, list[Row]] = {}
    for row in rows if stored else ():
        together.setdefault(moment(row.at), []).append(row)
    there: dict[datetime, dict[str, int]] = {at: {} for at, some in together.items() if len(some) > 1 and any(r.id in known for r in some)}
    for one in stored.values() if there else ():
        if one.occurred_at in there:
            there[one.occurred_at][one.key] = json.loads(one.payload)["n"]
    found: dict[str, int] = {}
    for at, before in there.items():
        now = {row.id: row.n for row in together[at]}
        is_told = before.keys() < now.keys() or (before.keys() == now.keys() and len(set(before.values())) < len(before))
        if is_told:
            found |= {name: now[name] for name, n in before.items() if now[name] != n}
    return found


def _replaced(
    came: Mapping[str, Page], differing: Sequence[RawRecord], placed: Mapping[str, int], stored: Mapping[str, RawRecord]
) -> dict[str, Page]:
    """The pages with new versions of the records that differ, or whose place does; one that goes to another account is taken back where it was.

    A row that differs keeps its place among those of its second, where it stays in it.
    """
    records = {name: list(page.records) for name, page in came.items()}
    withdrawn: dict[str, list[str]] = {}
    changed = {one.key: one for one in differing}
    for name in (*changed, *(name for name in placed if name not in changed)):
        before = stored[name]
        one = changed.get(name, before)
        stays = before.occurred_at == one.occurred_at
        now = _with_place(one, placed.get(name, json.loads(before.payload)["n"])) if stays else one
        records.setdefault(now.account, []).append(now)
        if before.account != now.account:
            withdrawn.setdefault(before.account, []).append(one.key)
    return {
        name: Page(tuple(records.get(name, ())), Cursor(""), withdrawn=tuple(withdrawn.get(name, ())))
        for name in records.keys() | withdrawn.keys()
    }


def _with_place(one: RawRecord, n: int) -> RawRecord:
    """The payload stays canonical JSON: names sorted, no blanks, ASCII."""
    cells = json.loads(one.payload) | {"n": n}
    return RawRecord(one.account, one.stream, one.key, one.occurred_at, json.dumps(cells, sort_keys=True, separators=(",", ":")))


class _Accounts:
    """Accounts by the words of a file: an id or a label that exists, else a new account of that name."""

    def __init__(self, app: App, accounts: Sequence[Account]) -> None:
        self._app = app
        self._ids = {a.id: a for a in accounts}
        self._labels: dict[str, list[Account]] = {}
        for a in accounts:
            self._labels.setdefault(a.label, []).append(a)
        self._used: dict[str, Account] = {}
        self.made: list[Account] = []

    def named(self, name: str) -> Account:
        """Raises Refused for one that several accounts have, and for an account that has a source of its own."""
        own = content_id("acc", PORTFOLIO, FILES, SOURCE, name)
        same = self._labels.get(name, [])
        if len(same) > 1 and name not in self._ids:
            raise Refused("account", f"{len(same)} accounts are called {name!r}; use the id. Nothing was stored")
        found = self._ids.get(name) or (same[0] if same else self._ids.get(own))
        if found is not None and found.connector != FILES:
            raise Refused(
                "account",
                f"{name!r} is read from its own source ({found.source}), and rows of a file would count twice what it says. Nothing was stored; "
                "give the account another name in the file",
            )
        if found is None:
            found = self._new(name, own)
        self._used[found.id] = found
        return found

    def used(self) -> list[Account]:
        return sorted(self._used.values(), key=lambda a: (a.label, a.id))

    def _new(self, name: str, own: str) -> Account:
        account = Account(
            id=own,
            portfolio=PORTFOLIO,
            kind="file",
            connector=FILES,
            source=SOURCE,
            identity=name,
            address="",
            label=name,
            settings={"name": name},
            status="active",
            says="",
            permissions="read-only",
            added_at=self._app.now(),
        )
        self._ids[own] = account
        self.made.append(account)
        return account
