"""One transaction → one row: assets resolved, kind by what moved or by what the holder's file states, and what is odd about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from connectors.contract import Asset, Hint, Transaction
from service.domain.assets import AssetTable, Coin
from service.domain.issues import Issue, IssueKind, content_id
from service.domain.money import ZERO, exact
from service.domain.reconcile.values import Amount, Booked, Kind

STATED: dict[str, Kind] = {kind.value: kind for kind in Kind} | {
    "stolen": Kind.LOST,
    "airdrop": Kind.INCOME,
    "wrap": Kind.TRANSFER,
    "bridge": Kind.TRANSFER,
}
"""What the kinds of a file are here. A wrap and a bridge are moves of cost and date."""
IN = "/in"
"""A stated transfer X is two rows: X of the sender, X/in of the receiver."""

_GIVES = frozenset({Kind.SELL, Kind.SPEND, Kind.WITHDRAWAL, Kind.GIFT_OUT, Kind.LOST, Kind.WORTHLESS})
_GETS = frozenset({Kind.BUY, Kind.INCOME, Kind.DEPOSIT, Kind.GIFT_IN, Kind.FORK})
_TWO_SIDED = frozenset({Kind.BUY, Kind.SELL, Kind.SWAP, Kind.TRANSFER})


def row_id(transaction: Transaction) -> str:
    return transaction.stated.id if transaction.stated else content_id("tx", transaction.account, transaction.keys[0])


def booked_rows(transactions: Iterable[Transaction], table: AssetTable) -> list[Booked]:
    """Every transaction as a row, in the order given; of those with one id the first: the same row twice says nothing new."""
    rows: dict[str, Booked] = {}
    with exact():
        for t in transactions:
            name = row_id(t)
            if name not in rows:
                rows[name] = _booked(name, t, table)
    return list(rows.values())


def _booked(name: str, t: Transaction, table: AssetTable) -> Booked:
    sent, received, fees = [], [], []
    at, hint = t.occurred_at, t.hint
    for leg in t.legs:
        quantity = leg.quantity
        amount = Amount(table.resolve(leg.asset, at), leg.asset, quantity.copy_abs())
        if quantity > 0:  # a fee that arrives is a rebate: it counts with what was received
            received.append(amount)
        elif leg.is_fee or (hint == "fee" and all(other.quantity < 0 for other in t.legs)):
            fees.append(amount)
        else:
            sent.append(amount)
    flags = t.flags if t.final and not t.flags else tuple(dict.fromkeys((*t.flags, *(() if t.final else ("pending",)))))
    stated = t.stated
    out, into = tuple(sent), tuple(received)
    kind = _stated_kind(stated.kind, out, into) if stated else None
    return Booked(
        name, t.account, at, hint, kind or moved_kind(hint, out, into), out, into, tuple(fees),
        t.chain_ref, t.counterparties, flags, (), t.keys, t.sequence, stated,
    )  # fmt: skip


def _stated_kind(word: str, sent: Sequence[Amount], received: Sequence[Amount]) -> Kind | None:
    """None where the word cannot be true of what moved; a file is checked before it is stored, so that is the last resort."""
    kind = STATED.get(word)
    if kind is None or (kind in _GIVES and not sent) or (kind in _GETS and not received):
        return None
    if kind not in _TWO_SIDED and sent and received:
        return None
    if (kind is Kind.SWAP and not (sent and received)) or (kind is Kind.TRANSFER and not (sent or received)):
        return None
    return None if kind is Kind.FEE and (sent or received) else kind


def moved_kind(hint: Hint, sent: tuple[Amount, ...], received: tuple[Amount, ...]) -> Kind:
    """By what moved; the source's own word decides only where that leaves a choice."""
    out, came = net(sent, received)
    if hint == "internal" and (sent or received):
        return Kind.TRANSFER  # whatever coins it names: what stays in the account is no sale
    if not out and not came:
        return Kind.TRANSFER if sent else Kind.FEE  # within the account, or one to one between two names of a coin
    if not out:
        return Kind.INCOME if hint == "reward" else Kind.DEPOSIT
    if not came:
        return Kind.WITHDRAWAL
    if all(a.coin.kind == "fiat" for a in out) and any(a.coin.kind != "fiat" for a in came):
        return Kind.BUY
    if all(a.coin.kind == "fiat" for a in came) and any(a.coin.kind != "fiat" for a in out):
        return Kind.SELL
    return Kind.SWAP


