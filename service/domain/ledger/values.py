"""What the ledger gives: matches, open lots, what was allocated where, in the engine's ints; and the same as values for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from service.domain.issues import Issue, IssueKind
from service.domain.methods import Flag, Lot
from service.domain.money import EXACT
from service.domain.movements import moment, text
from service.domain.rules import Term

# ------------------------------------------------------------------ ints: quantities in 10^-places, money in 10^-30, times in µs UTC


class Match(NamedTuple):
    """One match of a disposal with a lot, or with nothing (a shortfall: lot empty, basis None, short, flagged)."""

    id: str
    """The disposal's: its event's, or "<event>/fee" for a fee paid in a coin."""
    lot: str
    coin: str
    account: str
    """Where the disposal happened."""
    acquired: int | None
    """What the term counts from: for a loss on a gift the day of the gift (IRC 1015(a), 1223(2))."""
    disposed: int
    quantity: int
    proceeds: int | None
    basis: int | None
    """What the gain is measured from; None: unknown."""
    long: bool
    flags: tuple[Flag, ...]


class Open(NamedTuple):
    """An open lot, or the part of it that lies in one account. Under one pool for all accounts: the account that acquired it."""

    lot: str
    account: str
    coin: str
    asset: str
    quantity: int
    basis: int | None
    acquired: int
    sequence: int
    flags: tuple[Flag, ...]
    fair: int | None
    """Of a gift worth less than it cost its donor: this part's share of the value at the gift."""
    fair_at: int | None


Why = Literal["named", "rule", "only holder", "only choice", "default", "beyond what is held"]
"""only choice: one lot or one account was left, so nothing was to be said."""


class Allocated(NamedTuple):
    """A lot, or part of it, that the end of the common pool gave to an account, and why."""

    coin: str
    lot: str
    account: str
    quantity: int
    basis: int | None
    acquired: int
    why: Why


class Finding(NamedTuple):
    """What is open about a movement, before it is put into words."""

    kind: IssueKind
    event: str
    account: str
    coin: str
    lot: str
    quantity: int
    at: int | None = None
    """When; None: when one pool became those of accounts."""
    said_at: int | None = None
    """late_word: when it was made."""
    why: str = ""
    """late_word on an allocation: the law's term that it missed, as a sentence."""


def issue(found: Finding, places: int, symbol: str) -> Issue:
    """The finding as a sentence and a remedy."""
    quantity = text(found.quantity, places)
    if found.kind is IssueKind.MISSING_BASIS:
        return Issue(
            found.kind,
            "error",
            f"{found.event} {found.coin}",
            f"{quantity} {symbol} left {found.account} that never came in: its cost is unknown.",
            "Add the account or the history that it came from.",
        )
    if found.kind is IssueKind.LATE_WORD:
        return _late(found, symbol)
    if found.kind is IssueKind.ALLOCATION_OPEN:
        return Issue(
            found.kind,
            "warning",
            f"{found.account} {found.coin}",
            f"{quantity} {symbol} of one pool for all accounts went to their accounts by the oldest lots first, since nothing else was said.",
            "Say which lots went where: `thresher lots allocate`.",
        )
    if not found.event:
        return Issue(
            found.kind,
            "warning",
            f"{found.account} {found.coin} {found.lot}",
            f"{quantity} {symbol} of lot {found.lot}, named for {found.account} at the end of the common pool, was not there, or the account "
            "did not hold that much: it is left to the oldest lots.",
            f"Name what was there: `thresher lots allocate {symbol} … --correct`.",
        )
    return Issue(
        found.kind,
        "warning",
        f"{found.event} {found.coin} {found.lot}",
        f"{quantity} {symbol} of lot {found.lot}, identified for {found.event}, was not in {found.account or 'the pool'}: "
        "that part follows the account's method.",
        "Check which lots lie in the account: `thresher lots`.",
    )


def _late(found: Finding, symbol: str) -> Issue:
    if not found.event:
        says = (
            f"The word on where the {symbol} of one pool for all accounts went came late: {found.why} It counts, since there is no other."
        )
        remedy = "Where it was written down in time elsewhere, say it again with that time: `thresher lots allocate`, `--made-at`."
        return Issue(found.kind, "warning", f"allocation {found.coin}", says, remedy)
    assert found.at is not None
    assert found.said_at is not None
    return Issue(
        found.kind,
        "warning",
        found.event,
        f"Lots were selected for {found.event} at {moment(found.said_at):%Y-%m-%d %H:%M} UTC, later than the event at "
        f"{moment(found.at):%Y-%m-%d %H:%M}: that counts for nothing (26 CFR 1.1012-1(j)(2)), and the account's method holds.",
        f"Where it was written down in time elsewhere, say it again with that time by --made-at; else take it back: `thresher lots select {found.event} --none`.",
    )


# ------------------------------------------------------------------ for people


@dataclass(frozen=True, slots=True)
class Disposal:
    """One match of a disposal with a lot, or with nothing (a shortfall: lot empty, basis None, flagged)."""

    id: str
    """From (event, coin, lot)."""
    event: str
    """Id of the event; "<id>/fee" for a fee paid in a coin."""
    lot: str
    account: str
    coin: str
    symbol: str
    quantity: Decimal
    acquired_at: datetime | None
    disposed_at: datetime
    proceeds: Decimal | None
    basis: Decimal | None
    term: Term
    flags: tuple[Flag, ...] = ()

    @property
    def gain(self) -> Decimal | None:
        return None if self.proceeds is None or self.basis is None else EXACT.subtract(self.proceeds, self.basis)


@dataclass(frozen=True, slots=True)
class Income:
    event: str
    """Id of the lot that it began: the event's, or "<event>/2" for the second coin of one."""
    account: str
    coin: str
    quantity: Decimal
    value: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole derived state; `id` is the hash of its content."""

    id: str
    lots: tuple[Lot, ...]
    disposals: tuple[Disposal, ...]
    incomes: tuple[Income, ...]
    issues: tuple[Issue, ...]
