"""The neutral history CSV: one row an economic event, as the holder or another program wrote it down. Lines → rows, or what is wrong with them.

    id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,…
    t1,2024-01-01T12:00:00Z,buy,exchange-1,,USD,2000,ETH,1,USD,3,2000,3,

Columns may stand in any order; basis_usd and acquired_at may be missing, further ones are ignored. An empty cell means none. Numbers are plain
decimals of up to 18 places and never pass through a float. Every mistake names its line and column, and the row is left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from service.domain.assets import is_one_of_a_kind
from service.domain.movements import MONEY_PLACES, PLACES, stamp, text

COLUMNS = (
    "id",
    "timestamp",
    "kind",
    "account",
    "to_account",
    "sent_asset",
    "sent_quantity",
    "received_asset",
    "received_quantity",
    "fee_asset",
    "fee_quantity",
    "value_usd",
    "fee_value_usd",
    "note",
)
OPTIONAL = ("basis_usd", "acquired_at")
ALL = COLUMNS + OPTIONAL


class Row(NamedTuple):
    """One row. Quantities in 10^-18, money in 10^-30, times in µs since 1970 UTC."""

    id: str
    at: int
    kind: str
    account: str
    to_account: str
    sent_asset: str
    """A code (BTC, USD) or a full asset id with addresses in lower case; empty where nothing was sent. The same for the next two."""
    sent: int
    received_asset: str
    received: int
    fee_asset: str
    fee: int
    value: int | None
    fee_value: int | None
    note: str
    basis: int | None
    acquired_at: int | None
    n: int
    """Place among the rows of its file that have the same time."""
    line: int


class Problem(NamedTuple):
    line: int
    column: str
    """Empty: the whole line."""
    says: str

    def __str__(self) -> str:
        return f"line {self.line}{f', column {self.column}' if self.column else ''}: {self.says}"


class Kind(NamedTuple):
    """What a kind of row has. None: it may have it or not."""

    sent: bool | None
    received: bool | None
    to_account: bool = False


KINDS: Mapping[str, Kind] = {
    "buy": Kind(None, True),
    "sell": Kind(True, None),
    "swap": Kind(True, True),
    "spend": Kind(True, None),
    "income": Kind(False, True),
    "airdrop": Kind(False, True),
    "deposit": Kind(False, True),
    "gift_in": Kind(False, True),
    "fork": Kind(False, True),
    "withdrawal": Kind(True, False),
    "gift_out": Kind(True, False),
    "lost": Kind(True, False),
    "stolen": Kind(True, False),
    "worthless": Kind(True, False),
    "transfer": Kind(None, None, to_account=True),
    "wrap": Kind(True, True),
    "bridge": Kind(True, True),
    "fee": Kind(False, False),
}
"""The words of the format, and beyond them: airdrop (income), stolen (lost), fork (a new coin, of no cost unless one is given), worthless, wrap and
bridge (cost and date go along to another coin or account), fee (nothing but a fee)."""

MONEY = frozenset({"AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PHP", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TRY", "UAH", "USD", "VND", "ZAR"})  # fmt: skip
"""Codes that are money and not a coin."""

_LONGEST = 40
"""Digits before the point; no coin has so many units."""
_POWERS: list[int] = [10 ** (PLACES - places) for places in range(PLACES + 1)]
_DERIVED = re.compile(r"/(in|fee|rest|[0-9]+)$")
_new = tuple.__new__


class Bad(Exception):
    def __init__(self, column: str, says: str) -> None:
        super().__init__(says)
        self.column = column


class Reader:
    """Turns cells into rows, one after another."""

    def __init__(self, account: str = "") -> None:
        self._account = account.strip()
        """Takes the place of the row's own account."""
        self._seen: dict[int, int] = {}
        """Time → how many rows had it."""
        self._assets: dict[str, str] = {"": ""}
        """Word → how it is written here."""
        self._codes: dict[str, tuple[str, int]] = {}
        """Code without its case → the code as it came first, and the line."""
        self._tokens: set[str] = set()
        """Assets among them that are one of a kind."""

    def row(self, cells: Sequence[str], line: int) -> Row | Problem:
        """`cells` in the order of ALL."""
        try:
            return self.good(cells, line)
        except Bad as bad:
            return Problem(line, bad.column, str(bad))

    def good(self, cells: Sequence[str], line: int) -> Row:
        """As `row`. Raises Bad for what is wrong."""
        (
            name, stamp, kind, account, to_account, sent_asset, sent_text, received_asset, received_text, fee_asset, fee_text,
            value_text, fee_value_text, note, basis_text, acquired_text,
        ) = cells  # fmt: skip
        at = self._time("timestamp", stamp)
        has = KINDS.get(kind)
        if has is None:
            kind = kind.strip()
            has = _kind(kind)
        name, account, to_account = name.strip(), account.strip(), to_account.strip()
        try:
            known = self._assets
            sent_asset, received_asset, fee_asset = known[sent_asset], known[received_asset], known[fee_asset]
        except KeyError:
            sent_asset = self._asset("sent_asset", sent_asset, line)
            received_asset = self._asset("received_asset", received_asset, line)
            fee_asset = self._asset("fee_asset", fee_asset, line)
        needs_sent, needs_received, needs_account = has
        sent = received = fee = 0
        if sent_text or sent_asset or needs_sent:
            sent = _side("sent", sent_asset, sent_text, needs_sent, kind)
        if received_text or received_asset or needs_received:
            received = _side("received", received_asset, received_text, needs_received, kind)
        for_nothing = bool((sent_asset and not sent) or (received_asset and not received))
        if for_nothing:
            sent_asset, received_asset = sent_asset if sent else "", received_asset if received else ""
        if fee_text or fee_asset or kind == "fee":
            fee = _side("fee", fee_asset, fee_text, True, kind)
        if kind in _CHECKED:
            _check_sides(kind, sent_asset, received_asset)
        if self._tokens:
            self._check_tokens((("sent", sent_asset, sent), ("received", received_asset, received), ("fee", fee_asset, fee)))
        if self._account:
            account = self._account
        if not name or not account or needs_account is not bool(to_account):
            _check_names(name, account, to_account, kind)
        if "/" in name and _DERIVED.search(name):
            raise Bad("id", f"{name!r} ends like an id that is made from another row's; write it without the last slash")
        if kind == "transfer":
            if not sent and not received:
                raise Bad("sent_quantity", "a transfer needs what was sent, what was received, or both")
            if not sent:
                sent_asset, sent = received_asset, received
            elif not received:
                received_asset, received = sent_asset, sent
        value = 0 if for_nothing else None
        fee_value = basis = acquired_at = None
        if value_text:  # most often what the money side says
            if value_text == received_text:
                value = received * _MONEY
            elif value_text == sent_text:
                value = sent * _MONEY
            else:
                value = _number("value_usd", value_text) * _MONEY
        if fee_value_text:
            fee_value = (fee if fee_value_text == fee_text else _number("fee_value_usd", fee_value_text)) * _MONEY
        if basis_text:
            basis = _number("basis_usd", basis_text) * _MONEY
        if acquired_text:
            acquired_at = self._time("acquired_at", acquired_text)
            if acquired_at > at:
                raise Bad("acquired_at", "what is held since a later time cannot have come by then")
        n = self._seen.get(at, 0)
        self._seen[at] = n + 1
        fields = (
            name, at, kind, account, to_account, sent_asset, sent, received_asset, received, fee_asset if fee else "", fee,
            value, fee_value, note, basis, acquired_at, n, line,
        )  # fmt: skip
        return _new(Row, fields)

    def _check_tokens(self, sides: Iterable[tuple[str, str, int]]) -> None:
        """There is one of a token that is one of its kind; of one that is not (ERC-1155) there are whole ones. Raises Bad."""
        for side, asset, quantity in sides:
            if asset in self._tokens and (quantity % _WHOLE or (quantity > _WHOLE and "/erc1155:" not in asset)):
                raise Bad(f"{side}_quantity", f"{asset} is one of a kind, and {text(quantity)} of it cannot be")

    def _asset(self, column: str, word: str, line: int) -> str:
        """The word as rows have it. Raises Bad for money in other letters, and for a code that stands in other letters before."""
        found = self._assets.get(word)
        if found is None:
            found = _written(column, word)
            if ":" not in found and "/" not in found and found not in MONEY:
                first, where = self._codes.setdefault(found.casefold(), (found, line))
                if first != found:
                    raise Bad(
                        column,
                        f"{found!r} stands as {first!r} in line {where}: write one coin in one way, and another one that is called so as csv:{found}",
                    )
            if is_one_of_a_kind(found):
                self._tokens.add(found)
            self._assets[word] = found
        return found

    @staticmethod
    def _time(column: str, stamp: str) -> int:
        """Raises Bad for what is no time of this format. The whole seconds of any year are exact in a float."""
        if len(stamp) == _WIDTH and stamp[4::3] == "--T::Z" and not stamp.startswith("24", 11):
            try:
                at = int(datetime.fromisoformat(stamp).timestamp()) * 1_000_000
            except ValueError:
                at = -1
            if 0 <= at < _LAST:
                return at
        raise Bad(column, f"{stamp!r} is no time in UTC, of a year from 1970 to 2999, such as 2024-01-31T12:00:00Z")


