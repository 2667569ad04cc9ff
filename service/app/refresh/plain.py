"""Rows of the holder's files that need no other row and no quote: straight from their records to what is stored.

Nine of ten rows of a file are a trade, a reward or a transfer whose values are all stated. They take the way of every row (connector, reconcile,
pricing) in a fifth of its time, and leave the same rows: a test compares. Every other row is handed back and goes the common way.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from json.encoder import encode_basestring_ascii as quoted

from connectors.contract import Asset, RawRecord
from service.app.derived import BookedLine, Placed, Tally, TallyKey, coin_text
from service.app.file_records import STREAM
from service.app.refresh.tallies import merge
from service.domain.assets import AssetTable, Coin
from service.domain.history import ALL, Reader, Row, asset_id, chain_ref
from service.domain.history.lane import Lane
from service.domain.history.rows import Bad
from service.domain.movements import MONEY_PLACES, PLACES, decimal, moment, stamp, text
from service.domain.reconcile import Kind
from service.domain.reconcile.order import RANK, natural
from service.domain.reconcile.rows import IN

_KINDS = {word: Kind(word) for word in ("buy", "sell", "swap", "spend", "income", "transfer")} | {"airdrop": Kind.INCOME}
"""The kinds that can be plain."""
_HINTS = {word: "other" if word == "transfer" else "reward" if kind is Kind.INCOME else "trade" for word, kind in _KINDS.items()}
"""As the files connector has them."""
_RANKS = {word: str(RANK[kind]) for word, kind in _KINDS.items()}
_NONE: Mapping[str, Row] = {}


@dataclass(slots=True)
class PlainRows:
    lines: list[BookedLine] = field(default_factory=list)
    movements: list[Placed] = field(default_factory=list)
    tallies: dict[TallyKey, Tally] = field(default_factory=dict)

    def add(self, other: PlainRows) -> None:
        """Of another account."""
        self.lines += other.lines
        self.movements += other.movements
        merge(self.tallies, other.tallies)


def plain_rows(
    records: Iterable[RawRecord], table: AssetTable, read: Mapping[str, Row] = _NONE, accounts: Collection[str] | None = None
) -> tuple[PlainRows, list[RawRecord]]:
    """The rows, and the records that must go the common way. No record may be known already.

    `read`: key → row (with the host's account ids), of records whose rows are at hand. `accounts`: those that there are; None: all named.
    """
    work = _Work(table, accounts)
    rest = [record for record in records if not work.took(record, read.get(record.key))]
    return work.result(), rest


class _Work:
    def __init__(self, table: AssetTable, accounts: Collection[str] | None = None) -> None:
        self._table = table
        self._accounts = accounts
        self._lane = Lane(table)
        self._reader = Reader()
        self._found = PlainRows()
        self._sums: dict[TallyKey, list[int]] = {}
        """What is left, and how many amounts."""
        self._coins: dict[TallyKey, Coin] = {}
        self._words: dict[str, tuple[Asset, Coin, str]] = {}
        """Word of a file → asset, coin and what stands before a quantity of it, where it means the same at any time."""

    def took(self, record: RawRecord, row: Row | None) -> bool:
        if record.stream != STREAM:
            return False
        row = row or self._row(record.payload)
        if row is None or not _is_plain(row):
            return False
        if row.to_account and self._accounts is not None and row.to_account not in self._accounts:
            return False
        (name, at, kind, _, _, sent_word, sent_units, received_word, received_units, fee_word, fee_units) = row[:11]
        sent = self._side(sent_word, at, sent_units) if sent_word else None
        received = self._side(received_word, at, received_units) if received_word else None
        if (sent is None or sent[1].kind == "fiat") and (received is None or received[1].kind == "fiat"):  # money has no lots
            return False
        fee = self._side(fee_word, at, fee_units) if fee_word else None
        self._book(row, f"[{quoted(f'{STREAM}/{record.key}')}]", sent, received, fee)
        n = row.n
        order = f"{chr(0x30 + len(str(n)))}{n}" if n else "0"
        place = f"{order}{_RANKS[kind]}{natural(f'{STREAM}/{name}')} {name}"
        add = self._found.movements.append
        for number, movement in enumerate(self._lane.of_row(row)):
            add(_new(Placed, (movement[4], movement[1], place, number, name, movement, PLACES)))
        return True

    def _row(self, payload: str) -> Row | None:
        """None for what is none."""
        try:
            cells = json.loads(payload)
            row = self._reader.good([cells.get(name, "") for name in ALL], 0)
            n = cells["n"]
        except (Bad, ValueError, LookupError, TypeError, AttributeError):
            return None
        as_told = all((word != "") == (name in cells) for name, word in zip(_ASSETS, row[5:11:2], strict=True))
        return row._replace(n=n) if type(n) is int and as_told else None

    def _side(self, word: str, at: int, units: int) -> _Side:
        known = self._words.get(word)
        if known is None:
            asset = Asset(asset_id(word))
            coin = self._table.resolve(asset, moment(at))
            known = asset, coin, coin_text(asset, coin)
            if self._table.is_lasting(asset):
                self._words[word] = known
        return (*known, units)

    def _book(self, row: Row, keys: str, sent: _Side | None, received: _Side | None, fee: _Side | None) -> None:
        """The lines of the row, as reconcile books what the files connector reads from its record."""
        name, kind, account, to_account, n = row.id, row.kind, row.account, row.to_account, row.n
        word, hint = _KINDS[kind].value, _HINTS[kind]
        at = f"{stamp(row.at)[:-1]}.000000Z"
        own = quoted(name)
        value, cost = row.value, row.fee_value
        stated = (
            f'{{"acquired_at":null,"basis":null,"fee_value":{_NULL if cost is None else _money(cost)},"id":{own},"kind":"{kind}",'
            f'"to_account":"{to_account}","value":{_NULL if value is None else _money(value)}}}'
        )
        ref = chain_ref(row.note) if row.note else None
        gave = self._counted(account, sent, -1) if sent else "[]"
        paid = self._counted(account, fee, -1) if fee else "[]"
        add = self._found.lines.append
        if kind != "transfer":
            got = self._counted(account, received, 1) if received else "[]"
            add((name, account, at, hint, word, gave, got, paid, ref, "[]", "[]", "[]", keys, n, stated))
            return
        got = self._counted(to_account, received, 1) if received else "[]"
        inward = quoted(f"{name}{IN}")
        told = f'{{"acquired_at":null,"basis":null,"fee_value":null,"id":{inward},"kind":"{kind}","to_account":"","value":null}}'
        add((name, account, at, hint, word, gave, "[]", paid, ref, "[]", "[]", f"[{inward}]", keys, n, stated))
        add((f"{name}{IN}", to_account, at, hint, word, "[]", got, "[]", ref, "[]", "[]", f"[{own}]", keys, n, told))

    def _counted(self, account: str, side: _Side, sign: int) -> str:
        """The amount as a line has it, added to what the account holds."""
        asset, coin, told, units = side
        key = (account, asset, coin.id)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0, 0]
            self._coins[key] = coin
        sums[0] += sign * units
        sums[1] += 1
        return f'[{told}{text(units)}"]]'

    def result(self) -> PlainRows:
        for key, (units, number) in self._sums.items():
            self._found.tallies[key] = Tally(replace(self._coins[key], peg=""), decimal(units, PLACES), rows=number, live=number)
        return self._found


_Side = tuple[Asset, Coin, str, int]
"""Asset, coin, what stands before a quantity of it in a line, units."""
_SIDES = {"spend": (True, False), "income": (False, True), "airdrop": (False, True)}
"""Kinds that have one side only."""
_ASSETS = ("sent_asset", "received_asset", "fee_asset")
_NULL = "null"
_new = tuple.__new__


def _is_plain(row: Row) -> bool:
    """Whether the row needs no other row and no quote."""
    (
        _, _, kind, account, to_account, sent_asset, sent, received_asset, received, fee_asset, _, value, fee_value, _, basis, since,
    ) = row[:16]  # fmt: skip
    if kind not in _KINDS or basis is not None or since is not None or (fee_asset and fee_value is None):
        return False
    if kind == "transfer":
        return sent_asset == received_asset and sent == received and to_account != account
    return value is not None and (sent_asset != "", received_asset != "") == _SIDES.get(kind, (True, True))


def _money(units: int) -> str:
    return f'"{text(units, MONEY_PLACES)}"'
