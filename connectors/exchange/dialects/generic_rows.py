"""What ccxt's unified rows mean. Pure. Only what the unified fields say outright; the raw codes of coins are used, not ccxt's own names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from connectors.contract import Asset, Hint, RawRecord
from connectors.exchange.normalise import Read, amount, asset, guarded, in_order, legs, parsed, transaction, unreadable

DEAD = frozenset({"failed", "canceled", "rejected", "expired"})


def normalise(source: str, records: Iterable[RawRecord]) -> Iterator[Read]:
    """Each record on its own."""
    for one in in_order(records):
        yield from guarded([one], lambda one=one: _read(source, one))  # type: ignore[misc]


def _read(source: str, one: RawRecord) -> Iterator[Read]:
    envelope = parsed(one)
    row: dict[str, Any] = envelope["row"]
    if one.stream == "trades":
        return _trade(source, one, envelope, row)
    if one.stream in ("deposits", "withdrawals"):
        return _transfer(source, one, envelope, row)
    return unreadable([one], f"{source} has no stream {one.stream!r} that this version can read")


def waits(one: RawRecord) -> bool:
    """Whether a transfer may still change."""
    return one.stream != "trades" and parsed(one)["row"].get("status") == "pending"


def _coin(source: str, envelope: dict[str, Any], code: str) -> Asset:
    return asset(source, str(envelope.get("codes", {}).get(code, code)))


def _fee(source: str, envelope: dict[str, Any], row: dict[str, Any]) -> tuple[tuple[Asset, Decimal, bool], ...]:
    fee = row.get("fee")
    if not isinstance(fee, dict) or fee.get("cost") is None or not fee.get("currency"):
        return ()
    return ((_coin(source, envelope, fee["currency"]), -amount(fee["cost"]), True),)


def _trade(source: str, one: RawRecord, envelope: dict[str, Any], row: dict[str, Any]) -> Iterator[Read]:
    if not envelope.get("base") or not envelope.get("quote"):
        return unreadable([one], f"the pair {row.get('symbol')} is not on {source}'s list, so its coins are not known")
    if row["side"] not in ("buy", "sell"):
        return unreadable([one], f"a trade of the unknown side {row['side']}")
    sign = 1 if row["side"] == "buy" else -1
    bought = amount(row["amount"])
    paid = amount(row["cost"]) if row.get("cost") is not None else bought * amount(row["price"])
    base, quote = asset(source, str(envelope["base"])), asset(source, str(envelope["quote"]))
    moved = legs((base, sign * bought, False), (quote, -sign * paid, False), *_fee(source, envelope, row))
    return transaction([one], moved, "trade")


def _transfer(source: str, one: RawRecord, envelope: dict[str, Any], row: dict[str, Any]) -> Iterator[Read]:
    status = row.get("status")
    if status in DEAD:
        return iter(())
    if status not in ("ok", "pending"):
        return unreadable([one], f"a transfer with the unknown status {status}")
    deposit = one.stream == "deposits"
    quantity = amount(row["amount"]) * (1 if deposit else -1)
    moved = legs((_coin(source, envelope, row["currency"]), quantity, False), *(() if deposit else _fee(source, envelope, row)))
    hint: Hint = "deposit" if deposit else "withdrawal"
    other = row.get("addressTo") or row.get("address")
    return transaction([one], moved, hint, chain_ref=row.get("txid"), other=None if deposit else other, final=status == "ok")