_WIDTH = len("2024-01-31T12:00:00Z")
_LAST = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""Far from the end of the calendar, where a year later, or another zone's day, does not exist."""
_MAY_MOVE = frozenset({"wrap", "bridge"})
_MONEY = 10 ** (MONEY_PLACES - PLACES)
_WHOLE = 10**PLACES


def _number(column: str, text: str) -> int:
    """In 10^-18. Raises Bad for all but plain decimals."""
    whole, point, part = text.partition(".")
    digits = whole + part
    if not digits.isdigit() or not digits.isascii() or not whole or (point and not part) or len(part) > PLACES:
        raise Bad(column, f"{text!r} is no plain decimal number of up to {PLACES} places (no sign, no exponent, no separator)")
    if len(whole) > _LONGEST:
        raise Bad(column, f"{text!r} has {len(whole)} digits before the point; there may be {_LONGEST}")
    return int(digits) * _POWERS[len(part)]


def _side(side: str, asset: str, text: str, needed: bool | None, kind: str) -> int:
    """The quantity of one side that is there or must be; a fee of nothing is no fee, and no money given or got (a sale for nothing) is none."""
    if not asset or not text:
        if not asset and not text:
            raise Bad(f"{side}_quantity", f"a row of kind {kind} needs {side}_asset and {side}_quantity")
        raise Bad(f"{side}_{'asset' if text else 'quantity'}", "an asset and its quantity go together")
    quantity = _number(_QUANTITY[side], text)
    if needed is False:
        raise Bad(f"{side}_asset", f"a row of kind {kind} has nothing {side}")
    if not quantity and side != "fee" and not (needed is None and asset in MONEY and kind != "transfer"):
        raise Bad(f"{side}_quantity", "must be more than nothing")
    return quantity


