"""Rows of the holder's files that need no other row and no quote: straight from their records to what is stored.

Nine of ten rows of a file are a trade, a reward or a transfer whose values are all stated. They take the way of every row (connector, reconcile,
pricing) in a fifth of its time, and leave the same rows: a test compares. Every other row is handed back and goes the common way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from connectors.contract import Asset, RawRecord
from service.app.derived import BookedLine, Placed, Tally, TallyKey, coin_text
from service.app.refresh.tallies import merge
from service.domain.assets import AssetTable, Coin
from service.domain.history import ALL, Reader, Row, chain_ref
from service.domain.history.lane import Lane
from service.domain.history.rows import Bad
from service.domain.money import ZERO, exact, plain
from service.domain.movements import PLACES, moment
from service.domain.reconcile import Kind
from service.domain.reconcile.order import RANK, natural
from service.domain.reconcile.rows import IN

STREAM = "csv"
_KINDS = {word: Kind(word) for word in ("buy", "sell", "swap", "spend", "income", "transfer")} | {"airdrop": Kind.INCOME}
"""The kinds that can be plain."""
_HINTS = {word: "other" if word == "transfer" else "reward" if kind is Kind.INCOME else "trade" for word, kind in _KINDS.items()}
"""As the files connector has them."""
_RANKS = {word: str(RANK[kind]) for word, kind in _KINDS.items()}


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


def plain_rows(records: Iterable[RawRecord], table: AssetTable) -> tuple[PlainRows, list[RawRecord]]:
    """The rows, and the records that must go the common way. No record may be known already."""
    work = _Work(table)
    rest = [record for record in records if not work.took(record)]
    return work.result(), rest


class _Work:
    def __init__(self, table: AssetTable) -> None:
        self._table = table
        self._lane = Lane(table)
        self._good = Reader().good
        self._found = PlainRows()
        self._sums: dict[TallyKey, tuple[list[str], list[str]]] = {}
        """What left and what came."""
        self._coins: dict[TallyKey, Coin] = {}
        self._words: dict[str, tuple[Asset, Coin, str]] = {}
        """Word of a file → asset, coin and what stands before a quantity of it, where it means the same at any time."""

    def took(self, record: RawRecord) -> bool:
        if record.stream != STREAM:
            return False
        cells = json.loads(record.payload)
        row = self._row(cells)
        if row is None:
            return False
        at, n = row.at, cells.get("n")
        if type(n) is not int:
            return False
        sent = self._side(cells, at, "sent_asset", "sent_quantity")
        received = self._side(cells, at, "received_asset", "received_quantity")
        fee = self._side(cells, at, "fee_asset", "fee_quantity")
        if (sent is None or sent[1].kind == "fiat") and (received is None or received[1].kind == "fiat"):  # money has no lots
            return False
        name = row.id
        self._book(row, n, f"[{_quoted(f'{STREAM}/{record.key}')}]", (sent, received, fee), cells)
        order = f"{chr(0x30 + len(str(n)))}{n}" if n else "0"
        place = f"{order}{_RANKS[row.kind]}{natural(f'{STREAM}/{name}')} {name}"
        add = self._found.movements.append
        for number, movement in enumerate(self._lane.of_row(row)):
            add(_new(Placed, (movement[4], movement[1], place, number, name, movement, PLACES)))
        return True

    def _row(self, cells: Mapping[str, str]) -> Row | None:
        """None for what must go the common way: it is of another kind, or something is not stated."""
        get = cells.get
        kind = get("kind")
        if kind not in _KINDS or "basis_usd" in cells or "acquired_at" in cells or (kind != "transfer" and "value_usd" not in cells):
            return None
        try:
            row = self._good([get(name, "") for name in ALL], 0)
        except Bad:
            return None
        (_, _, _, account, to_account, sent_asset, sent, received_asset, received, fee_asset) = row[:10]
        if "fee_asset" in cells and (not fee_asset or row.fee_value is None):
            return None
        if kind == "transfer":
            fits = sent_asset == received_asset and sent == received and to_account != account and "sent_asset" in cells
            fits = fits and "received_asset" in cells
        else:
            fits = (sent_asset != "", received_asset != "") == _SIDES.get(kind, (True, True))
        return row if fits else None

    def _side(self, cells: Mapping[str, str], at: int, named: str, counted: str) -> _Side | None:
        word = cells.get(named)
        if word is None:
            return None
        quantity = cells[counted]
        known = self._words.get(word)
        if known is None:
            asset = Asset(word)
            coin = self._table.resolve(asset, moment(at))
            known = asset, coin, coin_text(asset, coin)
            if self._table.is_lasting(asset):
                self._words[word] = known
        return (*known, _plain(quantity))

    def _book(self, row: Row, n: int, keys: str, sides: tuple[_Side | None, _Side | None, _Side | None], cells: Mapping[str, str]) -> None:
        """The lines of the row, as reconcile books what the files connector reads from its record."""
        name, kind, account, to_account = row.id, row.kind, row.account, row.to_account
        word, hint = _KINDS[kind].value, _HINTS[kind]
        at = f"{cells['timestamp'][:-1]}.000000Z"
        quoted = _quoted(name)
        value, cost = cells.get("value_usd"), cells.get("fee_value_usd")
        stated = (
            f'{{"acquired_at":null,"basis":null,"fee_value":{_money(cost)},"id":{quoted},"kind":"{kind}",'
            f'"to_account":"{to_account}","value":{_money(value)}}}'
        )
        ref = chain_ref(row.note) if row.note else None
        sent, received, fee = sides
        gave = self._counted(account, sent, -1) if sent else "[]"
        paid = self._counted(account, fee, -1) if fee else "[]"
        add = self._found.lines.append
        if kind != "transfer":
            got = self._counted(account, received, 1) if received else "[]"
            add((name, account, at, hint, word, gave, got, paid, ref, "[]", "[]", "[]", keys, n, stated))
            return
        got = self._counted(to_account, received, 1) if received else "[]"
        inward = _quoted(f"{name}{IN}")
        told = f'{{"acquired_at":null,"basis":null,"fee_value":null,"id":{inward},"kind":"{kind}","to_account":"","value":null}}'
        add((name, account, at, hint, word, gave, "[]", paid, ref, "[]", "[]", f"[{inward}]", keys, n, stated))
        add((f"{name}{IN}", to_account, at, hint, word, "[]", got, "[]", ref, "[]", "[]", f"[{quoted}]", keys, n, told))

    def _counted(self, account: str, side: _Side, sign: int) -> str:
        """The amount as a line has it, added to what the account holds."""
        asset, coin, told, quantity = side
        key = (account, asset, coin.id)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = ([], [])
            self._coins[key] = coin
        sums[sign > 0].append(quantity)
        return f'[{told}{quantity}"]]'

    def result(self) -> PlainRows:
        with exact():
            for key, (gone, came) in self._sums.items():
                number = len(gone) + len(came)
                left = sum(map(Decimal, came), ZERO) - sum(map(Decimal, gone), ZERO)
                self._found.tallies[key] = Tally(replace(self._coins[key], peg=""), left, rows=number, live=number)
        return self._found


_Side = tuple[Asset, Coin, str, str]
"""Asset, coin, what stands before a quantity of it in a line, plain quantity."""
_SIDES = {"spend": (True, False), "income": (False, True), "airdrop": (False, True)}
"""Kinds that have one side only."""
_new = tuple.__new__


def _plain(number: str) -> str:
    """A decimal number of a file as money.plain writes it."""
    if number[-1] != "0" and number[-1] != "." and (number[0] != "0" or number[1:2] == "."):
        return number
    return plain(Decimal(number))


def _money(number: str | None) -> str:
    return "null" if number is None else f'"{_plain(number)}"'


def _quoted(text: str) -> str:
    """A JSON string."""
    return f'"{text}"' if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text else json.dumps(text)
