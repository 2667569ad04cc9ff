"""What Binance's rows mean. Pure.

A withdrawal's `amount` is what arrived, `transactionFee` left on top of it. A dust row's `transferedAmount` is what arrived after the service
charge (in the wallet API's own example the charge is 2 % of both together). An earn reward may also stand among the dividends: the same coin,
amount and hour is the same reward, and counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.contract import Asset, RawRecord
from connectors.exchange.normalise import (
    Read,
    amount,
    asset,
    guarded,
    in_order,
    legs,
    money,
    optional,
    parsed,
    transaction,
    unreadable,
    with_payment,
)

DEPOSIT_MOVED = {"1": True, "6": False, "0": False, "8": False}
"""Deposit status: 1 done, 6 credited and not yet withdrawable, 0 pending, 8 waits for the holder. Value: is it final."""
DEPOSIT_DEAD = frozenset({"2", "7"})
"""Rejected; wrong deposit."""
WITHDRAWAL_MOVED = {"6": True, "4": False, "2": False, "0": False}
"""Withdrawal status: 6 completed, 4 processing, 2 awaiting approval, 0 e-mail sent."""
WITHDRAWAL_DEAD = frozenset({"1", "3", "5"})
"""Cancelled, rejected, failed: the coins never left, or came back."""
FIAT_DONE = frozenset({"successful", "completed", "finished", "success"})
FIAT_PENDING = frozenset({"processing", "pending", "initiated", "waiting"})
FIAT_DEAD = frozenset(
    {"failed", "expired", "cancelled", "canceled", "rejected", "refunded", "refund failed", "order partial credit stopped"}
)
OWN_MONEY = "Cash Balance"
"""`paymentMethod` of a purchase from the account's own money (Get Fiat Payments History)."""
CONVERT_DONE = "SUCCESS"
CONVERT_PENDING = frozenset({"PROCESS", "ACCEPT_SUCCESS"})
CONVERT_DEAD = frozenset({"FAIL"})
SAME_REWARD = timedelta(hours=1)


def normalise(source: str, records: Iterable[RawRecord]) -> Iterator[Read]:  # noqa: ARG001 - one signature for all dialects
    """Each record on its own, but for rewards that two streams tell of."""
    told: dict[tuple[str, Decimal], list[Any]] = {}
    ordered = in_order(records)
    for one in ordered:
        if one.stream == "dividends":
            for row in _quietly(one):
                told.setdefault((row["asset"], amount(row["amount"])), []).append(one.occurred_at)
    for one in ordered:
        if one.stream in ("flexible_rewards", "locked_rewards") and _told(one, told):
            continue
        yield from guarded([one], lambda one=one: _READ.get(one.stream, _unknown)([one], parsed(one)))  # type: ignore[misc]


def assets_of(one: RawRecord) -> set[str]:
    """Codes of all assets that a record of a stream names; unknown shapes name none (normalise shows them)."""
    row = parsed(one)
    named = {str(row[name]) for name in ("coin", "asset", "fromAsset", "toAsset", "fiatCurrency", "cryptoCurrency") if row.get(name)}
    if one.stream == "dust":
        details = row.get("userAssetDribbletDetails") or ()
        named |= {str(d["fromAsset"]) for d in details if "fromAsset" in d} | {str(d.get("targetAsset") or "BNB") for d in details}
    return named


def _coin(code: Any) -> Asset:
    return asset("binance", str(code))


def _quietly(one: RawRecord) -> Iterator[dict[str, Any]]:
    try:
        row = parsed(one)
        amount(row["amount"])
        str(row["asset"])
    except (KeyError, ValueError):
        return
    yield row


def _told(one: RawRecord, told: dict[tuple[str, Decimal], list[Any]]) -> bool:
    """Whether a dividend tells of the same reward; each dividend answers for one row."""
    try:
        row = parsed(one)
        times = told.get((row["asset"], amount(row.get("rewards", row.get("amount")))), [])
    except (KeyError, ValueError):
        return False
    near = next((at for at in times if abs(at - one.occurred_at) <= SAME_REWARD), None)
    if near is None:
        return False
    times.remove(near)
    return True


def _unknown(records: list[RawRecord], _: dict[str, Any]) -> Iterator[Read]:
    return unreadable(records, f"binance has no stream {records[0].stream!r} that this version can read")


def _trade(records: list[RawRecord], envelope: dict[str, Any]) -> Iterator[Read]:
    row, base, quote = envelope["row"], _coin(envelope["base"]), _coin(envelope["quote"])
    sign = 1 if _flag(row["isBuyer"]) else -1
    moved = legs(
        (base, sign * amount(row["qty"]), False),
        (quote, -sign * amount(row["quoteQty"]), False),
        (_coin(row["commissionAsset"]), -amount(row["commission"]), True),
    )
    return transaction(records, moved, "trade")


def _flag(value: Any) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError("a flag is neither true nor false")


