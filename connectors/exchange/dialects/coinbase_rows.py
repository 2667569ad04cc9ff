"""What Coinbase's transactions and fills mean. Pure.

A transaction is one account's side of a thing; its raw `type` says what, and the object named like the type holds the id that both sides share.
A trade of Advanced Trade is told twice, as fills and as transactions of both accounts: the fills count, and the transactions of the same order
are named beside them. A send's `amount` is all that left, the network's fee within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from connectors.contract import Asset, Hint, RawRecord, Transaction
from connectors.exchange.normalise import (
    FIAT,
    Read,
    amount,
    guarded,
    in_order,
    legs,
    name,
    optional,
    parsed,
    transaction,
    unreadable,
    with_payment,
)

FINAL = frozenset({"completed"})
PENDING = frozenset({"pending", "waiting_for_signature", "waiting_for_clearing", "awaiting_network"})
DEAD = frozenset({"failed", "expired", "canceled", "cancelled"})

FILL = "advanced_trade_fill"
TRADES: dict[str, Hint] = {
    "buy": "trade",
    "sell": "trade",
    "trade": "convert",
    FILL: "trade",
    "wrap_asset": "convert",
    "unwrap_asset": "convert",
}
"""Types whose two sides lie in two accounts."""
REWARDS = frozenset({"staking_reward", "inflation_reward", "interest", "earn_payout", "incentives_rewards_payout", "learning_reward"})
TRANSFERS = frozenset(
    {
        "send",
        "receive",
        "request",
        "tx",
        "fiat_deposit",
        "fiat_withdrawal",
        "exchange_deposit",
        "exchange_withdrawal",
        "pro_deposit",
        "pro_withdrawal",
        "intx_deposit",
        "intx_withdrawal",
    }
)
"""Coins or money that came from or went to another place; which of the two, the sign says."""
INTERNAL = frozenset({"transfer", "vault_deposit", "vault_withdrawal", "staking_transfer", "unstaking_transfer", "retail_eth2_deprecation"})
"""Between the wallets, vaults and stakes of one account."""


def coin(code: str) -> Asset:
    return Asset(f"fiat:{code}") if code in FIAT else Asset(f"coinbase:{code}")


def normalise(source: str, records: Iterable[RawRecord]) -> Iterator[Read]:  # noqa: ARG001 - one signature for all dialects
    """Fills first by order, then the transactions that no fill tells of."""
    fills: list[RawRecord] = []
    groups: dict[str, list[RawRecord]] = {}
    for one in in_order(records):
        if one.stream == "fills":
            fills.append(one)
        elif one.stream == "transactions":
            groups.setdefault(_group_key(one), []).append(one)
        else:
            yield from unreadable([one], f"coinbase has no stream {one.stream!r} that this version can read")
    told: set[str] = set()
    for one in fills:
        order = _order(one)
        beside = () if order in told else _sides(groups, order)
        told.add(order)
        for read in guarded([one], lambda one=one: _fill(one)):  # type: ignore[misc]
            yield _beside(read, beside)
    for key, group in groups.items():
        if not (key.startswith(FILL) and _order(group[0]) in told):
            yield from guarded(group, lambda group=group: _group(group))  # type: ignore[misc]


def _sides(groups: dict[str, list[RawRecord]], order: str) -> tuple[str, ...]:
    return tuple(name(one) for key, group in groups.items() if key.startswith(f"{FILL}:{order}:") for one in group) if order else ()


def _beside(read: Read, more: tuple[str, ...]) -> Read:
    if not isinstance(read, Transaction) or not more:
        return read
    return Transaction(read.account, read.keys + more, read.occurred_at, read.legs, read.hint)


def _order(one: RawRecord) -> str:
    try:
        payload = parsed(one)
    except ValueError:
        return ""
    if one.stream == "fills":
        return str(payload.get("order_id") or "")
    detail = payload.get("row", {}).get(FILL)
    return str(detail.get("order_id") or "") if isinstance(detail, dict) else ""


def _group_key(one: RawRecord) -> str:
    """What the two sides of one trade share; a key of its own for everything else."""
    try:
        row = parsed(one).get("row", {})
    except ValueError:
        return one.key
    kind = str(row.get("type"))
    detail = row.get(kind)
    if kind == FILL:
        return f"{FILL}:{_order(one)}:{row.get('created_at')}"
    shared = detail.get("id") if kind in TRADES and isinstance(detail, dict) else None
    return f"{kind}:{shared}" if shared else one.key


def _fill(one: RawRecord) -> Iterator[Read]:
    row = parsed(one)
    base_code, _, quote_code = str(row["product_id"]).rpartition("-")
    if not base_code or "-" in base_code:
        return unreadable([one], f"the product {row['product_id']} is not a spot pair")
    if row.get("trade_type") not in (None, "FILL"):
        return unreadable([one], f"a fill of the unknown kind {row.get('trade_type')}")
    if row["side"] not in ("BUY", "SELL"):
        return unreadable([one], f"a fill of the unknown side {row['side']}")
    base, quote, sign = coin(base_code), coin(quote_code), 1 if row["side"] == "BUY" else -1
    size, price = amount(row["size"]), amount(row["price"])
    if row.get("size_in_quote") in (True, "true"):
        bought, paid = size / price, size
    else:
        bought, paid = size, size * price
    moved = legs((base, sign * bought, False), (quote, -sign * paid, False), (quote, -optional(row.get("commission")), True))
    return transaction([one], moved, "trade")


def _group(records: list[RawRecord]) -> Iterator[Read]:
    rows = [parsed(one)["row"] for one in records]
    states = {str(row["status"]) for row in rows}
    if states <= DEAD:
        return iter(())
    if strange := states - FINAL - PENDING - DEAD:
        return unreadable(records, f"the status {', '.join(sorted(strange))} is not known")
    kind, final = str(rows[0]["type"]), states <= FINAL
    if kind in TRADES:
        return _trade(records, rows, kind, final=final)
    row = rows[0]
    what, quantity = coin(str(row["amount"]["currency"])), amount(row["amount"]["amount"])
    if kind in REWARDS:
        return transaction(records, legs((what, quantity, False)), "reward" if quantity >= 0 else "other", final=final, note=kind)
    if kind in INTERNAL:
        return transaction(records, legs((what, quantity, False)), "internal", final=final, note=kind)
    if kind in TRANSFERS:
        return _transfer(records, row, what, quantity, final=final)
    return unreadable(records, f"coinbase's type {kind} is not known")


def _trade(records: list[RawRecord], rows: list[dict[str, Any]], kind: str, *, final: bool) -> Iterator[Read]:
    """Both sides as they were booked. A purchase paid from outside has one side: its total is what was given."""
    moved = [(coin(str(row["amount"]["currency"])), amount(row["amount"]["amount"]), False) for row in rows]
    one_sided = len(rows) == 1 and kind in ("buy", "sell")
    if one_sided:
        moved += _other_side(rows[0], kind)
    if len({quantity > 0 for _, quantity, _ in moved}) < 2:
        return unreadable(records, f"a {kind} of which only one side is here")
    traded = transaction(records, legs(*moved), TRADES[kind], final=final)
    return with_payment(traded) if one_sided and _from_outside(rows[0], kind) else traded


def _from_outside(row: dict[str, Any], kind: str) -> bool:
    """Whether the money came from, or went to, a bank or card: the row names a payment method that is none of the account's own wallets."""
    places = [row.get(kind), row.get("details")]
    named = [str(place["payment_method_name"]) for place in places if isinstance(place, dict) and place.get("payment_method_name")]
    return bool(named) and not any(f" {one}".endswith(" Wallet") for one in named)


