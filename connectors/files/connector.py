"""Rows of the neutral history CSV, as an import stored them: what moved, and what the file states of it.

Nothing is fetched: rows come by `thresher import`. A record's payload is the JSON of one row's cells, empty ones left out:

    {"account":"acc_1","id":"t1","kind":"buy","n":0,"received_asset":"csv:ETH","received_quantity":"1","sent_asset":"fiat:USD",…}

account and to_account are the host's ids, assets full ids, quantities and money plain decimals; "n" is the place among the rows of its file
that have the same time. A row that moves something to another account is two transactions: X of the sender, X/in of the receiver.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from connectors.contract import (
    Asset,
    Balances,
    Cursor,
    Field,
    Hint,
    Identity,
    InvalidInput,
    Leg,
    Page,
    RawRecord,
    Source,
    Spec,
    Stated,
    Transaction,
    Unreadable,
)

HINTS: Mapping[str, Hint] = {
    "buy": "trade",
    "sell": "trade",
    "swap": "trade",
    "spend": "trade",
    "income": "reward",
    "airdrop": "reward",
    "deposit": "deposit",
    "gift_in": "deposit",
    "fork": "deposit",
    "withdrawal": "withdrawal",
    "gift_out": "withdrawal",
    "lost": "withdrawal",
    "stolen": "withdrawal",
    "worthless": "withdrawal",
    "transfer": "other",
    "wrap": "other",
    "bridge": "other",
    "fee": "fee",
}
"""By the row's kind. "internal" would mean within one account, whatever the row says."""
MOVES = frozenset({"transfer", "wrap", "bridge"})
IN = "/in"
_HASH = re.compile(r"(?:^|[\s,;])tx:([^\s,;]+)", re.IGNORECASE)


class FileConnector:
    spec: ClassVar[Spec] = Spec("files", "file", "1", (Field("name", "what files call the account"),), alone=True)
    streams: tuple[str, ...] = ()

    def __init__(self, source: Source) -> None:
        self._source = source
        self._name = source.settings.get("name", "")
        if not self._name:
            raise InvalidInput("name", "say what files call the account")

    async def probe(self) -> Identity:
        return Identity(self._name, "read-only")

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        del stream, since
        pages: tuple[Page, ...] = ()
        for page in pages:
            yield page

    async def balances(self, at: Mapping[str, Cursor]) -> Balances:
        """A file declares none."""
        del at
        return Balances((), self._source.now())

    async def aclose(self) -> None: ...

    @staticmethod
    def normalise(source: str, records: Iterable[RawRecord]) -> Iterable[Transaction | Unreadable]:
        del source
        for record in records:
            try:
                read = _transactions(record)
            except (LookupError, TypeError, ValueError, AttributeError, InvalidOperation) as wrong:
                yield Unreadable(record.account, f"{record.stream}/{record.key}", f"no row of the history format ({_why(wrong)})")
            else:
                yield from read


def _why(wrong: Exception) -> str:
    return f"lacks {wrong}" if isinstance(wrong, KeyError) else type(wrong).__name__


def _transactions(record: RawRecord) -> tuple[Transaction, ...]:
    """Raises LookupError, TypeError, ValueError, AttributeError or InvalidOperation for a payload that is no row."""
    cells = json.loads(record.payload)
    get = cells.get
    kind, account = cells["kind"], record.account
    hint = HINTS.get(kind)
    if hint is None:
        raise ValueError(kind)
    to_account = get("to_account", "")
    note, since = get("note"), get("acquired_at")
    stated = Stated(
        cells["id"], kind, to_account, _money(get("value_usd")), _money(get("fee_value_usd")), _money(get("basis_usd")),
        None if since is None else datetime.fromisoformat(since).astimezone(UTC),
    )  # fmt: skip
    sent, received, fees = _side(get, "sent"), _side(get, "received"), _side(get, "fee")
    found = _HASH.search(note) if note else None
    ref = found[1].lower() if found else None
    at, keys, n = record.occurred_at, (f"{record.stream}/{record.key}",), cells["n"]
    if type(n) is not int or not (sent or received or fees):
        raise ValueError(kind)
    if not to_account or to_account == account or kind not in MOVES:
        return (Transaction(account, keys, at, sent + received + fees, hint, ref, (), True, (), "", n, stated),)
    into = Stated(stated.id + IN, kind)
    return (
        Transaction(account, keys, at, sent + fees, hint, ref, (), True, (), "", n, stated),
        Transaction(to_account, keys, at, received, hint, ref, (), True, (), "", n, into),
    )


def _side(get: Callable[[str], Any], side: str) -> tuple[Leg, ...]:
    """What was sent, received, or paid as the fee; nothing where the row has no such cells."""
    name, quantity = _CELLS[side]
    asset = get(name)
    if asset is None:
        return ()
    if ":" not in asset and "/" not in asset:
        raise ValueError(asset)
    size = Decimal(get(quantity))
    if not size > 0:
        raise ValueError(quantity)
    return (Leg(Asset(asset), size if side == "received" else size.copy_negate(), side == "fee"),)


def _money(text: str | None) -> Decimal | None:
    if text is None:
        return None
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(text)
    return value


_CELLS = {side: (f"{side}_asset", f"{side}_quantity") for side in ("sent", "received", "fee")}