_QUANTITY = {side: f"{side}_quantity" for side in ("sent", "received", "fee")}


_CHECKED = frozenset({"buy", "sell", "swap", "spend", "transfer"})


def _check_sides(kind: str, sent_asset: str, received_asset: str) -> None:
    """Money for a coin is no sale, a coin for money no purchase, money for the same money no trade, and a coin for another no transfer."""
    if not sent_asset or not received_asset:
        return
    if kind == "transfer":
        if sent_asset != received_asset and asset_id(sent_asset) != asset_id(received_asset):
            raise Bad(
                "received_asset",
                "a transfer moves one coin from account to account; one that becomes another takes cost and date along as a wrap, or a bridge",
            )
    elif sent_asset in MONEY:
        if sent_asset == received_asset:
            raise Bad("received_asset", f"{sent_asset} for {sent_asset} is no trade")
        if kind == "sell" and received_asset not in MONEY:
            raise Bad("kind", "money was sent and a coin received: that is a buy")
    elif kind == "buy" and received_asset in MONEY:
        raise Bad("kind", "a coin was sent and money received: that is a sell")


def _kind(word: str) -> Kind:
    found = KINDS.get(word)
    if found is None:
        raise Bad("kind", f"there is no kind {word!r}; there are {', '.join(KINDS)}")
    return found


def _written(column: str, word: str) -> str:
    """Without blanks around it, addresses in lower case, money by its code. Raises Bad for money in other letters."""
    word = word.strip()
    code = word.removeprefix("fiat:")
    if code.upper() in MONEY and (code != word or code not in MONEY):
        if code not in MONEY:
            raise Bad(column, f"{word!r} is money: write {code.upper()} (a coin that is called so has a full id, csv:{code})")
        return code
    return _ADDRESS.sub(lambda found: found[0].lower(), word) if ":" in word or "/" in word else word


_ADDRESS = re.compile(r"(?<=[:/])0[xX][0-9a-fA-F]+(?=/|$)")


def _check_names(name: str, account: str, to_account: str, kind: str) -> None:
    if not name:
        raise Bad("id", "every row has an id of its own")
    if not account:
        raise Bad("account", "names the account whose balance changes")
    if KINDS[kind].to_account and not to_account:
        raise Bad("to_account", f"a row of kind {kind} names the receiving account")
    if to_account and kind not in _MAY_MOVE:
        raise Bad("to_account", f"a row of kind {kind} moves nothing to another account")


def read(lines: Iterable[str], *, account: str = "") -> tuple[list[Row], list[Problem]]:
    """All rows in the order of the file, and what is wrong with the others. `account` takes the place of every row's own.

    The same row twice says nothing new; two rows of one id that differ are a problem of the second. A header that lacks a column is one
    problem of line 1, and no rows; so is one that names a column twice. A row is one line: a quote that does not close on its line is a
    problem of that line. Problems are in order of lines.
    """
    told = list(lines)
    if told:
        told[0] = told[0].removeprefix("\ufeff")
    source = _OneByOne(told) if any('"' in one for one in told) else csv.reader(told, strict=True)
    try:
        header = [name.strip() for name in next(source, [])]
    except csv.Error as wrong:
        return [], [Problem(1, "", f"the header {_why(wrong)}")]
    if missing := [name for name in COLUMNS if name not in header]:
        return [], [Problem(1, missing[0], f"the header lacks {', '.join(missing)}: this is no history in the neutral format")]
    if twice := [name for name in ALL if header.count(name) > 1]:
        return [], [Problem(1, twice[0], f"the header names {', '.join(twice)} more than once")]
    rows: list[Row] = []
    problems: list[Problem] = []
    _read(source, header, Reader(account), rows, problems)
    rows = _without_repeats(rows, problems)
    return rows, sorted(problems)


