"""One transaction → one row: assets resolved, kind by what moved, and what is odd about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from connectors.contract import Hint, Transaction
from service.domain.assets import AssetTable
from service.domain.issues import Issue, IssueKind, content_id
from service.domain.money import ZERO
from service.domain.reconcile.values import Amount, Booked, Kind


def row_id(transaction: Transaction) -> str:
    return content_id("tx", transaction.account, transaction.keys[0])


def booked_row(t: Transaction, table: AssetTable) -> Booked:
    sent, received, fees = [], [], []
    for leg in t.legs:
        amount = Amount(table.resolve(leg.asset, t.occurred_at), leg.asset, abs(leg.quantity))
        if leg.quantity > 0:  # a fee that arrives is a rebate: it counts with what was received
            received.append(amount)
        elif leg.is_fee or (t.hint == "fee" and all(other.quantity < 0 for other in t.legs)):
            fees.append(amount)
        else:
            sent.append(amount)
    flags = tuple(dict.fromkeys((*t.flags, *(() if t.final else ("pending",)))))
    return Booked(
        id=row_id(t),
        account=t.account,
        occurred_at=t.occurred_at,
        hint=t.hint,
        kind=_kind(t.hint, tuple(sent), tuple(received)),
        sent=tuple(sent),
        received=tuple(received),
        fees=tuple(fees),
        chain_ref=t.chain_ref,
        counterparties=t.counterparties,
        flags=flags,
    )


def _kind(hint: Hint, sent: tuple[Amount, ...], received: tuple[Amount, ...]) -> Kind:
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
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    named: dict[tuple[str, bool], Amount] = {}
    for amounts, sign in ((sent, -1), (received, 1)):
        for amount in amounts:
            sums[amount.coin.id] += sign * amount.quantity
            named.setdefault((amount.coin.id, sign > 0), amount)
    out = tuple(replace(named[coin, False], quantity=-q) for coin, q in sums.items() if q < 0)
    return out, tuple(replace(named[coin, True], quantity=q) for coin, q in sums.items() if q > 0)


def unknown_assets(rows: Iterable[Booked]) -> list[Issue]:
    unknown = {a.asset: a.coin for row in rows for a in (*row.sent, *row.received, *row.fees) if not a.coin.known}
    return [
        Issue(
            IssueKind.UNKNOWN_ASSET,
            "info",
            asset,
            f"{coin.symbol} ({asset}) is in no table: it has its own pool and no price.",
            "Nothing to do if it is worthless. Else import its prices with `thresher prices import FILE` under this id.",
        )
        for asset, coin in sorted(unknown.items())
    ]


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


def changed_inside(rows: Iterable[Booked]) -> list[Issue]:
    """Internal rows that name two coins: an assumption where they are one to one, an open question where not."""
    issues: dict[str, Issue] = {}
    for row in rows:
        what = inner(row) if row.hint == "internal" else "nothing"
        if what == "nothing":
            continue
        out, came = (", ".join(f"{a.coin.symbol} ({a.asset})" for a in side) for side in net(row.sent, row.received))
        if what == "renamed":
            subject, remedy = f"{row.account} {out} {came}", "Nothing to do if they are one coin. Else report it: the row is a swap."
            says = f"Inside {row.account} {out} became {came}, one to one: taken as two names of one coin, with cost and date carried over."
        else:
            subject, remedy = row.id, "Compare the row with the source's own history, and report it: we do not know what it means."
            says = (
                f"Inside {row.account} {out} became {came} at {row.occurred_at:%Y-%m-%d %H:%M} UTC, not one to one: booked without a gain, "
            )
            says += "the coins that came in have no known cost."
        issues.setdefault(subject, Issue(IssueKind.UNKNOWN_ASSET, "warning", subject, says, remedy))
    return list(issues.values())


def foreign_currencies(rows: Iterable[Booked], home: str) -> list[Issue]:
    codes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        codes[row.account] |= {a.coin.symbol for a in (*row.sent, *row.received, *row.fees) if a.coin.kind == "fiat" and a.coin.id != home}
    return [
        Issue(
            IssueKind.FOREIGN_CURRENCY,
            "info",
            account,
            f"The account holds {', '.join(sorted(found))}: it has a balance and no lots; gains on the currency itself (section 988) are not computed.",
            "Compute them apart. Trades against it need an exchange rate: `thresher prices import FILE`.",
        )
        for account, found in sorted(codes.items())
        if found
    ]