def _other_side(row: dict[str, Any], kind: str) -> list[tuple[Asset, Decimal, bool]]:
    detail = row.get(kind)
    if isinstance(detail, dict) and isinstance(detail.get("subtotal"), dict):
        subtotal, fee = detail["subtotal"], detail.get("fee")
        money, sign = coin(str(subtotal["currency"])), -1 if kind == "buy" else 1
        sides = [(money, sign * amount(subtotal["amount"]), False)]
        if isinstance(fee, dict):
            sides.append((coin(str(fee["currency"])), -amount(fee["amount"]), True))
        return sides
    native = row["native_amount"]
    return [(coin(str(native["currency"])), -amount(native["amount"]), False)]


def _transfer(records: list[RawRecord], row: dict[str, Any], what: Asset, quantity: Decimal, *, final: bool) -> Iterator[Read]:
    network = row.get("network") if isinstance(row.get("network"), dict) else {}
    assert isinstance(network, dict)
    to = row.get("to") if isinstance(row.get("to"), dict) else {}
    assert isinstance(to, dict)
    fee = _network_fee(network, what, quantity)
    moved = legs((what, quantity + fee, False), (what, -fee, True))
    hint: Hint = "deposit" if quantity > 0 else "withdrawal"
    other = to.get("address") if quantity < 0 else None
    return transaction(records, moved, hint, chain_ref=network.get("hash"), other=other, final=final, note=str(row["type"]))


def _network_fee(network: dict[str, Any], what: Asset, quantity: Decimal) -> Decimal:
    """The part of what left that the network took; nothing where the fee was not taken out of `amount`."""
    fee, sent = network.get("transaction_fee"), network.get("transaction_amount")
    if quantity >= 0 or not isinstance(fee, dict) or coin(str(fee.get("currency"))) != what:
        return Decimal(0)
    taken = abs(amount(fee["amount"]))
    if isinstance(sent, dict) and abs(amount(sent["amount"])) + taken != -quantity:
        return Decimal(0)
    return taken if taken < -quantity else Decimal(0)