class _OneByOne:
    """As csv.reader, but every line is read by itself: a quote that opens and does not close takes no other line along."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.line_num = 0

    def __iter__(self) -> _OneByOne:
        return self

    def __next__(self) -> list[str]:
        """Raises csv.Error for a line that cannot be read; the next one can be asked for all the same."""
        line = next(self._lines)
        self.line_num += 1
        return next(csv.reader((line,), strict=True), [])


def _why(wrong: csv.Error) -> str:
    if "end of data" in str(wrong):
        return "opens a quote that does not close on it: a row is one line, without line breaks in its cells"
    return f"cannot be read as CSV ({wrong})"


def _read(source: Iterator[list[str]], header: list[str], reader: Reader, rows: list[Row], problems: list[Problem]) -> None:
    width = len(header)
    places = [header.index(name) if name in header else -1 for name in ALL]
    in_order = places == list(range(width))
    spare = [""] * (len(ALL) - len(COLUMNS)) if header == list(COLUMNS) else None
    good, add = reader.good, rows.append
    while True:
        try:
            for cells in source:
                line: int = source.line_num  # type: ignore[attr-defined]  # a csv.reader
                if len(cells) != width:
                    if cells:
                        problems.append(Problem(line, "", f"has {len(cells)} cell{'s' * (len(cells) != 1)} where the header has {width}"))
                    continue
                ours = cells if in_order else cells + spare if spare is not None else [cells[p] if p >= 0 else "" for p in places]
                try:
                    add(good(ours, line))
                except Bad as bad:
                    problems.append(Problem(line, bad.column, str(bad)))
        except csv.Error as wrong:
            problems.append(Problem(source.line_num, "", _why(wrong)))  # type: ignore[attr-defined]  # a csv.reader
        else:
            return


def _without_repeats(rows: list[Row], problems: list[Problem]) -> list[Row]:
    if len({row.id for row in rows}) == len(rows):
        return rows
    first: dict[str, Row] = {}
    for row in rows:
        known = first.setdefault(row.id, row)
        if known is not row and known[:-2] != row[:-2]:
            problems.append(Problem(row.line, "id", f"{row.id!r} stands in line {known.line} already, with other cells"))
    return list(first.values())


def row_of(cells: Mapping[str, str], line: int, reader: Reader | None = None) -> Row | Problem:
    """One row from a mapping that leaves empty columns out, by the same rules. One reader for all rows of a history keeps their order."""
    return (reader or Reader()).row([cells.get(name) or "" for name in ALL], line)


def cells_of(row: Row) -> dict[str, str]:
    """The non-empty cells that `row_of` reads back as this row."""
    told = {
        "id": row.id,
        "timestamp": stamp(row.at),
        "kind": row.kind,
        "account": row.account,
        "to_account": row.to_account,
        "sent_asset": row.sent_asset,
        "sent_quantity": text(row.sent) if row.sent_asset else "",
        "received_asset": row.received_asset,
        "received_quantity": text(row.received) if row.received_asset else "",
        "fee_asset": row.fee_asset,
        "fee_quantity": text(row.fee) if row.fee_asset else "",
        "value_usd": "" if row.value is None else text(row.value, MONEY_PLACES),
        "fee_value_usd": "" if row.fee_value is None else text(row.fee_value, MONEY_PLACES),
        "note": row.note,
        "basis_usd": "" if row.basis is None else text(row.basis, MONEY_PLACES),
        "acquired_at": "" if row.acquired_at is None else stamp(row.acquired_at),
    }
    return {name: cell for name, cell in told.items() if cell}


def asset_id(word: str) -> str:
    """The asset that a file's word names: money, a full id as it stands, or the code as that of a file."""
    if ":" in word or "/" in word:
        return word
    return f"fiat:{word}" if word in MONEY else f"csv:{word}"


def chain_ref(note: str) -> str | None:
    """The transaction hash of a note "tx:0x…", lower case."""
    found = _TX.search(note) if note else None
    return found[1].lower() if found else None


_TX = re.compile(r"(?:^|[\s,;])tx:([^\s,;]+)", re.IGNORECASE)
