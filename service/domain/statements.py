"""What the holder said: append-only truth beside the raw records. Later statements override earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

MethodName = Literal["fifo", "lifo", "hifo", "lofo", "specific"]


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """From `since` on (taxpayer's day) the lots of an account are taken by `method`."""

    account: str
    method: MethodName
    since: date
    made_at: datetime


@dataclass(frozen=True, slots=True)
class LotChoice:
    lot: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Identification:
    """Specific identification, made no later than the sale (26 CFR 1.1012-1(j)): these lots first, in this order."""

    account: str
    asset: str
    """Canonical id."""
    lots: tuple[LotChoice, ...]
    made_at: datetime
    """Counts for the first sale, swap or payment of the asset in the account at or after this instant, and the rest of that day.
    Transfers, withdrawals, gifts and fees take nothing of it."""


@dataclass(frozen=True, slots=True)
class MatchAnswer:
    """The holder's word on a withdrawal and a receipt: the same coins, or not."""

    withdrawal: str
    deposit: str
    same: bool
    made_at: datetime


@dataclass(frozen=True, slots=True)
class LotSelection:
    """Specific identification of the lots of one event: a disposal, a fee ("<id>/fee"), a transfer or a gift.

    These lots first, in this order; what they leave over follows the method (in a transfer: oldest first). Of several words on one event the
    newest counts that was made no later than it; a later one counts for nothing.
    """

    event: str
    """By the id of any of its rows: a transfer has two."""
    lots: tuple[LotChoice, ...]
    """Empty: what was selected before counts no more."""
    made_at: datetime


@dataclass(frozen=True, slots=True)
class PoolingChoice:
    """Until the end of the day before `account_scope_from` (taxpayer's zone) all accounts were one pool of each coin; from it on each
    account is its own (26 CFR 1.1012-1(j); Rev. Proc. 2024-28). Without this word each account is its own from the first day."""

    account_scope_from: date
    made_at: datetime


@dataclass(frozen=True, slots=True)
class LotPlace:
    lot: str
    account: str
    quantity: Decimal


AllocationOrder = Literal["oldest_first", "highest_basis_first"]


@dataclass(frozen=True, slots=True)
class Allocation:
    """Where the unused basis of a coin goes when pools become those of accounts: named lots (specific unit), or else a rule (global):
    the lots in `order` fill the accounts in theirs, each up to what it holds at that moment.

    Of several words on one coin the newest that was in time counts, else the newest; what a correction was told after counts no more."""

    coin: str
    """Canonical id."""
    made_at: datetime
    """When it was written down, here or elsewhere: the law asks for this."""
    lots: tuple[LotPlace, ...] = ()
    order: AllocationOrder = "oldest_first"
    accounts: tuple[str, ...] = ()
    recorded_at: datetime | None = None
    """When it was told; None: when it was made."""
    corrects: bool = False
    """What was told before was told by mistake."""


@dataclass(frozen=True, slots=True)
class PlannedLot:
    """So much of a lot that is to be sold, and what it would realise at the price of the plan (losses negative)."""

    lot: str
    quantity: Decimal
    acquired_at: datetime
    basis: Decimal
    gain: Decimal
    term: Literal["short", "long"]


@dataclass(frozen=True, slots=True)
class PlannedSale:
    """Which lots of a coin in an account the holder is about to sell, written down before the sale; a link in a chain of such records.

    It is evidence and changes no ledger: what the ledger takes first is said by an Identification beside it, or by the account's method.
    """

    account: str
    coin: str
    """Canonical id."""
    symbol: str
    method: MethodName
    lots: tuple[PlannedLot, ...]
    """In the order in which they are to go."""
    price: Decimal
    price_at: datetime
    ledger: str
    rules: str
    """Id of the ledger, and version of the rules, that the plan rests on."""
    made_at: datetime
    previous: str
    """Hash of the record before this one; empty for the first."""
    hash: str
    """SHA-256 of this record's content and `previous` (service.domain.plan.proof)."""


Statement = MethodChoice | Identification | MatchAnswer | LotSelection | PoolingChoice | Allocation | PlannedSale


@dataclass(frozen=True, slots=True)
class Statements:
    methods: tuple[MethodChoice, ...] = ()
    identifications: tuple[Identification, ...] = ()
    answers: tuple[MatchAnswer, ...] = ()
    selections: tuple[LotSelection, ...] = ()
    poolings: tuple[PoolingChoice, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    planned: tuple[PlannedSale, ...] = ()
    """In the order of saying, which is that of their chain."""

    @property
    def account_scope_from(self) -> date | None:
        """The last word on it; None: each account is its own pool from the first day."""
        return self.poolings[-1].account_scope_from if self.poolings else None

    def method(self, account: str, on: date) -> MethodName:
        """The method in force; FIFO where nothing was said (26 CFR 1.1012-1(j)(3)(i))."""
        said = [m for m in self.methods if m.account == account and m.since <= on]
        return max(said, key=lambda m: (m.since, m.made_at)).method if said else "fifo"


def gathered(said: list[Statement]) -> Statements:
    """By kind, in the order of their making."""
    ordered = sorted(said, key=lambda s: s.made_at)
    return Statements(
        methods=tuple(s for s in ordered if isinstance(s, MethodChoice)),
        identifications=tuple(s for s in ordered if isinstance(s, Identification)),
        answers=tuple(s for s in ordered if isinstance(s, MatchAnswer)),
        selections=tuple(s for s in ordered if isinstance(s, LotSelection)),
        poolings=tuple(s for s in ordered if isinstance(s, PoolingChoice)),
        allocations=tuple(s for s in ordered if isinstance(s, Allocation)),
        planned=tuple(s for s in said if isinstance(s, PlannedSale)),
    )