def net(sent: tuple[Amount, ...], received: tuple[Amount, ...]) -> tuple[tuple[Amount, ...], tuple[Amount, ...]]:
    """What left and what arrived, one amount a coin: a refund lowers what was sent, ETH for WETH is nothing."""
    amounts = sent + received
    if len(amounts) < 2 or len({a.coin.id for a in amounts}) == len(amounts):
        return sent, received
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    named: dict[tuple[str, bool], Amount] = {}
    for side, sign in ((sent, -1), (received, 1)):
        for amount in side:
            sums[amount.coin.id] += sign * amount.quantity
            named.setdefault((amount.coin.id, sign > 0), amount)
    out = tuple(replace(named[coin, False], quantity=-q) for coin, q in sums.items() if q < 0)
    return out, tuple(replace(named[coin, True], quantity=q) for coin, q in sums.items() if q > 0)


def is_live(row: Booked) -> bool:
    """Spam and pending rows are shown and never counted."""
    return not row.flags or not {"spam", "pending"} & set(row.flags)


def is_half(row: Booked) -> bool:
    """One side of a transfer that the holder's file states; the other side is a row of its own."""
    return row.stated is not None and row.kind is Kind.TRANSFER and not (row.sent and row.received)


def needs_pairing(row: Booked) -> bool:
    """Whether the row may be one side of a transfer: what comes in with a cost of its own, a gift, a loss are none."""
    if row.kind is Kind.WITHDRAWAL or (row.kind is Kind.DEPOSIT and (row.stated is None or row.stated.basis is None)):
        return is_live(row)
    return is_half(row) and is_live(row)


# ------------------------------------------------------------------ what is odd


def asset_issues(held: Iterable[tuple[str, Asset, Coin]], home: str) -> list[Issue]:
    """Of every (account, asset, coin) that any row moved, in any order and as often as you like. `home`: "fiat:USD"."""
    unknown: dict[str, Coin] = {}
    codes: dict[str, set[str]] = defaultdict(set)
    for account, asset, coin in held:
        if not coin.known:
            unknown[asset] = coin
        if coin.kind == "fiat" and coin.id != home:
            codes[account].add(coin.symbol)
    issues = [
        Issue(
            IssueKind.UNKNOWN_ASSET,
            "info",
            asset,
            f"{coin.symbol} ({asset}) is in no table: it has its own pool and no price.",
            "Nothing to do if it is worthless. Else import its prices with `thresher prices import FILE` under this id.",
        )
        for asset, coin in sorted(unknown.items())
    ]
    return issues + [
        Issue(
            IssueKind.FOREIGN_CURRENCY,
            "info",
            account,
            f"The account holds {', '.join(sorted(found))}: it has a balance and no lots; gains on the currency itself (section 988) are not computed.",
            "Compute them apart. Trades against it need an exchange rate: `thresher prices import FILE`.",
        )
        for account, found in sorted(codes.items())
    ]


def held_by(rows: Iterable[Booked]) -> list[tuple[str, Asset, Coin]]:
    """(account, asset, coin) of all that the rows moved, each once."""
    found = {(row.account, a.asset, a.coin.id): a.coin for row in rows for side in (row.sent, row.received, row.fees) for a in side}
    return [(account, asset, coin) for (account, asset, _), coin in found.items()]


def inner(row: Booked) -> Literal["nothing", "renamed", "changed"]:
    """What an internal row did to the account's coins.

    One coin on one side only: nothing, for the other side is the same account, in a row of its own or in a part of it that the source
    does not show; its coins are one pool. Another coin in the same quantity: a new name. Anything else: not known.
    """
    out, came = net(row.sent, row.received)
    if not out or not came or all(a.coin.kind == "fiat" for a in (*out, *came)):
        return "nothing"
    coins_only = all(a.coin.kind != "fiat" for a in (*out, *came))
    return "renamed" if coins_only and len(out) == len(came) == 1 and out[0].quantity == came[0].quantity else "changed"


def row_issues(row: Booked) -> list[Issue]:
    """An internal row that names two coins: an assumption where they are one to one, an open question where not.

    Rows that rename the same coins in one account give the same issue.
    """
    if row.hint != "internal" or row.stated is not None or not is_live(row):
        return []
    with exact():
        what = inner(row)
        if what == "nothing":
            return []
        out, came = (", ".join(f"{a.coin.symbol} ({a.asset})" for a in side) for side in net(row.sent, row.received))
    if what == "renamed":
        subject, remedy = f"{row.account} {out} {came}", "Nothing to do if they are one coin. Else report it: the row is a swap."
        says = f"Inside {row.account} {out} became {came}, one to one: taken as two names of one coin, with cost and date carried over."
    else:
        subject, remedy = row.id, "Compare the row with the source's own history, and report it: we do not know what it means."
        says = f"Inside {row.account} {out} became {came} at {row.occurred_at:%Y-%m-%d %H:%M} UTC, not one to one: booked without a gain, "
        says += "the coins that came in have no known cost."
    return [Issue(IssueKind.UNKNOWN_ASSET, "warning", subject, says, remedy)]
