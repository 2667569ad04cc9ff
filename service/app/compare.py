"""Derived against declared: what the rows add up to, beside what the source itself says. A difference is never silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from connectors.contract import Asset
from service.app.derived import Tally, TallyKey
from service.app.ports import Account, Declared
from service.app.refresh.tallies import count
from service.domain.assets import Coin
from service.domain.issues import Issue, IssueKind
from service.domain.money import ZERO, exact, plain, total
from service.domain.reconcile import Booked


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
    found: dict[TallyKey, Tally] = {}
    count(found, (row for row in rows if until is None or row.occurred_at <= until), 1, set())
    balances = of_tallies(found, declared, speaking)
    return balances if until is None else [replace(b, declared=None) for b in balances]


def of_tallies(tallies: Mapping[TallyKey, Tally], declared: Sequence[Declared], speaking: frozenset[str] = frozenset()) -> list[Balance]:
    """The same from what is kept of the rows. A code that meant two coins is one balance, under the symbol of the one with more rows."""
    parts: dict[tuple[str, str], list[Tally]] = {}
    for (account, asset, _), tally in tallies.items():
        parts.setdefault((account, asset), []).append(tally)
    said = {(d.account, d.asset): d.quantity for d in declared}
    speaking |= {d.account for d in declared}
    return [
        _balance(key, parts.get(key, []), said.get(key, ZERO if key[0] in speaking else None)) for key in sorted(parts.keys() | said.keys())
    ]


def _balance(key: tuple[str, str], parts: Sequence[Tally], declared: Decimal | None) -> Balance:
    most = max(parts, key=lambda t: (t.rows, t.coin.symbol), default=None)
    flags = [word for word in ("pending", "spam", "unexplained") if any(getattr(t, word) for t in parts)]
    return Balance(
        account=key[0],
        asset=key[1],
        symbol=(most.coin.symbol if most else "") or key[1].rpartition(":")[2],
        derived=total(t.quantity for t in parts),
        declared=declared,
        flags=tuple(flags),
        waiting=(total(t.comes for t in parts), total(t.goes for t in parts)),
    )


def assets_of(tallies: Mapping[TallyKey, Tally]) -> list[tuple[str, Asset, Coin]]:
    """(account, asset, coin) of what rows moved that are more than shown."""
    return [(account, Asset(asset), tally.coin) for (account, asset, _), tally in tallies.items() if tally.live]


def differing(found: Iterable[Balance], accounts: Sequence[Account]) -> list[tuple[Account, Balance]]:
    """Assets whose derived balance is not what the source declares, unless just what waits is between them."""
    known = {a.id: a for a in accounts}
    return [(known[b.account], b) for b in found if b.difference and not b.explained and "spam" not in b.flags and b.account in known]


def difference(account: Account, balance: Balance, seen: datetime | None) -> Issue:
    """What is said of it. `seen`: when the first row moved just what is too much or missing; None: no row did."""
    gap = balance.difference or ZERO
    says = (
        f"{account.label}: our rows add up to {plain(balance.derived)} {balance.symbol}, "
        f"the source declares {plain(balance.declared or ZERO)}; {'too much' if gap > 0 else 'missing'}: {plain(gap.copy_abs())}"
    )
    return Issue(IssueKind.BALANCE_DIFFERENCE, "error", f"{balance.account} {balance.asset}", says, _likeliest(account, gap, seen))


def is_of_size(row: Booked, account: str, asset: str, quantity: Decimal) -> bool:
    """Whether the row moved just this amount of the account's asset."""
    return row.account == account and any(a.asset == asset and a.quantity == quantity for a in (*row.received, *row.sent, *row.fees))


def _likeliest(account: Account, gap: Decimal, seen: datetime | None) -> str:
    """Where to look first: a row of just this amount, else the streams that usually hide one."""
    if seen is not None:
        return f"A row of exactly this amount stands at {seen:%Y-%m-%d}: look there for one counted twice or missed."
    if account.kind == "wallet":
        return "Likeliest: an internal payment or a token that grows by itself. Run `thresher sync --full`, then `thresher coverage`."
    if gap < 0:
        return (
            "Likeliest: deposits, rewards or a distribution that the exchange lists elsewhere. `thresher coverage` names unproven streams."
        )
    return "Likeliest: a withdrawal, fee or conversion that the exchange lists elsewhere. `thresher coverage` names unproven streams."