def _deposit(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    status = str(row["status"])
    if status in DEPOSIT_DEAD:
        return iter(())
    if status not in DEPOSIT_MOVED:
        return unreadable(records, f"a deposit with the unknown status {status}")
    moved = legs((_coin(row["coin"]), amount(row["amount"]), False))
    return transaction(records, moved, "deposit", chain_ref=_on_chain(row), final=DEPOSIT_MOVED[status])


def _withdrawal(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    status = str(row["status"])
    if status in WITHDRAWAL_DEAD:
        return iter(())
    if status not in WITHDRAWAL_MOVED:
        return unreadable(records, f"a withdrawal with the unknown status {status}")
    coin = _coin(row["coin"])
    moved = legs((coin, -amount(row["amount"]), False), (coin, -optional(row.get("transactionFee")), True))
    return transaction(records, moved, "withdrawal", chain_ref=_on_chain(row), other=row.get("address"), final=WITHDRAWAL_MOVED[status])


def _on_chain(row: dict[str, Any]) -> str | None:
    """The hash; a transfer inside Binance has a text instead."""
    reference = str(row.get("txId") or "")
    return None if not reference or " " in reference else reference


def _convert(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    status = str(row["orderStatus"])
    if status in CONVERT_DEAD:
        return iter(())
    if status != CONVERT_DONE and status not in CONVERT_PENDING:
        return unreadable(records, f"a conversion with the unknown status {status}")
    moved = legs((_coin(row["fromAsset"]), -amount(row["fromAmount"]), False), (_coin(row["toAsset"]), amount(row["toAmount"]), False))
    return transaction(records, moved, "convert", final=status == CONVERT_DONE)


def _dust(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    moved: list[tuple[Asset, Decimal, bool]] = []
    for detail in row["userAssetDribbletDetails"]:
        moved.append((_coin(detail["fromAsset"]), -amount(detail["amount"]), False))
        moved.append((_coin(detail.get("targetAsset") or "BNB"), amount(detail["transferedAmount"]), False))
    return transaction(records, legs(*moved), "dust")


def _dividend(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    quantity = amount(row["amount"])
    if quantity < 0:
        return unreadable(records, "a distribution that takes away")
    return transaction(records, legs((_coin(row["asset"]), quantity, False)), "reward", note=str(row.get("enInfo") or ""))


def _reward(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    quantity = amount(row["rewards"] if "rewards" in row else row["amount"])
    return transaction(records, legs((_coin(row["asset"]), quantity, False)), "reward")


def fiat_word(row: dict[str, Any]) -> str:
    return str(row["status"]).strip().lower()


def _fiat_state(row: dict[str, Any]) -> bool | None:
    """True: done, False: pending, None: nothing moved. Raises ValueError for a word that is not known."""
    word = fiat_word(row)
    if word in FIAT_DONE:
        return True
    if word in FIAT_PENDING:
        return False
    if word in FIAT_DEAD:
        return None
    raise ValueError(f"a fiat order with the unknown status {word!r}")


def _fiat_order(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    """`amount` is what reached the other side: `indicatedAmount` less `totalFee` for a deposit; a withdrawal's fee leaves on top."""
    done = _fiat_state(row)
    if done is None:
        return iter(())
    cash, quantity, fee = money(str(row["fiatCurrency"])), amount(row["amount"]), optional(row.get("totalFee"))
    if records[0].stream == "fiat_deposits":
        return transaction(records, legs((cash, quantity, False)), "deposit", final=done)
    return transaction(records, legs((cash, -quantity, False), (cash, -fee, True)), "withdrawal", final=done)


def _fiat_payment(records: list[RawRecord], row: dict[str, Any]) -> Iterator[Read]:
    """A purchase or sale against money: `sourceAmount` was given for `obtainAmount`, the fee (in money) within it. A purchase that names another
    `paymentMethod` than the account's own money (a card) brought its money along."""
    done = _fiat_state(row)
    if done is None:
        return iter(())
    cash, coin = money(str(row["fiatCurrency"])), _coin(row["cryptoCurrency"])
    source, obtained, fee = amount(row["sourceAmount"]), amount(row["obtainAmount"]), optional(row.get("totalFee"))
    if records[0].stream == "fiat_buys":
        moved = legs((cash, -(source - fee), False), (cash, -fee, True), (coin, obtained, False))
        bought = transaction(records, moved, "trade", final=done)
        return with_payment(bought) if row.get("paymentMethod") not in (None, "", OWN_MONEY) else bought
    moved = legs((coin, -source, False), (cash, obtained + fee, False), (cash, -fee, True))
    return transaction(records, moved, "trade", final=done)


_READ = {
    "trades": _trade,
    "deposits": _deposit,
    "withdrawals": _withdrawal,
    "converts": _convert,
    "dust": _dust,
    "dividends": _dividend,
    "flexible_rewards": _reward,
    "locked_rewards": _reward,
    "fiat_deposits": _fiat_order,
    "fiat_withdrawals": _fiat_order,
    "fiat_buys": _fiat_payment,
    "fiat_sells": _fiat_payment,
}
