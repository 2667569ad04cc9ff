"""Derived against declared: what the rows add up to, beside what the source itself says. A difference is never silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from service.app.ports import Account, Declared
from service.domain.issues import Issue, IssueKind
from service.domain.money import ZERO, exact, plain
from service.domain.reconcile import Amount, Booked

SHOWN_ONLY = frozenset({"spam", "pending"})
"""Rows with one of these flags are shown and belong in no total."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One asset of one account. `declared` None: the source never said; `difference` then too."""

    account: str
    asset: str
    symbol: str
    derived: Decimal
    declared: Decimal | None
    flags: tuple[str, ...]
    waiting: tuple[Decimal, Decimal] = (ZERO, ZERO)
    """(what comes, what goes) by rows that are not final yet: in no total of ours, perhaps already in the source's."""

    @property
    def difference(self) -> Decimal | None:
        if self.declared is None:
            return None
        with exact():
            return self.derived - self.declared

    @property
    def explained(self) -> bool:
        """Whether the difference is just what waits: a source takes a withdrawal off at once, and may count a deposit before it is final."""
        gap = self.difference
        comes, goes = self.waiting
        with exact():
            return gap is None or gap in (ZERO, goes, -comes, goes - comes)


def spoke(accounts: Iterable[Account]) -> frozenset[str]:
    """Accounts whose source has declared its balances at least once, be it nothing at all."""
    return frozenset(account.id for account in accounts if account.last_sync is not None)


def balances(
    rows: Iterable[Booked], declared: Sequence[Declared], speaking: frozenset[str] = frozenset(), *, until: datetime | None = None
) -> list[Balance]:
    """Per account and asset, ordered. An account that has declared at all declares zero of what it left out."""
    sums: dict[tuple[str, str], Decimal] = {}
    symbols: dict[tuple[str, str], str] = {}
    flags: dict[tuple[str, str], set[str]] = {}
    waiting: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    with exact():
        for row in rows:
            if until is not None and row.occurred_at > until:
                continue
            for amount, sign in _signed(row):
                key = (row.account, str(amount.asset))
                symbols[key] = amount.coin.symbol
                counted = not SHOWN_ONLY.intersection(row.flags)
                sums[key] = sums.get(key, ZERO) + (amount.quantity * sign if counted else ZERO)
                flags.setdefault(key, set()).update(SHOWN_ONLY.intersection(row.flags) - {"pending"} if not counted else ())
                if "pending" in row.flags and "spam" not in row.flags:
                    comes, goes = waiting.get(key, (ZERO, ZERO))
                    waiting[key] = (comes + amount.quantity, goes) if sign > 0 else (comes, goes + amount.quantity)
                if "pending" in row.flags:
                    flags[key].add("pending")
                if "unexplained" in row.flags:
                    flags[key].add("unexplained")
    said = {(d.account, d.asset): d.quantity for d in declared}
    speaking |= {d.account for d in declared}
    for key in said:
        sums.setdefault(key, ZERO)
    return [
        Balance(
            account=key[0],
            asset=key[1],
            symbol=symbols.get(key) or key[1].rpartition(":")[2],
            derived=sums[key],
            declared=None if until is not None else said.get(key, ZERO if key[0] in speaking else None),
            flags=tuple(sorted(flags.get(key, ()))),
            waiting=waiting.get(key, (ZERO, ZERO)),
        )
        for key in sorted(sums)
    ]


def differences(found: Iterable[Balance], accounts: Sequence[Account], rows: Sequence[Booked]) -> list[Issue]:
    """An issue for each asset whose derived balance is not what the source declares, unless just what waits is between them."""
    labels = {a.id: a for a in accounts}
    issues = []
    for balance in found:
        gap = balance.difference
        if not gap or balance.explained or "spam" in balance.flags or balance.account not in labels:
            continue
        account = labels[balance.account]
        says = (
            f"{account.label}: our rows add up to {plain(balance.derived)} {balance.symbol}, "
            f"the source declares {plain(balance.declared or ZERO)}; {'too much' if gap > 0 else 'missing'}: {plain(abs(gap))}"
        )
        issues.append(
            Issue(
                IssueKind.BALANCE_DIFFERENCE, "error", f"{balance.account} {balance.asset}", says, _likeliest(account, gap, rows, balance)
            )
        )
    return issues


def _likeliest(account: Account, gap: Decimal, rows: Sequence[Booked], balance: Balance) -> str:
    """Where to look first: a row of just this amount, else the streams that usually hide one."""
    for row in rows:
        if row.account == account.id and any(a.asset == balance.asset and a.quantity == abs(gap) for a, _ in _signed(row)):
            return f"A row of exactly this amount stands at {row.occurred_at:%Y-%m-%d}: look there for one counted twice or missed."
    if account.kind == "wallet":
        return "Likeliest: an internal payment or a token that grows by itself. Run `thresher sync --full`, then `thresher coverage`."
    if gap < 0:
        return (
            "Likeliest: deposits, rewards or a distribution that the exchange lists elsewhere. `thresher coverage` names unproven streams."
        )
    return "Likeliest: a withdrawal, fee or conversion that the exchange lists elsewhere. `thresher coverage` names unproven streams."


def _signed(row: Booked) -> list[tuple[Amount, int]]:
    return [(a, 1) for a in row.received] + [(a, -1) for a in (*row.sent, *row.fees)]
